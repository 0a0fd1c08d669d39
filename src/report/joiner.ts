/** Joins lines to pieces that are worth a system call. A piece is always whole lines. */

/** Takes bytes that are lent until it returns. */
export type WriteBytes = (bytes: Uint8Array, from: number, to: number) => void;

export class Joiner {
  readonly #write: WriteBytes;
  readonly #buffer = Buffer.allocUnsafeSlow(WRITE_BYTES);
  #filled = 0;

  constructor(write: WriteBytes) {
    this.#write = write;
  }

  push(bytes: Uint8Array, from: number, to: number): void {
    if (to - from > WRITE_BYTES - this.#filled) this.flush();
    if (to - from > WRITE_BYTES) {
      this.#write(bytes, from, to);
      return;
    }
    copyBytes(bytes, from, to, this.#buffer, this.#filled);
    this.#filled += to - from;
  }

  flush(): void {
    if (this.#filled > 0) this.#write(this.#buffer, 0, this.#filled);
    this.#filled = 0;
  }
}

/**
 * Copies [from, to) to `at`. `set(subarray())` says the same and makes an object each time, which a
 * line or two a handshake would pay for in collections.
 */
export function copyBytes(
  source: Uint8Array,
  from: number,
  to: number,
  target: Uint8Array,
  at: number,
): void {
  Buffer.prototype.copy.call(source, target, at, from, to);
}

/** What a pipe holds on Linux (pipe(7)). */
const WRITE_BYTES = 2 ** 16;
