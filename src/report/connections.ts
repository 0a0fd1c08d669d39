/**
 * A row for each TLS connection, for `--observations` in text.
 *
 * LINE is the policy's: who reads a report wants to know which line approved what.
 *
 * Rows may be many, so they go through the same sorter as the lines of jsonl. They wait there without
 * their issuer, as JSON: which certificate line comes when is not known before the end.
 */
import { escapeText } from "./escape.ts";
import { addressOf } from "./findings.ts";
import type { WriteBytes } from "./joiner.ts";
import { column, shorten } from "./layout.ts";
import type { CertificateLine, Step, TlsLine, VerdictLine } from "./lines.ts";
import { LineOrder } from "./order.ts";
import { instant } from "./quantity.ts";

/** What a row shows, and the hash of the leaf for its issuer; "" when none was seen. */
type Row = [
  flow: string,
  atUs: number,
  who: string,
  version: string,
  verdict: string,
  line: string,
  leaf: string,
];

export class ConnectionRows {
  readonly #certificates: ReadonlyMap<string, CertificateLine>;
  readonly #columns: number;
  readonly #order = new LineOrder();

  /** `certificates` by hash, as they are when rows are printed. */
  constructor(certificates: ReadonlyMap<string, CertificateLine>, columns: number) {
    this.#certificates = certificates;
    this.#columns = columns;
  }

  add(tls: TlsLine, verdict: VerdictLine | undefined): void {
    const { seen, why, chain } = tls.certificates;
    const row: Row = [
      tls.flow,
      tls.atUs,
      `${tls.workload ?? addressOf(tls.client)} → ${tls.serverName ?? tls.server}`,
      tls.version ?? "no answer",
      verdict === undefined ? "" : verdict.wouldCut ? "would cut" : verdict.decision,
      lineOf(verdict),
      seen === "no" ? `not seen: ${why ?? "unknown"}` : (chain[0] ?? ""),
    ];
    this.#order.add(tls, `${JSON.stringify(row)}\n`);
  }

  drain(write: WriteBytes): void {
    const print = (rows: string[]) => {
      const bytes = Buffer.from(`${rows.join("\n")}\n`);
      write(bytes, 0, bytes.length);
    };
    print([this.#layOut(["FLOW", "TIME", "WHO", "VERSION", "VERDICT", "LINE", "ISSUER"])]);
    // The sorter hands over whole lines only.
    this.#order.drain((bytes, from, to) => {
      const lines = Buffer.from(bytes.buffer, bytes.byteOffset + from, to - from).toString();
      print(
        lines
          .slice(0, -1)
          .split("\n")
          .map((line) => this.#row(JSON.parse(line) as Row)),
      );
    });
    print([""]);
  }

  #row([flow, atUs, who, version, verdict, line, leaf]: Row): string {
    const issuer = this.#certificates.get(leaf)?.issuer;
    const known = issuer ?? (HASH.test(leaf) ? "not known" : leaf);
    return this.#layOut([flow, instant(atUs).slice(11, 23), who, version, verdict, line, known]);
  }

  #layOut([
    flow = "",
    time = "",
    who = "",
    version = "",
    verdict = "",
    line = "",
    issuer = "",
  ]: string[]) {
    const rest = this.#columns - 6 - 13 - 10 - 10 - 5 - 1;
    const whoColumns = Math.ceil(rest * 0.6);
    return [
      column(flow, 5),
      column(time, 12),
      column(escapeText(who), whoColumns),
      column(escapeText(version), 9),
      column(verdict, 9),
      column(line, 4),
      shorten(escapeText(issuer), rest - whoColumns - 1),
    ].join(" ");
  }
}

/** Of the policy, that decided: it denied, approved, or would have; "" where a default spoke. */
function lineOf(verdict: VerdictLine | undefined): string {
  const spoke = (step: Step) =>
    verdict?.reason.find((reason) => reason.step === step && reason.line !== undefined)?.line;
  for (const step of DECIDING) {
    const line = spoke(step);
    if (line !== undefined) return String(line);
  }
  return "";
}

const DECIDING: readonly Step[] = ["deny", "approval", "path", "unseen", "hygiene"];
const HASH = /^[0-9a-f]{64}$/;
