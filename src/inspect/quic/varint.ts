/**
 * QUIC's variable-length integers (RFC 9000 §16): the first two bits say how many bytes there are, 1, 2,
 * 4 or 8; the rest is the number, big-endian.
 *
 * A cursor and not a function, since a number's length is known only once it was read, and an object a
 * number would be one too many.
 */
export class Cursor {
  at: number;
  readonly bytes: Uint8Array;
  readonly end: number;

  /** Reads [at, end) of `bytes`. */
  constructor(bytes: Uint8Array, at: number, end: number) {
    this.bytes = bytes;
    this.at = at;
    this.end = end;
  }

  get left(): number {
    return this.end - this.at;
  }

  /** The next number, or -1 when it runs over the end. Exact up to 2^53. */
  varint(): number {
    if (this.at >= this.end) return -1;
    const first = this.bytes[this.at]!;
    const length = 1 << (first >> 6);
    if (length > this.end - this.at) return -1;
    let value = first & 0x3f;
    for (let i = 1; i < length; i++) value = value * 256 + this.bytes[this.at + i]!;
    this.at += length;
    return value;
  }

  /** The next byte, or -1. */
  byte(): number {
    return this.at < this.end ? this.bytes[this.at++]! : -1;
  }
}
