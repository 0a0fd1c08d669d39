/**
 * Signatures on certificates: which algorithm (RFC 5280 §4.1.1.2), and whether a key made it. The
 * arithmetic is `node:crypto`'s; which keys and hashes it may be given is decided here.
 */
import { constants, type KeyObject, verify } from "node:crypto";
import { type DerReader, TAG } from "./der.ts";
import type { KeyKind } from "./key.ts";
import { HASH, SIGNATURE } from "./oid.ts";

export interface SignatureAlgorithm {
  /** `sha256WithRSAEncryption`, `ecdsa-with-SHA384`, `rsassa-pss-sha256`, else the OID. */
  readonly name: string;
  readonly key?: "RSA" | "EC" | "DSA" | "plain";
  readonly hash?: string;
  /** Only of RSASSA-PSS: octets of salt. */
  readonly saltBytes?: number;
}

/** Reads an AlgorithmIdentifier's SEQUENCE. Without `key` nothing can be verified with it. */
export function readSignatureAlgorithm(sequence: DerReader): SignatureAlgorithm {
  const what = "signatureAlgorithm";
  const oid = sequence.oid(what);
  if (oid === RSASSA_PSS) return readPss(sequence);
  const scheme = SIGNATURE[oid];
  if (scheme === undefined) return { name: oid };
  // RFC 4055 §5: RSA has NULL; RFC 5758 §3.2, RFC 8410 §3: the others have nothing.
  const parameters = sequence.more ? sequence.any(what) : undefined;
  const isNull = parameters?.tag === TAG.NULL && parameters.from === parameters.to;
  if (scheme.key === "RSA" ? parameters !== undefined && !isNull : parameters !== undefined) {
    const detail = `${what}: parameters do not belong to ${scheme.name}`;
    sequence.faults.add("malformed-der", sequence.start, detail);
  }
  sequence.finish(what);
  return scheme;
}

/** Whether `key` made `signature` over `signed`. Never throws. */
export function verifies(
  { key: family, hash, saltBytes }: SignatureAlgorithm,
  key: KeyObject,
  signed: Uint8Array,
  signature: Uint8Array,
): boolean {
  if (family === undefined) return false;
  try {
    if (saltBytes === undefined) return verify(hash, signed, key, signature);
    const padding = constants.RSA_PKCS1_PSS_PADDING;
    return verify(hash, signed, { key, padding, saltLength: saltBytes }, signature);
  } catch {
    return false; // an algorithm or a signature that OpenSSL will not look at
  }
}

/** Whether keys of this kind make signatures of this algorithm at all. */
export function fits(algorithm: SignatureAlgorithm, kind: KeyKind): boolean {
  if (algorithm.key === "plain") return algorithm.name === kind.type;
  if (algorithm.key === "RSA") {
    return kind.type === "RSA" || (kind.type === "RSASSA-PSS" && algorithm.saltBytes !== undefined);
  }
  return algorithm.key === kind.type;
}

/** What one verification costs, in units of an RSA-2048 or smaller one (measured with OpenSSL 3.5). */
export function signatureCost({ type, bits = 0 }: KeyKind): number {
  if (type === "RSA" || type === "RSASSA-PSS") return Math.max(1, (bits / 2048) ** 2);
  if (type === "EC") return bits <= 256 ? 3 : 12;
  if (type === "DSA") return Math.max(2, (bits / 1024) ** 2);
  return 4;
}

/** RFC 4055 §3.1: [0] hash, [1] mask generation, [2] salt length, [3] trailer; SHA-1 by default. */
function readPss(sequence: DerReader): SignatureAlgorithm {
  const what = "RSASSA-PSS";
  const fields = sequence.read(TAG.SEQUENCE, what);
  const hash = readHash(fields.optional(0xa0, what)?.read(TAG.SEQUENCE, what));
  const mask = fields.optional(0xa1, what)?.read(TAG.SEQUENCE, what);
  const isMgf1 = mask === undefined || mask.oid(what) === MGF1;
  const maskHash = readHash(mask?.read(TAG.SEQUENCE, what));
  const saltBytes = fields.optional(0xa2, what)?.small(what) ?? 20;
  const trailer = fields.optional(0xa3, what)?.small(what) ?? 1;
  fields.finish(what);
  sequence.finish(what);
  const name = `rsassa-pss-${hash ?? "unknown"}`;
  // OpenSSL through node:crypto uses one hash for both, like everyone who signs certificates.
  if (hash === undefined || !isMgf1 || maskHash !== hash || trailer !== 1) return { name };
  return { name, key: "RSA", hash, saltBytes };
}

function readHash(algorithm: DerReader | undefined): string | undefined {
  return algorithm === undefined ? "sha1" : HASH[algorithm.oid("hash")];
}

const RSASSA_PSS = "1.2.840.113549.1.1.10";
const MGF1 = "1.2.840.113549.1.1.8";
