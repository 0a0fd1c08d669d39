/** Names: of RFC 4514 and of hosts. */
import { describe, expect, test } from "vitest";
import { parseCertificate } from "../../src/trust/certificate.ts";
import { DerReader } from "../../src/trust/der.ts";
import { Faults } from "../../src/trust/fault.ts";
import { formatAddress } from "../../src/trust/general-name.ts";
import { canonical, isDnsPattern, lintAltName, matchesName } from "../../src/trust/host-name.ts";
import { formatName, nameKey, parseDn, readName, readString } from "../../src/trust/name.ts";
import { altNames, dns, ecKey, email, ip, mint, name, oid, seq, text, tlv, uri } from "./mint.ts";

const read = (der: Uint8Array) => readName(new DerReader(der, new Faults()).read(0x30, "name"), "");
const attribute = (id: string, value: Uint8Array) => seq(oid(id), value);

describe("a distinguished name", () => {
  const cases: [string, Uint8Array, string][] = [
    ["has the most specific part first", name("C=DE", "O=Corp", "host"), "CN=host,O=Corp,C=DE"],
    ["escapes what separates", name('a,b+c"d\\e<f>g;h'), 'CN=a\\,b\\+c\\"d\\\\e\\<f\\>g\\;h'],
    ["escapes a leading hash and spaces around", name("#x "), "CN=\\#x\\ "],
    ["escapes a single space once", name(" "), "CN=\\ "],
    ["escapes a space behind one letter", name("x "), "CN=x\\ "],
    ["escapes a space before one letter", name(" x"), "CN=\\ x"],
    ["keeps spaces within", name("x  y"), "CN=x  y"],
    [
      "writes a value that is no string in hexadecimal",
      seq(tlv(0x31, attribute("2.5.4.3", tlv(2, Uint8Array.of(5))))),
      "CN=#020105",
    ],
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
      "value that is no string",
      seq(tlv(0x31, attribute("2.5.4.3", tlv(2, Uint8Array.of(5))))),
      seq(tlv(0x31, attribute("2.5.4.3", tlv(2, Uint8Array.of(6))))),
    ],
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

  test.each([
    "nothing",
    "=x",
    "CN",
    "CN=a,",
    "CN=a,,O=b",
    "XYZ=a",
    "CN=a\\",
    'CN="a"',
    "CN=#0",
    "CN=#0c02686",
    "CN=#0c026869zz",
    "CN=#0c05",
  ])("is not read from %s", (bad) => {
    expect(parseDn(bad)).toBeUndefined();
  });
});

describe("the string of an attribute", () => {
  const value = (...bytes: number[]) => Uint8Array.from(bytes);
  test.each<[string, Uint8Array, string | undefined, string[]]>([
    ["UTF-8", text("Büro"), "Büro", []],
    ["UTF-8 that begins with a mark", text("\ufeffBüro"), "\ufeffBüro", []],
    ["UTF-8 that is none", tlv(0x0c, value(0xff)), "\xff", ["bad-string"]],
    ["PrintableString", text("a-b 1", 0x13), "a-b 1", []],
    ["PrintableString with a star", text("*.a", 0x13), "*.a", []],
    ["PrintableString with other characters", text("a!", 0x13), "a!", ["bad-string"]],
    ["IA5String", text("a@b", 0x16), "a@b", []],
    ["IA5String that is none", tlv(0x16, value(0x80)), "\x80", ["bad-string"]],
    ["NumericString", text("12", 0x12), "12", []],
    ["VisibleString", text("ab", 0x1a), "ab", []],
    ["TeletexString", tlv(0x14, value(0xfc)), "ü", []],
    ["BMPString", tlv(0x1e, value(0, 0x41, 0x20, 0xac)), "A€", []],
    ["BMPString of three bytes", tlv(0x1e, value(0, 0x41, 0)), "A", ["bad-string"]],
    ["UniversalString", tlv(0x1c, value(0, 0, 0, 0x41, 0, 1, 0xf6, 0)), "A😀", []],
    [
      "UniversalString of the last character",
      tlv(0x1c, value(0, 0x10, 0xff, 0xff)),
      "\u{10ffff}",
      [],
    ],
    ["UniversalString beyond it", tlv(0x1c, value(0, 0x11, 0, 0)), "\ufffd", []],
    ["UniversalString of six bytes", tlv(0x1c, value(0, 0, 0, 0x41, 0, 0)), "A", ["bad-string"]],
    ["UniversalString of five bytes", tlv(0x1c, value(0, 0, 0, 0x41, 0)), "A", ["bad-string"]],
    ["INTEGER", tlv(2, value(5)), undefined, []],
  ])("of type %s is read", (_, element, expected, said) => {
    const faults = new Faults();
    const read = readString(new DerReader(element, faults).any("x"), "x");
    expect([read, faults.list.map(({ name }) => name)]).toEqual([expected, said]);
  });
});

describe("a distinguished name that is wrong", () => {
  const one = seq(oid("2.5.4.3"), text("a"));
  const many = (count: number, part: Uint8Array) => Array.from({ length: count }, () => part);
  const told = (der: Uint8Array) => {
    const faults = new Faults();
    const name = readName(new DerReader(der, faults).read(0x30, "name"), "name");
    return [name.map((rdn) => rdn.length), faults.list.map(({ detail }) => detail)];
  };
  const TOO_MANY = "name: more than 64 parts, or one that breaks off";

  test.each<[string, Uint8Array, number[], string[]]>([
    ["has 64 parts", seq(...many(64, tlv(0x31, one))), many(64, one).map(() => 1), []],
    ["has 65 parts", seq(...many(65, tlv(0x31, one))), many(64, one).map(() => 1), [TOO_MANY]],
    ["has 64 attributes in a part", seq(tlv(0x31, ...many(64, one))), [64], []],
    [
      "has 65 attributes in a part",
      seq(tlv(0x31, ...many(65, one)), tlv(0x31, one)),
      [],
      [TOO_MANY],
    ],
    [
      "has an empty part",
      seq(tlv(0x31), tlv(0x31, one)),
      [],
      ["name: empty relative name", TOO_MANY],
    ],
    [
      "has a part that is no SET",
      seq(tlv(0x31, one), seq(one)),
      [1],
      ["name: tag 0x30, expected 0x31"],
    ],
    [
      "has an attribute without a value",
      seq(tlv(0x31, seq(oid("2.5.4.3"))), tlv(0x31, one)),
      [],
      ["name: ends before its length", "name: empty relative name", TOO_MANY],
    ],
    [
      "has an attribute without a type",
      seq(tlv(0x31, seq(text("a"), text("b"))), tlv(0x31, one)),
      [],
      ["name: tag 0x0c, expected 0x06", "name: empty relative name", TOO_MANY],
    ],
    [
      "has an attribute with two values",
      seq(tlv(0x31, seq(oid("2.5.4.3"), text("a"), text("b")))),
      [1],
      ["name: 3 bytes follow its end"],
    ],
    [
      "has an attribute that is none",
      seq(tlv(0x31, one, text("a")), tlv(0x31, one)),
      [],
      ["name: tag 0x0c, expected 0x30", TOO_MANY],
    ],
  ])("%s", (_, der, parts, faults) => {
    expect(told(der)).toEqual([parts, faults]);
  });
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
