/**
 * Carries out what sequence.ts decides: its commands go to the fence, the journal, whoever is told and
 * the evidence, and what those say comes back to it as events.
 *
 * It decides nothing. The fence is called at once and on the caller's own stack; everything else may
 * take as long as it likes. What a part throws is an outcome of that part and stops no other.
 */
import type { JournalRecord } from "./journal/record.ts";
import type { JournalState } from "./journal/state.ts";
import type { Outcome } from "./outcome.ts";
import {
  type Answer,
  type Because,
  begin,
  type Command,
  type ReleaseWanted,
  type SequenceEvent,
  type Situation,
  step,
  type Tidings,
} from "./sequence.ts";

/** The parts that do something. */
export interface Ends {
  /** Cuts, from memory, now. `epoch` names the cut. */
  fence(because: string, epoch: number): Outcome;
  /** Opens the fence. */
  open(): Outcome;
  /** As `Journal.append`. */
  append(record: JournalRecord, told: (how: Recorded) => void): void;
  tell(tidings: Tidings): void;
  /** Writes the evidence for a cut that these connections proved. */
  keep(flows: readonly string[], epoch: number): void;
  wait(ms: number, then: () => void): void;
  /** A part threw: a bug, which the caller reports. */
  fault(where: string, error: unknown): void;
}

interface Recorded {
  readonly durable: boolean;
  readonly why?: string;
}

export interface Answered {
  readonly status: Answer;
  readonly detail: string;
}

export class Sequencer {
  readonly #ends: Ends;
  readonly #events: SequenceEvent[] = [];
  readonly #asked = new Map<number, (answer: Answered) => void>();
  #situation: Situation;
  #isBusy = false;
  #questions = 0;

  /** @param instance which run of which container, for the journal's records */
  constructor(ends: Ends, instance: string) {
    this.#ends = ends;
    this.#situation = begin(instance);
  }

  /** What is known now, also what the journal has not recorded yet. */
  get situation(): Situation {
    return this.#situation;
  }

  /** To be called first, with what was read back and what stands in the kernel. */
  start(journal: JournalState, fence: "open" | "cut", atUs: number): void {
    this.#happen({ is: "started", journal, fence, atUs });
  }

  /** Cuts the workload. When it returns, the fence has been told. */
  cut(because: Because): void {
    this.#happen({ is: "cut-wanted", because });
  }

  /** Asks for a release; the answer comes when it is recorded and the fence is open, or why not. */
  async release(wanted: Omit<ReleaseWanted, "id">): Promise<Answered> {
    const id = ++this.#questions;
    return await new Promise<Answered>((resolve) => {
      this.#asked.set(id, resolve);
      this.#happen({ is: "release-wanted", ...wanted, id });
    });
  }

  /** One event at a time: what a command brings about waits for the other commands of its step. */
  #happen(event: SequenceEvent): void {
    this.#events.push(event);
    if (this.#isBusy) return;
    this.#isBusy = true;
    for (let next = this.#events.shift(); next !== undefined; next = this.#events.shift()) {
      const { situation, commands } = step(this.#situation, next);
      this.#situation = situation;
      for (const command of commands) this.#carryOut(command);
    }
    this.#isBusy = false;
  }

  #carryOut(command: Command): void {
    switch (command.do) {
      case "fence": {
        const { epoch, because } = command;
        const outcome = this.#outcomeOf("fence", () => this.#ends.fence(because, epoch));
        return this.#happen({ is: "fenced", epoch, outcome });
      }
      case "open": {
        const outcome = this.#outcomeOf("open", () => this.#ends.open());
        return this.#happen({ is: "opened", epoch: command.epoch, outcome });
      }
      case "append":
        return this.#append(command.record);
      case "wait":
        return this.#try("wait", () =>
          this.#ends.wait(command.ms, () => this.#happen(command.event)),
        );
      case "tell":
        return this.#try("tell", () => this.#ends.tell(command));
      case "keep":
        return this.#try("keep", () => this.#ends.keep(command.flows, command.epoch));
      case "answer": {
        const { id, status, detail } = command;
        this.#asked.get(id)?.({ status, detail });
        this.#asked.delete(id);
      }
    }
  }

  #append(record: JournalRecord): void {
    const { kind, epoch } = record;
    const told = (how: Recorded) => this.#happen({ is: "recorded", kind, epoch, ...how });
    try {
      this.#ends.append(record, told);
    } catch (error) {
      this.#ends.fault("journal", error);
      told({ durable: false, why: textOf(error) });
    }
  }

  #outcomeOf(where: string, act: () => Outcome): Outcome {
    try {
      return act();
    } catch (error) {
      this.#ends.fault(where, error);
      const detail = textOf(error);
      return { rung: "fence", status: "failed", verified: false, retry: true, detail };
    }
  }

  #try(where: string, act: () => void): void {
    try {
      act();
    } catch (error) {
      this.#ends.fault(where, error);
    }
  }
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
