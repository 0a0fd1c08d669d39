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
import type { CertificateLine, Line, TlsLine } from "./lines.ts";
import { instant } from "./quantity.ts";
import { Seen } from "./seen.ts";
import type { Format, Sink, SinkOptions } from "./sink.ts";

export const text: Format = {
  name: "text",
  says: "a table for people, the worst first",
  forPeople: true,
  wantsObservations: true,
  open: (options) => new TextSink(options),
};

class TextSink implements Sink {
  readonly #options: SinkOptions;
  readonly #columns: number;
  readonly #groups = new FindingGroups();
  readonly #seen = new Seen();
  readonly #rows: ConnectionRows | undefined;
  /** Certificates by hash, the latest ones: a finding may name one long after its own line. */
  readonly #certificates = new Map<string, CertificateLine>();
  /** The connection whose lines are coming in now. */
  #tls: TlsLine | undefined;

  constructor(options: SinkOptions) {
    this.#options = options;
    this.#columns = Math.max(COLUMNS_MIN, Math.min(COLUMNS_MAX, options.columns));
    if (options.observations) this.#rows = new ConnectionRows(this.#certificates, this.#columns);
  }

  push(line: Line): void {
    this.#seen.add(line);
    this.#rows?.add(line);
    switch (line.kind) {
      case "tls":
        this.#tls = line;
        break;
      case "certificate":
        this.#remember(line);
        break;
      case "finding": {
        const tls = this.#tls?.flow === line.flow ? this.#tls : undefined;
        const hash = line.certificates?.[0] ?? tls?.certificates.chain[0];
        this.#groups.add(line, tls, hash === undefined ? undefined : this.#certificates.get(hash));
        break;
      }
      case "verdict":
        this.#groups.decide(line);
        break;
    }
  }

  end(): void {
    const { title, colour, write } = this.#options;
    if (title !== undefined) this.#print([paint(escapeText(title), "bold", colour)]);
    this.#rows?.drain(write);
    this.#print(this.#findings());
    this.#print(footLines(this.#seen, this.#columns, colour));
    if (title !== undefined) this.#print([""]);
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
    const heading = cells("SEVERITY", "WHAT", "WHO", "ISSUER", this.#columns);
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
    const issuer = escapeText(group.certificate?.issuer || "not seen");
    const what = `${rule} ${name}`;
    const row = cells(severity, escapeText(what), escapeText(whoOf(group)), issuer, this.#columns);
    return [
      paint(severity, severity, this.#options.colour) + row.slice(severity.length),
      ...this.#detail("where", whereOf(group)),
      ...this.#detail("why", summary),
      ...this.#detail("step", stepsOf(group)),
      ...this.#detail("do", ruleById(rule)?.whatToDo ?? ""),
    ];
  }

  /** A named paragraph under a row. */
  #detail(name: string, says: string): string[] {
    if (says === "") return [];
    const lines = wrap(escapeText(says), this.#columns - SEVERITY_COLUMNS - DETAIL_COLUMNS);
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
  const port = first.server?.slice(first.server.lastIndexOf(":")) ?? "";
  const one = serverName === undefined ? first.server : `${serverName}${port}`;
  const server = servers.size > 1 ? `${countOf(servers)} servers` : one;
  return [first.workload ?? client, server].filter((end) => end !== undefined).join(" → ");
}

function whereOf({ first, findings, cuts, decision }: Group): string {
  const parts = [
    first.server,
    first.flow === undefined ? undefined : `flow ${first.flow}`,
    instant(first.atUs),
    findings > 1 ? `the first of ${findings}` : undefined,
    cuts > 0 ? `${cuts === findings ? "" : `${cuts} of them `}would have been cut` : undefined,
    cuts === 0 && decision === "refuse" ? "would have been refused" : undefined,
  ];
  return parts.filter((part) => part !== undefined).join(", ");
}

function stepsOf({ reason }: Group): string {
  return reason
    .map(({ step, line, says }) => `${step}${line === undefined ? "" : ` (line ${line})`}: ${says}`)
    .join("; ");
}

function cells(severity: string, what: string, who: string, issuer: string, columns: number) {
  const rest = columns - SEVERITY_COLUMNS - WHAT_COLUMNS - 2;
  const whoColumns = Math.ceil(rest * 0.55);
  const left = column(severity, SEVERITY_COLUMNS) + column(what, WHAT_COLUMNS);
  return `${left} ${column(who, whoColumns)} ${shorten(issuer, rest - whoColumns)}`;
}

function countOf(names: ReadonlySet<string>): string {
  return names.size < NAMES_MAX ? String(names.size) : `${NAMES_MAX}+`;
}

/** Narrower than this no column holds a name; wider than this no mail does. */
const COLUMNS_MIN = 72;
const COLUMNS_MAX = 100;
const SEVERITY_COLUMNS = 10;
const WHAT_COLUMNS = 22;
const DETAIL_COLUMNS = 6;
/** What somebody may scroll through; the worst are at the top. */
const ROWS_MAX = 100;
/** About 1 kB each, so 20 MB. Past it the oldest is forgotten and its row says `not seen`. */
const CERTIFICATES_MAX = 20_000;
