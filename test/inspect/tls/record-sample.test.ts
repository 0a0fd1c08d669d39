/** Whether the first records of a side can be read: text and structure can, random bytes never. */
import { randomBytes } from "node:crypto";
import { describe, expect, test } from "vitest";
import { isReadable, RecordSample } from "../../../src/inspect/tls/record-sample.ts";

const readable = (bytes: Uint8Array) => isReadable(bytes, 0, bytes.length);

describe("bytes", () => {
  test.each([
    ["text", Buffer.from("GET /accounts/17 HTTP/1.1\r\nHost: bank.example\r\nCookie: a=b\r\n")],
    ["counted fields", Buffer.from(Array.from({ length: 200 }, (_, i) => (i % 8 === 7 ? i : 0)))],
  ])("that are %s can be read", (_, bytes) => {
    expect(readable(bytes)).toBe(true);
  });

  test("that are random never can, of any length", () => {
    for (let length = 32; length <= 256; length++) {
      for (let i = 0; i < 20; i++) expect(readable(randomBytes(length))).toBe(false);
    }
  });
});

describe("of the records of a side", () => {
  const TEXT = Buffer.from(
    "all that is said here is said in clear, and anybody reads along. ".repeat(3),
  );

  function sampled(records: readonly Buffer[], pieceBytes: number) {
    const sample = new RecordSample();
    for (const record of records) {
      sample.begin(record.length);
      for (let at = 0; at < record.length; at += pieceBytes) {
        if (sample.isUnderway) sample.take(record, at, Math.min(at + pieceBytes, record.length));
      }
    }
    const { records: count, readable } = sample;
    return { count, readable, full: sample.full };
  }

  test.each([1, 7, 64, 1000])("the first three are looked at, in pieces of %i bytes", (size) => {
    const sealed = randomBytes(195);
    expect(sampled([TEXT, sealed, TEXT, TEXT], size)).toEqual({
      count: 3,
      readable: 2,
      full: true,
    });
  });

  test("those too short to tell are passed over, and end it at last", () => {
    const short = Buffer.from("too short");
    expect(sampled([short, TEXT, short], 1000)).toEqual({ count: 1, readable: 1, full: false });
    expect(sampled(new Array<Buffer>(8).fill(short), 1000)).toEqual({
      count: 0,
      readable: 0,
      full: true,
    });
  });

  test("the end, where a MAC stands, does not count", () => {
    const text = Buffer.concat([TEXT.subarray(0, 60), randomBytes(32)]);
    expect(sampled([text], 1000)).toMatchObject({ count: 1, readable: 1 });
  });

  test("one of which bytes are lost says nothing", () => {
    const sample = new RecordSample();
    sample.begin(TEXT.length);
    sample.take(TEXT, 0, 10);
    sample.lose();
    expect(sample.isUnderway).toBe(false);
    expect(sample.records).toBe(0);
  });
});
