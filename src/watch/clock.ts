/**
 * Notices when somebody sets the clock of the machine.
 *
 *     wall time   ──●────●────●──────────────●──      a step: the wall moved, the machine did not
 *     since boot  ──●────●────●────●────●────●──      CLOCK_BOOTTIME, which also counts sleep
 *
 * Time-outs and budgets go by the second one alone. The first is for dates, so that after a step whatever
 * an expiry decides cannot be relied on until somebody looked (THREATS, "Faults").
 */
import { uptime } from "node:os";

export interface ClockStep {
  /** Seconds that the wall clock jumped; negative: back. */
  readonly seconds: number;
}

export class ClockWatch {
  readonly #now: () => number;
  readonly #sinceBoot: () => number;
  #offsetMs: number;

  /** Milliseconds, both. `os.uptime` is CLOCK_BOOTTIME, to hundredths of a second. */
  constructor(now: () => number = Date.now, sinceBoot: () => number = () => uptime() * 1000) {
    this.#now = now;
    this.#sinceBoot = sinceBoot;
    this.#offsetMs = now() - sinceBoot();
  }

  /** To be called every few seconds. A step is told once; what slews by less since the last look is none. */
  look(): ClockStep | undefined {
    const offsetMs = this.#now() - this.#sinceBoot();
    const jumpedMs = offsetMs - this.#offsetMs;
    if (Math.abs(jumpedMs) <= STEP_MS) {
      // Time servers slew: that adds up over months and is no step.
      this.#offsetMs = offsetMs;
      return undefined;
    }
    this.#offsetMs = offsetMs;
    return { seconds: Math.round(jumpedMs / 1000) };
  }
}

/** Beyond what any time server corrects without saying so. */
const STEP_MS = 60_000;
