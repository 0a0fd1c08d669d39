/**
 * Puts printed lines in order with bounded memory.
 *
 * Lines come when a connection is judged and are printed by when it began (INTERFACE: `atUs`, `flow`,
 * kind), so nothing may be printed before the end. Fifty thousand handshakes are 75 MB of lines, more
 * than we may hold: what exceeds a limit is sorted and goes to a temporary file as a run, and the
 * runs are merged at the end.
 *
 *     lines ─► memory ─► sorted run ─► file ─┐
 *                └────────► last run ────────┴─► merge ─► out
 *
 * Lines without a flow stand before those with one. Kinds go by the alphabet. Lines that are equal in
 * all three keep the order in which they came. The summary is last whatever its time.
 */

import type { WriteBytes } from "./joiner.ts";
import type { Line } from "./lines.ts";
import { merge } from "./merge.ts";
import { MemoryRun, RUN_LINES_MAX, RunWriter, SpooledRun } from "./run.ts";
import { Spool } from "./spool.ts";

export class LineOrder {
  readonly #runBytesMax: number;
  readonly #folder: string | undefined;
  #memory = new MemoryRun();
  #spool: Spool | undefined;
  /** Where each run in the spool begins; it ends where the next begins. */
  #runs: number[] = [];

  /** `folder` of the temporary file; the system's when absent. */
  constructor(options: { runBytesMax?: number; folder?: string } = {}) {
    this.#runBytesMax = options.runBytesMax ?? RUN_BYTES_MAX;
    this.#folder = options.folder;
  }

  /** How many sorted runs went to the temporary file so far. */
  get spilled(): number {
    return this.#runs.length;
  }

  /** Takes the printed form of a line, its line break included. Throws `SpoolRefused`. */
  add(line: Pick<Line, "kind" | "atUs" | "flow">, text: string): void {
    const last = line.kind === "summary";
    const flow = line.flow === undefined ? 0 : Number(line.flow);
    this.#memory.add(last ? Number.MAX_VALUE : line.atUs, flow, KINDS.indexOf(line.kind), text);
    if (this.#memory.bytes >= this.#runBytesMax || this.#memory.lines >= RUN_LINES_MAX) {
      this.#spill();
    }
  }

  /** Writes everything in order, and is empty afterwards. Throws what `write` throws. */
  drain(write: WriteBytes): void {
    try {
      this.#memory.sort();
      merge([...this.#spooledRuns(), this.#memory], write);
    } finally {
      this.close();
    }
  }

  /** Lets go of everything. */
  close(): void {
    this.#spool?.close();
    this.#spool = undefined;
    this.#runs = [];
    this.#memory = new MemoryRun();
  }

  #spill(): void {
    this.#spool ??= Spool.open(this.#folder);
    const spool = this.#spool;
    this.#runs.push(spool.bytes);
    this.#memory.sort();
    const writer = new RunWriter((bytes, from, to) => spool.append(bytes, from, to));
    while (this.#memory.next()) writer.push(this.#memory);
    writer.flush();
    this.#memory.clear();
  }

  #spooledRuns(): SpooledRun[] {
    const spool = this.#spool;
    if (spool === undefined) return [];
    return this.#runs.map(
      (from, index) => new SpooledRun(spool, from, this.#runs[index + 1] ?? spool.bytes),
    );
  }
}

const KINDS: readonly Line["kind"][] = [
  "certificate",
  "fault",
  "finding",
  "host",
  "loss",
  "malformed",
  "opaque",
  "outcome",
  "plaintext",
  "summary",
  "tls",
  "verdict",
];
/** 50,000 handshakes fit, as what lines share stands in them as a reference (phrases.ts). */
const RUN_BYTES_MAX = 12 * 2 ** 20;
