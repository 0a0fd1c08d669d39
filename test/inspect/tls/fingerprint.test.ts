/** JA3 and JA4 against the examples their authors published, and the corners of their definitions. */
import { createHash } from "node:crypto";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { readClientHello } from "../../../src/inspect/tls/client-hello.ts";
import { answerShapeOf, isGrease } from "../../../src/inspect/tls/fingerprint.ts";
import { concat, pattern, uint, vector } from "../../wire/bytes.ts";
import type { TlsExtension } from "../../wire/tls.ts";

const u16s = (...values: number[]) => concat(...values.map((value) => uint(value, 2)));
const groups = (...values: number[]) => ({ type: 10, body: vector(2, u16s(...values)) });
const formats = { type: 11, body: vector(1, uint(0, 1)) };
const algorithms = (...values: number[]) => ({ type: 13, body: vector(2, u16s(...values)) });
const versions = (...values: number[]) => ({ type: 43, body: vector(1, u16s(...values)) });
const alpn = (...names: Uint8Array[]) => ({
  type: 16,
  body: vector(2, ...names.map((name) => vector(1, name))),
});
const name = (text: string) => Uint8Array.from(Buffer.from(text));
const empty = (type: number): TlsExtension => ({ type, body: new Uint8Array(0) });
const serverName = { type: 0, body: vector(2, uint(0, 1), vector(2, name("a.test"))) };

test("JA3 of the example in its announcement", () => {
  const ciphers = [47, 53, 5, 10, 49161, 49162, 49171, 49172, 50, 56, 19, 4];
  const { ja3 } = shape(0x0301, ciphers, [serverName, groups(23, 24, 25), formats]);
  expect(ja3).toBe("ada70206e40642a3e4461f35503241d5");
});

describe("JA4", () => {
  const chrome = [
    0x1a1a, 0x1301, 0x1302, 0x1303, 0xc02b, 0xc02f, 0xc02c, 0xc030, 0xcca9, 0xcca8, 0xc013, 0xc014,
    0x009c, 0x009d, 0x002f, 0x0035,
  ];
  const signed = algorithms(0x0403, 0x0804, 0x0401, 0x0503, 0x0805, 0x0501, 0x0806, 0x0601);
  const extensions = [
    empty(0x8a8a),
    ...[0x001b, 0x0033, 0x4469, 0x0017, 0x002d, 0x0005, 0x0023, 0x0012, 0xff01].map(empty),
    serverName,
    formats,
    alpn(name("h2"), name("http/1.1")),
    versions(0x3a3a, 0x0304, 0x0303),
    signed,
    groups(0xdada, 29, 23, 24),
    empty(0x9a9a),
    empty(0x0015),
  ];

  test("of the example in its specification", () => {
    expect(shape(0x0303, chrome, extensions).ja4).toBe("t13d1516h2_8daaf6152771_e5627efa2ab1");
  });

  test("and JA3 do not see GREASE, and JA4 not the order of extensions", () => {
    const { ja3, ja4 } = shape(0x0303, chrome, extensions);
    const plain = (list: TlsExtension[]) => list.filter(({ type }) => !isGrease(type));
    const other = chrome.map((cipher) => (cipher === 0x1a1a ? 0xeaea : cipher));
    expect(shape(0x0303, other, plain(extensions))).toMatchObject({ ja3, ja4 });
    const turned = shape(0x0303, chrome, extensions.toReversed());
    expect(turned.ja4).toBe(ja4);
    expect(turned.ja3).not.toBe(ja3);
  });

  const heads: [string, number, number[], TlsExtension[], string][] = [
    ["no extensions and no name", 0x0303, [47], [], "t12i010000"],
    ["SSL 3.0", 0x0300, [47], [], "ts3i010000"],
    ["TLS 1.0 in an old hello", 0x0301, [47, 53], [], "t10i020000"],
    ["only the name and ALPN", 0x0303, [47], [serverName, alpn(name("h2"))], "t12d0102h2"],
    ["an unknown version", 0x0399, [47], [], "t00i010000"],
    ["a protocol of one letter", 0x0303, [47], [alpn(name("x"))], "t12i0101xx"],
    ["http/1.1", 0x0303, [47], [alpn(name("http/1.1"))], "t12i0101h1"],
    ["a protocol that ends in no letter", 0x0303, [47], [alpn(name("h-"))], "t12i01016d"],
    ["a protocol of one odd byte", 0x0303, [47], [alpn(Uint8Array.of(0xab))], "t12i0101ab"],
    ["GREASE before the protocol", 0x0303, [47], [alpn(u16s(0x8a8a), name("h2"))], "t12i0101h2"],
    ["more than 99 suites", 0x0303, Array.from({ length: 120 }, (_, at) => at), [], "t12i990000"],
  ];
  test.each(heads)("begins as it must with %s", (_, version, ciphers, extensions, head) => {
    expect(shape(version, ciphers, extensions).ja4.split("_")[0]).toBe(head);
  });

  test("has zeros for a list that is empty", () => {
    expect(shape(0x0303, [0x0a0a], []).ja4).toBe("t12i000000_000000000000_000000000000");
  });

  test("has zeros where the name and ALPN are all that is left to hash", () => {
    const { ja4 } = shape(0x0303, [47], [serverName, alpn(name("h2")), empty(0x2a2a)]);
    expect(ja4.split("_")[2]).toBe("000000000000");
  });

  test("does not see GREASE among the signature algorithms, and sees their order", () => {
    const third = (...list: number[]) =>
      shape(0x0303, [47], [algorithms(...list)]).ja4.split("_")[2];
    expect(third(0x0403, 0x0a0a, 0x0804)).toBe(third(0x0403, 0x0804));
    expect(third(0x0804, 0x0403)).not.toBe(third(0x0403, 0x0804));
    const digest = createHash("sha256").update("000d_0403,0804").digest("hex").slice(0, 12);
    expect(third(0x0403, 0x0804)).toBe(digest);
  });

  test("hashes extensions alone where there are no signature algorithms", () => {
    const digest = createHash("sha256").update("000b,0017").digest("hex").slice(0, 12);
    expect(shape(0x0303, [47], [empty(23), formats]).ja4.split("_")[2]).toBe(digest);
  });
});

test("JA3 and JA4 of any hello are those of their definitions, written down once more", () => {
  const u16 = fc.oneof(
    fc.integer({ min: 0, max: 0xffff }),
    fc.constantFrom(0x0a0a, 0xdada, 0, 16, 43),
  );
  const list = fc.uniqueArray(u16, { minLength: 1, maxLength: 130 });
  const hello = fc.record({
    version: fc.constantFrom(0x0300, 0x0301, 0x0302, 0x0303, 0x1234),
    ciphers: list,
    types: fc.uniqueArray(u16, { maxLength: 110 }),
    lists: fc.record({ groups: list, algorithms: list, versions: list }),
    protocol: fc.uint8Array({ minLength: 1, maxLength: 9 }),
  });
  const same = fc.property(hello, ({ version, ciphers, types, lists, protocol }) => {
    const bodies = new Map([
      [0, serverName],
      [10, groups(...lists.groups)],
      [11, formats],
      [13, algorithms(...lists.algorithms)],
      [16, alpn(protocol)],
      [43, versions(...lists.versions)],
    ]);
    const extensions = types.map((type) => bodies.get(type) ?? empty(type));
    const { ja3, ja4 } = shape(version, ciphers, extensions);
    const told = { version, ciphers, types, ...lists, protocol };
    expect(ja3).toBe(createHash("md5").update(ja3Text(told)).digest("hex"));
    expect(ja4).toBe(ja4Text(told));
  });
  fc.assert(same, { numRuns: 500 });
});

test("JA3S is the version, the suite and the extensions in order", () => {
  const digest = createHash("md5").update("771,49199,65281-0-11-35").digest("hex");
  expect(answerShapeOf(771, 49199, [65281, 0, 11, 35]).ja3s).toBe(digest);
  expect(answerShapeOf(771, 47, []).ja3s).toBe(createHash("md5").update("771,47,").digest("hex"));
});

test("hellos that differ in anything a fingerprint reads do not share one", () => {
  const all = [
    shape(0x0303, [47], []),
    shape(0x0302, [47], []),
    shape(0x0303, [53], []),
    shape(0x0303, [47], [groups(23)]),
    shape(0x0303, [47], [groups(24)]),
    shape(0x0303, [47], [formats]),
  ];
  expect(new Set(all.map(({ ja3 }) => ja3)).size).toBe(all.length);
});

test.each([0x0a0a, 0x1a1a, 0xfafa])("%i is GREASE", (value) => expect(isGrease(value)).toBe(true));
test.each([0x0a1a, 0x0a0b, 0xaaab, 0x1301])("%i is not GREASE", (value) =>
  expect(isGrease(value)).toBe(false),
);

function shape(version: number, ciphers: readonly number[], extensions: readonly TlsExtension[]) {
  const list = extensions.map(({ type, body }) => concat(uint(type, 2), vector(2, body)));
  const bytes = concat(
    uint(version, 2),
    pattern(32),
    vector(1),
    vector(2, u16s(...ciphers)),
    vector(1, uint(0, 1)),
    ...(list.length > 0 ? [vector(2, ...list)] : []),
  );
  const hello = readClientHello(bytes, 0, bytes.length);
  if (typeof hello === "string") throw new Error(hello);
  return hello.shape;
}

interface Told {
  readonly version: number;
  readonly ciphers: number[];
  readonly types: number[];
  readonly groups: number[];
  readonly algorithms: number[];
  readonly versions: number[];
  readonly protocol: Uint8Array;
}

/** RFC 8701's table, and not its rule. */
const GREASE = Array.from("0123456789abcdef", (digit) => Number.parseInt(`${digit}a${digit}a`, 16));
const without = (list: readonly number[]) => list.filter((value) => !GREASE.includes(value));
const fourDigits = (list: readonly number[]) =>
  list.map((value) => `000${value.toString(16)}`.slice(-4));

/** github.com/salesforce/ja3, README. */
function ja3Text({ version, ciphers, types, groups }: Told): string {
  const fields = [ciphers, types, types.includes(10) ? groups : []].map((list) =>
    without(list).join("-"),
  );
  return `${version},${fields.join(",")},${types.includes(11) ? "0" : ""}`;
}

/** github.com/FoxIO-LLC/ja4, technical_details/JA4.md. */
function ja4Text({ version, ciphers, types, algorithms, versions, protocol }: Told): string {
  const sent = without(types);
  const offered = types.includes(43) ? without(versions) : [];
  const highest = offered.length > 0 ? Math.max(...offered) : version;
  const names: Record<number, string> = {
    2: "s2",
    768: "s3",
    769: "10",
    770: "11",
    771: "12",
    772: "13",
  };
  const two = (count: number) => `0${Math.min(count, 99)}`.slice(-2);
  const digest = (text: string) =>
    text === "" ? "0".repeat(12) : createHash("sha256").update(text).digest("hex").slice(0, 12);
  const letters = Buffer.from(protocol).toString("latin1");
  const digits = Buffer.from(protocol).toString("hex");
  const grease = protocol.length === 2 && GREASE.includes(Number.parseInt(digits, 16));
  const ends = (text: string) => `${text.at(0)}${text.at(-1)}`;
  const plain = /^[a-z\d]$/i.test(letters.at(0)!) && /^[a-z\d]$/i.test(letters.at(-1)!);
  const first = !types.includes(16) || grease ? "00" : ends(plain ? letters : digits);
  const suites = without(ciphers);
  const hashed = fourDigits(sent.filter((type) => type !== 0 && type !== 16)).sort();
  const signed = types.includes(13) ? fourDigits(without(algorithms)) : [];
  const third = [hashed.join(","), signed.join(",")].filter((text) => text !== "").join("_");
  const head = `t${names[highest] ?? "00"}${types.includes(0) ? "d" : "i"}`;
  const counts = `${two(suites.length)}${two(sent.length)}`;
  return `${head}${counts}${first}_${digest(fourDigits(suites).sort().join(","))}_${digest(third)}`;
}
