/**
 * Connections as rows of numbers: one hash table over typed arrays, no object a connection.
 *
 * A row is 32 words of `words` and 8 doubles of `times`: a connection's next packet touches two or
 * three cache lines. Rows are found by both addresses, both ports and the protocol, the same from
 * either side. The hash is keyed with a secret of this process, so nobody outside can choose
 * addresses that all fall into one bucket; flow numbers and results do not depend on it.
 *
 * All rows there may be are allocated at once and begin as zeros: the kernel gives a page when it is
 * first written, so what is never used costs nothing, and no table is ever copied into a larger one.
 */
import { randomFillSync } from "node:crypto";
import type { PacketView } from "../decode/packet-view.ts";

export class Rows {
  readonly words: Int32Array;
  readonly times: Float64Array;
  /** Rows in use. */
  count = 0;
  /** Rows that were ever in use: those beyond are zeros. */
  reached = 0;
  readonly max: number;
  /** A row's number and 1; 0 where there is none. */
  readonly #buckets: Int32Array;
  #free = -1;
  readonly #keyA: number;
  readonly #keyB: number;
  /** Which side of the found row sent the packet. */
  side: 0 | 1 = 0;

  constructor(max: number) {
    this.max = max;
    this.words = new Int32Array(max * ROW_WORDS);
    this.times = new Float64Array(max * ROW_TIMES);
    this.#buckets = new Int32Array(powerOfTwo(max * 2));
    const secret = randomFillSync(new Int32Array(2));
    this.#keyA = secret[0]!;
    this.#keyB = secret[1]!;
  }

  /** The row of the packet's connection, with `side` set, or -1. */
  find(view: PacketView): number {
    const words = this.words;
    const bytes = view.bytes;
    const kind = (view.protocol << 8) | view.version;
    const ports = (view.sourcePort << 16) | view.targetPort;
    const turned = (view.targetPort << 16) | view.sourcePort;
    const v4 = view.version === 4;
    const a = v4 ? u32(bytes, view.source) : this.#fold(bytes, view.source);
    const b = v4 ? u32(bytes, view.target) : this.#fold(bytes, view.target);
    const hash = this.#hash(a, b, view.sourcePort, view.targetPort, kind);
    let row = this.#buckets[hash & (this.#buckets.length - 1)]! - 1;
    while (row >= 0) {
      const at = row * ROW_WORDS;
      if (words[at + HASH] === hash && words[at + KIND] === kind) {
        if (
          words[at + PORTS] === ports &&
          words[at + ADDRESS_0] === a &&
          words[at + ADDRESS_1] === b &&
          (v4 || this.#same(at, bytes, view.source, view.target))
        ) {
          this.side = 0;
          return row;
        }
        if (
          words[at + PORTS] === turned &&
          words[at + ADDRESS_0] === b &&
          words[at + ADDRESS_1] === a &&
          (v4 || this.#same(at, bytes, view.target, view.source))
        ) {
          this.side = 1;
          return row;
        }
      }
      row = words[at + NEXT]!;
    }
    return -1;
  }

  /** A fresh row for the packet's connection, the packet's sender being side 0; -1: no room. */
  add(view: PacketView): number {
    const row = this.#free >= 0 ? this.#free : this.reached;
    if (row >= this.max) return -1;
    const at = row * ROW_WORDS;
    const words = this.words;
    if (row === this.reached) this.reached++;
    else this.#free = words[at + NEXT]!;
    words.fill(0, at, at + ROW_WORDS);
    this.times.fill(0, row * ROW_TIMES, (row + 1) * ROW_TIMES);
    const bytes = view.bytes;
    const v4 = view.version === 4;
    const kind = (view.protocol << 8) | view.version;
    const a = v4 ? u32(bytes, view.source) : this.#fold(bytes, view.source);
    const b = v4 ? u32(bytes, view.target) : this.#fold(bytes, view.target);
    const hash = this.#hash(a, b, view.sourcePort, view.targetPort, kind);
    words[at + HASH] = hash;
    words[at + KIND] = kind;
    words[at + PORTS] = (view.sourcePort << 16) | view.targetPort;
    words[at + ADDRESS_0] = a;
    words[at + ADDRESS_1] = b;
    if (!v4) {
      for (let word = 0; word < 4; word++) {
        words[at + WIDE_0 + word] = u32(bytes, view.source + word * 4);
        words[at + WIDE_1 + word] = u32(bytes, view.target + word * 4);
      }
    }
    const bucket = hash & (this.#buckets.length - 1);
    words[at + NEXT] = this.#buckets[bucket]! - 1;
    this.#buckets[bucket] = row + 1;
    this.count++;
    this.side = 0;
    return row;
  }

  remove(row: number): void {
    const words = this.words;
    const at = row * ROW_WORDS;
    const bucket = words[at + HASH]! & (this.#buckets.length - 1);
    let before = -1;
    let seen = this.#buckets[bucket]! - 1;
    while (seen !== row) {
      before = seen;
      seen = words[seen * ROW_WORDS + NEXT]!;
    }
    if (before < 0) this.#buckets[bucket] = words[at + NEXT]! + 1;
    else words[before * ROW_WORDS + NEXT] = words[at + NEXT]!;
    words[at + KIND] = 0;
    words[at + NEXT] = this.#free;
    this.#free = row;
    this.count--;
  }

  /** Moves all times that are remembered. */
  shift(byUs: number): void {
    for (let row = 0; row < this.reached; row++) {
      if (!this.used(row)) continue;
      this.times[row * ROW_TIMES + FIRST_AT]! += byUs;
      this.times[row * ROW_TIMES + LAST_AT]! += byUs;
    }
  }

  /**
   * How many rows a walk over all of them visits, from 0 on. Never just the few that a small capture uses:
   * each would be visited every few packets, and what lingers would be given up the moment it may be.
   */
  get walked(): number {
    return Math.min(this.max, Math.max(this.reached, WALKED_MIN));
  }

  used(row: number): boolean {
    return this.words[row * ROW_WORDS + KIND] !== 0;
  }

  /** Symmetric: both directions of a connection fall into the same bucket. */
  #hash(a: number, b: number, portA: number, portB: number, kind: number): number {
    let x = Math.imul(a ^ this.#keyA, 0x9e3779b1) ^ Math.imul(portA ^ this.#keyB, 0x85ebca6b);
    let y = Math.imul(b ^ this.#keyA, 0x9e3779b1) ^ Math.imul(portB ^ this.#keyB, 0x85ebca6b);
    x = Math.imul(x ^ (x >>> 15), 0xc2b2ae35);
    y = Math.imul(y ^ (y >>> 15), 0xc2b2ae35);
    const sum = (x + y + kind) | 0;
    return sum ^ (sum >>> 16);
  }

  /**
   * An IPv6 address as one word for the hash; the whole of it is compared afterwards. Keyed at every
   * word, since whoever has a /64 may choose among 2^64 addresses those that fall together.
   */
  #fold(bytes: Uint8Array, at: number): number {
    const key = this.#keyB;
    let folded = mix(this.#keyA ^ u32(bytes, at), key);
    folded = mix(folded ^ u32(bytes, at + 4), key);
    folded = mix(folded ^ u32(bytes, at + 8), key);
    return mix(folded ^ u32(bytes, at + 12), key);
  }

  #same(at: number, bytes: Uint8Array, first: number, second: number): boolean {
    const words = this.words;
    for (let word = 0; word < 4; word++) {
      if (words[at + WIDE_0 + word] !== u32(bytes, first + word * 4)) return false;
      if (words[at + WIDE_1 + word] !== u32(bytes, second + word * 4)) return false;
    }
    return true;
  }
}

function u32(bytes: Uint8Array, at: number): number {
  return (bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!;
}

/** Two words to one, every bit of both reaching every bit (MurmurHash3's finaliser constants). */
function mix(a: number, b: number): number {
  let x = Math.imul(a, 0x9e3779b1) ^ Math.imul(b, 0x85ebca6b);
  x = Math.imul(x ^ (x >>> 16), 0x85ebca6b);
  x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35);
  return x ^ (x >>> 16);
}

function powerOfTwo(least: number): number {
  let size = 1;
  while (size < least) size *= 2;
  return size;
}

/** Words of a row. A name with _0 is side 0's; side 1's follows directly. */
export const NEXT = 0;
export const HASH = 1;
/** protocol << 8 | IP version; 0 marks a free row. */
export const KIND = 2;
/** side 0's port << 16 | side 1's. */
export const PORTS = 3;
/** IPv4 address, or a hash of the IPv6 address that stands at WIDE. */
export const ADDRESS_0 = 4;
export const ADDRESS_1 = 5;
export const ID = 6;
/** Bits: tcp-table.ts. */
export const STATE = 7;
/** The sequence number expected next. */
export const EXPECTED_0 = 8;
/** What is done with a side's payload: tcp-table.ts. */
export const MODE_0 = 10;
/** Shunted: bytes of the record underway that are still to be skipped. */
export const SKIP_0 = 12;
/** Shunted: how many bytes of a record header ended the last segment, and those bytes. */
export const PARTIAL_0 = 14;
export const PARTIAL_BYTES_0 = 16;
/** Where the FIN stands, if it was seen. */
export const FIN_AT_0 = 18;
/** Initial sequence number of a side's SYN. */
export const SYN_AT_0 = 20;
/** Sequence number of a SYN that would begin another connection, should it be answered. */
export const CANDIDATE = 22;
/** IPv6 addresses, four words each. */
export const WIDE_0 = 24;
export const WIDE_1 = 28;
export const ROW_WORDS = 32;

/** Doubles of a row. */
export const FIRST_AT = 0;
export const LAST_AT = 1;
/** Stream bytes of a side that have passed, delivered or skipped. */
export const PASSED_0 = 2;
/** Payload bytes captured, retransmissions included. */
export const PAYLOAD_0 = 4;
export const PACKETS_0 = 6;
export const ROW_TIMES = 8;

const WALKED_MIN = 4096;
