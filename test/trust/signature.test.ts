/** Signature algorithms as they are read, and what verifying with them never does. */
import { sign } from "node:crypto";
import { describe, expect, test } from "vitest";
import { DerReader } from "../../src/trust/der.ts";
import { Faults } from "../../src/trust/fault.ts";
import { readSignatureAlgorithm, verifies } from "../../src/trust/signature.ts";
import { ecKey, oid, rsaKey, seq, tlv } from "./mint.ts";

const RSA = oid("1.2.840.113549.1.1.11");
const ECDSA = oid("1.2.840.10045.4.3.2");
const ED25519 = oid("1.3.101.112");
const PSS = oid("1.2.840.113549.1.1.10");
const SHA256 = seq(oid("2.16.840.1.101.3.4.2.1"));
const MGF1 = oid("1.2.840.113549.1.1.8");
const NULL = tlv(5);
const int = (...bytes: number[]) => tlv(2, Uint8Array.from(bytes));
const rsa = { name: "sha256WithRSAEncryption", key: "RSA", hash: "sha256" };
const ecdsa = { name: "ecdsa-with-SHA256", key: "EC", hash: "sha256" };
const ed25519 = { name: "Ed25519", key: "plain" };
const pssSha1 = { name: "rsassa-pss-sha1", key: "RSA", hash: "sha1", saltBytes: 20 };
const pssSha256 = { name: "rsassa-pss-sha256", key: "RSA", hash: "sha256", saltBytes: 32 };

describe("a signature algorithm", () => {
  test.each<[string, Uint8Array, object, string[]]>([
    ["of RSA has NULL", seq(RSA, NULL), rsa, []],
    ["of RSA may have nothing", seq(RSA), rsa, []],
    ["of RSA has no other parameters", seq(RSA, seq()), rsa, ["malformed-der"]],
    ["of RSA has a NULL that is empty", seq(RSA, tlv(5, Uint8Array.of(0))), rsa, ["malformed-der"]],
    ["of ECDSA has nothing", seq(ECDSA), ecdsa, []],
    ["of ECDSA has no NULL", seq(ECDSA, NULL), ecdsa, ["malformed-der"]],
    ["of Ed25519 has nothing", seq(ED25519), ed25519, []],
    ["of Ed25519 has no NULL", seq(ED25519, NULL), ed25519, ["malformed-der"]],
    ["ends with its parameters", seq(RSA, NULL, NULL), rsa, ["malformed-der"]],
    ["that nobody knows has any", seq(oid("1.2.3"), seq(), NULL), { name: "1.2.3" }, []],
    ["that is none has no name", seq(NULL), { name: "" }, ["unreadable"]],
    ["of RSASSA-PSS is SHA-1 by default", seq(PSS, seq()), pssSha1, []],
    [
      "of RSASSA-PSS says its hash twice and its salt",
      seq(PSS, seq(tlv(0xa0, SHA256), tlv(0xa1, seq(MGF1, SHA256)), tlv(0xa2, int(32)))),
      pssSha256,
      [],
    ],
    [
      "of RSASSA-PSS has the trailer 1, if it says so",
      seq(PSS, seq(tlv(0xa3, int(1)))),
      pssSha1,
      [],
    ],
    [
      "of RSASSA-PSS with another trailer cannot be used",
      seq(PSS, seq(tlv(0xa3, int(2)))),
      { name: "rsassa-pss-sha1" },
      [],
    ],
    [
      "of RSASSA-PSS with one hash for the mask alone cannot be used",
      seq(PSS, seq(tlv(0xa1, seq(MGF1, SHA256)))),
      { name: "rsassa-pss-sha1" },
      [],
    ],
    [
      "of RSASSA-PSS with another mask cannot be used",
      seq(PSS, seq(tlv(0xa1, seq(oid("1.2.3"), seq(oid("1.3.14.3.2.26")))))),
      { name: "rsassa-pss-sha1" },
      [],
    ],
    ["of RSASSA-PSS has parameters", seq(PSS), pssSha1, ["unreadable"]],
    ["of RSASSA-PSS ends with them", seq(PSS, seq(), NULL), pssSha1, ["malformed-der"]],
    ["of RSASSA-PSS has no others", seq(PSS, seq(NULL)), pssSha1, ["malformed-der"]],
  ])("%s", (_, der, expected, said) => {
    const faults = new Faults();
    const algorithm = readSignatureAlgorithm(new DerReader(der, faults).read(0x30, "x"));
    expect([algorithm, faults.list.map(({ name }) => name)]).toEqual([expected, said]);
  });
});

describe("verifying", () => {
  const { publicKey, privateKey } = rsaKey(2048);
  const data = Buffer.from("what is signed");
  const signature = sign("sha256", data, privateKey);

  test("says yes to a right signature, and no to another", () => {
    const algorithm = { name: "x", key: "RSA", hash: "sha256" } as const;
    expect(verifies(algorithm, publicKey, data, signature)).toBe(true);
    expect(verifies(algorithm, publicKey, Buffer.from("another"), signature)).toBe(false);
    expect(verifies({ ...algorithm, hash: "sha384" }, publicKey, data, signature)).toBe(false);
  });

  test("never lets OpenSSL choose an algorithm that was not understood", () => {
    expect(verifies({ name: "1.2.3" }, publicKey, data, signature)).toBe(false);
    expect(verifies({ name: "1.2.3", hash: "sha256" }, publicKey, data, signature)).toBe(false);
  });

  test("says no where OpenSSL throws", () => {
    expect(verifies({ name: "x", key: "RSA", hash: "md99" }, publicKey, data, signature)).toBe(
      false,
    );
    const { publicKey: other } = ecKey();
    const pss = { name: "x", key: "RSA", hash: "sha256", saltBytes: 32 } as const;
    expect(verifies(pss, other, data, signature)).toBe(false);
    expect(verifies({ ...pss, saltBytes: -9 }, publicKey, data, signature)).toBe(false);
  });
});
