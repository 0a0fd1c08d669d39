/**
 * The part of the order (sequence.ts) that lets a workload out again: a person asks, the journal records,
 * and only then the fence opens. Whatever comes in between and is newer wins.
 */
import type { Outcome } from "./outcome.ts";
import {
  type Answer,
  type Command,
  FENCE_AGAIN_MS,
  type ReleaseWanted,
  type SequenceEvent,
  type Situation,
  type Step,
} from "./situation.ts";

export function releaseWanted(before: Situation, wanted: ReleaseWanted): Step {
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

export function releaseRecorded(
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

export function opened(before: Situation, epoch: number, outcome: Outcome): Step {
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

const CUT_AGAIN = "the workload was cut again before the fence opened";
