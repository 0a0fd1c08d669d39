/**
 * Certificates for tests, byte by byte: every field can be wrong on purpose, which no library that
 * makes certificates allows.
 */
import { generateKeyPairSync, type KeyObject, sign } from "node:crypto";

export interface KeyPair {
  readonly publicKey: KeyObject;
  readonly privateKey: KeyObject;
}

/** What to write; every field has a value that is right. */
export interface Mint {
  readonly subject?: Uint8Array;
  readonly issuer?: Uint8Array;
  readonly key: KeyPair;
  /** Who signs. Absent: the key itself. */
  readonly signer?: KeyPair;
  readonly serial?: Uint8Array;
  readonly from?: string;
  readonly to?: string;
  /** As encoded: 2 is version 3; absent writes none. */
  readonly version?: number | undefined;
  readonly extensions?: readonly Uint8Array[] | undefined;
  readonly hash?: string;
  /** AlgorithmIdentifiers, when they are to be other than what was used. */
  readonly innerAlgorithm?: Uint8Array;
  readonly outerAlgorithm?: Uint8Array;
  readonly spki?: Uint8Array;
  readonly validity?: Uint8Array;
  /** Last chance: what is signed, and the signature. */
  readonly tbs?: (tbs: Uint8Array) => Uint8Array;
  readonly signature?: (signature: Uint8Array) => Uint8Array;
}

export function mint(spec: Mint): Uint8Array {
  const signer = spec.signer ?? spec.key;
  const [algorithm, hash] = algorithmOf(signer, spec.hash ?? "sha256");
  const inner = spec.innerAlgorithm ?? algorithm;
  const subject = spec.subject ?? name("leaf.example");
  const plain = seq(
    ...("version" in spec && spec.version === undefined
      ? []
      : [tlv(0xa0, tlv(2, Uint8Array.of(spec.version ?? 2)))]),
    tlv(2, spec.serial ?? Uint8Array.of(0x12, 0x34, ++serials & 0x7f, 1)),
    inner,
    spec.issuer ?? subject,
    spec.validity ?? seq(time(spec.from ?? "260101000000Z"), time(spec.to ?? "270101000000Z")),
    subject,
    spec.spki ?? spec.key.publicKey.export({ type: "spki", format: "der" }),
    ...(spec.extensions === undefined ? [] : [tlv(0xa3, seq(...spec.extensions))]),
  );
  const tbs = spec.tbs?.(plain) ?? plain;
  const made = sign(hash, tbs, signer.privateKey);
  const signature = spec.signature?.(made) ?? made;
  return seq(tbs, spec.outerAlgorithm ?? algorithm, tlv(3, Uint8Array.of(0), signature));
}

export function ecKey(namedCurve = "prime256v1"): KeyPair {
  return generateKeyPairSync("ec", { namedCurve });
}

export function rsaKey(modulusLength: number): KeyPair {
  return generateKeyPairSync("rsa", { modulusLength });
}

export function tlv(tag: number, ...content: readonly Uint8Array[]): Uint8Array {
  const body = Buffer.concat(content);
  const { length } = body;
  const head =
    length < 0x80
      ? [length]
      : length < 0x100
        ? [0x81, length]
        : length < 0x10000
          ? [0x82, length >> 8, length & 0xff]
          : [0x83, length >> 16, (length >> 8) & 0xff, length & 0xff];
  return Uint8Array.from([tag, ...head, ...body]);
}

export const seq = (...content: readonly Uint8Array[]): Uint8Array => tlv(0x30, ...content);
export const text = (value: string, tag = 0x0c): Uint8Array => tlv(tag, Buffer.from(value));
export const octets = (...content: readonly Uint8Array[]): Uint8Array => tlv(4, ...content);

export function oid(dotted: string): Uint8Array {
  const [first, second, ...rest] = dotted.split(".").map(Number) as [number, number, ...number[]];
  const bytes = [first * 40 + second, ...rest].flatMap((arc) => {
    const groups = [arc & 0x7f];
    for (let high = Math.floor(arc / 128); high > 0; high = Math.floor(high / 128)) {
      groups.unshift((high & 0x7f) | 0x80);
    }
    return groups;
  });
  return tlv(6, Uint8Array.from(bytes));
}

export function time(value: string): Uint8Array {
  return text(value, value.length === 13 ? 0x17 : 0x18);
}

/** A Name of common names and organisations, the root of the tree first: `O=Corp`, or only a CN. */
export function name(...parts: readonly string[]): Uint8Array {
  return seq(
    ...parts.map((part) => {
      const [, type = "CN", value = part] = /^(CN|O|C|OU)=(.*)$/.exec(part) ?? [];
      return tlv(0x31, seq(oid(TYPES[type]!), text(value, type === "C" ? 0x13 : 0x0c)));
    }),
  );
}

/** An Extension; `value` is what its OCTET STRING holds. */
export function extension(id: string, value: Uint8Array, critical = false): Uint8Array {
  const flag = critical ? [tlv(1, Uint8Array.of(0xff))] : [];
  return seq(oid(id), ...flag, octets(value));
}

export function basicConstraints(ca: boolean, pathLength?: number, critical = true): Uint8Array {
  const fields = ca ? [tlv(1, Uint8Array.of(0xff))] : [];
  if (pathLength !== undefined) fields.push(tlv(2, Uint8Array.of(pathLength)));
  return extension("2.5.29.19", seq(...fields), critical);
}

/** Bit numbers of RFC 5280 §4.2.1.3, all below 8. */
export function keyUsage(...bits: readonly number[]): Uint8Array {
  const byte = bits.reduce((sum, bit) => sum | (0x80 >> bit), 0);
  const content = bits.length === 0 ? [0] : [7 - Math.max(...bits), byte];
  return extension("2.5.29.15", tlv(3, Uint8Array.from(content)), true);
}

export function extendedKeyUsage(...purposes: readonly string[]): Uint8Array {
  return extension("2.5.29.37", seq(...purposes.map(oid)));
}

export const dns = (value: string): Uint8Array => text(value, 0x82);
export const ip = (...bytes: readonly number[]): Uint8Array => tlv(0x87, Uint8Array.from(bytes));
export const uri = (value: string): Uint8Array => text(value, 0x86);
export const email = (value: string): Uint8Array => text(value, 0x81);

export function altNames(...names: readonly Uint8Array[]): Uint8Array {
  return extension("2.5.29.17", seq(...names));
}

export function nameConstraints(
  permitted: readonly Uint8Array[],
  excluded: readonly Uint8Array[] = [],
): Uint8Array {
  const lists = [permitted, excluded].map((list, i) =>
    list.length === 0 ? [] : [tlv(0xa0 | i, ...list.map((base) => seq(base)))],
  );
  return extension("2.5.29.30", seq(...lists.flat()), true);
}

export function subjectKeyIdentifier(id: Uint8Array): Uint8Array {
  return extension("2.5.29.14", octets(id));
}

export function authorityKeyIdentifier(id: Uint8Array): Uint8Array {
  return extension("2.5.29.35", seq(tlv(0x80, id)));
}

/** An identifier that only differs with the key. */
export function keyId({ publicKey }: KeyPair): Uint8Array {
  return publicKey.export({ type: "spki", format: "der" }).subarray(-20);
}

export const SERVER = "1.3.6.1.5.5.7.3.1";
export const CLIENT = "1.3.6.1.5.5.7.3.2";
export const ANY = "2.5.29.37.0";

function algorithmOf({ privateKey }: KeyPair, hash: string): [Uint8Array, string | null] {
  const type = privateKey.asymmetricKeyType;
  if (type === "ed25519") return [seq(oid("1.3.101.112")), null];
  if (type === "ed448") return [seq(oid("1.3.101.113")), null];
  const id = ALGORITHMS[`${type} ${hash}`]!;
  return [type === "rsa" ? seq(oid(id), tlv(5)) : seq(oid(id)), hash];
}

let serials = 0;

const TYPES: Readonly<Record<string, string>> = {
  CN: "2.5.4.3",
  C: "2.5.4.6",
  O: "2.5.4.10",
  OU: "2.5.4.11",
};
const ALGORITHMS: Readonly<Record<string, string>> = {
  "rsa md5": "1.2.840.113549.1.1.4",
  "rsa sha1": "1.2.840.113549.1.1.5",
  "rsa sha256": "1.2.840.113549.1.1.11",
  "rsa sha384": "1.2.840.113549.1.1.12",
  "ec sha1": "1.2.840.10045.4.1",
  "ec sha256": "1.2.840.10045.4.3.2",
  "ec sha384": "1.2.840.10045.4.3.3",
};
