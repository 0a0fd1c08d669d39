/** Whether a key made a proof: every scheme by every kind of key, and what cannot be told. */
import { constants, generateKeyPairSync, sign } from "node:crypto";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Certificate, parseCertificate } from "../../src/trust/certificate.ts";
import { checkPossession } from "../../src/trust/possession.ts";
import { ecKey, type KeyPair, mint, oid, rsaKey, seq, tlv } from "./mint.ts";

const rsa = rsaKey(2048);
const KEYS = {
  RSA: rsa,
  "RSASSA-PSS": generateKeyPairSync("rsa-pss", { modulusLength: 2048 }),
  EC: ecKey(),
  "EC of 521 bits": ecKey("secp521r1"),
  "EC of brainpool": ecKey("brainpoolP384r1"),
  DSA: generateKeyPairSync("dsa", { modulusLength: 1024, divisorLength: 160 }),
  Ed25519: generateKeyPairSync("ed25519"),
  Ed448: generateKeyPairSync("ed448"),
} satisfies Record<string, KeyPair>;
type KeyName = keyof typeof KEYS;
const names = Object.keys(KEYS) as KeyName[];

// Only the keys count here: all certificates are signed by the same one.
const leaves = Object.fromEntries(
  names.map((name) => [name, parseCertificate(mint({ key: KEYS[name], signer: rsa }))]),
) as Record<KeyName, Certificate>;

const content = Buffer.from("two randoms, and the parameters of an exchange");
const [VERIFIED, FAILED] = [{ state: "verified" }, { state: "failed" }];

type Row = readonly [scheme: number | undefined, how: string, keys: readonly KeyName[]];

/** `undefined` is TLS 1.1 and before. */
const SCHEMES: readonly Row[] = [
  ...["md5", "sha1", "sha224", "sha256", "sha384", "sha512"].flatMap((hash, at): Row[] => [
    [((at + 1) << 8) | 1, hash, ["RSA"]],
    [((at + 1) << 8) | 2, hash, hash === "md5" ? [] : ["DSA"]],
    [((at + 1) << 8) | 3, hash, ["EC", "EC of 521 bits", "EC of brainpool"]],
  ]),
  ...[0x0804, 0x0809].flatMap((scheme): Row[] => [
    [scheme, "pss-sha256", ["RSA", "RSASSA-PSS"]],
    [scheme + 1, "pss-sha384", ["RSA", "RSASSA-PSS"]],
    [scheme + 2, "pss-sha512", ["RSA", "RSASSA-PSS"]],
  ]),
  [0x0807, "", ["Ed25519"]],
  [0x0808, "", ["Ed448"]],
  [0x081b, "sha384", ["EC of brainpool"]],
  [undefined, "md5-sha1", ["RSA"]],
  [undefined, "sha1", ["EC", "EC of 521 bits", "EC of brainpool", "DSA"]],
];

describe("a proof", () => {
  const rows = SCHEMES.flatMap(([scheme, how, fitting]) =>
    fitting.map((name) => ({ name, scheme, how, hex: scheme?.toString(16) ?? "none" })),
  );

  test.each(rows)(
    "by a key of $name with scheme $hex ($how) is verified",
    ({ name, scheme, how }) => {
      const proof = { ...of(scheme), content, signature: signedBy(KEYS[name], how) };
      const leaf = leaves[name];
      expect(checkPossession(proof, leaf)).toEqual(VERIFIED);
      expect(checkPossession({ ...proof, content: content.subarray(1) }, leaf)).toEqual(FAILED);
      expect(checkPossession({ ...proof, signature: spoilt(proof.signature) }, leaf)).toEqual(
        FAILED,
      );
      expect(checkPossession({ ...proof, signature: new Uint8Array(0) }, leaf)).toEqual(FAILED);
    },
  );

  test.each(rows)("by another key like $name with scheme $hex fails", ({ name, scheme, how }) => {
    const proof = { ...of(scheme), content, signature: signedBy(KEYS[name], how) };
    const others = names.filter((other) => other !== name);
    for (const other of others) {
      const { state } = checkPossession(proof, leaves[other]);
      // Before there were schemes, some kinds of keys signed nothing at all.
      expect([other, state]).not.toEqual([other, "verified"]);
      if (scheme !== undefined) expect([other, state]).toEqual([other, "failed"]);
    }
  });

  test("with the salt of another hash fails", () => {
    const padding = constants.RSA_PKCS1_PSS_PADDING;
    const signature = sign("sha256", content, { key: rsa.privateKey, padding, saltLength: 20 });
    expect(checkPossession({ scheme: 0x0804, content, signature }, leaves.RSA)).toEqual(FAILED);
  });

  test("before TLS 1.2 with one hash of RSA fails, and with two in TLS 1.2", () => {
    const [one, two] = [signedBy(rsa, "sha1"), signedBy(rsa, "md5-sha1")];
    expect(checkPossession({ content, signature: one }, leaves.RSA)).toEqual(FAILED);
    expect(checkPossession({ scheme: 0x0201, content, signature: two }, leaves.RSA)).toEqual(
      FAILED,
    );
  });
});

describe("nobody can tell", () => {
  const signature = signedBy(rsa, "sha256");

  test.each([0x0000, 0x0001, 0x0102, 0x0700, 0x0708, 0x0840, 0xeeee, 0xffff, 0x0404])(
    "of the scheme %i",
    (scheme) => {
      const unknown = { state: "unverified", why: "unknown-signature" };
      expect(checkPossession({ scheme, content, signature }, leaves.RSA)).toEqual(unknown);
    },
  );

  test.each(["RSASSA-PSS", "Ed25519", "Ed448"] as const)("of %s before TLS 1.2", (name) => {
    const unknown = { state: "unverified", why: "unknown-signature" };
    expect(checkPossession({ content, signature }, leaves[name])).toEqual(unknown);
  });

  const integer = (bytes: number, last = 1) =>
    tlv(2, Uint8Array.of(0, ...new Array<number>(bytes - 1).fill(0xff), last));
  const keyOf = (modulus: Uint8Array, exponent: Uint8Array) =>
    seq(seq(oid("1.2.840.113549.1.1.1"), tlv(5)), tlv(3, Uint8Array.of(0), seq(modulus, exponent)));

  test.each([
    ["more than 8192 bits", keyOf(integer(1025), tlv(2, Uint8Array.of(1, 0, 1)))],
    ["an exponent of 40 bits", keyOf(integer(256), integer(5))],
    ["no bytes that are a key", seq(tlv(4))],
    [
      "a kind that signs nothing",
      generateKeyPairSync("x25519").publicKey.export({ type: "spki", format: "der" }),
    ],
  ])("of a key with %s", (_, spki) => {
    const leaf = parseCertificate(mint({ key: rsa, spki }));
    const state = checkPossession({ scheme: 0x0401, content, signature }, leaf);
    const isKey = leaf.key.type === "X25519";
    expect(state).toEqual(isKey ? FAILED : { state: "unverified", why: "unusable-key" });
  });

  test("of a certificate that is none", () => {
    const leaf = parseCertificate(Uint8Array.of(0x30, 0));
    const unusable = { state: "unverified", why: "unusable-key" };
    expect(checkPossession({ scheme: 0x0401, content, signature }, leaf)).toEqual(unusable);
  });
});

test("any scheme, signature and content are answered, and only a true proof is verified", () => {
  const scheme = fc.option(
    fc.constantFrom(...SCHEMES.map(([scheme]) => scheme ?? 0), 0x0904, 0x0905, 0x0906),
    { nil: undefined },
  );
  const signature = fc.uint8Array({ maxLength: 300 });
  const name = fc.constantFrom(...names);
  const any = fc.property(scheme, signature, name, (scheme, signature, name) => {
    const { state } = checkPossession({ ...of(scheme), content, signature }, leaves[name]);
    expect(["failed", "unverified"]).toContain(state);
  });
  fc.assert(any, { numRuns: 2_000 });
});

function of(scheme: number | undefined): { scheme?: number } {
  return scheme === undefined ? {} : { scheme };
}

function signedBy({ privateKey: key }: KeyPair, how: string): Uint8Array {
  const hash = how.replace("pss-", "");
  if (!how.startsWith("pss-")) return sign(how === "" ? null : hash, content, key);
  const saltLength = constants.RSA_PSS_SALTLEN_DIGEST;
  return sign(hash, content, { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength });
}

function spoilt(signature: Uint8Array): Uint8Array {
  const other = Uint8Array.from(signature);
  other[other.length >> 1]! ^= 1;
  return other;
}
