/**
 * A row for each TLS connection, for `--observations` in text.
 *
 * A row needs the tls line of a connection and its verdict, which come one after the other. Rows are
 * printed by time and may be many, so they go through the same sorter as the lines of jsonl.
 */
import { escapeText } from "./escape.ts";
import { column, shorten } from "./layout.ts";
import type { CertificateLine, Line, TlsLine, VerdictLine } from "./lines.ts";
import { LineOrder } from "./order.ts";
import { instant } from "./quantity.ts";
import type { WriteBytes } from "./run.ts";

export class ConnectionRows {
  readonly #certificates: ReadonlyMap<string, CertificateLine>;
  readonly #columns: number;
  readonly #order = new LineOrder();
  /** Still without its verdict. */
  #open: TlsLine | undefined;

  constructor(certificates: ReadonlyMap<string, CertificateLine>, columns: number) {
    this.#certificates = certificates;
    this.#columns = columns;
  }

  add(line: Line): void {
    if (line.kind === "tls") {
      this.#close(undefined);
      this.#open = line;
    } else if (line.kind === "verdict" && line.flow === this.#open?.flow) {
      this.#close(line);
    }
  }

  drain(write: WriteBytes): void {
    this.#close(undefined);
    const heading = this.#row(["FLOW", "TIME", "WHO", "VERSION", "VERDICT", "ISSUER"]);
    write(heading, 0, heading.length);
    this.#order.drain(write);
    write(LINE_BREAK, 0, LINE_BREAK.length);
  }

  #close(verdict: VerdictLine | undefined): void {
    const tls = this.#open;
    this.#open = undefined;
    if (tls === undefined) return;
    const { seen, why, chain } = tls.certificates;
    const issuer = this.#certificates.get(chain[0] ?? "")?.issuer;
    const row = this.#row([
      tls.flow,
      instant(tls.atUs).slice(11, 23),
      `${tls.client} → ${tls.serverName ?? tls.server}`,
      tls.version ?? "no answer",
      verdict === undefined ? "" : verdict.wouldCut ? "would cut" : verdict.decision,
      seen === "no" ? `not seen: ${why ?? "unknown"}` : (issuer ?? "unreadable"),
    ]);
    this.#order.add(tls, row.toString());
  }

  #row([flow = "", time = "", who = "", version = "", verdict = "", issuer = ""]: string[]) {
    const rest = this.#columns - 7 - 13 - 10 - 10 - 1;
    const whoColumns = Math.ceil(rest * 0.6);
    const row = [
      column(flow, 6),
      column(time, 12),
      column(escapeText(who), whoColumns - 1),
      column(escapeText(version), 9),
      column(verdict, 9),
      shorten(escapeText(issuer), rest - whoColumns),
    ];
    return Buffer.from(`${row.join(" ")}\n`);
  }
}

const LINE_BREAK = Buffer.from("\n");
