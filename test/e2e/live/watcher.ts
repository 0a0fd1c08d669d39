/** A watcher in the workload's namespace, as a process of its own: its lines, as they come. */
import type { ChildProcess } from "node:child_process";
import { createInterface } from "node:readline";
import type { Line, VerdictLine } from "../../../src/report/lines.ts";
import type { LiveState } from "../../../src/watch/live-pipeline.ts";
import { PROJECT } from "../../cli/program.ts";
import type { Pair } from "../../netns/pair.ts";

export class Watcher {
  readonly lines: Line[] = [];
  readonly child: ChildProcess;
  ready: { readonly ready: string; readonly why: string } | undefined;
  state: LiveState | undefined;
  readonly #ended: Promise<void>;
  #wake: () => void = () => {};

  private constructor(child: ChildProcess) {
    this.child = child;
    const lines = createInterface({ input: child.stdout! });
    lines.on("line", (text) => this.#take(text));
    this.#ended = new Promise((resolve) => lines.once("close", () => resolve()));
    lines.once("close", () => this.#wake());
  }

  /** Resolves when it captures. */
  static async start(pair: Pair, ...args: string[]): Promise<Watcher> {
    const command = [process.execPath, `${PROJECT}/test/e2e/live/tapped.ts`, ...args];
    const watcher = new Watcher(pair.spawn("workload", command));
    await watcher.until(() => watcher.ready !== undefined, "that it captures");
    return watcher;
  }

  /** Waits for lines until something is there; throws with what was there instead. */
  async until(isThere: () => boolean, what: string): Promise<void> {
    const deadline = Date.now() + WAIT_MS;
    while (!isThere()) {
      if (Date.now() > deadline || this.child.exitCode !== null) {
        const last = this.lines.slice(-5).map((line) => JSON.stringify(line));
        throw new Error(`waited for ${what}; the last lines are\n${last.join("\n")}`);
      }
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, 50);
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  }

  /** Ends it, and what was still open is judged. */
  async stop(): Promise<LiveState> {
    this.child.kill("SIGTERM");
    await this.#ended;
    if (this.state === undefined) throw new Error("the watcher did not tell how it ended");
    return this.state;
  }

  get verdicts(): VerdictLine[] {
    return this.lines.filter((line) => line.kind === "verdict");
  }

  /** The last one of each connection to that port. */
  verdictsTo(port: number): VerdictLine[] {
    const last = new Map<string, VerdictLine>();
    for (const line of this.verdicts) {
      if (line.server?.endsWith(`:${port}`)) last.set(`${line.flow}`, line);
    }
    return [...last.values()];
  }

  #take(text: string): void {
    const said = JSON.parse(text) as Line | { ready: string; why: string } | { state: LiveState };
    if ("ready" in said) this.ready = said;
    else if ("state" in said) this.state = said.state;
    else this.lines.push(said);
    this.#wake();
  }
}

/** An end, and no measure: the machine may be busy. */
const WAIT_MS = 30_000;
