/**
 * Evidence while watching live: frozen at once, written by a thread of its own.
 *
 *     verdict -> freeze (memory) -> [a cut: until it was told] -> thread: compose, hash, write, fsync
 *
 * The thread that watches packets never waits for the disk. The other one is started for the first
 * bundle and ends when there was nothing to write for a while, since most workloads never need it. A
 * disk that hangs holds that thread alone; what waits for it is limited, and what is beyond is counted.
 */
import { Worker } from "node:worker_threads";
import type { Policy } from "../judge/policy/policy.ts";
import type { Line } from "../report/lines.ts";
import type { Proof } from "./bundle.ts";
import { type About, EvidenceKeeper } from "./keeper.ts";
import { Quota } from "./quota.ts";
import { PacketRecorder } from "./recorder.ts";
import { EvidenceStore, type Kept } from "./store.ts";
import type { Told, Work } from "./writing.ts";

export interface LiveEvidenceOptions {
  /** Made when it is not there. */
  readonly directory: string;
  readonly policy: () => Policy;
  /** Wall clock and CLOCK_BOOTTIME, whether they agree: whatever is known of the clocks now. */
  readonly clock: () => object;
  /** Hears what became of each bundle. @param flow number of the connection */
  readonly kept: (kept: Kept, flow: number) => void;
}

export class LiveEvidence {
  /** To be handed to `Packets`. */
  readonly recorder = new PacketRecorder();
  readonly #options: LiveEvidenceOptions;
  readonly #quota = new Quota();
  readonly #keeper: EvidenceKeeper;
  /** Cuts that were not told yet, by connection. */
  readonly #held = new Map<number, Work>();
  #thread: Worker | undefined;
  #waiting = 0;
  #written = Promise.withResolvers<void>();
  #idle: NodeJS.Timeout | undefined;

  /** Throws `EvidenceRefused` where the directory cannot be used. */
  static open(options: LiveEvidenceOptions): LiveEvidence {
    EvidenceStore.open(options.directory).close();
    return new LiveEvidence(options);
  }

  private constructor(options: LiveEvidenceOptions) {
    this.#options = options;
    this.#keeper = new EvidenceKeeper(this.recorder, {
      policy: options.policy,
      clock: options.clock,
      quota: this.#quota,
      keep: (proof, about) => this.#take(proof, about),
    });
  }

  /** Every line, those that only say what was seen among them: they say what is secret where. */
  line(line: Line): void {
    this.#keeper.line(line);
  }

  /** A cut that these connections proved was told: its evidence is written now. */
  keep(flows: readonly string[]): void {
    for (const flow of flows) this.#release(Number(flow));
  }

  /** Resolves when all is written, or after `ms` milliseconds. */
  async close(ms: number): Promise<void> {
    for (const flow of [...this.#held.keys()]) this.#release(flow);
    if (this.#quota.counted > 0) this.#post({ note: this.#quota.summary() });
    if (this.#waiting > 0) {
      const late = new Promise<void>((resolve) => void setTimeout(resolve, ms).unref());
      await Promise.race([this.#written.promise, late]);
    }
    await this.#stop();
  }

  /** Held until it was told, but not for ever: a guard may have made less of the cut. */
  #take(proof: Proof, { rank, flow }: About): void {
    const work: Work = { proof, rank, flow };
    if (proof.verdict.decision !== "cut" || this.#held.size >= HELD_MAX) return this.#post(work);
    this.#held.set(flow, work);
    setTimeout(() => this.#release(flow), HELD_MS).unref();
  }

  #release(flow: number): void {
    const work = this.#held.get(flow);
    if (work === undefined) return;
    this.#held.delete(flow);
    this.#post(work);
  }

  #post(work: Work): void {
    if (this.#waiting >= WAITING_MAX) {
      const why = `${WAITING_MAX} bundles wait to be written already`;
      if ("flow" in work) this.#options.kept({ status: "failed", why }, work.flow);
      return;
    }
    this.#waiting++;
    clearTimeout(this.#idle);
    this.#thread ??= this.#start();
    this.#thread.postMessage(work);
  }

  #start(): Worker {
    const { directory } = this.#options;
    // The file that runs may be a source or, compiled, `.js`: its worker lies beside it.
    const extension = import.meta.url.endsWith(".ts") ? "ts" : "js";
    const thread = new Worker(new URL(`./writing.${extension}`, import.meta.url), {
      workerData: { directory },
      resourceLimits: { maxOldGenerationSizeMb: THREAD_MEGABYTES },
    });
    thread.unref();
    thread.on("message", (told: Told) => this.#told(told));
    thread.on("error", (error) => this.#lost(thread, error.message));
    thread.on("exit", (code) => code !== 0 && this.#lost(thread, `it ended with code ${code}`));
    return thread;
  }

  #told({ kept, flow }: Told): void {
    this.#waiting--;
    if (kept !== undefined) this.#options.kept(kept, flow);
    if (this.#waiting > 0) return;
    this.#written.resolve();
    this.#written = Promise.withResolvers();
    this.#idle = setTimeout(() => void this.#stop(), IDLE_MS).unref();
  }

  /** The thread is gone, and what it had with it. The next bundle starts another. */
  #lost(thread: Worker, why: string): void {
    if (this.#thread !== thread) return;
    this.#thread = undefined;
    const lost = this.#waiting;
    this.#waiting = 0;
    this.#written.resolve();
    this.#written = Promise.withResolvers();
    const says = `${lost} bundles were lost with the thread that writes them: ${why}`;
    if (lost > 0) this.#options.kept({ status: "failed", why: says }, 0);
  }

  async #stop(): Promise<void> {
    clearTimeout(this.#idle);
    const thread = this.#thread;
    this.#thread = undefined;
    await thread?.terminate();
  }
}

/** Longer than fence and journal take together, by far. */
const HELD_MS = 2000;
const HELD_MAX = 64;
/** Of at most 128 KiB of packets each. */
const WAITING_MAX = 128;
const IDLE_MS = 10_000;
const THREAD_MEGABYTES = 64;
