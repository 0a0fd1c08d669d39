/** Opening what an AEAD sealed (RFC 5116). */
import { createDecipheriv } from "node:crypto";
import type { Aead } from "./suite.ts";

/** The text, or nothing when the bytes are not what this key sealed. Never throws. */
export function openAead(
  { cipher, tagBytes }: Aead,
  key: Uint8Array,
  nonce: Uint8Array,
  additional: Uint8Array,
  sealed: Uint8Array,
): Buffer | undefined {
  const textBytes = sealed.length - tagBytes;
  if (textBytes < 0) return undefined;
  try {
    // Typed for GCM; CCM and ChaCha20-Poly1305 take the same calls.
    const options = { authTagLength: tagBytes };
    const decipher = createDecipheriv(cipher as "aes-128-ccm", key, nonce, options);
    decipher.setAuthTag(sealed.subarray(textBytes));
    // CCM must know the length before the first byte.
    decipher.setAAD(additional, { plaintextLength: textBytes });
    const text = decipher.update(sealed.subarray(0, textBytes));
    decipher.final();
    return text;
  } catch {
    return undefined; // OpenSSL's word is that the tag does not fit
  }
}

/** The initialization vector with a record's number in it (RFC 8446 §5.3). */
export function nonceOf(iv: Uint8Array, sequence: number): Buffer {
  const nonce = Buffer.from(iv);
  const at = nonce.length - 8;
  nonce.writeUInt32BE((nonce.readUInt32BE(at) ^ Math.floor(sequence / 2 ** 32)) >>> 0, at);
  nonce.writeUInt32BE((nonce.readUInt32BE(at + 4) ^ (sequence >>> 0)) >>> 0, at + 4);
  return nonce;
}
