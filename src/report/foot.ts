/**
 * The foot of the text output: what was read, what was seen, and what was not.
 *
 * It is there whether or not there were findings: "no findings" alone would read as "clean".
 */
import { paint } from "./colour.ts";
import { escapeText } from "./escape.ts";
import { column, wrap } from "./layout.ts";
import { SEVERITIES } from "./lines.ts";
import { many, period, size, thousands } from "./quantity.ts";
import type { Seen } from "./seen.ts";

/** Lines without line breaks, at most `columns` wide. */
export function footLines(seen: Seen, columns: number, colour: boolean): string[] {
  const rows: (readonly [string, string])[] = [
    ["read", read(seen)],
    ["handshakes", handshakes(seen)],
    ["certificates", certificates(seen)],
    ["not seen", notSeen(seen)],
    ["incomplete", incomplete(seen)],
    ["verdicts", verdicts(seen)],
    ["findings", findings(seen)],
  ];
  return rows
    .filter(([, says]) => says !== "")
    .flatMap(([name, says]) =>
      wrap(escapeText(says), columns - NAME_COLUMNS).map((line, index) =>
        index === 0
          ? paint(column(name, NAME_COLUMNS), "bold", colour) + line
          : " ".repeat(NAME_COLUMNS) + line,
      ),
    );
}

function read({ summary }: Seen): string {
  if (summary === undefined) return "";
  const what = `${many(summary.packets, "packet")}, ${many(summary.flows, "connection")}`;
  const from = summary.inputs.find((input) => input.firstAtUs !== undefined)?.firstAtUs;
  const when = from === undefined ? "" : `, ${period(from, summary.atUs)}`;
  return `${what}, ${size(summary.bytes)} in ${many(summary.inputs.length, "capture")}${when}`;
}

function handshakes(seen: Seen): string {
  if (seen.handshakes === 0) return "none: no TLS was recognised";
  return `${thousands(seen.handshakes)} TLS: ${counted(seen.versions)}`;
}

function certificates(seen: Seen): string {
  if (seen.handshakes === 0) return "";
  const different = many(seen.summary?.certificates ?? 0, "different certificate");
  return `the server's was seen in ${thousands(seen.chains)} of ${many(seen.handshakes, "handshake")}; ${different}`;
}

function notSeen(seen: Seen): string {
  const handshakes = [...seen.unseen.values()].reduce((sum, count) => sum + count, 0);
  const other = [
    seen.plaintext > 0 ? `${many(seen.plaintext, "connection")} in plain text` : "",
    seen.opaque > 0 ? `${many(seen.opaque, "connection")} that could not be read` : "",
  ].filter((part) => part !== "");
  if (handshakes === 0) return other.join("; ");
  const unseen = `the server's certificate of ${many(handshakes, "handshake")} (${counted(seen.unseen)})`;
  return [`${unseen}: not seen is not clean`, ...other].join("; ");
}

function incomplete(seen: Seen): string {
  const parts = [
    seen.losses.size > 0 ? `packets that were not looked at: ${counted(seen.losses)}` : "",
    seen.malformed.size > 0 ? `malformed: ${counted(seen.malformed)}` : "",
    seen.faults > 0 ? `${many(seen.faults, "fault")} of our own: please report them` : "",
  ];
  return parts.filter((part) => part !== "").join("; ");
}

function verdicts({ decisions, wouldCut }: Seen): string {
  const total = decisions.pass + decisions.report + decisions.refuse + decisions.cut;
  if (total === 0) return "";
  const counts = [
    `${thousands(decisions.pass)} pass`,
    `${thousands(decisions.report)} report`,
    decisions.refuse > 0 ? `${thousands(decisions.refuse)} refuse` : "",
    decisions.cut > 0 ? `${thousands(decisions.cut)} cut` : "",
  ].filter((part) => part !== "");
  const would = wouldCut > 0 ? `; ${thousands(wouldCut)} would have been cut` : "";
  return `${counts.join(", ")}${would}`;
}

function findings({ summary }: Seen): string {
  if (summary === undefined) return "";
  const counts = [...SEVERITIES].reverse().map((name) => [name, summary.findings[name]] as const);
  const some = counts.filter(([, count]) => count > 0);
  if (some.length === 0) return "none in what was seen";
  return some.map(([name, count]) => `${thousands(count)} ${name}`).join(", ");
}

/** `12 TLS1.3, 3 TLS1.2`: the most first, and how many more there are. */
function counted(counts: ReadonlyMap<string, number>): string {
  const names = [...counts]
    .sort(([a, countA], [b, countB]) => countB - countA || (a < b ? -1 : 1))
    .map(([name, count]) => `${thousands(count)} ${name}`);
  const hidden = names.length - NAMES_SHOWN;
  if (hidden > 1) names.splice(NAMES_SHOWN, hidden, `and ${hidden} more kinds`);
  return names.join(", ");
}

const NAME_COLUMNS = 14;
/** The rest is in jsonl. */
const NAMES_SHOWN = 6;
