/**
 * Application data inside TLS records that anybody can read: of a suite that encrypts nothing, or of a
 * card that should have encrypted and did not. It looks like a handshake's ciphertext from outside, and
 * is what evidence must never hold.
 *
 *     .. | 22 handshake | 20 | 22 | 23 version length | body: kept if it looks random, else located | ..
 *
 * The records of a direction are walked from the first that can begin a handshake. Where bytes are missing
 * or a header cannot be right, nobody knows where records begin, and all that is left is located.
 */
import { measure } from "../inspect/opaque/measure.ts";

/** Where bytes stand in a direction that may not be written. */
export interface Range {
  readonly offset: number;
  readonly bytes: number;
}

/** A direction's bytes, as far as packets of it are there. */
export class DirectionBytes {
  #bytes = new Uint8Array(FIRST_BYTES);
  /** 1 where a byte is there. */
  #there = new Uint8Array(FIRST_BYTES);
  #reach = 0;

  /** @param offset of [from, to) in the direction */
  add(bytes: Uint8Array, from: number, to: number, offset: number): void {
    if (offset < 0 || offset + (to - from) > DIRECTION_BYTES_MAX) return;
    const end = offset + to - from;
    while (this.#bytes.length < end) {
      this.#bytes = widened(this.#bytes);
      this.#there = widened(this.#there);
    }
    this.#bytes.set(bytes.subarray(from, to), offset);
    this.#there.fill(1, offset, end);
    this.#reach = Math.max(this.#reach, end);
  }

  /** Bodies of application data records that can be read, and whatever cannot be told to be none. */
  readable(): Range[] {
    const ranges: Range[] = [];
    let at = this.#firstRecord();
    while (at >= 0 && at < this.#reach) {
      const length = this.#recordAt(at);
      if (length < 0) {
        ranges.push({ offset: at, bytes: this.#reach - at });
        return ranges;
      }
      const body = at + HEADER_BYTES;
      const end = Math.min(body + length, this.#reach);
      const isRandom = () => measure(this.#bytes.subarray(body, end))?.random === true;
      if (this.#bytes[at] === APPLICATION_DATA && !isRandom()) {
        ranges.push({ offset: body, bytes: end - body });
      }
      at = body + length;
    }
    return ranges;
  }

  #firstRecord(): number {
    for (let at = 0; at + HEADER_BYTES <= this.#reach; at++) {
      if (this.#bytes[at] === HANDSHAKE && this.#recordAt(at) > 0) return at;
    }
    return -1;
  }

  /** Length of the body of a record that begins here; -1: none does. */
  #recordAt(at: number): number {
    for (let byte = at; byte < at + HEADER_BYTES; byte++) if (this.#there[byte] !== 1) return -1;
    const [type = 0, major, minor = 0, high = 0, low = 0] = this.#bytes.subarray(at, at + 5);
    const length = (high << 8) | low;
    const isRecord = type >= 20 && type <= 24 && major === 3 && minor <= 4;
    return isRecord && length <= BODY_BYTES_MAX ? length : -1;
  }
}

function widened(bytes: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  const wider = new Uint8Array(bytes.length * 2);
  wider.set(bytes);
  return wider;
}

const HEADER_BYTES = 5;
const HANDSHAKE = 22;
const APPLICATION_DATA = 23;
/** 2^14 bytes of text, and the most TLS 1.2 lets encryption add to it (RFC 5246 §6.2.3). */
const BODY_BYTES_MAX = 2 ** 14 + 2048;
const FIRST_BYTES = 4096;
/** The ring keeps no more of a connection. */
const DIRECTION_BYTES_MAX = 1_048_576;
