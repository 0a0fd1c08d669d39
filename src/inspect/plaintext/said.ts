/** What one side of a conversation said first: bounded, and read by every detector that is asked. */
import { latin1 } from "../tls/bytes.ts";

export class Said {
  readonly bytes: Uint8Array;
  /** UDP: where in `bytes` each datagram begins. TCP: empty. */
  readonly datagrams: readonly number[];
  /** Nothing follows that is not here: neither lost, nor cut off, nor beyond the limit. */
  readonly whole: boolean;
  #text: string | undefined;

  constructor(bytes: Uint8Array, whole: boolean, datagrams: readonly number[] = NONE) {
    this.bytes = bytes;
    this.whole = whole;
    this.datagrams = datagrams;
  }

  get length(): number {
    return this.bytes.length;
  }

  /** One character a byte, so that offsets stay true. Made once, for all who ask. */
  get text(): string {
    this.#text ??= latin1(this.bytes, 0, this.bytes.length);
    return this.#text;
  }

  /** What stands behind the first `count` bytes; of a datagram that is cut by that, its rest. */
  after(count: number): Said {
    if (count === 0) return this;
    const datagrams = this.datagrams
      .filter(
        (at, index) => (this.datagrams[index + 1] ?? this.bytes.length) > count || at >= count,
      )
      .map((at) => Math.max(at - count, 0));
    return new Said(this.bytes.subarray(count), this.whole, datagrams);
  }
}

/** As much as is looked at of each direction of a TCP connection. */
export const SAID_BYTES_MAX = 8192;

const NONE: readonly number[] = [];
