/** Extensions as values: what each holds, and where reading one ends. */
import { describe, expect, test } from "vitest";
import { parseCertificate } from "../../src/trust/certificate.ts";
import { KEY_USAGE } from "../../src/trust/extension.ts";
import {
  altNames,
  dns,
  ecKey,
  email,
  extension,
  ip,
  keyUsage,
  mint,
  name,
  octets,
  oid,
  SERVER,
  seq,
  text,
  tlv,
  uri,
} from "./mint.ts";

const key = ecKey();
const made = (...extensions: Uint8Array[]) => parseCertificate(mint({ key, extensions }));
const said = (...extensions: Uint8Array[]) =>
  made(...extensions).faults.map(({ name, detail }) => `${name}: ${detail}`);
const many = (count: number, one: Uint8Array) => Array.from({ length: count }, () => one);
const int = (value: number) => tlv(2, Uint8Array.of(value));
const TRUE = tlv(1, Uint8Array.of(0xff));
const FALSE = tlv(1, Uint8Array.of(0));

describe("basicConstraints", () => {
  test.each<[string, Uint8Array, unknown, string[]]>([
    ["of a CA without a limit", seq(TRUE), { ca: true }, []],
    ["of a CA with one", seq(TRUE, int(3)), { ca: true, pathLength: 3 }, []],
    ["of no CA", seq(), { ca: false }, []],
    [
      "of no CA that says so",
      seq(FALSE),
      { ca: false },
      ["malformed-der: basicConstraints: cA FALSE is the default, not written"],
    ],
    [
      "with something else",
      seq(TRUE, tlv(5)),
      { ca: true },
      ["malformed-der: basicConstraints: 2 bytes follow its end"],
    ],
  ])("%s is read", (_, value, expected, faults) => {
    const constraints = extension("2.5.29.19", value, true);
    expect(made(constraints).basicConstraints).toEqual(expected);
    expect(said(constraints)).toEqual(faults);
  });
});

describe("keyUsage", () => {
  test.each<[keyof typeof KEY_USAGE, number]>([
    ["digitalSignature", 0],
    ["keyEncipherment", 2],
    ["keyAgreement", 4],
    ["keyCertSign", 5],
    ["cRLSign", 6],
  ])("%s is bit %i", (usage, bit) => {
    expect(made(keyUsage(bit)).keyUsage).toBe(KEY_USAGE[usage]);
  });

  test("is absent when every usage is allowed", () => {
    expect(made(altNames(dns("a.example"))).keyUsage).toBeUndefined();
  });
});

describe("a list", () => {
  const eku = (items: Uint8Array[]) => extension("2.5.29.37", seq(...items));
  const san = (items: Uint8Array[]) => extension("2.5.29.17", seq(...items));
  const nc = (items: Uint8Array[]) => extension("2.5.29.30", seq(tlv(0xa0, ...items)), true);

  test("of purposes has at most 4096", () => {
    expect(made(eku(many(4096, oid(SERVER)))).extendedKeyUsage).toHaveLength(4096);
    expect(said(eku(many(4096, oid(SERVER))))).toEqual([]);
    expect(made(eku(many(4097, oid(SERVER)))).extendedKeyUsage).toHaveLength(4096);
    expect(said(eku(many(4097, oid(SERVER))))).toEqual([
      "malformed-der: extendedKeyUsage: 10 bytes follow its end",
    ]);
  });

  test("of names has at most 4096", () => {
    expect(made(san(many(4096, dns("a")))).names).toHaveLength(4096);
    expect(said(san(many(4096, dns("a"))))).toEqual([]);
    expect(made(san(many(4097, dns("a")))).names).toHaveLength(4096);
    expect(said(san(many(4097, dns("a"))))).toEqual([
      "unreadable: subjectAltName: more than 4096 names, or one that breaks off",
    ]);
  });

  test("of constraints has at most 4096", () => {
    const constraint = seq(dns("a"));
    const permitted = (count: number) =>
      made(nc(many(count, constraint))).nameConstraints!.permitted;
    expect([permitted(4096).length, permitted(4097).length]).toEqual([4096, 4096]);
    expect(said(nc(many(4097, constraint)))).toContain(
      "unreadable: nameConstraints: more than 4096 subtrees, or one that breaks off",
    );
  });

  test("ends at what is none of its kind, and keeps what came before", () => {
    expect(made(eku([oid(SERVER), tlv(5), oid(SERVER)])).extendedKeyUsage).toEqual([SERVER]);
    expect(made(san([dns("a.example"), text("b"), dns("c.example")])).names).toEqual(["a.example"]);
    const { permitted } = made(nc([seq(dns("a")), seq(text("b")), seq(dns("c"))])).nameConstraints!;
    expect(permitted.map(({ value }) => value)).toEqual(["a"]);
  });

  test("of constraints has neither minimum nor maximum", () => {
    expect(said(nc([seq(dns("a"), tlv(0x80, Uint8Array.of(0)))]))).toContain(
      "unreadable: nameConstraints: minimum or maximum is given",
    );
  });

  test("of constraints constrains something", () => {
    expect(said(extension("2.5.29.30", seq(), true))).toContain(
      "bad-extension: nameConstraints: constrains nothing",
    );
  });
});

describe("an authorityKeyIdentifier", () => {
  test("names a key, an issuer and a serial number", () => {
    const fields = [
      tlv(0x80, Uint8Array.of(7)),
      tlv(0xa1, tlv(0xa4, name("Root"))),
      tlv(0x82, Uint8Array.of(9)),
    ];
    const read = (...some: Uint8Array[]) => made(extension("2.5.29.35", seq(...some)));
    const { key: id, issuer, serial } = read(...fields).authorityKeyIdentifier!;
    expect([[...id!], issuer?.map(({ value }) => value), [...serial!]]).toEqual([
      [7],
      ["CN=Root"],
      [9],
    ]);
    expect(read().authorityKeyIdentifier).toEqual({});
    expect(said(extension("2.5.29.35", seq(tlv(0x83))))).toEqual([
      "malformed-der: authorityKeyIdentifier: 2 bytes follow its end",
    ]);
  });
});

describe("a GeneralName", () => {
  test.each<[string, Uint8Array, string, string]>([
    ["a mailbox", email("me@a.example"), "email", "me@a.example"],
    ["a host", dns("a.example"), "dns", "a.example"],
    ["a URI", uri("urn:x"), "uri", "urn:x"],
    ["an address", ip(192, 0, 2, 1), "ip", "192.0.2.1"],
    ["an address of three bytes", ip(192, 0, 2), "ip", "c00002"],
    ["an address with its mask", ip(10, 0, 0, 0, 255, 0, 0, 0), "ip", "0a000000ff000000"],
    ["a distinguished name", tlv(0xa4, name("Root")), "dn", "CN=Root"],
    ["a registered identifier", tlv(0x88, Uint8Array.of(0x2a, 3)), "rid", "1.2.3"],
    [
      "some other name",
      tlv(0xa0, oid("1.2.3"), tlv(0xa0, text("x"))),
      "other",
      "06022a03a0030c0178",
    ],
    ["an X.400 address", tlv(0xa3, seq()), "x400", "3000"],
    ["an EDI party", tlv(0xa5, tlv(0x81)), "edi", "8100"],
  ])("is %s", (_, element, kind, value) => {
    const { subjectAltNames } = made(altNames(element));
    expect(subjectAltNames.map((one) => [one.kind, one.value])).toEqual([[kind, value]]);
  });

  test.each<[string, Uint8Array, RegExp]>([
    ["a universal type", text("a"), /tag 0xc is no GeneralName/],
    ["a private tag", text("a", 0xc2), /tag 0xc2 is no/],
    ["an application tag", text("a", 0x42), /tag 0x42 is no/],
    ["a host that is constructed", tlv(0xa2, text("a")), /tag 0xa2 is no/],
    ["a DN that is not constructed", tlv(0x84), /tag 0x84 is no/],
    ["another name that is not constructed", tlv(0x80), /tag 0x80 is no/],
    ["an X.400 address that is not constructed", tlv(0x83), /tag 0x83 is no/],
    ["an EDI party that is not constructed", tlv(0x85), /tag 0x85 is no/],
    ["a tag beyond the last", tlv(0x89), /tag 0x89 is no/],
    ["a DN without a name in it", tlv(0xa4, octets()), /tag 0x04, expected 0x30/],
    ["a DN with two", tlv(0xa4, name("a"), name("b")), /follow its end/],
    ["nothing whole", Uint8Array.of(0x82), /ends before its length/],
  ])("is not %s", (_, element, why) => {
    expect(said(altNames(element)).join("\n")).toMatch(why);
  });
});
