/** Names: of RFC 4514 and of hosts. */
import { describe, expect, test } from "vitest";
import { parseCertificate } from "../../src/trust/certificate.ts";
import { DerReader } from "../../src/trust/der.ts";
import { Faults } from "../../src/trust/fault.ts";
import { formatAddress } from "../../src/trust/general-name.ts";
import { canonical, isDnsPattern, matchesName } from "../../src/trust/host-name.ts";
import { formatName, nameKey, parseDn, readName } from "../../src/trust/name.ts";
import { altNames, dns, ecKey, ip, mint, name, oid, seq, text, tlv } from "./mint.ts";

const read = (der: Uint8Array) => readName(new DerReader(der, new Faults()).read(0x30, "name"), "");
const attribute = (id: string, value: Uint8Array) => seq(oid(id), value);

describe("a distinguished name", () => {
  const cases: [string, Uint8Array, string][] = [
    ["has the most specific part first", name("C=DE", "O=Corp", "host"), "CN=host,O=Corp,C=DE"],
    ["escapes what separates", name('a,b+c"d\\e<f>g;h'), 'CN=a\\,b\\+c\\"d\\\\e\\<f\\>g\\;h'],
    ["escapes a leading hash and spaces around", name("#x "), "CN=\\#x\\ "],
    ["escapes a single space once", name(" "), "CN=\\ "],
    ["keeps umlauts", name("Büro"), "CN=Büro"],
    [
      "joins parts of one level with a plus",
      seq(tlv(0x31, attribute("2.5.4.3", text("a")), attribute("2.5.4.10", text("b")))),
      "CN=a+O=b",
    ],
    [
      "writes an unknown type in hexadecimal",
      seq(tlv(0x31, attribute("1.2.3.4", text("hi")))),
      "1.2.3.4=#0c026869",
    ],
    [
      "reads a BMPString",
      seq(tlv(0x31, attribute("2.5.4.3", tlv(0x1e, Buffer.from("\0h\0i"))))),
      "CN=hi",
    ],
    ["is empty without parts", seq(), ""],
  ];
  test.each(cases)("%s", (_, der, expected) => {
    expect(formatName(read(der))).toBe(expected);
    expect(parseDn(expected)).toBe(nameKey(read(der)));
  });

  test.each([
    ["case", name("O=EXAMPLE", "Host"), name("O=example", "hOST")],
    ["spaces", name(" a  b "), name("a b")],
    ["string types", name("a b"), seq(tlv(0x31, attribute("2.5.4.3", text("a b", 0x13))))],
  ])("is equal but for %s", (_, a, b) => {
    expect(nameKey(read(a))).toBe(nameKey(read(b)));
  });

  test.each([
    ["order", name("a", "b"), name("b", "a")],
    ["type", name("O=a"), name("OU=a")],
    [
      "levels",
      name("a", "b"),
      seq(tlv(0x31, attribute("2.5.4.3", text("a")), attribute("2.5.4.3", text("b")))),
    ],
    ["a value that spells another part", name("a/2.5.4.10=1:b"), name("a", "O=b")],
  ])("is another one with another %s", (_, a, b) => {
    expect(nameKey(read(a))).not.toBe(nameKey(read(b)));
  });

  test.each([
    ["CN=Corp Issuing CA 2, O=Example Corp", "cn = corp issuing CA 2,o=EXAMPLE corp"],
    ["CN=B\\C3\\BCro", "CN=Büro"],
    ["2.5.4.3=#0c026869", "CN=hi"],
  ])("written %s is the same as %s", (a, b) => {
    expect(parseDn(a)).toBeDefined();
    expect(parseDn(a)).toBe(parseDn(b));
  });

  test.each(["nothing", "=x", "CN", "CN=a,", "CN=a,,O=b", "XYZ=a", "CN=a\\", 'CN="a"', "CN=#0"])(
    "is not read from %s",
    (bad) => {
      expect(parseDn(bad)).toBeUndefined();
    },
  );
});

describe("a host name", () => {
  const key = ecKey();
  const offering = (...names: Uint8Array[]) =>
    parseCertificate(mint({ key, extensions: [altNames(...names)] }));

  test.each([
    ["a.example", "a.example", true],
    ["A.Example", "a.eXample", true],
    ["a.example", "a.example.", true],
    ["a.example", "b.example", false],
    ["*.example.com", "a.example.com", true],
    ["*.example.com", "a.b.example.com", false],
    ["*.example.com", "example.com", false],
    ["*.com", "example.com", false],
    ["a*.example.com", "ab.example.com", false],
    ["*", "a", false],
    ["xn--bcher-kva.example", "bücher.example", true],
    ["xn--bcher-kva.example", "BÜCHER.example", true],
    ["a.example\0.evil.example", "a.example", false],
    ["192.0.2.1", "192.0.2.1", false],
    ["a_b.example", "a_b.example", false],
    ["", "", false],
  ])("%j offered for %j matches: %s", (offered, wanted, expected) => {
    expect(matchesName(offering(dns(offered)), { kind: "dns", value: wanted })).toBe(expected);
  });

  test.each([
    [[192, 0, 2, 1], "192.0.2.1", true],
    [[192, 0, 2, 1], "192.0.2.2", false],
    [[0x20, 1, 0xd, 0xb8, ...new Array<number>(11).fill(0), 1], "2001:DB8:0::1", true],
    [[1, 2, 3], "1.2.3", false],
  ])("address %j offered for %s matches: %s", (bytes, wanted, expected) => {
    expect(matchesName(offering(ip(...bytes)), { kind: "ip", value: wanted })).toBe(expected);
  });

  test("of 254 characters is none", () => {
    const long = `${"a".repeat(61)}.`.repeat(4);
    expect(isDnsPattern(`${long}abcdef`)).toBe(false);
    expect(isDnsPattern(`${long}abcde`)).toBe(true);
  });

  test("with a scheme, port or path is none", () => {
    for (const value of ["bücher.example:443", "büro/x", "ü@b.example", "a b"]) {
      expect(canonical({ kind: "dns", value })).toBeUndefined();
    }
  });

  test.each([
    ["0:0:0:0:0:0:0:1", "::1"],
    ["2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"],
    ["2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"],
    ["0:0:0:0:0:0:0:0", "::"],
    ["1:0:0:0:0:0:0:0", "1::"],
  ])("address %s is written %s", (long, short) => {
    const bytes = Uint8Array.from(
      long.split(":").flatMap((g) => [Number.parseInt(g, 16) >> 8, Number.parseInt(g, 16) & 0xff]),
    );
    expect(formatAddress(bytes)).toBe(short);
  });
});
