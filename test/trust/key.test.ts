/** Keys and signatures: which kinds verify, and which keys are never handed to OpenSSL. */
import { constants, ECDH, generateKeyPairSync, sign } from "node:crypto";
import { describe, expect, test } from "vitest";
import { parseCertificate } from "../../src/trust/certificate.ts";
import { ecKey, type KeyPair, mint, oid, rsaKey, seq, tlv } from "./mint.ts";

const rsa = rsaKey(2048);
const int = (...bytes: number[]) => tlv(2, Uint8Array.from(bytes));
const rsaSpki = (modulus: Uint8Array, exponent: Uint8Array) =>
  seq(seq(oid("1.2.840.113549.1.1.1"), tlv(5)), tlv(3, Uint8Array.of(0), seq(modulus, exponent)));
const odd = (bytes: number) => int(0, ...new Array<number>(bytes).fill(0xff));
const E = int(1, 0, 1);

describe("a key", () => {
  test.each<[string, Uint8Array, string, RegExp | undefined]>([
    ["RSA of 8192 bits may be used", rsaSpki(odd(1024), E), "RSA 8192", undefined],
    ["RSA of 8200 bits is refused", rsaSpki(odd(1025), E), "RSA 8200", /more than 8192/],
    [
      "RSA with an exponent of 33 bits may be used",
      rsaSpki(odd(256), int(1, 0, 0, 0, 1)),
      "RSA 2048",
      undefined,
    ],
    [
      "RSA with an exponent of 34 bits is refused",
      rsaSpki(odd(256), int(3, 0, 0, 0, 1)),
      "RSA 2048",
      /34 bits/,
    ],
    ["RSA with the exponent 1 is refused", rsaSpki(odd(256), int(1)), "RSA 2048", /or 1/],
    ["RSA with an even exponent is refused", rsaSpki(odd(256), int(4)), "RSA 2048", /even/],
    ["RSA with an even modulus is refused", rsaSpki(int(0, 255, 254), E), "RSA 16", /even/],
    [
      "RSA with a negative modulus is refused",
      rsaSpki(int(0x81, 1), E),
      "RSA undefined",
      /not positive/,
    ],
    ["RSA with the modulus 0 is refused", rsaSpki(int(0), E), "RSA undefined", /not positive/],
  ])("%s", (_, spki, kind, refused) => {
    const { key, publicKey } = parseCertificate(mint({ key: rsa, spki }));
    expect(`${key.type} ${key.bits}`).toBe(kind);
    if (refused === undefined) expect(key.refused).toBeUndefined();
    else expect([key.refused, publicKey]).toEqual([expect.stringMatching(refused), undefined]);
  });

  test("on a curve may be a compressed point", () => {
    const key = ecKey();
    const whole = key.publicKey.export({ type: "spki", format: "der" }).subarray(-65);
    const compressed = ECDH.convertKey(whole, "prime256v1", undefined, undefined, "compressed");
    const point = Uint8Array.from(compressed as Buffer);
    const algorithm = seq(oid("1.2.840.10045.2.1"), oid("1.2.840.10045.3.1.7"));
    const made = (bytes: Uint8Array) =>
      parseCertificate(mint({ key, spki: seq(algorithm, tlv(3, Uint8Array.of(0), bytes)) }));
    expect(made(point).selfSigned).toBe(true);
    expect(made(whole).selfSigned).toBe(true);
    for (const bad of [whole.subarray(1), whole.subarray(0, 33), Uint8Array.of(5, ...point)]) {
      expect(made(bad).key.refused).toBe("not a point of its curve");
    }
  });
});

describe("a signature", () => {
  const keys: [string, KeyPair, string][] = [
    ["Ed25519", generateKeyPairSync("ed25519"), "Ed25519"],
    ["Ed448", generateKeyPairSync("ed448"), "Ed448"],
    ["P-384", ecKey("secp384r1"), "ecdsa-with-SHA256"],
    ["RSA", rsa, "sha256WithRSAEncryption"],
  ];
  test.each(keys)("of %s verifies", (_, key, algorithm) => {
    const certificate = parseCertificate(mint({ key }));
    expect([certificate.selfSigned, certificate.signature]).toEqual([true, algorithm]);
    expect(parseCertificate(mint({ key, signer: keys[0]![1] })).selfSigned).toBe(
      key === keys[0]![1],
    );
  });

  const hashOf = (id: string) => seq(oid(id), tlv(5));
  const sha256 = hashOf("2.16.840.1.101.3.4.2.1");
  const mgf1 = (hash: Uint8Array, id = "1.2.840.113549.1.1.8") => tlv(0xa1, seq(oid(id), hash));
  const pss = (...fields: Uint8Array[]) => seq(oid("1.2.840.113549.1.1.10"), seq(...fields));
  const salt = tlv(0xa2, int(32));

  test.each<[string, Uint8Array, string, boolean]>([
    [
      "with its parameters verifies",
      pss(tlv(0xa0, sha256), mgf1(sha256), salt),
      "rsassa-pss-sha256",
      true,
    ],
    [
      "with another salt length does not",
      pss(tlv(0xa0, sha256), mgf1(sha256), tlv(0xa2, int(20))),
      "rsassa-pss-sha256",
      false,
    ],
    [
      "with two hashes does not",
      pss(tlv(0xa0, sha256), mgf1(hashOf("1.3.14.3.2.26")), salt),
      "rsassa-pss-sha256",
      false,
    ],
    [
      "with another mask does not",
      pss(tlv(0xa0, sha256), mgf1(sha256, "1.2.3"), salt),
      "rsassa-pss-sha256",
      false,
    ],
    [
      "with another trailer does not",
      pss(tlv(0xa0, sha256), mgf1(sha256), salt, tlv(0xa3, int(2))),
      "rsassa-pss-sha256",
      false,
    ],
    [
      "with an unknown hash does not",
      pss(tlv(0xa0, hashOf("1.2.3")), mgf1(sha256), salt),
      "rsassa-pss-unknown",
      false,
    ],
  ])("of RSASSA-PSS %s", (_, algorithm, name, verifies) => {
    let signed = new Uint8Array();
    const padding = constants.RSA_PKCS1_PSS_PADDING;
    const certificate = parseCertificate(
      mint({
        key: rsa,
        innerAlgorithm: algorithm,
        outerAlgorithm: algorithm,
        tbs: (tbs) => (signed = tbs as Uint8Array<ArrayBuffer>),
        signature: () => sign("sha256", signed, { key: rsa.privateKey, padding, saltLength: 32 }),
      }),
    );
    expect([certificate.signature, certificate.selfSigned]).toEqual([name, verifies]);
  });
});
