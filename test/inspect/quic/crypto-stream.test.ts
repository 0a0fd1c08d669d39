/** CRYPTO frames of one stream, in any order: what is put together, what is refused, what is held. */
import fc from "fast-check";
import { afterEach, describe, expect, test } from "vitest";
import { CryptoStream, heldBytes } from "../../../src/inspect/quic/crypto-stream.ts";
import { pattern } from "../../wire/bytes.ts";

const open: CryptoStream[] = [];
const stream = () => {
  const made = new CryptoStream();
  open.push(made);
  return made;
};

afterEach(() => {
  for (const one of open.splice(0)) one.close();
  expect(heldBytes()).toBe(0);
});

test("any pieces of a text, in any order, give its beginning as far as it came", () => {
  const text = pattern(300);
  const piece = fc.tuple(fc.nat(299), fc.nat(60));
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 40 }), (pieces) => {
      const read = stream();
      const came = new Set<number>();
      for (const [from, length] of pieces) {
        const to = Math.min(300, from + length);
        expect(read.take(from, text, from, to)).toBeUndefined();
        for (let at = from; at < to; at++) came.add(at);
        let ready = 0;
        while (came.has(ready)) ready++;
        expect(read.ready).toBe(ready);
        expect([...read.bytes.subarray(0, ready)]).toEqual([...text.subarray(0, ready)]);
      }
      read.close();
    }),
    { numRuns: 300 },
  );
});

test("the first bytes stay, and the first place that differs is told", () => {
  fc.assert(
    fc.property(fc.nat(99), fc.nat(99), (at, from) => {
      const read = stream();
      const text = pattern(100);
      read.take(0, text, 0, 100);
      const other = Uint8Array.from(text);
      other[at]! ^= 1;
      const fault = read.take(from, other, from, 100);
      expect(fault?.differsAt).toBe(at >= from ? at : undefined);
      expect([...read.bytes.subarray(0, 100)]).toEqual([...text]);
      read.close();
    }),
  );
});

describe("what is refused says why", () => {
  test("a piece far behind the first hole", () => {
    const read = stream();
    expect(read.take(32_768, pattern(1), 0, 1)?.says).toBe(
      "CRYPTO to byte 32769, with a hole at 0",
    );
    read.take(0, pattern(10), 0, 10);
    expect(read.take(32_768, pattern(1), 0, 1)).toBeUndefined();
  });

  test("more than any message", () => {
    const read = stream();
    const some = pattern(32_768);
    for (let at = 0; at < 8; at++)
      expect(read.take(at * some.length, some, 0, some.length)).toBeUndefined();
    expect(read.take(262_144, some, 0, 1)?.says).toBe(
      "CRYPTO to byte 262145, expected at most 262144",
    );
  });

  test("more holes than a sender leaves", () => {
    const read = stream();
    const faults = Array.from({ length: 65 }, (_, i) => read.take(2 + i * 2, pattern(1), 0, 1));
    expect(faults.filter((fault) => fault !== undefined)).toEqual([
      { says: "CRYPTO in more than 64 pieces with holes between them" },
    ]);
    expect(faults.at(-1)).toBeDefined();
    expect(read.take(0, pattern(130), 0, 130)).toMatchObject({ differsAt: expect.any(Number) });
    expect(read.ready).toBe(130);
  });

  test("more than all streams together may hold", () => {
    const faults: unknown[] = [];
    for (let i = 0; i < 2000; i++) {
      const fault = stream().take(32_000, pattern(1), 0, 1);
      if (fault !== undefined) faults.push(fault);
    }
    expect(heldBytes()).toBeLessThanOrEqual(33_554_432);
    expect(faults[0]).toEqual({
      says: "CRYPTO past the 33554432 bytes that are held of all connections",
    });
  });
});
