/**
 * How a probe ends: user_canceled and close_notify (RFC 8446 §6.1), in clear to TLS 1.2, and sealed with the
 * client's handshake keys behind a TLS 1.3 server's flight. No Finished comes before it, so the server
 * knows that there was no connection.
 */
import { createCipheriv } from "node:crypto";
import { nonceOf } from "../inspect/keys/aead.ts";
import { expandLabel } from "../inspect/keys/hkdf.ts";
import type { Suite } from "../inspect/keys/suite.ts";

/** In clear: one record each. */
export function farewell(): Uint8Array {
  return Buffer.concat(ALERTS.map((alert) => record(ALERT, alert)));
}

/** @param secret the client's handshake traffic secret, under which nothing was sent before */
export function sealedFarewell(suite: Suite, secret: Uint8Array): Uint8Array {
  const { hash, keyBytes, tagBytes } = suite;
  const key = expandLabel(hash, secret, "tls13 key", NOTHING, keyBytes);
  const iv = expandLabel(hash, secret, "tls13 iv", NOTHING, 12);
  const sealed = ALERTS.map((alert, sequence) => {
    const text = Buffer.from([...alert, ALERT]);
    const head = headOf(APPLICATION_DATA, text.length + tagBytes);
    // Typed for GCM; CCM and ChaCha20-Poly1305 take the same calls.
    const how = { authTagLength: tagBytes };
    const cipher = createCipheriv(suite.cipher as "aes-128-ccm", key, nonceOf(iv, sequence), how);
    cipher.setAAD(head, { plaintextLength: text.length });
    return Buffer.concat([head, cipher.update(text), cipher.final(), cipher.getAuthTag()]);
  });
  return Buffer.concat([record(CHANGE_CIPHER_SPEC, Uint8Array.of(1)), ...sealed]);
}

/** One record. Its version is what TLS 1.2 and 1.3 write once they have agreed. */
export function record(type: number, body: Uint8Array, version = 0x0303): Uint8Array {
  return Buffer.concat([headOf(type, body.length, version), body]);
}

function headOf(type: number, length: number, version = 0x0303): Buffer {
  return Buffer.from([type, version >> 8, version & 0xff, length >> 8, length & 0xff]);
}

const CHANGE_CIPHER_SPEC = 20;
const ALERT = 21;
const APPLICATION_DATA = 23;
const NOTHING = new Uint8Array(0);
/** Both of level warning: user_canceled, and close_notify, which must follow it. */
const ALERTS: readonly Uint8Array[] = [Uint8Array.of(1, 90), Uint8Array.of(1, 0)];
