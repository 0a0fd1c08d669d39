/**
 * Collects a known number of bytes that come in pieces. Grows with what comes, not with what was
 * promised: nine bytes can promise a quarter of a megabyte.
 */
export class Gather {
  readonly wanted: number;
  #bytes: Uint8Array;
  #filled = 0;

  constructor(wanted: number) {
    this.wanted = wanted;
    this.#bytes = new Uint8Array(Math.min(wanted, FIRST_BYTES));
  }

  get full(): boolean {
    return this.#filled === this.wanted;
  }

  /** What has come; the whole of it once `full`. */
  get bytes(): Uint8Array {
    return this.#bytes.length === this.#filled
      ? this.#bytes
      : this.#bytes.subarray(0, this.#filled);
  }

  /** Takes what it still wants of [from, to) and returns how many bytes that were. */
  take(bytes: Uint8Array, from: number, to: number): number {
    const count = Math.min(this.wanted - this.#filled, to - from);
    const needed = this.#filled + count;
    if (needed > this.#bytes.length) {
      const wider = new Uint8Array(Math.min(this.wanted, Math.max(needed, this.#bytes.length * 2)));
      wider.set(this.#bytes.subarray(0, this.#filled));
      this.#bytes = wider;
    }
    this.#bytes.set(bytes.subarray(from, from + count), this.#filled);
    this.#filled = needed;
    return count;
  }
}

const FIRST_BYTES = 8192;
