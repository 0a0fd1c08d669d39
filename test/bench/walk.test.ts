import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { isReached } from "./table.ts";
import { FILE_HEADER_BYTES, MAGIC_MICROSECONDS, RECORD_HEADER_BYTES, walk } from "./walk.ts";

const folder = mkdtempSync(join(tmpdir(), "walk-"));
afterAll(() => rmSync(folder, { recursive: true }));

describe("walk", () => {
  test("counts records, and finds those asked for, over several reads of the file", () => {
    const lengths = Array.from({ length: 3_000 }, (_, index) => 60 + (index % 1_400));
    const file = capture(lengths);
    const offsetOf = (count: number) =>
      lengths.slice(0, count).reduce((sum, length) => sum + RECORD_HEADER_BYTES + length, 24);

    const seen: number[] = [];
    const walked = walk(file, [0, 1, 2_500], (bytes, from, to) => {
      expect(bytes[from]).toBe((seen.length * 7) & 255);
      expect(bytes[to - 1]).toBe((seen.length * 7) & 255);
      seen.push(to - from);
    });

    expect(walked).toEqual({
      packets: 3_000,
      bytes: offsetOf(3_000),
      longest: 1_459,
      offsets: [24, offsetOf(1), offsetOf(2_500)],
    });
    expect(seen).toEqual(lengths);
  });

  test.each([
    ["record header", 100 + RECORD_HEADER_BYTES + FILE_HEADER_BYTES + 7],
    ["frame", 100 + RECORD_HEADER_BYTES * 2 + FILE_HEADER_BYTES + 7],
  ])("refuses a file that is cut inside a %s", (_, bytes) => {
    expect(() => walk(capture([100, 100], bytes))).toThrow("cut at 140");
  });

  test("refuses what is not such a capture", () => {
    const file = join(folder, "text");
    writeFileSync(file, "not a capture, and long enough to hold a header");
    expect(() => walk(file)).toThrow("not a little-endian microsecond pcap");
  });
});

describe("a goal", () => {
  test("is missed by a number that could not be had", () => {
    expect(isReached({ what: "", value: Number.NaN, atMost: 1, unit: "x" })).toBe(false);
    expect(isReached({ what: "", value: Number.NaN, atLeast: 1, unit: "x" })).toBe(false);
  });

  test("is reached at its limit", () => {
    expect(isReached({ what: "", value: 1.5, atLeast: 1.5, unit: "x" })).toBe(true);
    expect(isReached({ what: "", value: 1.1, atMost: 1.1, unit: "x" })).toBe(true);
  });
});

function capture(lengths: readonly number[], bytesMax = Infinity): string {
  const header = Buffer.alloc(FILE_HEADER_BYTES);
  header.writeUInt32LE(MAGIC_MICROSECONDS);
  const records = lengths.map((length, index) => {
    const record = Buffer.alloc(RECORD_HEADER_BYTES + length, (index * 7) & 255);
    record.writeUInt32LE(length, 8);
    record.writeUInt32LE(length, 12);
    return record;
  });
  const file = join(folder, "capture.pcap");
  writeFileSync(file, Buffer.concat([header, ...records]).subarray(0, bytesMax));
  return file;
}
