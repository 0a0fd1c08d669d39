/**
 * Everything, as `tcpdump` captures it and writes it to a pipe: the last resort, where our own system
 * calls are not possible. It loses more than the others (VISIBILITY, "Capturing") and says how many when
 * it is asked: SIGUSR1 makes it print its counters.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { readCapture } from "../read.ts";
import type { LiveClock } from "./live-clock.ts";
import type { Tap, TapListener } from "./tap.ts";

export interface TcpdumpOptions {
  readonly clock: LiveClock;
  /** Where to find it; default: on PATH and where system programs are. */
  readonly program?: string;
  /** Room in the kernel for what was not read yet. */
  readonly bufferBytes?: number | undefined;
}

/** Begins to capture; answers why it cannot be, where there is no tcpdump. */
export function openTcpdump(listener: TapListener, options: TcpdumpOptions): Tap | string {
  const program = options.program ?? found("tcpdump");
  if (program === undefined) return "there is no tcpdump on PATH";
  const kibibytes = Math.ceil((options.bufferBytes ?? BUFFER_BYTES) / 1024);
  const args = [...ARGUMENTS, "-B", String(kibibytes)];
  return new Tcpdump(listener, spawn(program, args, { stdio: ["ignore", "pipe", "pipe"] }));
}

class Tcpdump implements Tap {
  readonly method = "tcpdump";
  readonly firstBytesOnly = false;
  readonly started: Promise<void>;
  #start: () => void = () => {};
  readonly #listener: TapListener;
  readonly #child: ChildProcess;
  readonly #reading: Promise<void>;
  #said = "";
  #dropped = 0;
  #stopping = false;
  #isOver = false;

  constructor(listener: TapListener, child: ChildProcess) {
    this.#listener = listener;
    this.#child = child;
    this.started = new Promise((resolve) => {
      this.#start = resolve;
    });
    child.stderr?.setEncoding("latin1").on("data", (text: string) => this.#hear(text));
    child.on("error", (error) => this.#end(error.message));
    child.on("exit", (code, signal) => this.#end(`it ended with ${signal ?? code}`));
    this.#reading = this.#read();
  }

  check(): void {
    if (!this.#isOver) this.#child.kill("SIGUSR1");
  }

  async stop(): Promise<void> {
    this.#stopping = true;
    if (!this.#isOver) this.#child.kill("SIGTERM");
    await this.#reading;
  }

  async #read(): Promise<void> {
    const stdin = this.#child.stdout as AsyncIterable<Uint8Array> | null;
    if (stdin === null) return;
    try {
      const { damage } = await readCapture("-", this.#listener, { stdin });
      if (damage !== undefined && !this.#stopping) this.#end(damage.reason);
    } catch (error) {
      this.#end((error as Error).message);
    }
  }

  /** `12 packets captured`, `14 packets received by filter`, `0 packets dropped by kernel`. */
  #hear(text: string): void {
    this.#said = (this.#said + text).slice(-SAID_MAX);
    if (this.#said.includes("listening on")) this.#start();
    for (const match of this.#said.matchAll(DROPPED)) {
      const dropped = Number(match[1]);
      if (dropped <= this.#dropped) continue;
      const lost = dropped - this.#dropped;
      this.#dropped = dropped;
      this.#listener.lost(lost, "tcpdump: dropped by the kernel");
    }
  }

  #end(why: string): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#start();
    const last = this.#said.trim().split("\n").at(-1) ?? "";
    if (!this.#stopping) this.#listener.ended(`tcpdump: ${why}: ${last}`);
  }
}

function found(name: string): string | undefined {
  const folders = [...(process.env.PATH ?? "").split(":"), "/usr/sbin", "/usr/bin", "/sbin"];
  return folders.map((folder) => `${folder}/${name}`).find((path) => existsSync(path));
}

/** All interfaces, whole packets, each at once; and root's rights are kept, to read more than files. */
const ARGUMENTS = [
  "-i",
  "any",
  "-n",
  "-s",
  "0",
  "-B",
  "16384",
  "-U",
  "--immediate-mode",
  "-w",
  "-",
];
const BUFFER_BYTES = 16_777_216;
const DROPPED = /(\d+) packets? dropped by kernel/g;
const SAID_MAX = 4096;
