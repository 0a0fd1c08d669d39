/** Names: of RFC 4514 and of hosts. */
import { describe, expect, test } from "vitest";
import { parseCertificate } from "../../src/trust/certificate.ts";
import { DerReader } from "../../src/trust/der.ts";
import { Faults } from "../../src/trust/fault.ts";
import { formatAddress } from "../../src/trust/general-name.ts";
import { canonical, isDnsPattern, lintAltName, matchesName } from "../../src/trust/host-name.ts";
import { formatName, nameKey, parseDn, readName } from "../../src/trust/name.ts";
import { altNames, dns, ecKey, email, ip, mint, name, oid, seq, text, tlv, uri } from "./mint.ts";

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

  test.each<[string, boolean]>([
    ["a", true],
    ["a.b", true],
    ["1.a", true],
    ["a.1", false],
    ["1", false],
    ["a.1b", true],
    ["-a.example", false],
    ["a-.example", false],
    ["a-b.example", true],
    ["a..example", false],
    [".example", false],
    ["example.", false],
    ["*.example", true],
    ["*", false],
    ["*.", false],
    ["**.example", false],
    [`${"a".repeat(63)}.example`, true],
    [`${"a".repeat(64)}.example`, false],
  ])("like %j is one: %s", (value, expected) => {
    expect(isDnsPattern(value)).toBe(expected);
  });

  test.each<[string, string | undefined]>([
    ["A.Example.", "a.example"],
    ["a.example..", undefined],
    [".", undefined],
    ["Straße.example", "xn--strae-oqa.example"],
    ["ü".repeat(70), undefined],
    ["a\u3002example", "a.example"],
    ["ü%41.example", undefined],
    ["ü[.example", undefined],
  ])("%j is written %j", (value, expected) => {
    expect(canonical({ kind: "dns", value })).toBe(expected);
  });

  test.each<[string, string | undefined]>([
    ["192.0.2.1", "192.0.2.1"],
    ["2001:DB8::0:1", "2001:db8::1"],
    ["::ffff:192.0.2.1", "::ffff:c000:201"],
    ["fe80::1%eth0", undefined],
    ["192.0.2.256", undefined],
    ["192.0.2", undefined],
    ["[::1]", undefined],
    ["a.example", undefined],
  ])("the address %j is written %j", (value, expected) => {
    expect(canonical({ kind: "ip", value })).toBe(expected);
  });

  test.each([
    ["spiffe://A.example/x", "SPIFFE://a.EXAMPLE/x", true],
    ["spiffe://a.example/x", "spiffe://a.example/X", false],
    ["spiffe://a.example/x", "spiffe://a.example/x/", false],
    ["spiffe://a.example", "spiffe://a.example", true],
    ["spiffe://a.example/x", "http://a.example/x", false],
    ["urn:x:y", "URN:x:y", true],
    ["urn:x:y", "urn:x:Y", false],
    ["no uri", "urn:x", false],
    ["urn:x", "no uri", false],
    ["no uri", "no uri", false],
  ])("URI %s offered for %s matches: %s", (offered, wanted, expected) => {
    expect(matchesName(offering(uri(offered)), { kind: "uri", value: wanted })).toBe(expected);
  });

  test.each<[string, Uint8Array, string | undefined]>([
    ["a host", dns("a.example"), undefined],
    ["a host with a star", dns("*.a.example"), undefined],
    ["a host with a space", dns("a b"), "not a DNS name"],
    ["an address", ip(192, 0, 2, 1), undefined],
    ["a long address", ip(...new Array<number>(16).fill(1)), undefined],
    ["an address of five bytes", ip(1, 2, 3, 4, 5), "5 bytes, expected 4 or 16"],
    ["an address of seventeen", ip(...new Array<number>(17).fill(1)), "17 bytes, expected 4 or 16"],
    ["a URI", uri("urn:x"), undefined],
    ["a path", uri("/x"), "not an absolute URI"],
    ["a mailbox", email("a@b.example"), undefined],
    ["a mailbox of one letter at one", email("a@b"), undefined],
    ["a mailbox without a name", email("@b.example"), "not a mailbox"],
    ["a mailbox without a host", email("a@"), "not a mailbox"],
    ["a mailbox with two signs", email("a@b@c.example"), "not a mailbox"],
    ["another name", tlv(0xa0, oid("1.2.3"), tlv(0xa0, text("x"))), undefined],
  ])("%s among the names is what it says", (_, element, expected) => {
    expect(lintAltName(offering(element).subjectAltNames[0]!)).toBe(expected);
  });

  test("with a star that stands for nothing whole matches nothing", () => {
    for (const offered of ["*.", "*.*", "*.a.*", "*.com", "*.a b.example"]) {
      for (const value of ["", ".", "a.", "x.com", "b.a.c", "x.a b.example"]) {
        expect(matchesName(offering(dns(offered)), { kind: "dns", value })).toBe(false);
      }
    }
    expect(matchesName(offering(dns("*.a.b")), { kind: "dns", value: "c.a.b" })).toBe(true);
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

  test.each([0, 1, 3, 5, 8, 15, 17, 32])("address of %i bytes is none", (length) => {
    expect(formatAddress(new Uint8Array(length))).toBeUndefined();
  });

  test.each([
    ["0:0:0:0:0:0:0:1", "::1"],
    ["2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"],
    ["2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"],
    ["0:0:0:0:0:0:0:0", "::"],
    ["1:0:0:0:0:0:0:0", "1::"],
    ["1:0:0:1:0:0:1:1", "1::1:0:0:1:1"],
    ["1:0:0:1:0:0:0:1", "1:0:0:1::1"],
    ["0:1:1:1:1:1:1:1", "0:1:1:1:1:1:1:1"],
    ["1:1:1:1:1:1:1:0", "1:1:1:1:1:1:1:0"],
    ["1:1:1:1:1:1:0:0", "1:1:1:1:1:1::"],
  ])("address %s is written %s", (long, short) => {
    const bytes = Uint8Array.from(
      long.split(":").flatMap((g) => [Number.parseInt(g, 16) >> 8, Number.parseInt(g, 16) & 0xff]),
    );
    expect(formatAddress(bytes)).toBe(short);
  });
});
