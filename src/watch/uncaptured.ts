/**
 * What the way of capturing leaves out, as it bears on a verdict. A connection whose proof was seen whole
 * is not concerned: its bytes are numbered, and none was missing. Any other one is.
 */
import type { Flow } from "../flow/event.ts";
import type { TlsObservation } from "../inspect/observation.ts";
import type { Verdict } from "../judge/verdict.ts";

export interface Uncaptured {
  /** Packets were lost, and some of them may be this connection's. */
  readonly mayHaveLost: boolean;
  /** Only the first 64 KiB are captured: what begins behind them is not seen. */
  readonly firstBytesOnly: boolean;
}

/** The verdict with the words for what may be missing, and never `pass` where packets were lost. */
export function withUncaptured(verdict: Verdict, missing: Uncaptured): Verdict {
  const coverage = coverageOf(verdict.coverage, missing);
  if (!missing.mayHaveLost) return { ...verdict, coverage };
  const says = "packets were lost while it was read, so what was seen may not be all of it";
  return {
    ...verdict,
    coverage,
    decision: verdict.decision === "pass" ? "report" : verdict.decision,
    reason: [...verdict.reason, { step: "unseen", says }],
  };
}

/** Nobody saw it begin. UDP has no beginning that could be told. */
export function isMidstream({ transport, opener }: Flow): boolean {
  return transport === "tcp" && opener === undefined;
}

function coverageOf(
  before: TlsObservation["coverage"],
  { mayHaveLost, firstBytesOnly }: Uncaptured,
): TlsObservation["coverage"] {
  const words = new Set(before);
  if (mayHaveLost) words.add("loss");
  if (firstBytesOnly) words.add("first-64k");
  return [...words];
}
