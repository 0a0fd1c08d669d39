/**
 * When to stop. SIGINT is somebody at a terminal: at once. SIGTERM is a supervisor that takes a pod down,
 * and the workload may outlive us by the whole of its grace period: we go on judging until nothing of it is
 * seen, or until a second signal. The rules stay either way.
 */
import type { Log } from "./log.ts";
import { workloadSeen } from "./workload.ts";

export class Stop {
  readonly #log: Log;
  readonly #done = Promise.withResolvers<string>();
  #isAsked = false;
  readonly #onTerm = () => void this.#terminate();
  readonly #onInt = () => this.now("SIGINT");

  /** Listens for signals from here on. */
  constructor(log: Log) {
    this.#log = log;
    process.on("SIGTERM", this.#onTerm);
    process.on("SIGINT", this.#onInt);
  }

  /** Resolves with why, when it is time. */
  get requested(): Promise<string> {
    return this.#done.promise;
  }

  /** The workload was asked to end, and we with it. */
  get isAsked(): boolean {
    return this.#isAsked;
  }

  now(why: string): void {
    this.#done.resolve(why);
  }

  /** Signals have their usual meaning again. */
  forget(): void {
    process.off("SIGTERM", this.#onTerm);
    process.off("SIGINT", this.#onInt);
  }

  async #terminate(): Promise<void> {
    if (this.#isAsked) return this.now("a second SIGTERM");
    this.#isAsked = true;
    for (let said = ""; ; ) {
      const seen = await workloadSeen().catch((error: Error) => void this.#log.warn(error.message));
      if (seen === undefined) return this.now("SIGTERM, and nothing of the workload is seen");
      if (said === "")
        this.#log.info({ seen }, "SIGTERM: the workload still runs, so does the gate");
      said = seen;
      await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
    }
  }
}

const LOOK_EVERY_MS = 500;
