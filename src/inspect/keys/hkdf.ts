/**
 * HKDF as TLS 1.3 uses it (RFC 5869, RFC 8446 §7.1). `node:crypto` has both of its halves as one
 * function only, and TLS needs each alone.
 */
import { hash as digest } from "node:crypto";

export type Hash = "sha256" | "sha384";

/** HKDF-Extract. */
export function extract(hash: Hash, salt: Uint8Array, material: Uint8Array): Buffer {
  return hmac(hash, salt, material);
}

/**
 * HMAC (RFC 2104), of two hashes: an object of `node:crypto` for it takes four times as long, most of
 * which is making the object, and a handshake of QUIC makes a dozen before anything is known of it.
 */
export function hmac(hash: Hash, key: Uint8Array, message: Uint8Array): Buffer {
  const block = hash === "sha256" ? 64 : 128;
  const short = key.length > block ? digest(hash, key, "buffer") : key;
  const inner = new Uint8Array(block + message.length).fill(0x36, 0, block);
  const outer = new Uint8Array(block + (hash === "sha256" ? 32 : 48)).fill(0x5c, 0, block);
  for (let at = 0; at < short.length; at++) {
    inner[at]! ^= short[at]!;
    outer[at]! ^= short[at]!;
  }
  inner.set(message, block);
  outer.set(digest(hash, inner, "buffer"), block);
  return digest(hash, outer, "buffer");
}

/**
 * HKDF-Expand-Label, `bytes` long.
 *
 * @param label with the prefix of its protocol: `tls13 key`, `dtls13 sn`
 */
export function expandLabel(
  hash: Hash,
  secret: Uint8Array,
  label: string,
  context: Uint8Array,
  bytes: number,
): Buffer {
  const head = Buffer.from([bytes >> 8, bytes & 0xff, label.length]);
  const info = Buffer.concat([
    head,
    Buffer.from(label, "latin1"),
    Buffer.from([context.length]),
    context,
  ]);
  const blocks: Uint8Array[] = [];
  let block: Uint8Array = Buffer.alloc(0);
  for (let made = 0; made < bytes; made += block.length) {
    const count = Buffer.from([blocks.length + 1]);
    block = hmac(hash, secret, Buffer.concat([block, info, count]));
    blocks.push(block);
  }
  return Buffer.concat(blocks).subarray(0, bytes);
}
