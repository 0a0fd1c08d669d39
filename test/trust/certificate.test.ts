/**
 * Certificates as values: what X509Certificate reads, we read; and no bytes make the reader throw.
 */
import { createHash, X509Certificate } from "node:crypto";
import { getCACertificates } from "node:tls";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Certificate, parseCertificate } from "../../src/trust/certificate.ts";

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
