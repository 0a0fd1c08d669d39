/**
 * The chains that were seen, each as one object by its exact bytes, so that whatever was found out
 * about one is found out once. A busy server sends the same chain thousands of times.
 *
 * The hash that finds a chain samples a few words of each certificate and is easy to collide. That is
 * all right: the bytes are compared whole before a stored chain is given out, and a collision is a
 * miss. It costs whoever made it a parse, and never gives a wrong answer.
 */
import { LRUCache } from "lru-cache";
import { type Certificate, parseCertificate } from "./certificate.ts";

/** The certificates of one Certificate message. Stable while cached: key a WeakMap by it. */
export interface Chain {
  /** As sent, so the leaf should be first; equal certificates are one object. */
  readonly certificates: readonly Certificate[];
}

export interface ChainStoreLimits {
  readonly chainsMax?: number;
  readonly certificatesMax?: number;
}

export class ChainStore {
  readonly #chains: LRUCache<number, Chain>;
  readonly #certificates: LRUCache<number, Certificate>;

  constructor(limits: ChainStoreLimits = {}) {
    this.#chains = new LRUCache<number, Chain>({
      max: limits.chainsMax ?? CHAINS_MAX,
      maxSize: BYTES_MAX,
      sizeCalculation: chainBytes,
    });
    this.#certificates = new LRUCache<number, Certificate>({
      max: limits.certificatesMax ?? CERTIFICATES_MAX,
      maxSize: BYTES_MAX,
      sizeCalculation: ({ der }) => der.length + 1,
    });
  }

  /** The chain of exactly these bytes. They are only lent: what is kept is copied. */
  get(chain: readonly Uint8Array[]): Chain {
    const key = chainHash(chain);
    const known = this.#chains.get(key);
    if (known !== undefined && isChain(known, chain)) return known;
    const made = { certificates: chain.map((der) => this.certificate(der)) };
    this.#chains.set(key, made);
    return made;
  }

  /** The same for one certificate. */
  certificate(der: Uint8Array): Certificate {
    const key = certificateHash(der, 0);
    const known = this.#certificates.get(key);
    if (known !== undefined && Buffer.compare(known.der, der) === 0) return known;
    const made = parseCertificate(Uint8Array.from(der));
    this.#certificates.set(key, made);
    return made;
  }
}

function isChain({ certificates }: Chain, chain: readonly Uint8Array[]): boolean {
  if (certificates.length !== chain.length) return false;
  for (let i = 0; i < chain.length; i++) {
    if (Buffer.compare(certificates[i]!.der, chain[i]!) !== 0) return false;
  }
  return true;
}

function chainHash(chain: readonly Uint8Array[]): number {
  let hash = chain.length;
  for (let i = 0; i < chain.length; i++) hash = certificateHash(chain[i]!, hash);
  return hash;
}

/** FNV-1a over the length, the end of the signature, and some bytes of what is before it. */
function certificateHash(der: Uint8Array, seed: number): number {
  const { length } = der;
  let hash = Math.imul(seed ^ length, FNV_PRIME);
  for (let i = Math.max(0, length - TAIL_BYTES); i < length; i++) {
    hash = Math.imul(hash ^ der[i]!, FNV_PRIME);
  }
  const step = Math.max(1, (length / SAMPLES) | 0);
  for (let i = 0; i < length; i += step) hash = Math.imul(hash ^ der[i]!, FNV_PRIME);
  return hash;
}

function chainBytes({ certificates }: Chain): number {
  return certificates.reduce((sum, { der }) => sum + der.length, 1);
}

const FNV_PRIME = 0x01000193;
/** The last bytes of a signature are as good as random, so these alone tell real chains apart. */
const TAIL_BYTES = 8;
const SAMPLES = 16;
const CHAINS_MAX = 4096;
const CERTIFICATES_MAX = 8192;
/** DER of all chains together; what is read from them takes about three times as much. */
const BYTES_MAX = 16 * 2 ** 20;
