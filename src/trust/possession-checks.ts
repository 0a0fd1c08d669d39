/**
 * Which handshakes' proofs are looked at. A signature costs more than all the rest of a known handshake,
 * so of each (leaf key, server address, port) the first is checked and then one in 64; as long as the
 * last one checked was not good, every one is.
 *
 * Which ones of the 64 is drawn from all proofs that were handed in before. So the same packets, in one
 * file or in slices, always give the same answers, and a peer that knows only its own connections cannot
 * tell which of them will be looked at. One that knows all of them can: where that matters, check all.
 */
import { LRUCache } from "lru-cache";
import type { Proof } from "../inspect/observation.ts";
import type { Certificate } from "./certificate.ts";
import { checkPossession, type Possession } from "./possession.ts";

export type Verify = "sample" | "all";

export class PossessionChecks {
  readonly #all: boolean;
  /** Who checks all may ask of one handshake more than once, as it goes on. */
  readonly #known = new WeakMap<Proof, Possession>();
  /** Servers whose last checked proof was good. */
  readonly #good = new LRUCache<string, true>({ max: SERVERS_MAX });
  #drawn = FNV_OFFSET;

  constructor(verify: Verify) {
    this.#all = verify === "all";
  }

  /** The proof's worth, or `BUDGET` when it is not this one's turn. */
  sampled(proof: Proof, leaf: Certificate, ip: string, port: number): Possession {
    if (this.#all) return this.checked(proof, leaf, ip, port);
    const isTurn = this.#draw(proof);
    const isGood = this.#good.get(serverKey(leaf, ip, port)) === true;
    return isGood && !isTurn ? BUDGET : this.checked(proof, leaf, ip, port);
  }

  /** The proof's worth, whosever turn it is. */
  checked(proof: Proof, leaf: Certificate, ip: string, port: number): Possession {
    if (this.#all) return this.#remembered(proof, leaf);
    const possession = checkPossession(proof, leaf);
    const key = serverKey(leaf, ip, port);
    if (possession.state === "verified") this.#good.set(key, true);
    else this.#good.delete(key);
    return possession;
  }

  #remembered(proof: Proof, leaf: Certificate): Possession {
    const known = this.#known.get(proof);
    if (known !== undefined) return known;
    const possession = checkPossession(proof, leaf);
    this.#known.set(proof, possession);
    return possession;
  }

  /** FNV-1a over the end of this signature and, through its start, of all before it. */
  #draw({ signature }: Proof): boolean {
    let drawn = this.#drawn;
    const { length } = signature;
    for (let at = Math.max(0, length - DRAWN_BYTES); at < length; at++) {
      drawn = Math.imul(drawn ^ signature[at]!, FNV_PRIME);
    }
    // A product's low bits know nothing of the high ones.
    this.#drawn = drawn ^ (drawn >>> 15);
    return (this.#drawn & (ONE_IN - 1)) === 0;
  }
}

/**
 * Not looked at. It is said only where the last one looked at, of the same key and server, was good:
 * that is what this one is taken for.
 */
export const BUDGET: Possession = Object.freeze({ state: "unverified", why: "budget" });

function serverKey(leaf: Certificate, ip: string, port: number): string {
  return `${leaf.spkiSha256} ${ip} ${port}`;
}

const ONE_IN = 64;
/** More distinct servers than a busy cluster's egress has at a time; one that was forgotten is checked. */
const SERVERS_MAX = 16_384;
/** Of a signature: as good as random, whatever its algorithm. */
const DRAWN_BYTES = 8;
const FNV_OFFSET = 0x811c9dc5;
const FNV_PRIME = 0x01000193;
