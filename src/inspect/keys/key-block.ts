/**
 * The keys that TLS 1.2 makes of its master secret (RFC 5246 §5, §6.3):
 *
 *     key block   client MAC | server MAC | client key | server key | client IV | server IV
 */
import { type Hash, hmac } from "./hkdf.ts";
import type { Tls12Suite } from "./tls12-suite.ts";

/** Of one side. */
export interface Tls12Keys {
  /** Empty for an AEAD. */
  readonly mac: Uint8Array;
  readonly key: Uint8Array;
  /** The part of each nonce that stays the same; empty for CBC. */
  readonly iv: Uint8Array;
}

export interface KeyBlockOptions {
  readonly suite: Tls12Suite;
  /** 48 bytes. */
  readonly master: Uint8Array;
  readonly clientRandom: Uint8Array;
  readonly serverRandom: Uint8Array;
}

export function keyBlock(options: KeyBlockOptions): Record<"client" | "server", Tls12Keys> {
  const { suite, master, clientRandom, serverRandom } = options;
  const macBytes = suite.kind === "cbc" ? suite.mac.bytes : 0;
  const ivBytes = suite.kind === "cbc" ? 0 : suite.ivBytes;
  const seed = Buffer.concat([serverRandom, clientRandom]);
  const bytes = 2 * (macBytes + suite.keyBytes + ivBytes);
  const block = prf(suite.hash, master, "key expansion", seed, bytes);
  let at = 0;
  const both = (length: number) => {
    const client = block.subarray(at, at + length);
    const server = block.subarray(at + length, at + 2 * length);
    at += 2 * length;
    return { client, server };
  };
  const [mac, key, iv] = [both(macBytes), both(suite.keyBytes), both(ivBytes)];
  return {
    client: { mac: mac.client, key: key.client, iv: iv.client },
    server: { mac: mac.server, key: key.server, iv: iv.server },
  };
}

/** PRF of TLS 1.2, `bytes` long. */
export function prf(
  hash: Hash,
  secret: Uint8Array,
  label: string,
  seed: Uint8Array,
  bytes: number,
): Buffer {
  const labelled = Buffer.concat([Buffer.from(label, "latin1"), seed]);
  const blocks: Buffer[] = [];
  let a: Uint8Array = labelled;
  for (let made = 0; made < bytes; ) {
    a = hmac(hash, secret, a);
    const block = hmac(hash, secret, Buffer.concat([a, labelled]));
    blocks.push(block);
    made += block.length;
  }
  return Buffer.concat(blocks).subarray(0, bytes);
}
