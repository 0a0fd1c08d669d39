/**
 * The block-structured capture file (draft-ietf-opsawg-pcapng).
 *
 *     block   type 4 | total length 4 | body, padded to 4 | total length 4
 *
 * A section header fixes the byte order for what follows and forgets all interfaces; an interface
 * description adds one (link type, clock); packets name theirs by index. Blocks that we do not
 * read are stepped over by their length, even those longer than the buffer. A block whose two
 * lengths disagree ends the file for us: we no longer know where blocks begin.
 */
import { Clock } from "./clock.ts";
import {
  CAPTURED_BYTES_MAX,
  type CaptureFormat,
  type Damage,
  type PacketSink,
} from "./packet-sink.ts";
import { u32be, u32le } from "./pcap.ts";

export class PcapngFormat implements CaptureFormat {
  damage: Damage | undefined;
  /** Blocks that could be stepped over but not used, with where and why. */
  readonly oddities: Damage[] = [];
  readonly #sink: PacketSink;
  #links: number[] = [];
  #clocks: Clock[] = [];
  #snaplens: number[] = [];
  #bigEndian = false;
  #started = false;
  /** Bytes of a long block that are still to be stepped over. */
  #skip = 0;

  constructor(sink: PacketSink) {
    this.#sink = sink;
  }

  read(bytes: Uint8Array, from: number, to: number, fileOffset: number): number {
    const base = fileOffset - from;
    let at = from;
    while (this.damage === undefined) {
      if (this.#skip > 0) {
        const step = Math.min(this.#skip, to - at);
        this.#skip -= step;
        at += step;
        if (this.#skip > 0) return at;
      }
      if (to - at < BLOCK_BYTES_MIN) return at;
      const total = this.#blockLength(bytes, at, base + at);
      if (total === 0) return to;
      const type = this.#u32(bytes, at);
      // Whether it happens to lie whole in the buffer must not matter.
      if (total > HELD_BLOCK_BYTES_MAX) {
        this.#stepOver(type, total, base + at);
        continue;
      }
      if (total > to - at) return at;
      const tail = this.#u32(bytes, at + total - 4);
      if (tail !== total) {
        this.damage = {
          atByte: base + at + total - 4,
          reason: `block ends with length ${tail}, expected ${total} as at its start`,
        };
        return to;
      }
      this.#block(type, bytes, at + 8, at + total - 4, base);
      at += total;
    }
    return to;
  }

  end(left: number, fileOffset: number): Damage | undefined {
    if (this.damage !== undefined) return this.damage;
    if (this.#skip > 0) {
      return {
        atByte: fileOffset,
        reason: `the file ends ${this.#skip} bytes before a block does`,
      };
    }
    if (left > 0) return { atByte: fileOffset, reason: `the file ends ${left} bytes into a block` };
    if (!this.#started) return { atByte: 0, reason: "empty file, expected a section header block" };
    return undefined;
  }

  /** The block's total length, or 0 with `damage` set. A section header fixes the byte order first. */
  #blockLength(bytes: Uint8Array, at: number, atByte: number): number {
    if (u32be(bytes, at) === SECTION_HEADER) {
      const magic = u32be(bytes, at + 8);
      if (magic !== BYTE_ORDER_MAGIC && magic !== BYTE_ORDER_MAGIC_SWAPPED) {
        this.damage = {
          atByte: atByte + 8,
          reason: `byte-order magic 0x${magic.toString(16)}, expected 0x1a2b3c4d either way round`,
        };
        return 0;
      }
      this.#bigEndian = magic === BYTE_ORDER_MAGIC;
      this.#started = true;
    }
    const total = this.#u32(bytes, at + 4);
    if (total < BLOCK_BYTES_MIN || total % 4 !== 0) {
      const found = `block of ${total} bytes`;
      const reason = `${found}, expected a multiple of 4, at least ${BLOCK_BYTES_MIN}`;
      this.damage = { atByte, reason };
      return 0;
    }
    return total;
  }

  #stepOver(type: number, total: number, atByte: number): void {
    this.#skip = total;
    if (type === ENHANCED_PACKET || type === SIMPLE_PACKET || type === OBSOLETE_PACKET) {
      const reason = `packet block of ${total} bytes, expected at most ${HELD_BLOCK_BYTES_MAX}`;
      this.#odd({ atByte, reason });
    } else if (type === DECRYPTION_SECRETS || type === INTERFACE_DESCRIPTION) {
      const reason = `block type ${type} of ${total} bytes, expected at most ${HELD_BLOCK_BYTES_MAX}`;
      this.#odd({ atByte, reason });
    }
  }

  #block(type: number, bytes: Uint8Array, from: number, to: number, base: number): void {
    switch (type) {
      case ENHANCED_PACKET:
        return this.#timed(ENHANCED, bytes, from, to, base);
      case SECTION_HEADER:
        this.#links = [];
        this.#clocks = [];
        this.#snaplens = [];
        return;
      case INTERFACE_DESCRIPTION:
        return this.#interface(bytes, from, to, base);
      case SIMPLE_PACKET:
        return this.#simple(bytes, from, to, base);
      case OBSOLETE_PACKET:
        return this.#timed("packet", bytes, from, to, base);
      case DECRYPTION_SECRETS:
        return this.#secret(bytes, from, to, base);
    }
  }

  /** Enhanced and obsolete packet blocks: the latter's interface takes half the word, its drops the rest. */
  #timed(what: string, bytes: Uint8Array, from: number, to: number, base: number): void {
    if (to - from < 20) return this.#short(what, 20, from, to, base);
    const index = what === ENHANCED ? this.#u32(bytes, from) : this.#u16(bytes, from);
    const high = this.#u32(bytes, from + 4);
    const low = this.#u32(bytes, from + 8);
    const captured = this.#u32(bytes, from + 12);
    this.#packet(bytes, from + 20, to, index, captured, base, high, low, from + 16);
  }

  #packet(
    bytes: Uint8Array,
    from: number,
    to: number,
    index: number,
    captured: number,
    base: number,
    high: number,
    low: number,
    originalAt: number,
  ): void {
    const clock = this.#clocks[index];
    if (clock === undefined) return this.#noInterface(index, base + from);
    if (captured > to - from || captured > CAPTURED_BYTES_MAX) {
      const room = Math.min(to - from, CAPTURED_BYTES_MAX);
      const reason = `packet of ${captured} captured bytes, expected at most ${room}`;
      return this.#odd({ atByte: base + from, reason });
    }
    this.#sink.clock[0] = clock.toUs(high, low);
    const original = this.#u32(bytes, originalAt);
    this.#sink.packet(bytes, from, captured, original, this.#links[index]!);
  }

  /** No time stamp of its own: it takes that of the packet before it. */
  #simple(bytes: Uint8Array, from: number, to: number, base: number): void {
    if (to - from < 4) return this.#short("simple packet", 4, from, to, base);
    if (this.#clocks.length === 0) return this.#noInterface(0, base + from);
    const original = this.#u32(bytes, from);
    const snaplen = this.#snaplens[0]! === 0 ? original : this.#snaplens[0]!;
    const captured = Math.min(original, snaplen, to - from - 4);
    this.#sink.packet(bytes, from + 4, captured, original, this.#links[0]!);
  }

  #interface(bytes: Uint8Array, from: number, to: number, base: number): void {
    if (to - from < 8) return this.#short("interface description", 8, from, to, base);
    if (this.#links.length >= INTERFACES_MAX) {
      const reason = `more than ${INTERFACES_MAX} interfaces in a section`;
      this.damage = { atByte: base + from, reason };
      return;
    }
    const link = this.#u16(bytes, from);
    let resolution = 6;
    let offsetSeconds = 0;
    let at = from + 8;
    for (let count = 0; to - at >= 4 && count < OPTIONS_MAX; count++) {
      const word = this.#u32(bytes, at);
      const code = this.#bigEndian ? word >>> 16 : word & 0xffff;
      const length = this.#bigEndian ? word & 0xffff : word >>> 16;
      if (code === OPTION_END || length > to - at - 4) break;
      if (code === OPTION_TSRESOL && length >= 1) resolution = bytes[at + 4]!;
      if (code === OPTION_TSOFFSET && length >= 8) offsetSeconds = this.#i64(bytes, at + 4);
      at += 4 + length + ((4 - (length % 4)) % 4);
    }
    this.#links.push(link);
    this.#snaplens.push(this.#u32(bytes, from + 4));
    this.#clocks.push(new Clock(resolution, offsetSeconds));
  }

  #secret(bytes: Uint8Array, from: number, to: number, base: number): void {
    if (to - from < 8) return this.#short("decryption secrets", 8, from, to, base);
    const type = this.#u32(bytes, from);
    const length = this.#u32(bytes, from + 4);
    const room = to - from - 8;
    if (length > room) {
      const reason = `${length} bytes of decryption secrets, expected at most ${room}`;
      return this.#odd({ atByte: base + from, reason });
    }
    this.#sink.secrets?.(type, bytes.subarray(from + 8, from + 8 + length));
  }

  #short(what: string, least: number, from: number, to: number, base: number): void {
    const reason = `${what} block with ${to - from} bytes in it, expected at least ${least}`;
    this.#odd({ atByte: base + from, reason });
  }

  #noInterface(index: number, atByte: number): void {
    const reason = `packet of interface ${index}, expected one of ${this.#links.length} described`;
    this.#odd({ atByte, reason });
  }

  #odd(oddity: Damage): void {
    if (this.oddities.length < ODDITIES_MAX) this.oddities.push(oddity);
  }

  #u32(bytes: Uint8Array, at: number): number {
    return this.#bigEndian ? u32be(bytes, at) : u32le(bytes, at);
  }

  #u16(bytes: Uint8Array, at: number): number {
    return this.#bigEndian
      ? (bytes[at]! << 8) | bytes[at + 1]!
      : (bytes[at + 1]! << 8) | bytes[at]!;
  }

  #i64(bytes: Uint8Array, at: number): number {
    const first = this.#u32(bytes, at);
    const second = this.#u32(bytes, at + 4);
    return this.#bigEndian ? (first | 0) * 2 ** 32 + second : (second | 0) * 2 ** 32 + first;
  }
}

/** Reads the same in both byte orders, so a section header is known before the order is. */
export const SECTION_HEADER = 0x0a0d0d0a;
const INTERFACE_DESCRIPTION = 1;
const OBSOLETE_PACKET = 2;
const SIMPLE_PACKET = 3;
const ENHANCED_PACKET = 6;
const DECRYPTION_SECRETS = 10;
/** "TLSK": what a Decryption Secrets Block says of a key log in the format of SSLKEYLOGFILE. */
export const TLS_KEY_LOG = 0x544c_534b;
const BYTE_ORDER_MAGIC = 0x1a2b3c4d;
const BYTE_ORDER_MAGIC_SWAPPED = 0x4d3c2b1a;
const OPTION_END = 0;
const OPTION_TSRESOL = 9;
const OPTION_TSOFFSET = 14;

const ENHANCED = "enhanced packet";
const BLOCK_BYTES_MIN = 12;
/** A block that we read fits in the buffer (source.ts): a packet, its options, or a key log. */
export const HELD_BLOCK_BYTES_MAX = 393_216;
const INTERFACES_MAX = 4096;
const OPTIONS_MAX = 256;
const ODDITIES_MAX = 100;
