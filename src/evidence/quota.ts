/**
 * How much evidence one kind of verdict is worth: the first few are kept whole, the rest are counted.
 *
 * A workload that makes ten thousand connections to one bad server proves nothing more with the sixth,
 * and would push the evidence against another off the disk.
 */
export class Quota {
  /** Verdicts of kinds beyond those that are told apart. */
  uncounted = 0;
  readonly #counts = new Map<string, Count>();
  readonly #wholePerKey: number;
  readonly #keysMax: number;

  constructor(wholePerKey = WHOLE_PER_KEY, keysMax = KEYS_MAX) {
    this.#wholePerKey = wholePerKey;
    this.#keysMax = keysMax;
  }

  /**
   * Counts a verdict. True when its evidence is to be kept whole; of a kind that is not told apart any
   * more, none is.
   *
   * @param key of whom and of what kind
   * @param atUs of the verdict
   */
  takes(key: string, atUs: number): boolean {
    const known = this.#counts.get(key);
    if (known === undefined && this.#counts.size >= this.#keysMax) {
      this.uncounted++;
      return false;
    }
    const count = known ?? { count: 0, whole: 0, firstAtUs: atUs, lastAtUs: atUs };
    this.#counts.set(key, count);
    count.count++;
    count.lastAtUs = atUs;
    if (count.whole >= this.#wholePerKey) return false;
    count.whole++;
    return true;
  }

  /** Verdicts of which no evidence was kept. */
  get counted(): number {
    let counted = this.uncounted;
    for (const { count, whole } of this.#counts.values()) counted += count - whole;
    return counted;
  }

  /** What was counted and not kept, by key: for the file beside the bundles. */
  summary(): object {
    const kinds = [...this.#counts].filter(([, { count, whole }]) => count > whole);
    return { kinds: Object.fromEntries(kinds), uncounted: this.uncounted };
  }
}

interface Count {
  count: number;
  whole: number;
  readonly firstAtUs: number;
  lastAtUs: number;
}

const WHOLE_PER_KEY = 5;
/** A workload that meets more kinds of trouble has been told of enough of them. */
const KEYS_MAX = 4096;
