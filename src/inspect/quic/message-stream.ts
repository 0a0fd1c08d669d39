/** The handshake messages of a CRYPTO stream, each as it becomes whole (RFC 8446 §4). */
import { CryptoStream } from "./crypto-stream.ts";

export class MessageStream {
  readonly crypto = new CryptoStream();
  /** The body of the message that `next` found, in `crypto.bytes`. */
  from = 0;
  to = 0;

  /** The type of the next message, or -1 as long as it is not whole. */
  next(): number {
    const { bytes, ready } = this.crypto;
    const at = this.to;
    if (at + HEADER_BYTES > ready) return -1;
    const length = (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!;
    const end = at + HEADER_BYTES + length;
    if (end > ready) return -1;
    this.from = at + HEADER_BYTES;
    this.to = end;
    return bytes[at]!;
  }
}

/** Type and length. */
const HEADER_BYTES = 4;
