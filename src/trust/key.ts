/**
 * SubjectPublicKeyInfo (RFC 5280 §4.1.2.7): what kind of key it is, and the key itself for
 * `node:crypto`, which sees it only after its size was checked here: a hostile key may cost seconds.
 */
import { createPublicKey, type KeyObject } from "node:crypto";
import { type DerReader, TAG } from "./der.ts";
import { CURVE, KEY, PLAIN_KEY } from "./oid.ts";

export interface KeyKind {
  /** `RSA`, `RSASSA-PSS`, `EC`, `DSA`, `Ed25519`, `ML-DSA-65` and so on; the OID of any other. */
  readonly type: string;
  /** Of the modulus, or of the curve's field. */
  readonly bits?: number;
  /** The IANA name of the TLS group, or the OID. */
  readonly curve?: string;
  /** Why the key must not be used for anything; absent when it may. */
  readonly refused?: string;
}

/** Reads the SEQUENCE that a SubjectPublicKeyInfo is. */
export function readKeyKind(spki: DerReader): KeyKind {
  const what = "subjectPublicKeyInfo";
  const algorithm = spki.read(TAG.SEQUENCE, what);
  const oid = algorithm.oid(what);
  const parameters = algorithm.more ? algorithm.any(what) : undefined;
  const key = spki.octetsOfBits(what);
  spki.finish(what);
  if (spki.broken || algorithm.broken || key.broken) return { type: oid, refused: "unreadable" };

  if (oid === KEY.rsa || oid === KEY.rsaPss) return readRsa(oid, key);
  if (oid === KEY.ec) return readCurve(parameters, key);
  if (oid === KEY.dsa) return readDsa(parameters);
  return { type: PLAIN_KEY[oid] ?? oid };
}

/** The key for `node:crypto`; `undefined` when it is refused or OpenSSL cannot use it. */
export function openKey(kind: KeyKind, spki: Uint8Array): KeyObject | undefined {
  if (kind.refused !== undefined) return undefined;
  try {
    return createPublicKey({ key: Buffer.from(spki), format: "der", type: "spki" });
  } catch {
    return undefined; // OpenSSL's word is that this is no key
  }
}

function readRsa(oid: string, key: DerReader): KeyKind {
  const type = oid === KEY.rsa ? "RSA" : "RSASSA-PSS";
  const sequence = key.read(TAG.SEQUENCE, "RSAPublicKey");
  const modulus = sequence.integer("RSAPublicKey");
  const exponent = sequence.integer("RSAPublicKey");
  sequence.finish("RSAPublicKey");
  const bits = bitLength(modulus);
  const exponentBits = bitLength(exponent);
  if (bits === 0 || exponentBits === 0)
    return { type, refused: "modulus or exponent is not positive" };
  const even = (modulus.bytes[modulus.to - 1]! & exponent.bytes[exponent.to - 1]! & 1) === 0;
  if (even || exponentBits === 1) return { type, bits, refused: "even modulus or exponent, or 1" };
  if (bits > RSA_BITS_MAX) return { type, bits, refused: `more than ${RSA_BITS_MAX} bits` };
  if (exponentBits > RSA_EXPONENT_BITS_MAX) {
    return { type, bits, refused: `exponent of ${exponentBits} bits` };
  }
  return { type, bits };
}

function readCurve(parameters: DerReader | undefined, key: DerReader): KeyKind {
  if (parameters?.tag !== TAG.OID) return { type: "EC", refused: "curve is not given by name" };
  const oid = parameters.oidContent("curve");
  const curve = CURVE[oid];
  if (curve === undefined) return { type: "EC", curve: oid, refused: "unknown curve" };
  const octets = Math.ceil(curve.bits / 8);
  const form = key.bytes[key.from];
  const whole = form === 4 && key.to - key.from === 1 + 2 * octets;
  const compressed = (form === 2 || form === 3) && key.to - key.from === 1 + octets;
  const kind = { type: "EC", bits: curve.bits, curve: curve.name };
  return whole || compressed ? kind : { ...kind, refused: "not a point of its curve" };
}

function readDsa(parameters: DerReader | undefined): KeyKind {
  const bits = parameters?.tag === TAG.SEQUENCE ? bitLength(parameters.integer("DSA p")) : 0;
  if (bits === 0) return { type: "DSA", refused: "no parameters" };
  if (bits > DSA_BITS_MAX) return { type: "DSA", bits, refused: `more than ${DSA_BITS_MAX} bits` };
  return { type: "DSA", bits };
}

/** 0 for what is not positive. */
function bitLength(integer: DerReader): number {
  const { bytes, to } = integer;
  let at = integer.from;
  if (integer.broken || bytes[at]! >= 0x80) return 0;
  while (at < to && bytes[at] === 0) at++;
  return at === to ? 0 : (to - at) * 8 - Math.clz32(bytes[at]!) + 24;
}

/** THREATS.md: keys beyond this cost a verifier more than they can be worth. */
const RSA_BITS_MAX = 8192;
const RSA_EXPONENT_BITS_MAX = 33;
const DSA_BITS_MAX = 3072;
