/** The DER reader: what it reads, what it only reports, and what ends it. */
import { describe, expect, test } from "vitest";
import { DerReader, TAG } from "../../src/trust/der.ts";
import { Faults } from "../../src/trust/fault.ts";
import { dottedOid } from "../../src/trust/oid-text.ts";
import { formatTime, readTime } from "../../src/trust/time.ts";
import { oid, text, tlv } from "./mint.ts";

/** What `ask` answers for these bytes, and the names of the faults. */
function read<T>(
  bytes: readonly number[] | Uint8Array,
  ask: (reader: DerReader) => T,
): [T, string[]] {
  const faults = new Faults();
  const answer = ask(new DerReader(Uint8Array.from(bytes), faults));
  return [answer, faults.list.map(({ name }) => name)];
}

describe("an element", () => {
  test.each<[string, number[], number, string[]]>([
    ["is read", [4, 2, 7, 8], 2, []],
    ["of no bytes is read", [4, 0], 0, []],
    [
      "with a length of two bytes is read",
      [4, 0x81, 0x80, ...new Array<number>(128).fill(1)],
      128,
      [],
    ],
    [
      "with a length in too many bytes is read and reported",
      [4, 0x81, 2, 7, 8],
      2,
      ["malformed-der"],
    ],
    [
      "with zeros before its length is read and reported",
      [4, 0x82, 0, 0x80, ...new Array<number>(128).fill(1)],
      128,
      ["malformed-der"],
    ],
    [
      "with a length in four bytes is read and reported",
      [4, 0x84, 0, 0, 0, 1, 9],
      1,
      ["malformed-der"],
    ],
    ["of no bytes that says so in two is read and reported", [4, 0x81, 0], 0, ["malformed-der"]],
    [
      "of indefinite length is not read, however much follows",
      [4, 0x80, ...new Array<number>(128).fill(1)],
      0,
      ["unreadable"],
    ],
    ["of indefinite length is not read", [4, 0x80, 0, 0], 0, ["unreadable"]],
    ["of a high tag is not read", [0x1f, 0x20, 0], 0, ["unreadable"]],
    ["that is longer than what holds it is not read", [4, 3, 7, 8], 0, ["unreadable"]],
    ["that ends in its length is not read", [4, 0x82, 1], 0, ["unreadable"]],
    ["with five bytes of length is not read", [4, 0x85, 0, 0, 0, 0, 1, 7], 0, ["unreadable"]],
    ["of one byte is not read", [4], 0, ["unreadable"]],
    ["of another type is not read", [5, 0], 0, ["unreadable"]],
  ])("%s", (_, bytes, length, faults) => {
    expect(read(bytes, (r) => r.read(TAG.OCTET_STRING, "x").content().length)).toEqual([
      length,
      faults,
    ]);
  });

  test("after one that broke is empty, and reported once", () => {
    const [answers, faults] = read([5, 0, 4, 1, 9], (r) => {
      const broken = r.read(TAG.SEQUENCE, "x");
      return [broken.read(TAG.SEQUENCE, "y").more, broken.small("z"), broken.peek(), r.broken];
    });
    expect(answers).toEqual([false, undefined, -1, true]);
    expect(faults).toEqual(["unreadable"]);
  });

  test.each([0x1f, 0x3f, 0x5f, 0x9f, 0xff])("of tag %i has its number elsewhere", (tag) => {
    expect(read([tag, 1, 7], (r) => [r.any("x").broken, r.broken])).toEqual([
      [true, true],
      ["unreadable"],
    ]);
    expect(read([tag - 1, 1, 7], (r) => r.any("x").tag)).toEqual([tag - 1, []]);
  });

  test("is not read by who met a broken one before it", () => {
    const [answers, faults] = read([5, 0, 4, 1, 9], (r) => {
      r.read(TAG.SEQUENCE, "x");
      const next = r.any("y");
      return [next.broken, next.tag, next.content().length, r.boolean("z"), r.integer("z").broken];
    });
    expect(answers).toEqual([true, -1, 0, false, true]);
    expect(faults).toEqual(["unreadable"]);
  });

  test("knows where it stands", () => {
    const [answer] = read([4, 1, 7, 4, 2, 8, 9], (r) => {
      r.any("first");
      const { tag, start, from, to } = r.any("second");
      return [tag, start, from, to, [r.tag, r.start, r.from, r.to], [...r.whole()]];
    });
    expect(answer).toEqual([4, 3, 5, 7, [-1, 0, 0, 7], [4, 1, 7, 4, 2, 8, 9]]);
  });

  test("says what it is and what it should have been", () => {
    const faults = new Faults();
    const reader = new DerReader(Uint8Array.of(1, 1, 0xff, 0x30, 3, 1), faults);
    reader.any("first");
    new DerReader(reader.bytes, faults, -1, 0, 0, 3).read(TAG.SEQUENCE, "one");
    reader.read(TAG.SEQUENCE, "two");
    expect(faults.list).toEqual([
      { name: "unreadable", offset: 0, detail: "one: tag 0x01, expected 0x30" },
      { name: "unreadable", offset: 3, detail: "two: 3 bytes, expected at most 1" },
    ]);
  });

  test("followed by another is reported", () => {
    expect(read([4, 0, 4, 0], (r) => r.read(4, "x") && r.finish("x"))[1]).toEqual([
      "malformed-der",
    ]);
  });
});

describe("a value", () => {
  test.each<[string, number[], unknown, string[]]>([
    ["0", [2, 1, 0], 0, []],
    ["255", [2, 2, 0, 255], 255, []],
    ["2^31 - 1", [2, 4, 0x7f, 255, 255, 255], 2 ** 31 - 1, []],
    ["5 with a zero before", [2, 2, 0, 5], 5, ["malformed-der"]],
    ["127", [2, 1, 127], 127, []],
    ["128", [2, 2, 0, 128], 128, []],
    ["127 with a zero before", [2, 2, 0, 127], 127, ["malformed-der"]],
    ["-128", [2, 1, 128], undefined, ["unreadable"]],
    ["-2^31", [2, 4, 128, 0, 0, 0], undefined, ["unreadable"]],
    ["that is no INTEGER", [4, 1, 1], undefined, ["unreadable"]],
    ["-1", [2, 1, 255], undefined, ["unreadable"]],
    ["of five bytes", [2, 5, 1, 0, 0, 0, 0], undefined, ["unreadable"]],
    ["without bytes", [2, 0], undefined, ["unreadable"]],
  ])("%s is a small INTEGER or not", (_, bytes, value, faults) => {
    expect(read(bytes, (r) => r.small("x"))).toEqual([value, faults]);
  });

  test.each<[number[], string[]]>([
    [[2, 1, 255], []],
    [[2, 2, 255, 127], []],
    [[2, 2, 255, 128], ["malformed-der"]],
    [[2, 2, 255, 255], ["malformed-der"]],
    [[2, 2, 254, 128], []],
    [[2, 2, 0, 128], []],
    [[2, 2, 0, 127], ["malformed-der"]],
    [[2, 1, 0], []],
    [[2, 0, 0x80], ["unreadable"]],
    [[4, 1, 0], ["unreadable"]],
  ])("%j is an INTEGER of as few bytes as can be, or not", (bytes, faults) => {
    const [, said] = read(bytes, (r) => r.integer("x"));
    expect(said).toEqual(faults);
  });

  test.each<[number[], number[], string[]]>([
    [[3, 2, 0, 9], [9], []],
    [[3, 1, 0], [], []],
    [[3, 3, 1, 8, 8], [8, 8], ["malformed-der"]],
    [[3, 0, 0, 9], [], ["unreadable"]],
    [[4, 2, 0, 9], [], ["unreadable"]],
  ])("%j are octets in a BIT STRING", (bytes, octets, faults) => {
    expect(read(bytes, (r) => [...r.octetsOfBits("x").content()])).toEqual([octets, faults]);
  });

  test.each<[number[], boolean, string[]]>([
    [[4, 1, 0xff], false, ["unreadable"]],
    [[1, 1, 0], false, []],
    [[1, 1, 255], true, []],
    [[1, 1, 1], true, ["malformed-der"]],
    [[1, 2, 0, 0], false, ["malformed-der"]],
  ])("%j is a BOOLEAN", (bytes, value, faults) => {
    expect(read(bytes, (r) => r.boolean("x"))).toEqual([value, faults]);
  });

  test.each<[number[], number, string[]]>([
    [[3, 2, 7, 0x80], 1, []],
    [[3, 2, 1, 0x06], 0b1100000, []],
    [[3, 3, 7, 0, 0x80], 0x100, []],
    [[3, 1, 0], 0, []],
    [[3, 3, 0, 0, 1], 0x8000, []],
    [[3, 4, 7, 0, 0, 0x80], 0, []],
    [[3, 4, 7, 1, 0, 0x80], 0x80, []],
    [[3, 2, 0, 1], 0x80, []],
    [[3, 2, 0, 0xff], 0xff, []],
    [[3, 2, 0, 0], 0, ["malformed-der"]],
    [[3, 1, 1], 0, ["malformed-der"]],
    [[4, 2, 7, 0x80], 0, ["unreadable"]],
    [[3, 2, 0, 0x80], 1, ["malformed-der"]],
    [[3, 2, 7, 0xc0], 3, ["malformed-der"]],
    [[3, 2, 8, 0x80], 1, ["malformed-der"]],
    [[3, 0], 0, ["unreadable"]],
  ])("%j is a list of named bits", (bytes, value, faults) => {
    expect(read(bytes, (r) => r.flags("x"))).toEqual([value, faults]);
  });

  test.each([
    "0.0",
    "0.39",
    "1.3.6.1.4.1.311.60.2.1.3",
    "2.5.29.17",
    "2.999.1",
    "2.0",
    "1.39",
    "1.2.16384",
    "1.2.128",
  ])("%s is an OBJECT IDENTIFIER", (dotted) => {
    expect(read(oid(dotted), (r) => r.oid("x"))).toEqual([dotted, []]);
  });

  test("of 64 bytes is one, and of 65 is none", () => {
    const of = (length: number) => {
      const bytes = new Uint8Array(length).fill(1);
      return dottedOid(bytes, 0, length)?.split(".").length;
    };
    expect([of(64), of(65), of(0)]).toEqual([65, undefined, undefined]);
  });

  test("with a UUID for an arc is an OBJECT IDENTIFIER", () => {
    const bytes = Uint8Array.from([0x69, 0x83, ...new Array<number>(17).fill(0xff), 0x7f]);
    expect(dottedOid(bytes, 0, bytes.length)).toBe(`2.25.${2n ** 128n - 1n}`);
  });

  test.each([
    [[6, 0]],
    [[6, 1, 0x80]],
    [[6, 2, 0x80, 1]],
    [[6, 2, 0x55, 0x80]],
    [[6, 3, 0x55, 0x81, 0x80]],
    [[6, 2, 0x55, 0xff]],
  ])("%j is no OBJECT IDENTIFIER", (bytes) => {
    expect(read(bytes, (r) => r.oid("x"))).toEqual(["", ["unreadable"]]);
  });
});

describe("faults", () => {
  test("are kept up to sixteen, and the rest are counted", () => {
    const faults = new Faults();
    expect(faults.dropped).toBe(0);
    for (let i = 0; i < 20; i++) faults.add("bad-time", i, `fault ${i}`);
    expect(faults.list.map(({ offset }) => offset)).toEqual(
      Array.from({ length: 16 }, (_, i) => i),
    );
    expect(faults.dropped).toBe(4);
  });
});

describe("a time", () => {
  test.each<[string, string, string[]]>([
    ["491231235959Z", "2049-12-31T23:59:59Z", []],
    ["500101000000Z", "1950-01-01T00:00:00Z", []],
    ["20500101000000Z", "2050-01-01T00:00:00Z", []],
    ["20491231235959Z", "2049-12-31T23:59:59Z", ["time-encoding"]],
    ["240229000000Z", "2024-02-29T00:00:00Z", []],
    ["230229000000Z", "", ["bad-time"]],
    ["231301000000Z", "", ["bad-time"]],
    ["230100000000Z", "", ["bad-time"]],
    ["230101240000Z", "", ["bad-time"]],
    ["230101235959Z", "2023-01-01T23:59:59Z", []],
    ["230131000000Z", "2023-01-31T00:00:00Z", []],
    ["230101006000Z", "", ["bad-time"]],
    ["230101000060Z", "", ["bad-time"]],
    ["99991231235959Z", "9999-12-31T23:59:59Z", []],
  ])("%s is %j", (encoded, written, faults) => {
    const tag = encoded.length === 13 ? TAG.UTC_TIME : TAG.GENERALIZED_TIME;
    expect(read(text(encoded, tag), (r) => formatTime(readTime(r, "x")))).toEqual([
      written,
      faults,
    ]);
  });

  test("that is not there is none, and its absence is said once", () => {
    expect(read([], (r) => readTime(r, "x"))).toEqual([NaN, ["unreadable"]]);
    expect(read([], (r) => readTime(r.any("y"), "x"))).toEqual([NaN, ["unreadable"]]);
  });

  test.each(["2301010000Z", "230101000000+0000", "20500101000000.5Z", "x"])("%s is none", (bad) => {
    for (const tag of [TAG.UTC_TIME, TAG.GENERALIZED_TIME, TAG.UTF8]) {
      expect(read(tlv(tag, Buffer.from(bad)), (r) => readTime(r, "x"))).toEqual([
        NaN,
        ["bad-time"],
      ]);
    }
  });
});
