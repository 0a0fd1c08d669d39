/** Compressed certificates, sound and hostile (RFC 8879). */
import { brotliCompressSync, deflateSync, zstdCompressSync } from "node:zlib";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { decompress, readCertificate } from "../../../src/inspect/keys/certificate.ts";
import { concat, hex, pattern, uint, vector } from "../../wire/bytes.ts";

const chain = [pattern(900, 1), pattern(700, 2)];
const entries = (ders: readonly Uint8Array[]) =>
  concat(...ders.map((der) => concat(vector(3, der), hex("0000"))));
const certificate = (ders: readonly Uint8Array[]) => concat(hex("00"), vector(3, entries(ders)));
const message = certificate(chain);
const compressed = (algorithm: number, declared: number, body: Uint8Array) =>
  concat(uint(algorithm, 2), uint(declared, 3), vector(3, body));
const unpacked = (body: Uint8Array) => decompress(body, 0, body.length);

describe("a compressed certificate", () => {
  test.each([
    ["zlib", 1, deflateSync(message)],
    ["brotli", 2, brotliCompressSync(message)],
    ["zstd", 3, zstdCompressSync(message)],
  ])("of %s is what was compressed", (_, algorithm, body) => {
    const text = unpacked(compressed(algorithm, message.length, body));
    expect(Buffer.from(text as Uint8Array)).toEqual(Buffer.from(message));
  });

  const bomb = new Uint8Array(300_000_000);
  const longest = new Uint8Array(65_536);
  test.each([
    ["a bomb of zlib that declares little", compressed(1, 1000, deflateSync(bomb))],
    [
      "a bomb of brotli that declares little",
      compressed(2, 1000, brotliCompressSync(bomb.subarray(0, 9_000_000))),
    ],
    ["a bomb of zstd that declares little", compressed(3, 1000, zstdCompressSync(bomb))],
    ["one that declares too much", compressed(1, 65_537, deflateSync(longest))],
    [
      "one that declares a byte more than there is",
      compressed(1, message.length + 1, deflateSync(message)),
    ],
    ["one that declares a byte less", compressed(3, message.length - 1, zstdCompressSync(message))],
    ["one of an unknown algorithm", compressed(4, message.length, deflateSync(message))],
    [
      "one of another algorithm than it says",
      compressed(2, message.length, zstdCompressSync(message)),
    ],
    ["one that is cut", compressed(1, message.length, deflateSync(message).subarray(0, 100))],
    ["one of nothing", compressed(1, 10, new Uint8Array(0))],
    [
      "one whose length lies",
      concat(compressed(1, message.length, deflateSync(message)), hex("00")),
    ],
    ["one too short to be one", hex("0001")],
  ])("is refused in a moment: %s", (_, body) => {
    const beforeMs = performance.now();
    expect(typeof unpacked(body)).toBe("string");
    expect(performance.now() - beforeMs).toBeLessThan(1000);
  });

  test("of exactly 64 KiB is the longest there is", () => {
    expect(unpacked(compressed(1, 65_536, deflateSync(longest)))).toHaveLength(65_536);
  });

  test("of any bytes is text or bytes", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 4 }),
        fc.nat(70_000),
        fc.uint8Array(),
        (kind, declared, body) => {
          const text = unpacked(compressed(kind, declared, body));
          if (typeof text !== "string") expect(text).toHaveLength(declared);
        },
      ),
    );
  });
});

describe("a Certificate of TLS 1.3", () => {
  const read = (body: Uint8Array, raw = false) => readCertificate(body, 0, body.length, raw);

  test("gives its chain, the same object for the same certificates", () => {
    const [first, second] = [read(message), read(concat(hex("0101"), message.subarray(1)))];
    expect(first).toEqual({ chain });
    expect((second as { chain: unknown }).chain).toBe((first as { chain: unknown }).chain);
  });

  test("may be empty, or a raw public key", () => {
    expect(read(certificate([]))).toEqual({ chain: [] });
    expect(read(certificate([pattern(44)]), true)).toEqual({ chain: [], rawKey: pattern(44) });
  });

  test.each([
    ["nothing in it", hex("")],
    ["a list that is longer than it", concat(hex("00"), uint(9, 3), entries([pattern(3)]))],
    ["bytes behind its list", concat(message, hex("00"))],
    ["a certificate that runs over", concat(hex("00"), vector(3, concat(uint(90, 3), pattern(8))))],
    [
      "extensions that run over",
      concat(hex("00"), vector(3, concat(vector(3, pattern(8)), hex("0009")))),
    ],
    ["a context that runs over", concat(hex("ff"), vector(3, entries(chain.slice(0, 0))))],
  ])("is told with %s", (_, body) => {
    expect(typeof read(body)).toBe("string");
  });

  test("is told with two raw public keys, and with 101 certificates", () => {
    expect(read(certificate([pattern(9), pattern(9)]), true)).toContain("raw public keys");
    expect(read(certificate(Array(101).fill(pattern(9))))).toContain("more than 100");
  });
});
