/**
 * The order in which a cut is carried out, as a machine that decides and does nothing itself:
 *
 *     cut wanted -> fence -> journal (fsync) -> tell -> evidence
 *                     |         |
 *                     |         +-- no answer in time, or a failure: tell all the same, "not durable"
 *                     +-- failed: journal and tell all the same, and fence again and again
 *
 *     release wanted -> journal (fsync) -> open the fence -> answer
 *                          |
 *                          +-- not recorded, or a newer cut came: the fence stays
 *
 * An event goes in, the next situation and what is to be done come out (sequencer.ts does it). Two
 * facts shape it:
 *
 *   1. The fence waits for nothing: it is the only command that a wanted cut gives, and it gives it
 *      whatever else is under way. The journal may hang for good, and only the word `durable` changes.
 *   2. A release undoes the cuts that the person knew of. Each cut has the next epoch, a release names
 *      the one it was told, and if a newer one comes before the release is recorded, the cut wins.
 *
 * Nothing in it grows: cuts that come while one is being recorded are recorded together.
 */
import type { JournalRecord } from "./journal/record.ts";
import type { Cut, JournalState } from "./journal/state.ts";
import type { Outcome } from "./outcome.ts";

/** Why a workload is to be cut. Texts may be hostile: whoever prints them escapes them. */
export interface Because {
  /** By the wall clock, integer microseconds since 1970. */
  readonly atUs: number;
  /** Id of the finding's rule; "" by hand. */
  readonly rule: string;
  /** The person who asked for it; "" for the gate itself. */
  readonly by: string;
  readonly because: string;
  readonly policySha256: string;
  /** The connection that proved it, as lines name it; absent by hand. */
  readonly flow?: string;
}

export interface ReleaseWanted {
  /** Names the question, for its answer. */
  readonly id: number;
  readonly atUs: number;
  /** Of the newest cut that the person knows of. */
  readonly epoch: number;
  readonly by: string;
  readonly because: string;
}

export type SequenceEvent =
  /** The first of all: what was read back, and what stands in the kernel. */
  | {
      readonly is: "started";
      readonly journal: JournalState;
      readonly fence: "open" | "cut";
      readonly atUs: number;
    }
  | { readonly is: "cut-wanted"; readonly because: Because }
  | { readonly is: "fenced"; readonly epoch: number; readonly outcome: Outcome }
  | {
      readonly is: "recorded";
      readonly kind: "cut" | "release";
      readonly epoch: number;
      readonly durable: boolean;
      readonly why?: string;
    }
  /** The journal had its time. */
  | { readonly is: "late"; readonly epoch: number }
  /** The pause after a fence that failed is over. */
  | { readonly is: "again" }
  | ({ readonly is: "release-wanted" } & ReleaseWanted)
  | { readonly is: "opened"; readonly epoch: number; readonly outcome: Outcome };

export type Command =
  | { readonly do: "fence"; readonly epoch: number; readonly because: string }
  | { readonly do: "append"; readonly record: JournalRecord }
  | { readonly do: "wait"; readonly ms: number; readonly event: SequenceEvent }
  | ({ readonly do: "tell" } & Tidings)
  | { readonly do: "keep"; readonly epoch: number; readonly flows: readonly string[] }
  | { readonly do: "open"; readonly epoch: number }
  | {
      readonly do: "answer";
      readonly id: number;
      readonly status: Answer;
      readonly detail: string;
    };

/** What is told of a cut: once when it was fenced and the journal had its time, and when that changes. */
export interface Tidings {
  readonly epoch: number;
  readonly rule: string;
  readonly by: string;
  readonly because: string;
  /** Cuts that were recorded together, and the connections that proved them, the first few. */
  readonly times: number;
  readonly flows: readonly string[];
  readonly outcome: Outcome;
  readonly durable: boolean;
  /** Why it is not durable. */
  readonly why?: string;
}

export type Answer = "released" | "unneeded" | "refused" | "waiting" | "failed";

export interface Situation {
  /** Stands in each record. */
  readonly instance: string;
  /** Of the newest cut, 0 before the first. */
  readonly epoch: number;
  /** Absent when the workload is not to be cut. */
  readonly cut?: Cut;
  /** What the last command to the fence came to. */
  readonly fence: "open" | "cut" | "failing";
  /** Cuts that were not recorded yet: one that the journal writes, one that waits for it. */
  readonly cases: readonly Case[];
  /** A release that is being recorded. */
  readonly releasing?: ReleaseWanted;
  /** A release that is recorded while the fence did not open yet. */
  readonly opening?: ReleaseWanted;
}

interface Case {
  readonly phase: "fencing" | "queued" | "writing";
  readonly epoch: number;
  readonly because: Because;
  readonly times: number;
  readonly flows: readonly string[];
  readonly outcome?: Outcome;
  readonly wasTold: boolean;
}

export interface Step {
  readonly situation: Situation;
  readonly commands: readonly Command[];
}

export function begin(instance: string): Situation {
  return { instance, epoch: 0, fence: "open", cases: [] };
}

/** What follows from an event. Pure; an event that no longer matters changes nothing. */
export function step(before: Situation, event: SequenceEvent): Step {
  switch (event.is) {
    case "started":
      return started(before, event);
    case "cut-wanted":
      return cutWanted(before, event.because);
    case "fenced":
      return fenced(before, event.epoch, event.outcome);
    case "recorded":
      return event.kind === "cut" ? cutRecorded(before, event) : releaseRecorded(before, event);
    case "late":
      return late(before, event.epoch);
    case "again":
      return again(before);
    case "release-wanted":
      return releaseWanted(before, event);
    case "opened":
      return opened(before, event.epoch, event.outcome);
  }
}

/** What the journal says is done again. A fence that it does not explain stays, and is recorded. */
function started(
  before: Situation,
  { journal, fence, atUs }: Extract<SequenceEvent, { is: "started" }>,
): Step {
  const situation = { ...before, epoch: journal.epoch, fence };
  const { cut } = journal;
  if (cut !== undefined) {
    const command: Command = { do: "fence", epoch: cut.epoch, because: cut.because };
    return { situation: { ...situation, cut }, commands: [command] };
  }
  if (fence === "open") return { situation, commands: [] };
  return cutWanted(situation, { atUs, rule: "", by: "", because: UNEXPLAINED, policySha256: "" });
}

function cutWanted(before: Situation, because: Because): Step {
  const epoch = before.epoch + 1;
  const waiting = before.cases.find(({ phase }) => phase !== "writing");
  const flows = [...(waiting?.flows ?? []), ...(because.flow === undefined ? [] : [because.flow])];
  const merged: Case = {
    phase: "fencing",
    epoch,
    because: waiting?.because ?? because,
    times: (waiting?.times ?? 0) + 1,
    flows: flows.slice(0, FLOWS_MAX),
    wasTold: false,
  };
  const { atUs, rule, by, because: why, policySha256 } = because;
  const sinceUs = before.cut?.sinceUs ?? atUs;
  const { instance } = before;
  const cut: Cut = { epoch, sinceUs, atUs, rule, by, because: why, policySha256, instance };
  const cases = [...before.cases.filter((one) => one !== waiting), merged];
  return {
    situation: { ...before, epoch, cut, cases },
    commands: [{ do: "fence", epoch, because: why }],
  };
}

function fenced(before: Situation, epoch: number, outcome: Outcome): Step {
  // What became of an older cut says nothing of how the fence stands now.
  if (epoch !== before.epoch) return { situation: before, commands: [] };
  const isFailed = outcome.status === "failed";
  const commands: Command[] = [];
  if (isFailed) commands.push({ do: "wait", ms: FENCE_AGAIN_MS, event: { is: "again" } });
  const situation: Situation = { ...before, fence: isFailed ? "failing" : "cut" };
  const mine = before.cases.find((one) => one.phase === "fencing" && one.epoch === epoch);
  if (mine !== undefined) {
    const isBusy = before.cases.some(({ phase }) => phase === "writing");
    const queued: Case = { ...mine, phase: "queued", outcome };
    const next = { ...situation, cases: replaced(before.cases, mine, queued) };
    return isBusy ? { situation: next, commands } : write(next, commands);
  }
  // Fenced once more: at the start, or because it had failed before.
  if (before.cut !== undefined && before.fence !== situation.fence) {
    const { rule, by, because } = before.cut;
    const told = { epoch, rule, by, because, times: 1, flows: [], outcome };
    const durable = !before.cases.some((one) => one.epoch === epoch);
    commands.unshift({ do: "tell", ...told, durable, ...(durable ? {} : { why: NOT_YET }) });
  }
  return { situation, commands };
}

/** Has the journal write the case that waits for it, if one does. */
function write(before: Situation, commands: readonly Command[]): Step {
  const queued = before.cases.find(({ phase }) => phase === "queued");
  if (queued === undefined) return { situation: before, commands };
  const { epoch, because } = queued;
  const { atUs, rule, by, because: why, policySha256 } = because;
  const sinceUs = before.cut?.sinceUs ?? atUs;
  const { instance } = before;
  const text = queued.times > 1 ? `${why} (and ${queued.times - 1} more)` : why;
  const record: JournalRecord = {
    kind: "cut",
    epoch,
    atUs,
    sinceUs: Number.isNaN(sinceUs) ? atUs : sinceUs,
    policySha256,
    instance,
    rule,
    by,
    because: text,
    carried: false,
  };
  return {
    situation: {
      ...before,
      cases: replaced(before.cases, queued, { ...queued, phase: "writing" }),
    },
    commands: [
      ...commands,
      { do: "append", record },
      { do: "wait", ms: JOURNAL_WAIT_MS, event: { is: "late", epoch } },
    ],
  };
}

function cutRecorded(
  before: Situation,
  { epoch, durable, why }: Extract<SequenceEvent, { is: "recorded" }>,
): Step {
  const mine = before.cases.find((one) => one.phase === "writing" && one.epoch === epoch);
  if (mine === undefined) return { situation: before, commands: [] };
  const commands = mine.wasTold && !durable ? [] : tell(mine, durable, why);
  if (durable) return write({ ...before, cases: replaced(before.cases, mine) }, commands);
  const cases = replaced(before.cases, mine, { ...mine, wasTold: true });
  return { situation: { ...before, cases }, commands };
}

function late(before: Situation, epoch: number): Step {
  const mine = before.cases.find((one) => one.phase === "writing" && one.epoch === epoch);
  if (mine === undefined || mine.wasTold) return { situation: before, commands: [] };
  const cases = replaced(before.cases, mine, { ...mine, wasTold: true });
  return { situation: { ...before, cases }, commands: tell(mine, false, NOT_YET) };
}

/** Evidence comes behind the word, and once: a second word only says what became of the journal. */
function tell(
  { epoch, because, times, flows, outcome, wasTold }: Case,
  durable: boolean,
  why?: string,
): Command[] {
  if (outcome === undefined) return [];
  const { rule, by, because: text } = because;
  const told = { epoch, rule, by, because: text, times, flows, outcome, durable };
  const word: Command = { do: "tell", ...told, ...(durable || why === undefined ? {} : { why }) };
  return wasTold ? [word] : [word, { do: "keep", epoch, flows }];
}

function again(before: Situation): Step {
  const { cut, opening, fence } = before;
  if (cut !== undefined && fence === "failing") {
    const command: Command = { do: "fence", epoch: cut.epoch, because: cut.because };
    return { situation: before, commands: [command] };
  }
  if (cut !== undefined || opening === undefined) return { situation: before, commands: [] };
  return { situation: before, commands: [{ do: "open", epoch: opening.epoch }] };
}

function releaseWanted(before: Situation, wanted: ReleaseWanted): Step {
  const { id, epoch, atUs, by, because } = wanted;
  const answer = (status: Answer, detail: string): Step => ({
    situation: before,
    commands: [{ do: "answer", id, status, detail }],
  });
  const { cut } = before;
  if (before.releasing !== undefined) {
    const { by: other } = before.releasing;
    return answer("refused", `a release by ${other} is being recorded: wait for it`);
  }
  if (cut === undefined) return answer("unneeded", "the workload is not cut");
  if (epoch !== cut.epoch) {
    const found = `the newest cut is number ${cut.epoch}, the release names ${epoch}`;
    return answer("refused", `${found}: look at why it was cut again, then release that`);
  }
  const { instance } = before;
  const said = { epoch, atUs, sinceUs: atUs, policySha256: "", instance, rule: "", by, because };
  return {
    situation: { ...before, releasing: wanted },
    commands: [{ do: "append", record: { kind: "release", ...said, carried: false } }],
  };
}

function releaseRecorded(
  before: Situation,
  { epoch, durable, why }: Extract<SequenceEvent, { is: "recorded" }>,
): Step {
  const wanted = before.releasing;
  if (wanted === undefined || wanted.epoch !== epoch) return { situation: before, commands: [] };
  const { id } = wanted;
  if (!durable) {
    const detail = `the journal could not record it (${why ?? "no reason given"}): the workload stays cut until it can`;
    return { situation: before, commands: [{ do: "answer", id, status: "waiting", detail }] };
  }
  const { releasing: _done, cut, ...rest } = before;
  if (cut !== undefined && cut.epoch > epoch) {
    const detail = `the workload was cut again (number ${cut.epoch}) while the release was recorded`;
    const command: Command = { do: "answer", id, status: "refused", detail };
    return { situation: { ...rest, cut }, commands: [command] };
  }
  const { opening: older } = before;
  const commands: Command[] = [{ do: "open", epoch }];
  if (older !== undefined) {
    commands.push({ do: "answer", id: older.id, status: "refused", detail: CUT_AGAIN });
  }
  return { situation: { ...rest, opening: wanted }, commands };
}

function opened(before: Situation, epoch: number, outcome: Outcome): Step {
  const { opening, ...rest } = before;
  if (opening?.epoch !== epoch) return { situation: before, commands: [] };
  // A cut that came since has fenced again, and its outcome says what the fence is.
  if (before.cut !== undefined) {
    const { cut } = before;
    return {
      situation: rest,
      commands: [
        { do: "fence", epoch: cut.epoch, because: cut.because },
        { do: "answer", id: opening.id, status: "refused", detail: CUT_AGAIN },
      ],
    };
  }
  const { id } = opening;
  if (outcome.status !== "failed") {
    const command: Command = { do: "answer", id, status: "released", detail: outcome.detail };
    return { situation: { ...rest, fence: "open" }, commands: [command] };
  }
  const detail = `the release is recorded, and the fence did not open yet: ${outcome.detail}`;
  return {
    situation: { ...before, fence: "failing" },
    commands: [
      { do: "answer", id, status: "failed", detail },
      { do: "wait", ms: FENCE_AGAIN_MS, event: { is: "again" } },
    ],
  };
}

function replaced(cases: readonly Case[], old: Case, by?: Case): readonly Case[] {
  return cases.flatMap((one) => (one !== old ? one : (by ?? [])));
}

const UNEXPLAINED =
  "the fence stood at the start and the journal holds no cut: it stays until somebody releases it";
const CUT_AGAIN = "the workload was cut again before the fence opened";
const NOT_YET = "the journal has not answered yet";
/** An fsync takes 1 to 20 ms on most disks; whoever reads of the cut should not wait longer for one. */
const JOURNAL_WAIT_MS = 100;
const FENCE_AGAIN_MS = 250;
/** Connections named with one cut. */
const FLOWS_MAX = 16;
