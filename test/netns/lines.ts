/** The lines that a program in a namespace has printed so far, and waiting for one of them. */
import type { ChildProcess } from "node:child_process";

export class Lines {
  readonly #lines: string[] = [];
  readonly #waiting: { pattern: RegExp; from: number; found: (line: string) => void }[] = [];
  #rest = "";

  constructor(child: ChildProcess) {
    child.stdout!.setEncoding("utf8").on("data", (text: string) => {
      const parts = (this.#rest + text).split("\n");
      this.#rest = parts.pop()!;
      for (const line of parts) this.#add(line);
    });
  }

  get count(): number {
    return this.#lines.length;
  }

  /** Those that match, of the lines from the `from`th on. */
  matching(pattern: RegExp, from = 0): string[] {
    return this.#lines.slice(from).filter((line) => pattern.test(line));
  }

  /** The first line from the `from`th on that matches, when it is there. The test's own limit ends it. */
  async next(pattern: RegExp, from = 0): Promise<string> {
    const there = this.matching(pattern, from)[0];
    if (there !== undefined) return there;
    return new Promise((found) => this.#waiting.push({ pattern, from, found }));
  }

  #add(line: string): void {
    const at = this.#lines.push(line) - 1;
    for (const one of [...this.#waiting]) {
      if (at < one.from || !one.pattern.test(line)) continue;
      this.#waiting.splice(this.#waiting.indexOf(one), 1);
      one.found(line);
    }
  }
}
