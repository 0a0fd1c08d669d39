/**
 * Step 8, the last: the strictest answer wins, and then three things may lower it, in this order: a
 * maintenance window makes a report of a cut that was expected, a guard holds a cut back, and audit
 * makes a report of whatever is stricter.
 *
 * A window lowers the answer that it is about and no other. Guards count cuts of other workloads, which
 * a pure function of one connection cannot: their place is between the other two, where a cut becomes a
 * refuse, and nothing stands there yet.
 */
import type { Case } from "../case.ts";
import { clip } from "../finding.ts";
import { type Decision, strictest, strictness, type Window } from "../policy/policy.ts";
import type { Answer } from "../verdict.ts";
import { windowOfComponent } from "./window.ts";

export interface Decided {
  readonly decision: Decision;
  readonly wouldCut: boolean;
  readonly would?: Decision;
  /** What lowered it. */
  readonly answers: readonly Answer[];
}

export function settle(asked: readonly Answer[], context: Pick<Case, "policy" | "atUs">): Decided {
  const before = strictestOf(asked.map(({ asks }) => asks));
  const answers: Answer[] = [];
  let decision = before;
  if (before === "cut") {
    const cuts = asked.filter(({ asks }) => asks === "cut");
    const windows = cuts.map((answer) => windowFor(answer, context));
    if (windows.every((window) => window !== undefined)) {
      const others = asked.filter(({ asks }) => asks !== "cut").map(({ asks }) => asks);
      decision = strictestOf(["report", ...others]);
      answers.push(...[...new Set(windows)].map(windowAnswer));
    }
  }
  if (context.policy.mode === "audit" && strictness(decision) > strictness("report")) {
    const says = `report: audit mode only reports; enforce would ${decision}`;
    answers.push({ step: "mode", says, asks: "report" });
    decision = "report";
  }
  if (decision === before) return { decision, wouldCut: false, answers };
  return { decision, wouldCut: before === "cut", would: before, answers };
}

function strictestOf(decisions: readonly Decision[]): Decision {
  return decisions.reduce<Decision>(strictest, "pass");
}

/** Steps that know a path have looked for its keys; encryption that was expected is one component. */
function windowFor(
  { step, window }: Answer,
  context: Pick<Case, "policy" | "atUs">,
): Window | undefined {
  return step === "expect" ? windowOfComponent("wire.encryption", context) : window;
}

function windowAnswer({ line, name, key, component, to }: Window): Answer {
  const what = key === undefined ? `a change of ${component}` : `the key ${clip(key, HASH_SHOWN)}`;
  const says = `report: until ${to} the window ${clip(name, NAME_MAX)} expects ${what}, and holds back the cut`;
  return { step: "window", ...(line === undefined ? {} : { line }), says, asks: "report" };
}

const NAME_MAX = 80;
/** As `approval` shows keys. */
const HASH_SHOWN = 17;
