/**
 * The classic capture file (draft-ietf-opsawg-pcap): a 24-byte header, then records.
 *
 *     file    magic 4 | version 2+2 | zone 4 | sigfigs 4 | snaplen 4 | link type 4
 *     record  seconds 4 | micro- or nanoseconds 4 | captured 4 | original 4 | bytes
 *
 * The magic tells byte order and clock. `read` is the first half of the hot path: it allocates
 * nothing per record, and reads fields by index because that is what V8 turns into plain loads.
 */
import {
  CAPTURED_BYTES_MAX,
  type CaptureFormat,
  type Damage,
  type PacketSink,
} from "./packet-sink.ts";

export class PcapFormat implements CaptureFormat {
  damage: Damage | undefined;
  readonly #sink: PacketSink;
  #link = 0;
  #bigEndian = false;
  #nanoseconds = false;
  /** Before version 2.3 the two lengths of a record stand the other way round. */
  #swapped = false;
  #started = false;

  constructor(sink: PacketSink) {
    this.#sink = sink;
  }

  read(bytes: Uint8Array, from: number, to: number, fileOffset: number): number {
    if (this.damage !== undefined) return to;
    let at = from;
    if (!this.#started) {
      if (to - from < FILE_HEADER_BYTES) return from;
      this.#open(bytes, from);
      at = from + FILE_HEADER_BYTES;
    }
    const base = fileOffset - from;
    if (this.#bigEndian) return this.#records(bytes, at, to, base, u32be);
    if (this.#swapped) return this.#records(bytes, at, to, base, u32le);
    return this.#recordsLittle(bytes, at, to, base);
  }

  end(left: number, fileOffset: number): Damage | undefined {
    if (this.damage !== undefined) return this.damage;
    if (!this.#started) {
      return {
        atByte: fileOffset,
        reason: `${left} byte file, expected a pcap header of ${FILE_HEADER_BYTES} bytes`,
      };
    }
    if (left === 0) return undefined;
    return { atByte: fileOffset, reason: `the file ends ${left} bytes into a record` };
  }

  #open(bytes: Uint8Array, at: number): void {
    const magic = u32be(bytes, at);
    this.#bigEndian = magic === MAGIC_MICROSECONDS || magic === MAGIC_NANOSECONDS;
    this.#nanoseconds = magic === MAGIC_NANOSECONDS || magic === MAGIC_NANOSECONDS_SWAPPED;
    const u16 = (first: number): number =>
      this.#bigEndian
        ? (bytes[at + first]! << 8) | bytes[at + first + 1]!
        : (bytes[at + first + 1]! << 8) | bytes[at + first]!;
    this.#swapped = u16(4) === 2 && u16(6) < 3;
    const word = this.#bigEndian ? u32be(bytes, at + 20) : u32le(bytes, at + 20);
    // The upper half tells whether and how long a frame check sequence follows each frame.
    this.#link = word & 0xffff;
    this.#started = true;
  }

  /** Little endian, which is nearly every file: the loop that the benchmark measures. */
  #recordsLittle(bytes: Uint8Array, from: number, to: number, base: number): number {
    const sink = this.#sink;
    const link = this.#link;
    const nanoseconds = this.#nanoseconds;
    const clock = sink.clock;
    let at = from;
    while (to - at >= RECORD_HEADER_BYTES) {
      const captured =
        (bytes[at + 8]! |
          (bytes[at + 9]! << 8) |
          (bytes[at + 10]! << 16) |
          (bytes[at + 11]! << 24)) >>>
        0;
      if (captured > CAPTURED_BYTES_MAX) {
        this.damage = tooLong(captured, base + at);
        return to;
      }
      const next = at + RECORD_HEADER_BYTES + captured;
      if (next > to) break;
      const seconds = u32le(bytes, at);
      const fraction = u32le(bytes, at + 4);
      clock[0] = seconds * 1_000_000 + (nanoseconds ? Math.floor(fraction / 1000) : fraction);
      const original = u32le(bytes, at + 12);
      sink.packet(bytes, at + RECORD_HEADER_BYTES, captured, original, link);
      at = next;
    }
    return at;
  }

  #records(
    bytes: Uint8Array,
    from: number,
    to: number,
    base: number,
    u32: (bytes: Uint8Array, at: number) => number,
  ): number {
    const [capturedAt, originalAt] = this.#swapped ? [12, 8] : [8, 12];
    let at = from;
    while (to - at >= RECORD_HEADER_BYTES) {
      const captured = u32(bytes, at + capturedAt);
      if (captured > CAPTURED_BYTES_MAX) {
        this.damage = tooLong(captured, base + at);
        return to;
      }
      const next = at + RECORD_HEADER_BYTES + captured;
      if (next > to) break;
      const fraction = u32(bytes, at + 4);
      this.#sink.clock[0] =
        u32(bytes, at) * 1_000_000 + (this.#nanoseconds ? Math.floor(fraction / 1000) : fraction);
      const original = u32(bytes, at + originalAt);
      this.#sink.packet(bytes, at + RECORD_HEADER_BYTES, captured, original, this.#link);
      at = next;
    }
    return at;
  }
}

function tooLong(captured: number, atByte: number): Damage {
  return {
    atByte,
    reason: `record of ${captured} captured bytes, expected at most ${CAPTURED_BYTES_MAX}`,
  };
}

export function u32le(bytes: Uint8Array, at: number): number {
  return (
    (bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)) >>> 0
  );
}

export function u32be(bytes: Uint8Array, at: number): number {
  return (
    ((bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!) >>> 0
  );
}

/** As they read in big-endian order; the swapped forms are little-endian files. */
export const MAGIC_MICROSECONDS = 0xa1b2c3d4;
export const MAGIC_NANOSECONDS = 0xa1b23c4d;
export const MAGIC_MICROSECONDS_SWAPPED = 0xd4c3b2a1;
export const MAGIC_NANOSECONDS_SWAPPED = 0x4d3cb2a1;

const FILE_HEADER_BYTES = 24;
const RECORD_HEADER_BYTES = 16;
