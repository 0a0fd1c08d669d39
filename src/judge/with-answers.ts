/**
 * What several steps asked for, settled: the verdict, its reasons in the order of the steps, and the
 * findings. And a judgement with what step 7 adds to it.
 *
 * Equal additions to an equal judgement give the very same object, as the judge's own memory does, so
 * that the lines of repeated handshakes are printed from memory (print.ts).
 */
import type { Case } from "./case.ts";
import type { Judgement } from "./decide.ts";
import { type Finding, worstFirst } from "./finding.ts";
import { settle } from "./steps/mode.ts";
import type { Answer, Reason, Verdict } from "./verdict.ts";

type Context = Pick<Case, "policy" | "atUs">;

/** `context.atUs` says which windows are open. */
export function settledOf(
  asked: readonly Answer[],
  coverage: Verdict["coverage"],
  context: Context,
): { readonly findings: readonly Finding[]; readonly verdict: Verdict } {
  const { answers, ...settled } = settle(asked, context);
  const findings = asked.flatMap(({ finding }) => finding ?? []).sort(worstFirst);
  const verdict: Verdict = {
    ...settled,
    reason: [...asked, ...answers].map(reasonOf),
    findings: [...new Set(findings.map(({ rule }) => rule))],
    coverage: [...coverage],
    policySha256: context.policy.sha256,
  };
  return { findings, verdict };
}

/** A judgement holds for a span of time in which no window opens or closes: so does what is added. */
export function withAnswers(
  judgement: Judgement,
  answers: readonly Answer[],
  context: Context,
): Judgement {
  if (answers.length === 0) return judgement;
  const key = JSON.stringify(answers.map(keyOf));
  const known = MADE.get(judgement);
  const made = known?.get(key);
  if (made !== undefined) return made;
  const asked = [...judgement.asked, ...answers];
  const settled = settledOf(asked, judgement.verdict.coverage, context);
  const merged: Judgement = { ...judgement, asked, ...settled };
  if (known === undefined) MADE.set(judgement, new Map([[key, merged]]));
  else if (known.size < MADE_MAX) known.set(key, merged);
  return merged;
}

function keyOf({ step, line, says, asks, finding }: Answer): unknown[] {
  return [step, line, says, asks, finding?.summary, finding?.evidence];
}

function reasonOf({ step, line, says }: Answer): Reason {
  return line === undefined ? { step, says } : { step, line, says };
}

const MADE = new WeakMap<Judgement, Map<string, Judgement>>();
/** Ways in which handshakes of one judgement differ: suites, groups, versions. */
const MADE_MAX = 64;
