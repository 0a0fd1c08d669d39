/**
 * Programs: run to their end, or started and stopped. No shell is involved; arguments are a list.
 *
 * Every started child is in one set, so that an interrupt can end exactly what we began. The
 * environment is built anew: variables that point OpenSSL, Go or Node at other trust stores would
 * otherwise change what the peers do.
 */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";

export interface Result {
  readonly code: number | null;
  readonly output: string;
}

export interface RunOptions {
  readonly input?: string;
  /** Keep standard input open until the program ends by itself, or until the time is over. */
  readonly holdInput?: boolean;
  /** Other codes than 0 that are as good. */
  readonly allow?: readonly number[] | "any";
}

/** Runs a program to its end. Throws with its output if it fails or takes over `RUN_MS_MAX`. */
export async function run(argv: readonly string[], options: RunOptions = {}): Promise<Result> {
  const program = new Program(argv);
  program.write(options.input ?? "");
  if (!options.holdInput) program.child.stdin?.end();
  const timer = setTimeout(() => program.child.kill("SIGKILL"), RUN_MS_MAX);
  const code = await program.ended;
  clearTimeout(timer);
  const fine = code === 0 || options.allow === "any" || options.allow?.includes(code ?? -1);
  if (!fine) throw new Error(`${argv.join(" ")}\nended with ${code}\n${program.output}`);
  return { code, output: program.output };
}

/** A program that goes on beside us: a server, or a capture. */
export class Program {
  readonly argv: readonly string[];
  readonly child: ChildProcess;
  /** The exit code, or null after a signal. Never rejects. */
  readonly ended: Promise<number | null>;
  output = "";

  constructor(argv: readonly string[]) {
    this.argv = argv;
    this.child = spawn(argv[0]!, argv.slice(1), { env: ENVIRONMENT, stdio: "pipe" });
    running.add(this.child);
    this.child.stdout?.on("data", (text) => this.#note(text));
    this.child.stderr?.on("data", (text) => this.#note(text));
    // A peer that ends before it has read everything is ordinary here.
    this.child.stdin?.on("error", () => {});
    this.ended = new Promise((resolve) => {
      this.child.on("error", (error) => {
        this.#note(error.message);
        running.delete(this.child);
        resolve(127);
      });
      this.child.on("close", (code) => {
        running.delete(this.child);
        resolve(code);
      });
    });
  }

  write(text: string): void {
    if (text) this.child.stdin?.write(text);
  }

  /** Waits until `ready` says yes. Throws if the program ends first, or never gets there. */
  async until(ready: () => boolean | Promise<boolean>): Promise<void> {
    for (let waited = 0; waited < READY_MS_MAX; waited += POLL_MS) {
      if (await ready()) return;
      if (this.child.exitCode !== null) break;
      await pause(POLL_MS);
    }
    throw new Error(`${this.argv.join(" ")}\nwas never ready\n${this.output}`);
  }

  async stop(signal: NodeJS.Signals): Promise<void> {
    this.child.kill(signal);
    const timer = setTimeout(() => this.child.kill("SIGKILL"), STOP_MS_MAX);
    await this.ended;
    clearTimeout(timer);
  }

  #note(text: Buffer | string): void {
    this.output = (this.output + String(text)).slice(-OUTPUT_CHARACTERS_MAX);
  }
}

/** For an interrupt: ends every child we still have. */
export function endAll(): void {
  for (const child of running) child.kill("SIGKILL");
}

/** For the moments in which nothing can be awaited, and for questions that may be answered no. */
export function runNow(argv: readonly string[]): Result {
  const done = spawnSync(argv[0]!, argv.slice(1), { env: ENVIRONMENT, encoding: "utf8" });
  return { code: done.status, output: `${done.stdout ?? ""}${done.stderr ?? ""}` };
}

export function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

const running = new Set<ChildProcess>();
const ENVIRONMENT = {
  PATH: process.env.PATH ?? "/usr/sbin:/usr/bin:/sbin:/bin",
  HOME: process.env.HOME ?? "/root",
  LANG: "C",
};
const RUN_MS_MAX = 60_000;
/** What runs in Erlang or Java takes its time on a busy machine. */
const READY_MS_MAX = 60_000;
const STOP_MS_MAX = 5_000;
const POLL_MS = 25;
const OUTPUT_CHARACTERS_MAX = 20_000;
