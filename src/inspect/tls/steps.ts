/**
 * The steps of a handshake in the order seen, as a path in a tree that all connections share: nearly
 * all of them take one of a handful of paths, so their lists are the same objects.
 */
export class Steps {
  readonly names: readonly string[];
  readonly #next = new Map<string, Steps>();

  constructor(names: readonly string[]) {
    this.names = Object.freeze(names);
  }

  /** The path one step on. Stays where it is when it is as long as paths get. */
  after(name: string): Steps {
    const known = this.#next.get(name);
    if (known !== undefined) return known;
    if (this.names.length >= STEPS_MAX) return this;
    const step = new Steps([...this.names, name]);
    // Whoever sends steps at random grows no tree: beyond the limit paths are their own.
    if (nodes < NODES_MAX) {
      nodes++;
      this.#next.set(name, step);
    }
    return step;
  }
}

let nodes = 0;

const STEPS_MAX = 48;
const NODES_MAX = 4096;
export const NO_STEPS = new Steps([]);
