/** The two ends of a tbsCertificate: its version, and what follows its key. */
import { describe, expect, test } from "vitest";
import { parseCertificate } from "../../src/trust/certificate.ts";
import { ecKey, extension, type Mint, mint, octets, oid, seq, tlv } from "./mint.ts";

const key = ecKey();
const read = (spec: Partial<Mint>) => parseCertificate(mint({ key, ...spec }));
const faultsOf = (spec: Partial<Mint>) => read(spec).faults.map(({ name }) => name);

type Rewrite = NonNullable<Mint["tbs"]>;

/** The tbsCertificate with more behind its key. */
const withTail =
  (...tail: Uint8Array[]): Rewrite =>
  (tbs) => {
    const header = tbs[1]! < 0x80 ? 2 : 2 + (tbs[1]! & 0x7f);
    return seq(tbs.subarray(header), ...tail);
  };
/** Another thing in place of the version. */
const withVersion =
  (version: Uint8Array): Rewrite =>
  (tbs) => {
    const header = tbs[1]! < 0x80 ? 2 : 2 + (tbs[1]! & 0x7f);
    return seq(version, tbs.subarray(header + 5));
  };

describe("a version", () => {
  test.each<[string, Uint8Array, number, string[]]>([
    ["2, written as 1, is read", tlv(0xa0, tlv(2, Uint8Array.of(1))), 2, []],
    ["3, written as 2, is read", tlv(0xa0, tlv(2, Uint8Array.of(2))), 3, []],
    ["4 is none of RFC 5280's", tlv(0xa0, tlv(2, Uint8Array.of(3))), 4, ["bad-version"]],
    ["that is no INTEGER is 0", tlv(0xa0, octets()), 0, ["unreadable", "bad-version"]],
    [
      "that is negative is 0",
      tlv(0xa0, tlv(2, Uint8Array.of(0xff))),
      0,
      ["unreadable", "bad-version"],
    ],
    [
      "with something behind it is read",
      tlv(0xa0, tlv(2, Uint8Array.of(1)), tlv(5)),
      2,
      ["malformed-der"],
    ],
  ])("%s", (_, version, expected, faults) => {
    const certificate = read({ tbs: withVersion(version) });
    expect(certificate.version).toBe(expected);
    expect(certificate.faults.map(({ name }) => name)).toEqual(faults);
  });

  test("of what is no certificate is 0", () => {
    for (const bytes of [new Uint8Array(), seq(), seq(octets())]) {
      const { version, extensions, faults } = parseCertificate(bytes);
      expect([version, extensions]).toEqual([0, []]);
      expect(faults.map(({ name }) => name)).toContain("unreadable");
    }
  });
});

describe("a unique identifier", () => {
  const issuer = tlv(0x81, Uint8Array.of(0, 1));
  const subject = tlv(0x82, Uint8Array.of(0, 1));
  const v2 = { version: 1 };

  test.each<[string, Partial<Mint>, string[]]>([
    ["of the issuer may stand in version 2", { ...v2, tbs: withTail(issuer) }, []],
    ["of the subject may stand in version 2", { ...v2, tbs: withTail(subject) }, []],
    ["of each may stand in version 3", { tbs: withTail(issuer, subject) }, []],
    ["may not stand in version 1", { version: undefined, tbs: withTail(subject) }, ["bad-version"]],
    ["of the issuer comes first", { ...v2, tbs: withTail(subject, issuer) }, ["malformed-der"]],
    [
      "is none with another tag",
      { ...v2, tbs: withTail(tlv(0x83, Uint8Array.of(0))) },
      ["malformed-der"],
    ],
  ])("%s", (_, spec, expected) => {
    expect(faultsOf(spec)).toEqual(expected);
  });
});

describe("extensions", () => {
  const some = (count: number) =>
    Array.from({ length: count }, (_, i) => extension(`1.2.3.${i}`, tlv(5)));

  test("are read with their criticality and value", () => {
    const { extensions } = read({
      extensions: [extension("1.2.3", tlv(5), true), extension("1.2.4", octets(tlv(5)))],
    });
    expect(extensions.map(({ oid, critical }) => [oid, critical])).toEqual([
      ["1.2.3", true],
      ["1.2.4", false],
    ]);
    expect(extensions.map(({ value }) => [...value])).toEqual([
      [5, 0],
      [4, 2, 5, 0],
    ]);
  });

  test("are at most 64", () => {
    const full = read({ extensions: some(64) });
    expect([full.extensions.length, full.faults]).toEqual([64, []]);
    const over = read({ extensions: some(65) });
    expect(over.extensions).toHaveLength(64);
    expect(over.faults.map(({ detail }) => detail)).toEqual([
      "extensions: more than 64, or one that breaks off",
    ]);
  });

  test.each<[string, Partial<Mint>, string[]]>([
    ["are not empty", { extensions: [] }, ["unreadable"]],
    ["are a list", { tbs: withTail(tlv(0xa3, tlv(5))) }, ["unreadable"]],
    [
      "end with their list",
      { tbs: withTail(tlv(0xa3, seq(...some(1)), tlv(5))) },
      ["malformed-der"],
    ],
    [
      "come twice at their own risk",
      { extensions: [...some(1), ...some(1)] },
      ["duplicate-extension"],
    ],
    [
      "do not say that they are not critical",
      { extensions: [seq(oid("1.2.3"), tlv(1, Uint8Array.of(0)), octets())] },
      ["malformed-der"],
    ],
    [
      "end with their value",
      { extensions: [seq(oid("1.2.3"), octets(), tlv(5))] },
      ["malformed-der"],
    ],
    ["have octets for a value", { extensions: [seq(oid("1.2.3"), tlv(5))] }, ["unreadable"]],
    ["have a type", { extensions: [seq(octets())] }, ["unreadable"]],
    ["that break off end the list", { extensions: [seq(), ...some(1)] }, ["unreadable"]],
  ])("%s", (_, spec, expected) => {
    expect(faultsOf(spec).slice(0, 1)).toEqual(expected);
  });

  test("before one that breaks off are kept, and those behind it are not", () => {
    const { extensions } = read({ extensions: [...some(2), seq(oid("1.2.9")), ...some(1)] });
    expect(extensions.map(({ oid }) => oid)).toEqual(["1.2.3.0", "1.2.3.1"]);
  });
});
