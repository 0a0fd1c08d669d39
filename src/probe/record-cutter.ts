/**
 * Cuts what comes at the ends of TLS records, so that whoever reads may stop behind each of them: what a
 * server says behind its Finished is none of its flight. The border of a header that cannot be right is
 * nowhere: then all that is left is one piece.
 */
export class RecordCutter {
  /** Bytes of the record underway that are still to come, its header included once that is whole. */
  #left = 0;
  readonly #header: number[] = [];

  /** What was cut last ended where a record does. */
  get aligned(): boolean {
    return this.#left === 0 && this.#header.length === 0;
  }

  /** Pieces of `bytes` in order; each but the last ends where a record does. Lent. */
  *cut(bytes: Uint8Array): Generator<Uint8Array> {
    let from = 0;
    for (let at = 0; at < bytes.length; ) {
      if (this.#left === 0) {
        this.#header.push(bytes[at++]!);
        if (this.#header.length < HEADER_BYTES) continue;
        this.#left = this.#header[3]! * 256 + this.#header[4]!;
        this.#header.length = 0;
        if (this.#left > 0) continue;
      } else {
        const taken = Math.min(this.#left, bytes.length - at);
        at += taken;
        this.#left -= taken;
        if (this.#left > 0) break;
      }
      yield bytes.subarray(from, at);
      from = at;
    }
    if (from < bytes.length) yield bytes.subarray(from);
  }
}

const HEADER_BYTES = 5;
