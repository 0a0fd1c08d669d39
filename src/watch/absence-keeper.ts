/**
 * Gives the signs of life that keep the gate open where it is closed in our absence (respond/absence.ts):
 * only while we see packets and work, so that whoever hangs or sees nothing stands closed.
 */
import type { Policy } from "../judge/policy/policy.ts";
import { KernelRefused } from "../kernel/libc.ts";
import { Absence } from "../respond/absence.ts";
import { WatchRefused } from "./call.ts";
import type { KeptPolicy, OnFailure } from "./kept-policy.ts";
import type { Log } from "./log.ts";
import { isClosedInAbsence } from "./start.ts";

export class AbsenceKeeper {
  readonly #log: Log;
  readonly #isWell: () => boolean;
  #absence: Absence | undefined;
  #timer: NodeJS.Timeout | undefined;
  #hasBegun = false;

  /** @param isWell whether a sign of life would be true */
  constructor(log: Log, isWell: () => boolean) {
    this.#log = log;
    this.#isWell = isWell;
  }

  /** Before anything is read: closed at once if the call or the last good policy says so. */
  atStart(asked: OnFailure | undefined, kept: KeptPolicy | undefined): void {
    const isClosed = kept?.mode === "enforce" && (asked ?? kept.onFailure) === "closed";
    if (isClosed) this.close();
  }

  /** Closed until `begin`. Throws `WatchRefused`. */
  close(): void {
    if (this.#absence !== undefined) return;
    try {
      this.#absence = Absence.close();
    } catch (error) {
      if (!(error instanceof KernelRefused)) throw error;
      throw new WatchRefused(`on failure closed: ${error.message}`, "machine");
    }
    if (this.#hasBegun) this.#live();
  }

  /** As this policy has it from here on. Throws `WatchRefused`. */
  under(policy: Policy, asked: OnFailure | undefined): void {
    if (isClosedInAbsence(policy, asked)) {
      this.close();
      return;
    }
    clearInterval(this.#timer);
    this.#absence?.disown();
    this.#absence = undefined;
    try {
      if (Absence.remove()) this.#log.info("the gate no longer closes in our absence");
    } catch (error) {
      if (!(error instanceof KernelRefused)) throw error;
    }
  }

  /** From here on there are signs of life. */
  begin(): void {
    this.#hasBegun = true;
    this.#live();
  }

  /** No more of them: the kernel closes the gate when the last one has run out. */
  end(): void {
    clearInterval(this.#timer);
    this.#absence?.disown();
    this.#absence = undefined;
  }

  #live(): void {
    if (this.#absence === undefined) return;
    clearInterval(this.#timer);
    this.#beat();
    this.#timer = setInterval(() => this.#beat(), BEAT_MS).unref();
  }

  #beat(): void {
    if (!this.#isWell()) return;
    const why = this.#absence?.alive();
    if (why !== undefined) this.#log.error({ why }, "no sign of life could be given");
  }
}

/** Three of them in the time that one counts. */
const BEAT_MS = 5000;
