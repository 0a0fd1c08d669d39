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
import type { Cut } from "./journal/state.ts";
import type { Outcome } from "./outcome.ts";
import { opened, releaseRecorded, releaseWanted } from "./release-steps.ts";
import {
  type Because,
  type Case,
  type Command,
  FENCE_AGAIN_MS,
  type SequenceEvent,
  type Situation,
  type Step,
} from "./situation.ts";

export type {
  Answer,
  Because,
  Command,
  ReleaseWanted,
  SequenceEvent,
  Situation,
  Step,
  Tidings,
} from "./situation.ts";

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

function replaced(cases: readonly Case[], old: Case, by?: Case): readonly Case[] {
  return cases.flatMap((one) => (one !== old ? one : (by ?? [])));
}

const UNEXPLAINED =
  "the fence stood at the start and the journal holds no cut: it stays until somebody releases it";
const NOT_YET = "the journal has not answered yet";
/** An fsync takes 1 to 20 ms on most disks; whoever reads of the cut should not wait longer for one. */
const JOURNAL_WAIT_MS = 100;
/** Connections named with one cut. */
const FLOWS_MAX = 16;
