/**
 * Collects a known number of bytes that come in pieces. Grows with what comes, not with what was
 * promised: nine bytes can promise a quarter of a megabyte.
 *
 * Most of what is collected is a few kilobytes and soon read, so first buffers are used again: two
 * fresh ones a handshake cost more in collecting than all of its reading.
 */
export class Gather {
  readonly wanted: number;
  #bytes = SPARE.pop() ?? NOTHING;
  #filled = 0;

  constructor(wanted: number) {
    this.wanted = wanted;
  }

  get full(): boolean {
    return this.#filled === this.wanted;
  }

  get filled(): number {
    return this.#filled;
  }

  /** What has come stands in the first `filled` of these. Lent until `release`. */
  get bytes(): Uint8Array {
    return this.#bytes;
  }

  /** Takes what it still wants of [from, to) and returns how many bytes that were. */
  take(bytes: Uint8Array, from: number, to: number): number {
    const count = Math.min(this.wanted - this.#filled, to - from);
    const needed = this.#filled + count;
    if (needed > this.#bytes.length) {
      const wider = new Uint8Array(Math.max(needed, this.#bytes.length * 2, FIRST_BYTES));
      wider.set(this.#bytes.subarray(0, this.#filled));
      this.release();
      this.#bytes = wider;
    }
    Buffer.prototype.copy.call(bytes, this.#bytes, this.#filled, from, from + count);
    this.#filled = needed;
    return count;
  }

  /** Gives the buffer back: nobody may read it any more. */
  release(): void {
    const { length } = this.#bytes;
    if (length > 0 && length <= SPARE_BYTES_MAX && SPARE.length < SPARE_MAX)
      SPARE.push(this.#bytes);
    this.#bytes = NOTHING;
  }
}

const NOTHING = new Uint8Array(0);
const SPARE: Uint8Array[] = [];
const SPARE_MAX = 64;
const SPARE_BYTES_MAX = 16_384;
/** Small, since a stranger may begin very many messages with a byte of each. */
const FIRST_BYTES = 256;
