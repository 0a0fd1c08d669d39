/**
 * HKDF as TLS 1.3 uses it (RFC 5869, RFC 8446 §7.1). `node:crypto` has both of its halves as one
 * function only, and TLS needs each alone.
 */
import { createHmac } from "node:crypto";

export type Hash = "sha256" | "sha384";

/** HKDF-Extract. */
export function extract(hash: Hash, salt: Uint8Array, material: Uint8Array): Buffer {
  return createHmac(hash, salt).update(material).digest();
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
  const blocks: Buffer[] = [];
  let block = Buffer.alloc(0);
  for (let made = 0; made < bytes; made += block.length) {
    block = createHmac(hash, secret)
      .update(block)
      .update(info)
      .update(Buffer.from([blocks.length + 1]))
      .digest();
    blocks.push(block);
  }
  return Buffer.concat(blocks).subarray(0, bytes);
}
