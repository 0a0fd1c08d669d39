/** Entropy and printable share of short and long samples, and what random bytes look like. */
import { createHash, randomBytes } from "node:crypto";
import { deflateSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { entropyOfRandom, measure } from "../../../src/inspect/opaque/measure.ts";

const TEXT = Buffer.from("It was the best of times, it was the worst of times; ".repeat(200));

describe("random bytes", () => {
  test.each([64, 100, 256, 1000, 8192])("of %i are told to be random, nearly always", (count) => {
    const told = Array.from({ length: 400 }, (_, index) => measure(streamOf(index, count))?.random);
    expect(told.filter(Boolean).length).toBeGreaterThanOrEqual(399);
  });

  test.each([
    [256, 7.17],
    [1024, 7.81],
    [65_536, 7.997],
  ])("of %i show %f bits on average, uncorrected", (count, bits) => {
    const shown = Array.from({ length: 20 }, (_, index) => plain(streamOf(index, count)));
    const mean = shown.reduce((sum, one) => sum + one, 0) / shown.length;
    expect(Math.abs(mean - entropyOfRandom(count))).toBeLessThan(0.03);
    expect(Math.abs(entropyOfRandom(count) - bits)).toBeLessThan(0.02);
  });

  test("are told from text, from base64 and from counting, at any length", () => {
    for (let count = 64; count <= 4096; count *= 2) {
      expect(measure(TEXT.subarray(7, 7 + count))?.random).toBe(false);
      expect(measure(Uint8Array.from({ length: count }, (_, at) => at % 16))?.random).toBe(false);
    }
    expect(measure(Buffer.from(randomBytes(3000).toString("base64")))?.random).toBe(false);
  });

  test("are not told from what is compressed: nothing can", () => {
    const noise = Buffer.from(Array.from({ length: 9000 }, (_, at) => streamOf(at, 1)[0]! % 17));
    expect(measure(deflateSync(noise).subarray(200, 2200))?.random).toBe(true);
  });
});

describe("entropy", () => {
  test("of text is near its own at any length", () => {
    const whole = measure(TEXT)!.entropy;
    for (const count of [128, 256, 1024]) {
      expect(Math.abs(measure(TEXT.subarray(0, count))!.entropy - whole)).toBeLessThan(0.35);
    }
  });

  test("is 0 of one value, 8 at most, and of two values 1", () => {
    expect(measure(new Uint8Array(64))?.entropy).toBe(0);
    expect(measure(Uint8Array.from({ length: 6400 }, (_, at) => at % 2))?.entropy).toBeCloseTo(
      1,
      3,
    );
    expect(measure(streamOf(1, 100_000))?.entropy).toBeLessThanOrEqual(8);
  });
});

test("printable are ASCII's graphic characters, spaces, tabs and line ends", () => {
  expect(measure(Buffer.from("a\tb\r\n~ ".repeat(20)))?.printable).toBe(1);
  expect(measure(Buffer.from("a\x7f\x00\x80".repeat(20), "latin1"))?.printable).toBe(0.25);
});

test("of fewer than 64 bytes nothing is said", () => {
  expect(measure(randomBytes(63))).toBeUndefined();
  expect(measure(randomBytes(64))).toBeDefined();
});

/** The same for the same number: a cipher's stream, in effect. */
function streamOf(index: number, count: number): Uint8Array {
  const blocks = Array.from({ length: Math.ceil(count / 32) }, (_, block) =>
    createHash("sha256").update(`${index} ${block}`).digest(),
  );
  return Buffer.concat(blocks).subarray(0, count);
}

function plain(bytes: Uint8Array): number {
  const counts = new Map<number, number>();
  for (const byte of bytes) counts.set(byte, (counts.get(byte) ?? 0) + 1);
  return [...counts.values()].reduce(
    (sum, times) => sum - (times / bytes.length) * Math.log2(times / bytes.length),
    0,
  );
}
