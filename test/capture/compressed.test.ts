/** Compressed captures and standard input: the same packets, and limits on what a stranger packed. */
import { gzipSync, zstdCompressSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { concat, hex, pattern, uint } from "../wire/bytes.ts";
import { EPOCH_US } from "../wire/packet.ts";
import { pcap } from "../wire/pcap.ts";
import { pcapng, section, simplePcapng } from "../wire/pcapng.ts";
import { readBytes, readPieces } from "./reading.ts";

const PACKETS = Array.from({ length: 2000 }, (_, index) => ({
  atUs: EPOCH_US + index,
  bytes: pattern(200 + (index % 97), index),
}));
const FILES = { pcap: pcap(PACKETS), pcapng: simplePcapng(PACKETS) };
const PACK = {
  gzip: (bytes: Uint8Array) => gzipSync(bytes),
  zstd: (bytes: Uint8Array) => zstdCompressSync(bytes),
};

describe.each(["pcap", "pcapng"] as const)("a compressed %s", (format) => {
  test.each(["gzip", "zstd"] as const)("reads like the plain one: %s", async (kind) => {
    const plain = await readBytes(FILES[format]);
    const packed = PACK[kind](FILES[format]);
    for (const read of [await readBytes(packed), await readPieces([packed])]) {
      expect(read.packets).toEqual(plain.packets);
      expect(read.damage).toBeUndefined();
      expect(read.bytes).toBe(packed.length);
    }
  });

  test.each(["gzip", "zstd"] as const)("in several members reads as one file: %s", async (kind) => {
    const file = FILES[format];
    const packed = concat(PACK[kind](file.subarray(0, 5001)), PACK[kind](file.subarray(5001)));
    const read = await readBytes(packed);
    expect(read.damage).toBeUndefined();
    expect(read.packets).toHaveLength(PACKETS.length);
  });

  test.each(["gzip", "zstd"] as const)("that is cut is read up to the cut: %s", async (kind) => {
    const packed = PACK[kind](FILES[format]);
    const read = await readBytes(packed.subarray(0, packed.length - 20));
    expect(read.damage?.atByte).toBe(packed.length - 20);
    expect(read.damage?.reason).toContain(kind);
    expect(read.packets.length).toBeLessThanOrEqual(PACKETS.length);
    expect(read.packets).toEqual(
      (await readBytes(FILES[format])).packets.slice(0, read.packets.length),
    );
  });

  test("that is damaged gives what came before the damage", async () => {
    // Stored blocks (RFC 1951 §3.2.4), so that it is known how far a reader can come.
    const size = 10_000;
    const whole = (await readBytes(FILES[format].subarray(0, 20 * size))).packets;
    const read = await readBytes(stored(FILES[format], size, { badBlock: 20 }));
    expect(read.damage?.reason).toContain("gzip");
    expect(read.packets).toEqual(whole);
    expect(read.packets.length).toBeGreaterThan(500);
  });
});

test.each(["gzip", "zstd"] as const)("no damage of a %s file throws or hangs", async (kind) => {
  const packed = PACK[kind](FILES.pcap.subarray(0, 20_000));
  const whole = (await readBytes(FILES.pcap.subarray(0, 20_000))).packets;
  for (let at = 0; at < packed.length; at += Math.ceil(packed.length / 150)) {
    const bad = Uint8Array.from(packed);
    bad[at]! ^= 0x41;
    const read = await readBytes(bad);
    expect(read.packets.length, `byte ${at}`).toBeLessThanOrEqual(whole.length);
  }
});

describe("standard input", () => {
  test("reads a plain capture in pieces of any size", async () => {
    const plain = await readBytes(FILES.pcap);
    for (const size of [1021, 65_536, 10_000_000]) {
      const read = await readPieces(cut(FILES.pcap, size));
      expect(read.packets).toEqual(plain.packets);
      expect(read.bytes).toBe(FILES.pcap.length);
    }
  });

  test("that breaks off names the byte like a file", async () => {
    const read = await readPieces([FILES.pcap.subarray(0, 30)]);
    expect(read.damage).toEqual({ atByte: 24, reason: "the file ends 6 bytes into a record" });
  });

  test("that gives nothing is an empty file", async () => {
    const read = await readPieces([]);
    expect(read.damage?.reason).toContain("empty file");
  });
});

describe("limits on compressed input", () => {
  test("--max-bytes counts decompressed bytes, and says where it stopped", async () => {
    const size =
      24 + 5 * 16 + PACKETS.slice(0, 5).reduce((sum, { bytes }) => sum + bytes.length, 0);
    for (const bytes of [FILES.pcap, gzipSync(FILES.pcap), zstdCompressSync(FILES.pcap)]) {
      const read = await readBytes(bytes, { maxBytes: size + 7 });
      expect(read.packets).toHaveLength(5);
      expect(read.damage).toEqual({
        atByte: size + 7,
        reason: `stopped after ${size + 7} bytes, as --max-bytes asks`,
      });
    }
  });

  test("--max-bytes that the file does not reach changes nothing", async () => {
    for (const bytes of [FILES.pcap, gzipSync(FILES.pcap)]) {
      const read = await readBytes(bytes, { maxBytes: FILES.pcap.length });
      expect(read.damage).toBeUndefined();
      expect(read.packets).toHaveLength(PACKETS.length);
    }
  });

  test("a zstd window of 128 MiB is read, one of 256 MiB refused before it is allocated", async () => {
    expect((await readBytes(windowed(27, FILES.pcap))).packets).toHaveLength(PACKETS.length);
    const wide = await readBytes(windowed(28, FILES.pcap));
    expect(wide.packets).toEqual([]);
    expect(wide.damage?.reason).toMatch(/zstd.*(memory|window)/i);
  });

  test("a few kilobytes that become a quarter of a gigabyte are refused", async () => {
    const filler = concat(
      pcapng([section()]),
      uint(0x0bad, 4, "little"),
      uint(0xffff_fff0, 4, "little"),
    );
    const part = new Uint8Array(2 ** 26);
    part.set(filler);
    const zeros = zstdCompressSync(new Uint8Array(2 ** 26));
    const bomb = concat(zstdCompressSync(part), ...Array<Uint8Array>(6).fill(zeros));
    expect(bomb.length).toBeLessThan(100_000);
    const read = await readBytes(bomb);
    expect(read.damage?.reason).toContain("expected at most 1032 times as many");
  });
});

/** A zstd frame of raw blocks whose header asks for a window of 2^`log` bytes (RFC 8878 §3.1.1). */
function windowed(log: number, content: Uint8Array): Uint8Array {
  const blocks: Uint8Array[] = [];
  for (let at = 0; at < content.length; at += 100_000) {
    const part = content.subarray(at, at + 100_000);
    const last = at + 100_000 >= content.length ? 1 : 0;
    blocks.push(uint(part.length * 8 + last, 3, "little"), part);
  }
  return concat(hex("28b52ffd 00"), uint((log - 10) << 3, 1), ...blocks);
}

/** A gzip member of stored blocks, the one with number `badBlock` being of no known type. */
function stored(content: Uint8Array, size: number, { badBlock }: { badBlock: number }): Uint8Array {
  const pieces: Uint8Array[] = [hex("1f8b 08 00 00000000 00 03")];
  for (let at = 0; at < content.length; at += size) {
    const part = content.subarray(at, at + size);
    const type = at / size === badBlock ? 0x06 : 0;
    const lengths = [part.length, ~part.length & 0xffff].map((n) => uint(n, 2, "little"));
    pieces.push(uint(type, 1), ...lengths, part);
  }
  return concat(...pieces);
}

function* cut(bytes: Uint8Array, size: number): Generator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}
