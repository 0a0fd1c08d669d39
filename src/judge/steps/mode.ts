/**
 * Step 8, the last: the strictest answer wins, and audit makes a report of what is stricter. Windows
 * and guards lower a decision here as well; this version has none, and so nothing lowers `enforce`.
 */
import { type Decision, type Policy, strictest, strictness } from "../policy.ts";
import type { Answer } from "../verdict.ts";

export interface Decided {
  readonly decision: Decision;
  readonly wouldCut: boolean;
  readonly would?: Decision;
  /** What lowered it. */
  readonly answers: readonly Answer[];
}

export function settle(asked: readonly Answer[], { mode }: Policy): Decided {
  const before = asked.reduce<Decision>((worst, { asks }) => strictest(worst, asks), "pass");
  if (mode === "enforce" || strictness(before) <= strictness("report")) {
    return { decision: before, wouldCut: false, answers: [] };
  }
  const says = `report: audit mode only reports; enforce would ${before}`;
  const answer: Answer = { step: "mode", says, asks: "report" };
  return { decision: "report", wouldCut: before === "cut", would: before, answers: [answer] };
}
