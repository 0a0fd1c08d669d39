/**
 * Key pairs that are made once for all generations: making them anew for every mutant would take
 * longer than the tests do.
 */
import crypto from "node:crypto";
import { syncBuiltinESMExports } from "node:module";

/** From here on `generateKeyPairSync` gives the same keys, in turn, after each `rewindKeys`. */
export function poolKeys(): void {
  const make = crypto.generateKeyPairSync as unknown as Make;
  const pooled: Make = (type, options) => {
    const kind = JSON.stringify([type, options]);
    const pool = pools.get(kind) ?? { pairs: [], next: 0 };
    pools.set(kind, pool);
    pool.pairs[pool.next] ??= make(type, options);
    return pool.pairs[pool.next++]!;
  };
  Object.assign(crypto, { generateKeyPairSync: pooled });
  syncBuiltinESMExports();
}

/** Before each generation, in which no key may come twice. */
export function rewindKeys(): void {
  for (const pool of pools.values()) pool.next = 0;
}

type Make = (type: string, options?: object) => crypto.KeyPairKeyObjectResult;

const pools = new Map<string, { readonly pairs: crypto.KeyPairKeyObjectResult[]; next: number }>();
