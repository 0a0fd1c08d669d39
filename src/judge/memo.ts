/**
 * Remembers answers under a key, within a limit, and forgets what was not asked for lately.
 *
 * Two generations instead of a list of uses: a hit in the young one is a single `Map.get`, which is
 * what a repeated handshake costs. When the young one is full it becomes the old one, and the old one
 * is dropped.
 */
export class Memo<Value> {
  #young = new Map<string, Value>();
  #old = new Map<string, Value>();
  readonly #generationMax: number;

  /** Never holds more than `entriesMax` answers. */
  constructor(entriesMax: number) {
    this.#generationMax = Math.max(1, Math.floor(entriesMax / 2));
  }

  get(key: string): Value | undefined {
    const value = this.#young.get(key);
    if (value !== undefined) return value;
    const older = this.#old.get(key);
    if (older !== undefined) this.set(key, older);
    return older;
  }

  set(key: string, value: Value): void {
    if (this.#young.size >= this.#generationMax && !this.#young.has(key)) {
      this.#old = this.#young;
      this.#young = new Map();
    }
    this.#young.set(key, value);
  }
}
