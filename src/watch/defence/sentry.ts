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
  /** Told after each look whether packets may pass that nobody here sees. */
  readonly onLook?: (bypassable: boolean) => void;
  readonly look?: () => Promise<Surroundings>;
}

export class Sentry {
  readonly #options: SentryOptions;
  #known: readonly Weakness[] = [];
  #told: readonly Weakness[] = [];
  #timer: NodeJS.Timeout | undefined;
  #soon: NodeJS.Timeout | undefined;

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
    clearTimeout(this.#soon);
  }

  /** Something changed: looks in a moment, once for however many changes there are until then. */
  soon(): void {
    this.#soon ??= setTimeout(() => {
      this.#soon = undefined;
      void this.look();
    }, SOON_MS).unref();
  }

  /** Looks, and says nothing: whoever starts will set some of it right. */
  async glance(): Promise<void> {
    this.#known = weaknessesIn(await (this.#options.look ?? surroundings)());
  }

  async look(): Promise<void> {
    await this.glance();
    this.#options.onLook?.(this.bypassable);
    const before = this.#told;
    this.#told = this.#known;
    for (const weakness of this.#known) {
      // Who shares a namespace changes with every process that starts; that it is shared does not.
      if (!before.some(({ name }) => name === weakness.name)) this.#tell(weakness, true);
    }
    for (const weakness of before) {
      if (!this.#known.some(({ name }) => name === weakness.name)) this.#tell(weakness, false);
    }
  }

  #tell({ name: subject, found, remedy }: Weakness, isThere: boolean): void {
    this.#options.write({
      kind: "host",
      atUs: this.#options.nowUs(),
      source: "self-defence",
      subject,
      change: isThere ? "found" : "gone",
      ...(isThere ? { after: `${found}; ${remedy}` } : { before: found }),
    });
  }
}

const EVERY_MS = 60_000;
/** Whoever may change rules may do so a thousand times a second. */
const SOON_MS = 250;
