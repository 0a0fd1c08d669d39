/**
 * Whether a peer holds the key of the certificate it shows: anyone can show one, and only what is
 * signed with its key, over values that are new in each handshake, tells the owner from a copyist.
 */
import type { Proof } from "../inspect/observation.ts";
import type { Certificate } from "./certificate.ts";
import type { SignatureAlgorithm } from "./signature.ts";

export type Possession =
  | { readonly state: "verified" | "failed" }
  | { readonly state: "unverified"; readonly why: string };

/**
 * Whether the leaf's key made the proof. A scheme that such a key cannot sign with is `failed`; where
 * the scheme or the key is none that can be used here, nobody can tell: `unverified`. Never throws, and
 * costs one signature of at most 8192 bits.
 */
export function checkPossession(proof: Proof, leaf: Certificate): Possession {
  const { scheme, content, signature } = proof;
  const algorithm = scheme === undefined ? BEFORE_SCHEMES[leaf.key.type] : SCHEMES.get(scheme);
  if (algorithm === undefined) return UNKNOWN_SIGNATURE;
  if (leaf.publicKey === undefined) return UNUSABLE_KEY;
  return leaf.made(signature, algorithm, content) ? VERIFIED : FAILED;
}

/** RFC 4346 §7.4.3, RFC 4492 §5.4; SSL 3.0 (RFC 6101 §5.6.3) does the same. */
const BEFORE_SCHEMES: Readonly<Record<string, SignatureAlgorithm>> = {
  // Both hashes one after the other, without the name of either: OpenSSL calls that one hash.
  RSA: { name: "md5-sha1-rsa", key: "RSA", hash: "md5-sha1" },
  EC: { name: "ecdsa-sha1", key: "EC", hash: "sha1" },
  DSA: { name: "dsa-sha1", key: "DSA", hash: "sha1" },
};

/** By SignatureScheme, which in TLS 1.2 is a HashAlgorithm and a SignatureAlgorithm (RFC 5246 §7.4.1.4.1). */
const SCHEMES: ReadonlyMap<number, SignatureAlgorithm> = new Map([
  ...["md5", "sha1", "sha224", "sha256", "sha384", "sha512"].flatMap(hashed),
  // RFC 8446 §4.2.3: the salt is as long as the hash, and two numbers tell the key's OID, as `fits` does.
  ...pss(4, "sha256", 32),
  ...pss(5, "sha384", 48),
  ...pss(6, "sha512", 64),
  plain(0x0807, "Ed25519"),
  plain(0x0808, "Ed448"),
  // Of TLS 1.3 only: RFC 8734 §3, draft-ietf-tls-mldsa.
  [0x081a, { name: "ecdsa-brainpool-sha256", key: "EC", hash: "sha256" }],
  [0x081b, { name: "ecdsa-brainpool-sha384", key: "EC", hash: "sha384" }],
  [0x081c, { name: "ecdsa-brainpool-sha512", key: "EC", hash: "sha512" }],
  plain(0x0904, "ML-DSA-44"),
  plain(0x0905, "ML-DSA-65"),
  plain(0x0906, "ML-DSA-87"),
]);

type Scheme = [number, SignatureAlgorithm];

function hashed(hash: string, at: number): Scheme[] {
  const number = (at + 1) << 8;
  const made: Scheme[] = [
    [number | 1, { name: `rsa-${hash}`, key: "RSA", hash }],
    [number | 2, { name: `dsa-${hash}`, key: "DSA", hash }],
    [number | 3, { name: `ecdsa-${hash}`, key: "EC", hash }],
  ];
  // OpenSSL has no DSA with MD5, and what it cannot check did not fail.
  return made.filter(([, { key }]) => hash !== "md5" || key !== "DSA");
}

function pss(number: number, hash: string, saltBytes: number): Scheme[] {
  const algorithm = { name: `rsassa-pss-${hash}`, key: "RSA", hash, saltBytes } as const;
  return [
    [0x0800 | number, algorithm],
    [0x0805 + number, algorithm],
  ];
}

function plain(number: number, name: string): Scheme {
  return [number, { name, key: "plain" }];
}

const VERIFIED: Possession = Object.freeze({ state: "verified" });
const FAILED: Possession = Object.freeze({ state: "failed" });
const UNKNOWN_SIGNATURE = unverified("unknown-signature");
const UNUSABLE_KEY = unverified("unusable-key");

function unverified(why: string): Possession {
  return Object.freeze({ state: "unverified", why });
}
