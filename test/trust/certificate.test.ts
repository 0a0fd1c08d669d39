/**
 * Certificates as values: what X509Certificate reads, we read; and no bytes make the reader throw.
 */
import { createHash, X509Certificate } from "node:crypto";
import { getCACertificates } from "node:tls";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Certificate, parseCertificate } from "../../src/trust/certificate.ts";

import { ecKey, extension, mint, name, oid, seq, tlv } from "./mint.ts";

const key = ecKey();
const roots = getCACertificates("bundled").map((pem) => new X509Certificate(pem));
const ders = roots.map(({ raw }) => new Uint8Array(raw));

describe("of Mozilla's roots", () => {
  test.each(roots.map((root, i) => [root.subject.split("\n").at(-1), i]))("reads %s", (_, i) => {
    const root = roots[i as number]!;
    const ours = parseCertificate(ders[i as number]!);
    const spki = root.publicKey.export({ type: "spki", format: "der" });
    expect(ours.sha256).toBe(root.fingerprint256.replaceAll(":", "").toLowerCase());
    expect(ours.spkiSha256).toBe(createHash("sha256").update(spki).digest("hex"));
    expect(BigInt(`0x${ours.serial}`)).toBe(BigInt(`0x${root.serialNumber}`));
    expect(Date.parse(ours.validFrom)).toBe(Date.parse(root.validFrom));
    expect(Date.parse(ours.validTo)).toBe(Date.parse(root.validTo));
    expect(ours.key.bits).toBe(keyBits(root));
    expect([ours.ca, ours.selfIssued, ours.selfSigned, ours.version]).toEqual([
      true,
      true,
      true,
      3,
    ]);
    // Zero serial numbers and one old date encoding are all that is wrong with them.
    const odd = ours.faults.filter(
      ({ name }) => name !== "zero-serial" && name !== "time-encoding",
    );
    expect(odd).toEqual([]);
  });
});

describe("of any bytes", () => {
  test("random bytes are read without a throw, and are faulty", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        expect(readAll(parseCertificate(bytes)).faults.length).toBeGreaterThan(0);
      }),
    );
  });

  test("a certificate with some bytes changed is read without a throw", () => {
    const change = fc.tuple(fc.nat(5000), fc.nat(255));
    fc.assert(
      fc.property(fc.nat(ders.length - 1), fc.array(change, { maxLength: 8 }), (which, changes) => {
        const bytes = ders[which]!.slice();
        for (const [at, value] of changes) bytes[at % bytes.length] = value;
        readAll(parseCertificate(bytes));
      }),
      { numRuns: 2000 },
    );
  });

  test("a certificate cut anywhere is faulty", () => {
    const whole = ders[0]!;
    for (let at = 0; at < whole.length; at++) {
      expect(readAll(parseCertificate(whole.subarray(0, at))).faults).not.toEqual([]);
    }
  });

  test("the number of faults kept is bounded", () => {
    const names = new Uint8Array(60_000).map((_, i) => (i % 2 === 0 ? 0x82 : 0));
    expect(readAll(parseCertificate(names)).faults.length).toBeLessThanOrEqual(16);
  });
});

describe("a serial number", () => {
  test.each<[string, number[], string]>([
    ["is written as it is encoded", [0x01, 0x02], "0102"],
    ["is written without the zero that keeps it positive", [0, 0x80, 1], "8001"],
    ["of two octets is written so as well", [0, 0x80], "80"],
    ["keeps a zero behind that one", [0, 0, 1], "0001"],
    ["of zero is a zero", [0], "00"],
    ["that begins with a one bit is negative", [0x80, 1], "-8001"],
    ["of one negative octet is negative", [0xff], "-ff"],
    ["below a one bit is positive", [0x7f], "7f"],
  ])("%s", (_, serial, text) => {
    expect(parseCertificate(mint({ key, serial: Uint8Array.from(serial) })).serial).toBe(text);
  });
});

describe("whether it signed itself", () => {
  const other = ecKey();
  const own = () => parseCertificate(mint({ key }));
  const issued = () => parseCertificate(mint({ key, signer: other }));

  test("does not depend on who was asked about before", () => {
    const stranger = parseCertificate(mint({ key: other }));
    const twin = parseCertificate(mint({ key, subject: name("twin") }));
    const alone = own();
    expect([alone.signedBy(stranger), alone.signedBy(twin), alone.selfSigned]).toEqual([
      false,
      true,
      true,
    ]);
    const child = issued();
    expect([child.signedBy(twin), child.signedBy(stranger), child.selfSigned]).toEqual([
      false,
      true,
      false,
    ]);
  });

  test("is false without a signature, and nobody made it", () => {
    const bare = parseCertificate(seq(seq(), seq(), tlv(3)));
    expect([bare.selfSigned, bare.signedBy(own())]).toEqual([false, false]);
  });

  test("needs an algorithm that is its key's", () => {
    const rsa = seq(oid("1.2.840.113549.1.1.11"), tlv(5));
    const odd = parseCertificate(mint({ key, innerAlgorithm: rsa, outerAlgorithm: rsa }));
    expect([odd.selfSigned, odd.signature]).toEqual([false, "sha256WithRSAEncryption"]);
  });
});

describe("what is asked twice", () => {
  test("is read once: faults are not told again", () => {
    const broken = mint({ key, extensions: [extension("2.5.29.17", seq())] });
    const certificate = parseCertificate(broken);
    void certificate.names;
    void certificate.subjectAltNames;
    const { faults } = certificate;
    expect(faults.map(({ name }) => name)).toEqual(["bad-extension"]);
    expect(certificate.faults).toBe(faults);
    expect(certificate.faults).toHaveLength(1);
  });

  test("is judged once", () => {
    const certificate = parseCertificate(mint({ key, serial: Uint8Array.of(0x80) }));
    expect([certificate.faults.length, certificate.faults.length]).toEqual([1, 1]);
  });

  test("has faults where they stand in the file", () => {
    const der = mint({ key, extensions: [extension("2.5.29.17", seq())] });
    const [fault] = parseCertificate(der).faults;
    // The value is the last thing before the signature that is an empty SEQUENCE.
    expect([der[fault!.offset], der[fault!.offset + 1]]).toEqual([0x30, 0]);
  });
});

/** Asks for everything, so that every reader runs. */
function readAll(certificate: Certificate): Certificate {
  const prototype = Object.getPrototypeOf(certificate) as object;
  for (const [field, { get }] of Object.entries(Object.getOwnPropertyDescriptors(prototype))) {
    if (get !== undefined) void Reflect.get(certificate, field);
  }
  return certificate;
}

function keyBits({ publicKey }: X509Certificate): number {
  const { modulusLength, namedCurve } = publicKey.asymmetricKeyDetails!;
  return modulusLength ?? Number(/\d{3}/.exec(namedCurve === "prime256v1" ? "256" : namedCurve!));
}
