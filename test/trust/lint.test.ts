/** What one certificate is told, word for word and with where it stands. */
import { describe, expect, test } from "vitest";
import { parseCertificate } from "../../src/trust/certificate.ts";
import {
  altNames,
  basicConstraints,
  dns,
  ecKey,
  extension,
  keyUsage,
  type Mint,
  mint,
  nameConstraints,
  octets,
  oid,
  seq,
  tlv,
} from "./mint.ts";

const key = ecKey();
const ca = [basicConstraints(true), keyUsage(5)];
const told = (der: Uint8Array) =>
  parseCertificate(der).faults.map(({ name, detail, offset }) => `${offset} ${name}: ${detail}`);

describe("a certificate", () => {
  test.each<[string, Partial<Mint>, string[]]>([
    ["with a serial number of 20 octets is fine", { serial: new Uint8Array(20).fill(1) }, []],
    [
      "with a longer one is told its length",
      { serial: new Uint8Array(21).fill(1) },
      ["0 bad-serial: serial number of 21 octets, expected at most 20"],
    ],
    [
      "with a negative serial number is told so",
      { serial: Uint8Array.of(0x80) },
      ["0 bad-serial: serial number is negative"],
    ],
    ["with the serial number 127 is fine", { serial: Uint8Array.of(0x7f) }, []],
    [
      "with the serial number 0 is told so",
      { serial: Uint8Array.of(0) },
      ["0 zero-serial: serial number is zero"],
    ],
    ["with the serial number 256 is fine", { serial: Uint8Array.of(1, 0) }, []],
    [
      "with two algorithms is told so",
      { innerAlgorithm: seq(oid("1.2.840.10045.4.3.3")) },
      ["0 signature-mismatch: signature algorithm differs inside and outside"],
    ],
    ["without an issuer is told so", { issuer: seq() }, ["0 empty-issuer: issuer is empty"]],
    [
      "without a subject, and with names that are not critical, is told so",
      { subject: seq(), issuer: seq(), extensions: [altNames(dns("a.example"))] },
      [
        "0 empty-issuer: issuer is empty",
        "0 empty-subject: no subject, no critical subjectAltName",
      ],
    ],
    [
      "without a subject, and without names, is told so",
      { subject: seq(), issuer: seq(), extensions: undefined, version: undefined },
      [
        "0 empty-issuer: issuer is empty",
        "0 empty-subject: no subject, no critical subjectAltName",
      ],
    ],
    [
      "of a CA without a subject is told so, whatever its names",
      {
        subject: seq(),
        issuer: seq(),
        extensions: [...ca, extension("2.5.29.17", seq(dns("a.example")), true)],
      },
      ["0 empty-issuer: issuer is empty", "0 empty-subject: the subject of a CA is empty"],
    ],
    [
      "with a key that nobody may use is told why",
      { spki: seq(seq(oid("1.2.840.10045.2.1"), oid("1.2.3")), tlv(3, Uint8Array.of(0, 4))) },
      ["0 unreadable: key of type EC: unknown curve"],
    ],
    [
      "with names in a subject's place is told each",
      {
        extensions: [
          extension("2.5.29.35", seq(), true),
          extension("1.3.6.1.5.5.7.1.1", seq(), true),
        ],
      },
      [
        "0 bad-extension: extension 2.5.29.35 is critical",
        "0 bad-extension: extension 1.3.6.1.5.5.7.1.1 is critical",
      ],
    ],
    [
      "with policies that nobody must follow is told so",
      { extensions: [extension("2.5.29.54", tlv(2, Uint8Array.of(0)))] },
      ["0 bad-extension: extension 2.5.29.54 is not critical"],
    ],
    [
      "of no CA that plays one is told every part of it",
      {
        extensions: [
          basicConstraints(false, 1),
          keyUsage(0, 5),
          nameConstraints([dns("a.example")]),
        ],
      },
      [
        "0 bad-extension: pathLenConstraint without cA",
        "0 bad-extension: nameConstraints without cA",
        "0 bad-extension: keyCertSign without cA",
      ],
    ],
    ["of no CA that signs is fine", { extensions: [basicConstraints(false), keyUsage(0)] }, []],
    [
      "of no CA that does not say so critically is fine",
      { extensions: [basicConstraints(false, undefined, false)] },
      [],
    ],
    [
      "of a CA that does not say so critically is told so",
      { extensions: [basicConstraints(true, undefined, false)] },
      ["0 bad-extension: basicConstraints of a CA is not critical"],
    ],
  ])("%s", (_, spec, expected) => {
    expect(told(mint({ key, ...spec }))).toEqual(expected);
  });

  test("that has no serial number is not told what is wrong with it", () => {
    expect(told(mint({ key, serial: new Uint8Array() }))[0]).toContain("unreadable: serialNumber");
    const names = parseCertificate(mint({ key, serial: new Uint8Array() })).faults.map(
      ({ name }) => name,
    );
    expect(names).not.toContain("bad-serial");
    expect(names).not.toContain("zero-serial");
  });

  test("is told where its names are wrong", () => {
    const der = mint({ key, extensions: [altNames(dns("a.example"), dns("a_b.example"))] });
    const at = Buffer.from(der).indexOf("a_b.example");
    expect(told(der)).toEqual([`${at} bad-subject-alt-name: dns "a_b.example": not a DNS name`]);
  });

  test("that is none is told so once, and nothing of its fields", () => {
    const expected = ["0 bad-version: version 0, expected 1 to 3"];
    expect(told(new Uint8Array()).slice(1)).toEqual(expected);
    expect(told(octets()).slice(1)).toEqual(expected);
  });

  test("of a version to come is read all the same", () => {
    expect(told(mint({ key, version: 3, serial: Uint8Array.of(0) }))).toEqual([
      "0 bad-version: version 4, expected 1 to 3",
      "0 zero-serial: serial number is zero",
    ]);
  });
});
