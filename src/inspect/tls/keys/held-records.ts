/**
 * One side's sealed records while its secrets may still come: a key log that grows beside live traffic
 * has them a moment after the ServerHello has passed, since only then does its writer know them.
 *
 * Whole records are kept as they came, and opened or passed over once it is known which. A peer writes
 * its secrets before it uses them, so what is held is a server's flight and a client's first records.
 */
import { Gather } from "../../gather.ts";
import type { KeyLog } from "../../keys/key-log.ts";

export interface HeldRecord {
  readonly type: number;
  readonly version: number;
  readonly body: Uint8Array;
  readonly offset: number;
  readonly atUs: number;
}

export interface HeldListener {
  /** A record more is held; `full`: no other one will be. */
  held(side: 0 | 1, records: number, full: boolean): void;
}

export class HeldRecords {
  /** Taken by whoever opens them, or does not. */
  readonly records: HeldRecord[] = [];
  readonly #side: 0 | 1;
  readonly #keys: KeyLog;
  readonly #listener: HeldListener;
  #record: Gather | undefined;
  #header = { type: 0, version: 0, offset: 0 };
  #bytes = 0;
  #lost = false;

  constructor(side: 0 | 1, keys: KeyLog, listener: HeldListener) {
    this.#side = side;
    this.#keys = keys;
    this.#listener = listener;
  }

  /** Within a record that it gathers. */
  get underway(): boolean {
    return this.#record !== undefined;
  }

  /** A record begins. False: it is not held, and there is nothing to hold it for. */
  begin(type: number, version: number, length: number, offset: number): boolean {
    if (type !== APPLICATION_DATA) return false;
    const fits =
      this.#bytes + length <= SIDE_BYTES_MAX && this.#keys.heldBytes + length <= ALL_BYTES_MAX;
    if (!fits) this.#keys.unheld++;
    if (!fits || this.#lost) {
      this.#listener.held(this.#side, this.records.length, true);
      return false;
    }
    this.#keys.heldBytes += length;
    this.#bytes += length;
    this.#header = { type, version, offset };
    this.#record = new Gather(length);
    return true;
  }

  push(bytes: Uint8Array, from: number, to: number, atUs: number): void {
    const record = this.#record!;
    record.take(bytes, from, to);
    if (!record.full) return;
    this.#record = undefined;
    const body = record.bytes.slice(0, record.wanted);
    record.release();
    this.records.push({ ...this.#header, body, atUs });
    this.#listener.held(this.#side, this.records.length, false);
  }

  /** Bytes of the record underway will not come: what is behind them has no number any more. */
  lose(): void {
    this.#lost = true;
    this.#record?.release();
    this.#record = undefined;
    this.#listener.held(this.#side, this.records.length, true);
  }

  /** Gives memory back. */
  close(): void {
    this.#keys.heldBytes -= this.#bytes;
    this.#bytes = 0;
    this.#record?.release();
    this.#record = undefined;
  }
}

const APPLICATION_DATA = 23;
/** Real flights are below 16 KB; post-quantum signatures make them a few times as long. */
const SIDE_BYTES_MAX = 65_536;
/** Of all connections together: some ten thousand handshakes at a time. */
const ALL_BYTES_MAX = 67_108_864;
