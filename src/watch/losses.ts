/** Named limits that were reached: each is told when it was, and again when it was reached more often. */
import type { Flow } from "../flow/event.ts";
import type { LineWriter } from "../line-writer.ts";

export class Losses {
  readonly #lines: LineWriter;
  readonly #counts = new Map<string, Loss>();

  constructor(lines: LineWriter) {
    this.#lines = lines;
  }

  add(what: string, flow: Flow | undefined, atUs: number): void {
    const known = this.#counts.get(what);
    if (known === undefined) this.#counts.set(what, { count: 1, told: 0, atUs, flow });
    else {
      if (known.count === known.told) Object.assign(known, { atUs, flow });
      known.count++;
    }
  }

  /** Writes a line for each that grew since it was told last: of how often since then. */
  tell(): void {
    for (const [what, loss] of this.#counts) {
      if (loss.count === loss.told) continue;
      this.#lines.loss(what, loss.count - loss.told, loss.atUs, loss.flow);
      loss.told = loss.count;
    }
  }
}

interface Loss {
  count: number;
  told: number;
  /** Of the first one that was not told. */
  atUs: number;
  flow: Flow | undefined;
}
