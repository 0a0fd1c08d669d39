/**
 * What the name of a cipher suite says of how TLS 1.2 seals its records: `TLS_.._WITH_AES_128_GCM_SHA256`.
 *
 * Three kinds are known: AEADs whose nonce stands half in the record (GCM, CCM: RFC 5288, RFC 6655),
 * ChaCha20-Poly1305 whose nonce is the record's number (RFC 7905), and AES in CBC with an HMAC (RFC 5246
 * §6.2.3.2, or the other way round, RFC 7366). Others are rare, and not opened.
 */

import type { Hash } from "./hkdf.ts";
import type { Aead } from "./suite.ts";

export type Tls12Suite = { readonly hash: Hash } & (
  | ({ readonly kind: "aead"; readonly ivBytes: 4 | 12 } & Aead)
  | { readonly kind: "cbc"; readonly keyBytes: 16 | 32; readonly mac: Mac }
);

export interface Mac {
  readonly hash: "sha1" | "sha256" | "sha384";
  readonly bytes: number;
}

/** Of an IANA name; absent for a suite that is not opened. */
export function tls12Suite(name: string): Tls12Suite | undefined {
  const { how, bits, mode, short, last } = SEALS.exec(name)?.groups ?? {};
  if (how === undefined) return undefined;
  // RFC 5246 §5: the suite's own hash, and SHA-256 where it names none or an older one.
  const hash: Hash = last === "SHA384" ? "sha384" : "sha256";
  if (how.startsWith("CHACHA20")) {
    const cipher = "chacha20-poly1305";
    return { kind: "aead", hash, cipher, keyBytes: 32, tagBytes: 16, ivBytes: 12 };
  }
  const keyBytes = bits === "256" ? 32 : 16;
  if (mode === "CBC") {
    const mac = MACS[last ?? ""];
    return mac && { kind: "cbc", hash, keyBytes, mac };
  }
  const cipher = `aes-${keyBytes === 32 ? 256 : 128}-${mode === "GCM" ? "gcm" : "ccm"}` as const;
  const tagBytes = short === undefined ? 16 : 8;
  return { kind: "aead", hash, cipher, keyBytes, tagBytes, ivBytes: 4 };
}

const SEALS =
  /_WITH_(?<how>CHACHA20_POLY1305|AES_(?<bits>128|256)_(?<mode>GCM|CCM|CBC)(?<short>_8)?)(?:_(?<last>SHA\d*))?$/;
const MACS: Record<string, Mac> = {
  SHA: { hash: "sha1", bytes: 20 },
  SHA256: { hash: "sha256", bytes: 32 },
  SHA384: { hash: "sha384", bytes: 48 },
};
