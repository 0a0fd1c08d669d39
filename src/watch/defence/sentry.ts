/**
 * Looks around at start, every minute, and at once when it is told that something changed; says each
 * weakness once when it appears, again when it is another, and once more when it is gone.
 */
import type { HostLine } from "../../report/lines.ts";
import { type Surroundings, surroundings } from "./surroundings.ts";
import { type Weakness, weaknessesIn } from "./weakness.ts";

export interface SentryOptions {
  readonly write: (line: HostLine) => void;
  readonly nowUs: () => number;
  readonly look?: () => Promise<Surroundings>;
}

export class Sentry {
  readonly #options: SentryOptions;
  #known: readonly Weakness[] = [];
  #timer: NodeJS.Timeout | undefined;

  constructor(options: SentryOptions) {
    this.#options = options;
  }

  /** Those that stand now. */
  get weaknesses(): readonly Weakness[] {
    return this.#known;
  }

  /** Whether packets may pass that nobody here sees. */
  get bypassable(): boolean {
    return this.#known.some(({ bypassable }) => bypassable);
  }

  /** Every minute from now on. */
  watch(): void {
    this.#timer = setInterval(() => void this.look(), EVERY_MS).unref();
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  async look(): Promise<void> {
    const found = weaknessesIn(await (this.#options.look ?? surroundings)());
    const before = this.#known;
    this.#known = found;
    for (const weakness of found) {
      const old = before.find(({ name }) => name === weakness.name);
      // Who shares a namespace changes with every process that starts; that it is shared does not.
      if (old === undefined) this.#tell(weakness, "found", weakness.found);
    }
    for (const weakness of before) {
      if (!found.some(({ name }) => name === weakness.name))
        this.#tell(weakness, "gone", undefined);
    }
  }

  #tell({ name, found, remedy }: Weakness, change: string, after: string | undefined): void {
    this.#options.write({
      kind: "host",
      atUs: this.#options.nowUs(),
      source: "self-defence",
      subject: name,
      change,
      ...(after === undefined ? { before: found } : { after: `${after}; ${remedy}` }),
    });
  }
}

const EVERY_MS = 60_000;
