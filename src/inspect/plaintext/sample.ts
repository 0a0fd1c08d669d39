/** The first bytes of one direction, kept until the connection is recognised. Bounded. */
import { SAID_BYTES_MAX, Said } from "./said.ts";

export class Sample {
  /** No more is taken: it is full, bytes were lost, or something else began. */
  closed = false;
  /** Bytes were lost, or there were more of them than are kept. */
  cut = false;
  #bytes = NOTHING;
  #filled = 0;

  get length(): number {
    return this.#filled;
  }

  /** Copies what it has room for of [from, to). */
  take(bytes: Uint8Array, from: number, to: number): void {
    if (this.closed) return;
    const count = Math.min(to - from, SAID_BYTES_MAX - this.#filled);
    const filled = this.#filled + count;
    if (filled > this.#bytes.length) {
      const room = Math.max(filled, this.#bytes.length * 2, FIRST_BYTES);
      const wider = new Uint8Array(Math.min(room, SAID_BYTES_MAX));
      wider.set(this.#bytes.subarray(0, this.#filled));
      this.#bytes = wider;
    }
    this.#bytes.set(bytes.subarray(from, from + count), this.#filled);
    this.#filled = filled;
    if (filled === SAID_BYTES_MAX) this.lose();
  }

  /** What follows is not known. */
  lose(): void {
    this.cut = true;
    this.closed = true;
  }

  /** Only the first `count` bytes belong to it, and they are all there is. */
  endAt(count: number): void {
    if (this.#filled <= count && this.closed) return;
    this.cut = this.#filled < count;
    this.closed = true;
    this.#filled = Math.min(this.#filled, count);
  }

  get said(): Said {
    return new Said(this.#bytes.subarray(0, this.#filled), !this.cut);
  }
}

const NOTHING = new Uint8Array(0);
/** Most first requests and banners; a direction that begins like TLS takes five bytes at most. */
const FIRST_BYTES = 128;
