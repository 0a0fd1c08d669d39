/** Lines of JSON out of whatever pieces and garbage a client sends. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Frame, FrameReader } from "../../../src/watch/admin/frames.ts";

const REQUESTS = '{"verb":"status"}\n{"verb":"cut","because":"größer"}\n';

function read(pieces: readonly Uint8Array[], bytesMax?: number): Frame[] {
  const reader = new FrameReader(bytesMax);
  return pieces.flatMap((piece) => reader.push(piece));
}

describe("however they are cut", () => {
  const bytes = Buffer.from(REQUESTS);
  const whole = read([bytes]);

  test("the whole gives both", () => {
    expect(whole).toEqual([
      { value: { verb: "status" } },
      { value: { verb: "cut", because: "größer" } },
    ]);
  });

  test("byte by byte gives the same", () => {
    expect(read(Array.from(bytes, (byte) => Uint8Array.of(byte)))).toEqual(whole);
  });

  test("in two at every point gives the same", () => {
    for (let at = 0; at <= bytes.length; at++) {
      expect(read([bytes.subarray(0, at), bytes.subarray(at)])).toEqual(whole);
    }
  });
});

test.each([
  ["no JSON", "hello\n"],
  ["a list", "[]\n"],
  ["null", "null\n"],
  ["bytes that are not UTF-8", Buffer.from([0x22, 0xff, 0x22, 0x0a])],
  ["an empty line", "\n"],
])("%s ends the reading", (_, text) => {
  expect(read([Buffer.from(text), Buffer.from(REQUESTS)])).toEqual([
    { refused: "a line that is not a JSON object, expected one JSON object a line" },
  ]);
});

test("a line without end ends at its limit, and keeps nothing", () => {
  const reader = new FrameReader(100);
  expect(reader.push(Buffer.alloc(60, 0x20))).toEqual([]);
  expect(reader.push(Buffer.alloc(60, 0x20))).toEqual([
    { refused: "a line of more than 100 bytes, expected one JSON object a line" },
  ]);
  expect(reader.push(Buffer.from(REQUESTS))).toEqual([]);
});

test("any bytes give frames or silence", () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 40 })), (pieces) => {
      const frames = read(pieces, 64);
      expect(frames.filter((frame) => "refused" in frame).length).toBeLessThanOrEqual(1);
    }),
  );
});
