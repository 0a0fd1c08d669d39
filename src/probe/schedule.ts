/** The handshake traffic secrets of TLS 1.3 from a shared secret (RFC 8446 §7.1), without a PSK. */
import { hash as digest } from "node:crypto";
import { expandLabel, extract, type Hash } from "../inspect/keys/hkdf.ts";

export interface HandshakeSecrets {
  readonly client: Uint8Array;
  readonly server: Uint8Array;
}

/** @param transcript the hash over all messages from the ClientHello to the ServerHello */
export function handshakeSecrets(
  hash: Hash,
  shared: Uint8Array,
  transcript: Uint8Array,
): HandshakeSecrets {
  const bytes = hash === "sha256" ? 32 : 48;
  const zeros = new Uint8Array(bytes);
  const early = extract(hash, zeros, zeros);
  const empty = digest(hash, new Uint8Array(0), "buffer");
  const derived = expandLabel(hash, early, "tls13 derived", empty, bytes);
  const secret = extract(hash, derived, shared);
  return {
    client: expandLabel(hash, secret, "tls13 c hs traffic", transcript, bytes),
    server: expandLabel(hash, secret, "tls13 s hs traffic", transcript, bytes),
  };
}
