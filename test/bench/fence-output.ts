/**
 * The standard output of a watcher, read as it comes, or stalled: a pipe that is full, and that nobody
 * reads until the watcher has acted.
 */
import { execFileSync } from "node:child_process";
import { closeSync, constants, openSync, readSync, writeSync } from "node:fs";
import { setTimeout } from "node:timers/promises";

export class WatcherOutput {
  /** To be given to the child as its standard output. */
  readonly fd: number;
  readonly #stalled: boolean;
  readonly #buffer = Buffer.alloc(1 << 20);
  #text = "";

  constructor(path: string, stalled: boolean) {
    execFileSync("mkfifo", [path]);
    this.fd = openSync(path, constants.O_RDWR | constants.O_NONBLOCK);
    this.#stalled = stalled;
  }

  /** From here on nothing more fits, where it is to be stalled. */
  stall(): void {
    this.#drain();
    this.#text = "";
    if (!this.#stalled) return;
    // In pieces that get smaller, so that not a byte is left over.
    for (const size of [65536, 4096, 512, 64, 1]) {
      const filler = Buffer.alloc(size, "\n");
      while (writes(this.fd, filler)) {}
    }
  }

  /** Reads again, until lines of both kinds are there; undefined when they do not come in time. */
  async lines(kinds: readonly string[], waitMs: number): Promise<Line[] | undefined> {
    for (let waited = 0; waited < waitMs; waited += EVERY_MS) {
      this.#drain();
      const found = kinds.map((kind) => this.#last(kind));
      if (!found.includes(undefined)) return found as Line[];
      await setTimeout(EVERY_MS);
    }
    return undefined;
  }

  close(): void {
    closeSync(this.fd);
  }

  #last(kind: string): Line | undefined {
    const whole = this.#text.slice(0, this.#text.lastIndexOf("\n") + 1).split("\n");
    return whole
      .filter((line) => line.startsWith("{"))
      .map((line) => JSON.parse(line) as Line)
      .findLast((line) => line.kind === kind && (kind !== "verdict" || line.decision === "cut"));
  }

  #drain(): void {
    for (;;) {
      try {
        const bytes = readSync(this.fd, this.#buffer);
        if (bytes === 0) return;
        this.#text += this.#buffer.toString("utf8", 0, bytes);
      } catch {
        return;
      }
    }
  }
}

export interface Line {
  readonly kind: string;
  readonly decision?: string;
  readonly client?: string;
  readonly atUs: number;
  readonly detail?: string;
  readonly tookMs?: number;
  readonly verified?: boolean;
}

/** Whether all of it fitted. */
function writes(fd: number, bytes: Buffer): boolean {
  try {
    return writeSync(fd, bytes) === bytes.length;
  } catch {
    return false;
  }
}

const EVERY_MS = 5;
