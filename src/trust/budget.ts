/**
 * What validating one chain may cost. A peer chooses how many certificates it sends and how they
 * point at each other, so every kind of work has a limit with a name, and reaching one is a finding.
 * The counters do not depend on what is remembered from before: the same chain gives the same answer
 * whichever was seen first.
 */

export interface Spent {
  /** Weighted: an RSA-2048 verification is 1. */
  readonly signatures: number;
  /** Certificates visited while looking for paths, the same one on another way again. */
  readonly nodes: number;
  /** Names compared with name constraints. */
  readonly comparisons: number;
  readonly exhausted: boolean;
}

export class Budget implements Spent {
  signatures = 0;
  nodes = 0;
  comparisons = 0;
  exhausted = false;

  /** Each answers whether the work may be done, and counts it if so. */
  signature(cost: number): boolean {
    if (this.#refuses(this.signatures + cost > SIGNATURES_MAX)) return false;
    this.signatures += cost;
    return true;
  }

  node(): boolean {
    if (this.#refuses(this.nodes >= NODES_MAX)) return false;
    this.nodes++;
    return true;
  }

  comparison(): boolean {
    if (this.#refuses(this.comparisons >= COMPARISONS_MAX)) return false;
    this.comparisons++;
    return true;
  }

  #refuses(beyond: boolean): boolean {
    if (beyond) this.exhausted = true;
    return beyond;
  }
}

/** VISIBILITY.md: 120 signatures; the largest real chains with cross-signs need under 20. */
const SIGNATURES_MAX = 120;
const NODES_MAX = 1000;
/** Some milliseconds. Go's crypto/x509 allows 250,000; real certificates need some hundred. */
const COMPARISONS_MAX = 50_000;
