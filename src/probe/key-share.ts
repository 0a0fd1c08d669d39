/**
 * Key shares of our own (RFC 8446 §4.2.8), in the groups that `node:crypto` can do.
 *
 *     X25519MLKEM768   client: ML-KEM key 1184 | X25519 32       server: ciphertext 1088 | X25519 32
 *     SecP256r1MLKEM768        P-256 65 | ML-KEM key 1184                P-256 65 | ciphertext 1088
 *
 * The secret of a hybrid is both secrets in the order of its name's first part in its share
 * (draft-ietf-tls-ecdhe-mlkem). Finite fields are not done: a server that wants one answers without us.
 */
import {
  createECDH,
  createPublicKey,
  decapsulate,
  diffieHellman,
  generateKeyPairSync,
  type KeyObject,
} from "node:crypto";

export interface KeyShare {
  readonly group: number;
  /** What goes into key_share. */
  readonly offered: Uint8Array;
  /** The shared secret; absent where the server's share cannot be right. Never throws. */
  agree(share: Uint8Array): Uint8Array | undefined;
}

/** A fresh share; absent for a group that is not done here. */
export function keyShare(group: number): KeyShare | undefined {
  const curve = CURVES.get(group);
  if (curve !== undefined) return ofCurve(group, curve);
  const montgomery = MONTGOMERY.get(group);
  if (montgomery !== undefined) return ofMontgomery(group, montgomery);
  return group === X25519_MLKEM768 || group === SECP256R1_MLKEM768 ? hybrid(group) : undefined;
}

function ofCurve(group: number, curve: string): KeyShare {
  const own = createECDH(curve);
  const offered = own.generateKeys();
  return { group, offered, agree: (share) => quietly(() => own.computeSecret(share)) };
}

function ofMontgomery(group: number, { name, bytes, spki }: Montgomery): KeyShare {
  const { publicKey, privateKey } = pairOf(name);
  const head = Buffer.from(spki, "hex");
  const agree = (share: Uint8Array): Uint8Array | undefined => {
    if (share.length !== bytes) return undefined;
    return quietly(() => {
      const key = Buffer.concat([head, share]);
      const other = createPublicKey({ key, format: "der", type: "spki" });
      return diffieHellman({ privateKey, publicKey: other });
    });
  };
  return { group, offered: rawOf(publicKey, bytes), agree };
}

function hybrid(group: number): KeyShare | undefined {
  const lattice = quietly(() => generateKeyPairSync("ml-kem-768"));
  if (lattice === undefined) return undefined;
  const first = group === SECP256R1_MLKEM768;
  const classic = first ? ofCurve(23, "prime256v1") : ofMontgomery(29, MONTGOMERY.get(29)!);
  const key = rawOf(lattice.publicKey, ENCAPSULATION_BYTES);
  const classicBytes = classic.offered.length;
  const join = (one: Uint8Array, other: Uint8Array) =>
    Buffer.concat(first ? [one, other] : [other, one]);
  const agree = (share: Uint8Array): Uint8Array | undefined => {
    if (share.length !== classicBytes + CIPHERTEXT_BYTES) return undefined;
    const at = first ? classicBytes : CIPHERTEXT_BYTES;
    const [head, tail] = [share.subarray(0, at), share.subarray(at)];
    const secret = classic.agree(first ? head : tail);
    const other = quietly(() => decapsulate(lattice.privateKey, first ? tail : head));
    return secret && other && join(secret, other);
  };
  return { group, offered: join(classic.offered, key), agree };
}

/** The last bytes of a SubjectPublicKeyInfo are the key itself. */
function rawOf(key: KeyObject, bytes: number): Uint8Array {
  return key.export({ format: "der", type: "spki" }).subarray(-bytes);
}

function pairOf(name: "x25519" | "x448") {
  return name === "x25519" ? generateKeyPairSync("x25519") : generateKeyPairSync("x448");
}

/** OpenSSL throws at points that are none. */
function quietly<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch {
    return undefined;
  }
}

interface Montgomery {
  readonly name: "x25519" | "x448";
  readonly bytes: number;
  readonly spki: string;
}

const SECP256R1_MLKEM768 = 0x11eb;
const X25519_MLKEM768 = 0x11ec;
/** FIPS 203, table 3. */
const ENCAPSULATION_BYTES = 1184;
const CIPHERTEXT_BYTES = 1088;
/** TLS Supported Groups registry, and OpenSSL's names. */
const CURVES = new Map([
  [23, "prime256v1"],
  [24, "secp384r1"],
  [25, "secp521r1"],
]);
/** With what stands before the key in its SubjectPublicKeyInfo (RFC 8410 §4). */
const MONTGOMERY = new Map<number, Montgomery>([
  [29, { name: "x25519", bytes: 32, spki: "302a300506032b656e032100" }],
  [30, { name: "x448", bytes: 56, spki: "3042300506032b656f033900" }],
]);
