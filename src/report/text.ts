/**
 * For a person at a terminal: what is wrong, the worst first, then what was seen and what was not.
 *
 *     SEVERITY   WHAT                    WHO                                ISSUER
 *     breach     A16 self-signed         10.0.0.5 → example.net:443         CN=example.net
 *                where ...
 *                why   ...
 *                do    ...
 *
 * At most 100 columns, for a mail or a ticket. With `--observations` a row for each connection comes
 * before, in the order of time; those may be many, so they go through the same sorter as jsonl's lines.
 */
import { ruleById } from "../judge/rules/index.ts";
import { paint } from "./colour.ts";
import { ConnectionRows } from "./connections.ts";
import { escapeText } from "./escape.ts";
import { FindingGroups, type Group, NAMES_MAX } from "./findings.ts";
import { footLines } from "./foot.ts";
import { column, shorten, wrap } from "./layout.ts";
import type { CertificateLine, Line, Step } from "./lines.ts";
import { instant, thousands } from "./quantity.ts";
import { Seen } from "./seen.ts";
import type { OpenSink, Sink, SinkOptions } from "./sink.ts";

export const openText: OpenSink = (options) => new TextSink(options);

class TextSink implements Sink {
  readonly #options: SinkOptions;
  readonly #columns: number;
  readonly #groups = new FindingGroups();
  readonly #seen = new Seen();
  readonly #rows: ConnectionRows | undefined;
  /** By hash, the latest ones. */
  readonly #certificates = new Map<string, CertificateLine>();
  /** The lines so far of the connection whose lines are coming in now: they come together. */
  #connection: Line[] = [];

  constructor(options: SinkOptions) {
    this.#options = options;
    this.#columns = Math.max(COLUMNS_MIN, Math.min(COLUMNS_MAX, options.columns));
    if (options.observations) this.#rows = new ConnectionRows(this.#certificates, this.#columns);
  }

  push(line: Line): void {
    this.#seen.add(line);
    if (line.flow !== this.#connection[0]?.flow) this.#close();
    this.#connection.push(line);
  }

  end(): void {
    this.#close();
    const { title, colour, write } = this.#options;
    if (title !== undefined) this.#print([paint(escapeText(title), "bold", colour)]);
    this.#rows?.drain(write);
    this.#print(this.#findings());
    this.#print(footLines(this.#seen, this.#columns, colour));
    if (title !== undefined) this.#print([""]);
  }

  /** All lines of a connection are here, in whatever order. */
  #close(): void {
    const lines = this.#connection;
    this.#connection = [];
    const tls = lines.find((line) => line.kind === "tls");
    for (const line of lines) {
      if (line.kind === "certificate") this.#remember(line);
      if (line.kind === "finding") this.#groups.add(line, tls);
    }
    const verdict = lines.find((line) => line.kind === "verdict");
    if (verdict !== undefined) this.#groups.decide(verdict);
    if (tls !== undefined) this.#rows?.add(tls, verdict);
  }

  #remember(line: CertificateLine): void {
    const oldest = this.#certificates.keys().next().value;
    if (this.#certificates.size >= CERTIFICATES_MAX && oldest !== undefined) {
      this.#certificates.delete(oldest);
    }
    this.#certificates.set(line.sha256, line);
  }

  #findings(): string[] {
    const groups = this.#groups.sorted();
    if (groups.length === 0) return [];
    const heading = cells("SEVERITY", "WHAT", "WHO", "ISSUER", this.#columns).trimEnd();
    const lines = [paint(heading, "bold", this.#options.colour)];
    for (const group of groups.slice(0, ROWS_MAX)) lines.push(...this.#group(group), "");
    const hidden = Math.max(0, groups.length - ROWS_MAX);
    if (hidden > 0 || this.#groups.uncounted > 0) {
      const beyond = this.#groups.uncounted > 0 ? ` and ${this.#groups.uncounted} findings` : "";
      lines.push(`… and ${hidden} more rows${beyond}: --format jsonl prints each finding.`, "");
    }
    return lines;
  }

  #group(group: Group): string[] {
    const { severity, rule, name, summary } = group.first;
    const issuer = escapeText(this.#issuerOf(group));
    const what = `${rule} ${name}`;
    const row = cells(severity, escapeText(what), escapeText(whoOf(group)), issuer, this.#columns);
    return [
      paint(severity, severity, this.#options.colour) + row.slice(severity.length),
      ...(this.#columns < COLUMNS_MAX ? this.#detail("issuer", this.#issuerOf(group)) : []),
      ...this.#detail("why", summary),
      ...this.#detail("step", stepsOf(group), STEP_LINES_MAX),
      ...this.#detail("then", consequenceOf(group)),
      ...this.#detail("do", ruleById(rule)?.whatToDo ?? ""),
      ...this.#detail("where", whereOf(group)),
    ];
  }

  /** Known at the end only: a certificate is told at its first sight, which is known late. */
  #issuerOf({ certificate, isTls }: Group): string {
    if (certificate === undefined) return isTls ? "not seen" : "";
    return this.#certificates.get(certificate)?.issuer || "not known";
  }

  /** A named paragraph under a row. */
  #detail(name: string, says: string, linesMax = Number.POSITIVE_INFINITY): string[] {
    if (says === "") return [];
    const columns = this.#columns - SEVERITY_COLUMNS - DETAIL_COLUMNS;
    const lines = wrap(escapeText(says), columns);
    if (lines.length > linesMax) {
      const last = lines.splice(linesMax - 1).join(" ");
      lines.push(shorten(last, columns));
    }
    const indent = " ".repeat(SEVERITY_COLUMNS);
    return lines.map((line, index) => {
      const label = column(index === 0 ? name : "", DETAIL_COLUMNS);
      return indent + paint(label, "dim", this.#options.colour) + line;
    });
  }

  #print(lines: readonly string[]): void {
    if (lines.length === 0) return;
    const bytes = Buffer.from(`${lines.join("\n")}\n`);
    this.#options.write(bytes, 0, bytes.length);
  }
}

function whoOf({ first, serverName, servers, clients }: Group): string {
  const client = clients.size > 1 ? `${countOf(clients)} clients` : [...clients][0];
  // The port that everybody expects is left out for room; the full address stands below.
  const port = first.server?.slice(first.server.lastIndexOf(":")).replace(/^:443$/, "") ?? "";
  const one = serverName === undefined ? first.server : `${serverName}${port}`;
  const server = servers.size > 1 ? `${countOf(servers)} servers` : one;
  return [first.workload ?? client, server].filter((end) => end !== undefined).join(" → ");
}

function whereOf({ first, findings }: Group): string {
  const parts = [
    first.server,
    first.flow === undefined ? undefined : `flow ${first.flow}`,
    instant(first.atUs),
    findings > 1 ? `the first of ${thousands(findings)}` : undefined,
  ];
  return parts.filter((part) => part !== undefined).join(", ");
}

/** What the verdicts on its connections were, where they were more than a report. */
function consequenceOf({ findings, cuts, wouldCut, refusals }: Group): string {
  const of = (count: number) => (count === findings ? "" : `${count} of ${findings} `);
  return [
    cuts > 0 ? `${of(cuts)}cut` : "",
    wouldCut > 0 ? `${of(wouldCut)}would have been cut` : "",
    refusals > 0 ? `${of(refusals)}refused, or would have been` : "",
  ]
    .filter((part) => part !== "")
    .join("; ");
}

/** The steps that a rule speaks in, and those that lower what they asked for. */
function stepsOf({ reason, first }: Group): string {
  const own = APPROVAL.has(first.evidence.why) ? ["approval"] : STEPS_OF_RULE[first.rule];
  const steps = own === undefined ? reason : reason.filter(({ step }) => own.includes(step));
  const lowering = steps.length > 0 ? reason.filter(({ step }) => LOWERING.includes(step)) : [];
  return [...new Set([...steps, ...lowering])]
    .map(({ step, line, says }) => `${step}${line === undefined ? "" : ` (line ${line})`}: ${says}`)
    .join("; ");
}

/** On a narrow terminal the issuer gets a line of its own, so that names keep their room. */
function cells(severity: string, what: string, who: string, issuer: string, columns: number) {
  const rest = columns - SEVERITY_COLUMNS - WHAT_COLUMNS - 1;
  const left = `${column(severity, SEVERITY_COLUMNS)}${column(what, WHAT_COLUMNS)} `;
  if (columns < COLUMNS_MAX) return left + shorten(who, rest);
  const whoColumns = Math.ceil(rest * 0.55);
  return `${left}${column(who, whoColumns)} ${shorten(issuer, rest - whoColumns - 1)}`;
}

function countOf(names: ReadonlySet<string>): string {
  return names.size < NAMES_MAX ? String(names.size) : `${NAMES_MAX}+`;
}

/** Narrower than this no column holds a name; wider than this no mail does. */
const COLUMNS_MIN = 72;
const COLUMNS_MAX = 100;
const SEVERITY_COLUMNS = 10;
const WHAT_COLUMNS = 22;
const DETAIL_COLUMNS = 7;
/** INTERFACE, "How a connection is decided". A rule that is not here speaks in any step. */
const STEPS_OF_RULE: Readonly<Record<string, readonly Step[] | undefined>> = {
  A15: ["path", "approval"],
  A16: ["path"],
  A18: ["unseen"],
  C01: ["deny"],
  C02: ["hygiene"],
  C03: ["hygiene"],
  C04: ["hygiene", "path"],
  C05: ["possession"],
  C08: [],
};
/** What A15's `why` says where the path is sound and nobody approved it: how it was found matters less. */
const APPROVAL: ReadonlySet<unknown> = new Set(["unapproved", "approval-expired"]);
const LOWERING: readonly Step[] = ["window", "guard", "mode"];
/** jsonl has all of it. */
const STEP_LINES_MAX = 3;
/** What somebody may scroll through; the worst are at the top. */
const ROWS_MAX = 100;
/** About 1 kB each, so 20 MB. Past it the oldest is forgotten and its row says `not seen`. */
const CERTIFICATES_MAX = 20_000;
