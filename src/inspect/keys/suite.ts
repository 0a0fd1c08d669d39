/** The cipher suites of TLS 1.3 (RFC 8446 §B.4), which QUIC and DTLS 1.3 share. */
import type { Hash } from "./hkdf.ts";

export interface Suite extends Aead {
  readonly hash: Hash;
}

/** An AEAD as `node:crypto` knows it. All have nonces of 12 bytes. */
export interface Aead {
  readonly cipher:
    | "aes-128-gcm"
    | "aes-256-gcm"
    | "chacha20-poly1305"
    | "aes-128-ccm"
    | "aes-256-ccm";
  readonly keyBytes: 16 | 32;
  readonly tagBytes: 16 | 8;
}

/** Absent for what is no suite of TLS 1.3. */
export function tls13Suite(cipher: number): Suite | undefined {
  return SUITES.get(cipher);
}

const SUITES = new Map<number, Suite>([
  [0x1301, { hash: "sha256", cipher: "aes-128-gcm", keyBytes: 16, tagBytes: 16 }],
  [0x1302, { hash: "sha384", cipher: "aes-256-gcm", keyBytes: 32, tagBytes: 16 }],
  [0x1303, { hash: "sha256", cipher: "chacha20-poly1305", keyBytes: 32, tagBytes: 16 }],
  [0x1304, { hash: "sha256", cipher: "aes-128-ccm", keyBytes: 16, tagBytes: 16 }],
  [0x1305, { hash: "sha256", cipher: "aes-128-ccm", keyBytes: 16, tagBytes: 8 }],
]);
