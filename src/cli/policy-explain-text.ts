/** An explanation as text: what decided, the walk, what was assumed, and what would be otherwise. */
import type { Expected, Explanation, Outcome } from "../judge/explain/explain.ts";
import type { Step } from "../judge/verdict.ts";
import { escapeText } from "../report/escape.ts";
import { shorten, wrap } from "../report/layout.ts";

/** The policy's file and its lines, to quote from; no file when it is the default policy. */
export interface Quoted {
  readonly file: string | undefined;
  readonly lines: readonly string[];
}

export function explanationText(
  { outcome, expect, assumed, otherwise, more }: Explanation,
  quoted: Quoted,
): string {
  const { decided, walk } = outcome;
  const steps = walk.map(({ step, line, says }): Row => [step, `${says}${at(line, quoted.file)}`]);
  const rows: string[] = [
    `${decisionOf(outcome)}, decided by ${whatDecided(decided, quoted)}`,
    ...section("The walk", steps),
    ...(expect === undefined ? [] : expectedRows(expect, quoted)),
    ...section("Assumed, since it was not given", assumed.map(named)),
    ...section(
      "Otherwise",
      otherwise.map((one) => ifRow(one, quoted)),
    ),
    ...(more === 0 ? [] : [`  and ${more} more, which other lines decide`]),
  ];
  return rows.join("\n");
}

/** The line of `expect`, what it asks for, and what would be decided by it. */
function expectedRows({ line, asks, cases }: Expected, quoted: Quoted): string[] {
  const where = line === undefined ? "" : at(line, quoted.file);
  return [
    ...section(`Expected${escapeText(where)}`, asks.map(named)),
    ...section(
      "By what is seen of its encryption",
      cases.map((one) => ifRow(one, quoted)),
    ),
  ];
}

function named(text: string): Row {
  const colon = text.indexOf(": ");
  return [text.slice(0, colon), text.slice(colon + 2)];
}

function ifRow({ if: clause, outcome }: Expected["cases"][number], quoted: Quoted): Row {
  const by = whatDecided(outcome.decided, { ...quoted, lines: [] });
  return ["if", `${clause}: ${decisionOf(outcome)}, decided by ${by}`];
}

type Row = readonly [name: string, says: string];

function section(title: string, rows: readonly Row[]): string[] {
  if (rows.length === 0) return [];
  const width = Math.max(...rows.map(([name]) => name.length)) + 2;
  const lines = rows.flatMap((one) => row(one, width));
  return ["", title, ...lines];
}

function row([name, says]: Row, width: number): string[] {
  const [head = "", ...rest] = wrap(escapeText(says), COLUMNS - width - 2);
  const indent = " ".repeat(width + 2);
  return [`  ${escapeText(name).padEnd(width)}${head}`, ...rest.map((line) => indent + line)];
}

function decisionOf({ decision, would, walk }: Outcome): string {
  if (would === undefined) return decision;
  const lowering = new Set(walk.flatMap(({ step }) => LOWERED_BY[step] ?? []));
  return `${decision} (${would} ${[...lowering].join(" and ")})`;
}

/** ``portcullis.yaml:9 `- issuer: ...` (approval)``, or the step where no line spoke. */
function whatDecided({ step, line }: Outcome["decided"], { file, lines }: Quoted): string {
  if (file === undefined) return `the default policy (${step})`;
  if (line === undefined) return `no line of the policy but a default (${step})`;
  const quote = shorten(escapeText(lines[line - 1]?.trim() ?? ""), QUOTE_COLUMNS);
  return escapeText(`${file}:${line}${quote ? ` \`${quote}\`` : ""} (${step})`);
}

function at(line: number | undefined, file: string | undefined): string {
  return line === undefined || file === undefined ? "" : ` (${file}:${line})`;
}

/** Where the decision would be what it was before that step. */
const LOWERED_BY: Partial<Record<Step, string>> = {
  window: "without the window",
  mode: "in enforce mode",
};
const COLUMNS = 98;
const QUOTE_COLUMNS = 70;
