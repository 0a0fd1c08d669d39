/**
 * The order of a cut, in every order in which its parts may answer, fail, hang, or stop for good: no
 * cut is lost, none is undone but by a recorded release, and the fence waits for nothing.
 */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { JournalRecord } from "../../src/respond/journal/record.ts";
import {
  foldRecord,
  type JournalState,
  NOTHING_RECORDED,
} from "../../src/respond/journal/state.ts";
import type { Outcome } from "../../src/respond/outcome.ts";
import {
  type Because,
  begin,
  type Command,
  type SequenceEvent,
  type Situation,
  type Step,
  step,
} from "../../src/respond/sequence.ts";

const BECAUSE: Because = {
  atUs: 1,
  rule: "A15",
  by: "",
  because: "unknown issuer",
  policySha256: "ab".repeat(32),
  flow: "7",
};
const DONE: Outcome = { rung: "fence", status: "done", verified: true, detail: "" };
const FAILED: Outcome = { ...DONE, status: "failed", verified: false, retry: true };

describe("the order of a cut", () => {
  test("is fence, journal, word, evidence", () => {
    const play = new Play("at once");
    play.happen({ is: "cut-wanted", because: BECAUSE });
    play.finish();
    expect(play.log.filter((what) => what !== "wait")).toEqual(["fence", "append", "tell", "keep"]);
  });

  test("goes on without the journal when that is late, and says so; then says what became of it", () => {
    const { situation } = following(wanted(), { is: "fenced", epoch: 1, outcome: DONE });
    const late = step(situation, { is: "late", epoch: 1 });
    expect(late.commands).toMatchObject([
      { do: "tell", durable: false, why: "the journal has not answered yet" },
      { do: "keep", epoch: 1, flows: ["7"] },
    ]);
    const recorded = { is: "recorded", kind: "cut", epoch: 1, durable: true } as const;
    expect(step(late.situation, recorded).commands).toMatchObject([{ do: "tell", durable: true }]);
  });

  test("fences again when that failed, and tells when it succeeded after all", () => {
    const failed = following(wanted(), { is: "fenced", epoch: 1, outcome: FAILED });
    expect(failed.commands.map((one) => one.do)).toEqual(["wait", "append", "wait"]);
    const again = step(failed.situation, { is: "again" });
    expect(again.commands).toMatchObject([{ do: "fence", epoch: 1 }]);
    const told = step(again.situation, { is: "fenced", epoch: 1, outcome: DONE });
    expect(told.commands).toMatchObject([{ do: "tell", outcome: { status: "done" } }]);
  });

  test("records together what comes while the journal is busy", () => {
    const play = new Play("at once");
    for (let times = 0; times < 50; times++) play.happen({ is: "cut-wanted", because: BECAUSE });
    expect(play.log.filter((what) => what === "fence")).toHaveLength(50);
    expect(play.situation.cases).toHaveLength(2);
    play.finish();
    expect(play.durable.map(({ epoch }) => epoch)).toEqual([1, 50]);
    expect(play.durable[1]?.because).toBe("unknown issuer (and 48 more)");
  });

  test("releases nothing for a release of a cut that is not the newest", () => {
    const play = new Play("at once");
    play.happen({ is: "cut-wanted", because: BECAUSE });
    play.happen({ is: "cut-wanted", because: BECAUSE });
    play.finish();
    play.release(1);
    play.finish();
    expect(play.answers).toEqual(["refused"]);
    expect(play.kernel).toBe("cut");
  });

  test("lets a cut win that comes while a release is being recorded", () => {
    const play = new Play("at once");
    play.happen({ is: "cut-wanted", because: BECAUSE });
    play.finish();
    play.release(1);
    play.happen({ is: "cut-wanted", because: BECAUSE });
    play.finish();
    expect(play.answers).toEqual(["refused"]);
    expect(play.kernel).toBe("cut");
    expect(play.recorded.cut?.epoch).toBe(2);
  });

  test("opens nothing for a release that the journal cannot record", () => {
    const play = new Play("at once");
    play.happen({ is: "cut-wanted", because: BECAUSE });
    play.finish();
    const asked = { is: "release-wanted", ...RELEASE, epoch: 1 } as const;
    const { situation, commands } = step(play.situation, asked);
    expect(commands).toMatchObject([{ do: "append", record: { kind: "release", by: "root" } }]);
    const failed = {
      is: "recorded",
      kind: "release",
      epoch: 1,
      durable: false,
      why: "EIO",
    } as const;
    const next = step(situation, failed);
    expect(next.commands).toMatchObject([{ do: "answer", status: "waiting" }]);
    expect(step(next.situation, { ...failed, durable: true }).commands).toMatchObject([
      { do: "open" },
    ]);
  });

  test("keeps a fence that stood at the start, which the journal cannot explain", () => {
    const play = new Play();
    play.kernel = "cut";
    play.start();
    play.finish();
    expect(play.recorded.cut?.because).toMatch(/holds no cut/);
    play.release(1);
    play.finish();
    expect(play.answers).toEqual(["released"]);
    expect(play.kernel).toBe("open");
  });

  test("loses no cut, whatever happens in whatever order", () => {
    fc.assert(
      fc.property(fc.array(fc.nat(99), { minLength: 10, maxLength: 120 }), (choices) => {
        const play = new Play();
        for (const choice of choices) play.choose(choice);
        play.finish();
        play.checkEnd();
      }),
      { numRuns: 2000 },
    );
  });
});

const RELEASE = { id: 1, atUs: 2, by: "root", because: "seen to" };

function wanted(): Situation {
  return step(begin("web-1"), { is: "cut-wanted", because: BECAUSE }).situation;
}

function following(situation: Situation, event: SequenceEvent): Step {
  return step(situation, event);
}

/** The machine, with a kernel and a journal whose answers wait until they are chosen. */
class Play {
  situation = begin("web-1");
  kernel: "open" | "cut" = "open";
  readonly log: string[] = [];
  readonly answers: string[] = [];
  readonly durable: JournalRecord[] = [];
  /** Cuts that were asked for and whose process still lives, or which were recorded. */
  newest = 0;
  #answering: SequenceEvent[] = [];
  #writing: JournalRecord[] = [];
  #fails = false;
  readonly #fenceAnswers: "at once" | "when chosen";
  readonly #told = new Set<number>();
  readonly #fenced = new Set<number>();
  readonly #kept = new Set<number>();

  constructor(fenceAnswers: "at once" | "when chosen" = "when chosen") {
    this.#fenceAnswers = fenceAnswers;
  }

  get recorded(): JournalState {
    return this.durable.reduce(foldRecord, NOTHING_RECORDED);
  }

  happen(event: SequenceEvent): void {
    const { situation, commands } = step(this.situation, event);
    this.situation = situation;
    if (event.is === "cut-wanted") {
      // It waits for nothing and nothing comes before it.
      expect(commands).toMatchObject([{ do: "fence", epoch: situation.epoch }]);
      this.newest = situation.epoch;
    }
    expect(situation.cases.length).toBeLessThanOrEqual(2);
    for (const command of commands) this.#carryOut(command);
  }

  release(epoch: number): void {
    this.happen({ is: "release-wanted", ...RELEASE, epoch });
  }

  start(): void {
    this.happen({ is: "started", journal: this.recorded, fence: this.kernel, atUs: 3 });
  }

  choose(choice: number): void {
    if (choice < 15) this.happen({ is: "cut-wanted", because: BECAUSE });
    else if (choice < 25) this.release(this.situation.epoch - (choice % 2));
    else if (choice < 45) this.#write(choice);
    else if (choice < 75) this.#answer(choice);
    else if (choice < 80) this.#fails = !this.#fails;
    else if (choice < 84) this.#restart(choice % 2 === 0 ? "kill" : "power");
  }

  /** Everything succeeds from here on. */
  finish(): void {
    this.#fails = false;
    for (let rounds = 0; this.#answering.length + this.#writing.length > 0; rounds++) {
      expect(rounds).toBeLessThan(10_000);
      if (this.#writing.length > 0) this.#write(0);
      else this.#answer(0);
    }
  }

  checkEnd(): void {
    const { cut } = this.situation;
    expect(this.kernel).toBe(cut === undefined ? "open" : "cut");
    expect(this.recorded.cut?.epoch).toBe(cut?.epoch);
    expect(this.situation.cases).toEqual([]);
    const released = this.recorded.released?.epoch ?? 0;
    if (this.newest > released) expect(cut?.epoch).toBeGreaterThanOrEqual(this.newest);
  }

  #carryOut(command: Command): void {
    this.log.push(command.do);
    switch (command.do) {
      case "fence": {
        const { epoch } = command;
        if (!this.#fails) this.kernel = "cut";
        this.#fenced.add(epoch);
        const fenced = { is: "fenced", epoch, outcome: this.#fails ? FAILED : DONE } as const;
        if (this.#fenceAnswers === "at once") this.happen(fenced);
        else this.#answering.push(fenced);
        return;
      }
      case "append":
        if (command.record.kind === "cut") expect(this.#fenced).toContain(command.record.epoch);
        this.#writing.push(command.record);
        return;
      case "wait":
        this.#answering.push(command.event);
        return;
      case "tell":
        this.#told.add(command.epoch);
        return;
      case "keep":
        expect(this.#told).toContain(command.epoch);
        expect(this.#kept).not.toContain(command.epoch);
        this.#kept.add(command.epoch);
        return;
      case "open":
        // Only a recorded release opens, and only when no newer cut is known.
        expect(this.recorded.cut).toBeUndefined();
        expect(this.recorded.released?.epoch).toBeGreaterThanOrEqual(this.newest);
        if (!this.#fails) this.kernel = "open";
        this.#answering.push({
          is: "opened",
          epoch: command.epoch,
          outcome: this.#fails ? FAILED : DONE,
        });
        return;
      case "answer":
        this.answers.push(command.status);
    }
  }

  /** One of the answers that are owed, in any order. */
  #answer(choice: number): void {
    const [event] = this.#answering.splice(choice % Math.max(1, this.#answering.length), 1);
    if (event !== undefined) this.happen(event);
  }

  /** The journal keeps its order; a record may fail before it is written. */
  #write(choice: number): void {
    const [record] = this.#writing;
    if (record === undefined) return;
    const { kind, epoch } = record;
    if (choice % 3 === 1) {
      return this.happen({ is: "recorded", kind, epoch, durable: false, why: "EIO" });
    }
    this.durable.push(record);
    this.#writing.shift();
    this.happen({ is: "recorded", kind, epoch, durable: true });
  }

  #restart(how: "kill" | "power"): void {
    this.situation = begin("web-1");
    this.#answering = [];
    this.#writing = [];
    this.#told.clear();
    this.#kept.clear();
    // What was neither recorded nor stands in a kernel that goes on is gone with the machine.
    if (how === "power") this.kernel = "open";
    const recorded = this.recorded;
    this.newest = recorded.cut?.epoch ?? 0;
    const stood = this.kernel;
    this.start();
    if (stood === "cut") expect(this.situation.cut).toBeDefined();
  }
}
