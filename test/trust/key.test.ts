/** Keys and signatures: which kinds verify, and which keys are never handed to OpenSSL. */
import { constants, ECDH, generateKeyPairSync, sign } from "node:crypto";
import { describe, expect, test } from "vitest";
import { parseCertificate } from "../../src/trust/certificate.ts";
import type { KeyKind } from "../../src/trust/key.ts";
import { fits, type SignatureAlgorithm, signatureCost } from "../../src/trust/signature.ts";
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

  const dsaSpki = (...parameters: Uint8Array[]) =>
    seq(seq(oid("1.2.840.10040.4.1"), ...parameters), tlv(3, Uint8Array.of(0), int(1)));
  const dsa = (bytes: number, first = 0xff) =>
    dsaSpki(seq(int(0, first, ...new Array<number>(bytes - 1).fill(0xff)), int(3), int(2)));
  const ecSpki = (...parameters: Uint8Array[]) =>
    seq(seq(oid("1.2.840.10045.2.1"), ...parameters), tlv(3, Uint8Array.of(0, 4)));

  test.each<[string, Uint8Array, object]>([
    ["DSA of 3072 bits may be used", dsa(384), { type: "DSA", bits: 3072 }],
    ["DSA of 1 bit may be used", dsaSpki(seq(int(1))), { type: "DSA", bits: 1 }],
    [
      "DSA of 3073 bits is refused",
      dsa(385, 1),
      { type: "DSA", bits: 3073, refused: "more than 3072 bits" },
    ],
    ["DSA without parameters is refused", dsaSpki(), { type: "DSA", refused: "no parameters" }],
    [
      "DSA with other parameters is refused",
      dsaSpki(tlv(5)),
      { type: "DSA", refused: "no parameters" },
    ],
    ["DSA with p = 0 is refused", dsaSpki(seq(int(0))), { type: "DSA", refused: "no parameters" }],
    [
      "RSA with a modulus that begins with a one bit is refused",
      rsaSpki(int(0x80), E),
      { type: "RSA", refused: "modulus or exponent is not positive" },
    ],
    ["RSA of 7 bits is read", rsaSpki(int(0x7f), int(3)), { type: "RSA", bits: 7 }],
    ["RSA of 9 bits is read", rsaSpki(int(1, 1), int(3)), { type: "RSA", bits: 9 }],
    [
      "RSA with zeros for an exponent is refused",
      rsaSpki(odd(256), int(0, 0)),
      { type: "RSA", refused: "modulus or exponent is not positive" },
    ],
    [
      "RSASSA-PSS has a type of its own",
      seq(seq(oid("1.2.840.113549.1.1.10")), tlv(3, Uint8Array.of(0), seq(odd(256), E))),
      { type: "RSASSA-PSS", bits: 2048 },
    ],
    ["on no curve is refused", ecSpki(), { type: "EC", refused: "curve is not given by name" }],
    [
      "on a curve in figures is refused",
      ecSpki(seq()),
      { type: "EC", refused: "curve is not given by name" },
    ],
    [
      "on a curve that nobody knows is refused",
      ecSpki(oid("1.2.3")),
      { type: "EC", curve: "1.2.3", refused: "unknown curve" },
    ],
    [
      "of a type that has a name has it",
      seq(seq(oid("1.3.101.110")), tlv(3, Uint8Array.of(0, 1))),
      { type: "X25519" },
    ],
    [
      "of a type that nobody knows has its number",
      seq(seq(oid("1.2.3")), tlv(3, Uint8Array.of(0, 1))),
      { type: "1.2.3" },
    ],
    [
      "that is no BIT STRING is refused",
      seq(seq(oid("1.3.101.110")), tlv(4, Uint8Array.of(0, 1))),
      { type: "1.3.101.110", refused: "unreadable" },
    ],
    [
      "without a type is refused",
      seq(seq(), tlv(3, Uint8Array.of(0, 1))),
      { type: "", refused: "unreadable" },
    ],
    [
      "whose parameters break off is refused",
      seq(seq(oid("1.3.101.110"), Uint8Array.of(5)), tlv(3, Uint8Array.of(0, 1))),
      { type: "1.3.101.110", refused: "unreadable" },
    ],
    ["that is empty is refused", seq(), { type: "", refused: "unreadable" }],
  ])("%s", (_, spki, expected) => {
    expect(parseCertificate(mint({ key: rsa, spki })).key).toEqual(expected);
  });

  test.each<[string, KeyKind, number]>([
    ["RSA of 1024 bits", { type: "RSA", bits: 1024 }, 1],
    ["RSA of 2048 bits", { type: "RSA", bits: 2048 }, 1],
    ["RSA of 4096 bits", { type: "RSA", bits: 4096 }, 4],
    ["RSASSA-PSS of 8192 bits", { type: "RSASSA-PSS", bits: 8192 }, 16],
    ["RSA of no size", { type: "RSA" }, 1],
    ["P-256", { type: "EC", bits: 256 }, 3],
    ["P-384", { type: "EC", bits: 384 }, 12],
    ["DSA of 1024 bits", { type: "DSA", bits: 1024 }, 2],
    ["DSA of 3072 bits", { type: "DSA", bits: 3072 }, 9],
    ["Ed25519", { type: "Ed25519" }, 4],
  ])("%s costs a verifier what was measured", (_, kind, cost) => {
    expect(signatureCost(kind)).toBe(cost);
  });

  test.each<[string, SignatureAlgorithm, KeyKind, boolean]>([
    ["RSA makes RSA signatures", { name: "x", key: "RSA" }, { type: "RSA" }, true],
    ["RSA makes PSS signatures", { name: "x", key: "RSA", saltBytes: 32 }, { type: "RSA" }, true],
    [
      "RSASSA-PSS makes PSS signatures",
      { name: "x", key: "RSA", saltBytes: 32 },
      { type: "RSASSA-PSS" },
      true,
    ],
    ["RSASSA-PSS makes no others", { name: "x", key: "RSA" }, { type: "RSASSA-PSS" }, false],
    ["EC makes no RSA signatures", { name: "x", key: "RSA", saltBytes: 32 }, { type: "EC" }, false],
    ["EC makes EC signatures", { name: "x", key: "EC" }, { type: "EC" }, true],
    ["RSA makes no EC signatures", { name: "x", key: "EC" }, { type: "RSA" }, false],
    ["Ed25519 makes its own", { name: "Ed25519", key: "plain" }, { type: "Ed25519" }, true],
    ["Ed25519 makes none of Ed448", { name: "Ed448", key: "plain" }, { type: "Ed25519" }, false],
    ["nothing makes what nobody knows", { name: "1.2.3" }, { type: "1.2.3" }, false],
  ])("%s", (_, algorithm, kind, expected) => {
    expect(fits(algorithm, kind)).toBe(expected);
  });

  test.each<[string, string, number]>([
    ["secp192r1", "1.2.840.10045.3.1.1", 192],
    ["secp224r1", "1.3.132.0.33", 224],
    ["secp256r1", "1.2.840.10045.3.1.7", 256],
    ["secp384r1", "1.3.132.0.34", 384],
    ["secp521r1", "1.3.132.0.35", 521],
    ["secp256k1", "1.3.132.0.10", 256],
    ["brainpoolP256r1", "1.3.36.3.3.2.8.1.1.7", 256],
    ["brainpoolP384r1", "1.3.36.3.3.2.8.1.1.11", 384],
    ["brainpoolP512r1", "1.3.36.3.3.2.8.1.1.13", 512],
  ])("on %s is a point of its size, whole or compressed", (curve, id, bits) => {
    const octets = Math.ceil(bits / 8);
    const of = (form: number, length: number) => {
      const point = tlv(3, Uint8Array.of(0, form), new Uint8Array(length));
      const spki = seq(seq(oid("1.2.840.10045.2.1"), oid(id)), point);
      return parseCertificate(mint({ key: rsa, spki })).key;
    };
    const kind = { type: "EC", bits, curve };
    expect([of(4, 2 * octets), of(2, octets), of(3, octets)]).toEqual([kind, kind, kind]);
    const refused = { ...kind, refused: "not a point of its curve" };
    for (const [form, length] of [
      [4, octets],
      [4, 2 * octets - 1],
      [4, 2 * octets + 1],
      [2, 2 * octets],
      [3, octets + 1],
      [5, octets],
      [1, octets],
      [5, 2 * octets],
    ] as const) {
      expect(of(form, length)).toEqual(refused);
    }
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
