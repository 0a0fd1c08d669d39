/** What was decided about one connection, and every step that had a say in it. */
import type { TlsObservation } from "../inspect/observation.ts";
import type { Finding } from "./finding.ts";
import type { Decision, Window } from "./policy/policy.ts";

/** The steps of INTERFACE's "How a connection is decided", in the order in which they speak. */
export type Step =
  | "deny"
  | "possession"
  | "path"
  | "hygiene"
  | "approval"
  | "unseen"
  | "expect"
  | "window"
  | "guard"
  | "mode";

export interface Reason {
  readonly step: Step;
  /** Of the policy file, from 1; absent where a default spoke. */
  readonly line?: number;
  /** A sentence, with text from the wire in it: sinks escape. */
  readonly says: string;
}

/** What one step says: the strictest of all that is asked becomes the decision. */
export interface Answer extends Reason {
  readonly asks: Decision;
  readonly finding?: Finding;
  /** Open, and about this: of a cut it makes a report. */
  readonly window?: Window;
}

export interface Verdict {
  readonly decision: Decision;
  /** True exactly when a `cut` was lowered. */
  readonly wouldCut: boolean;
  /** The decision before it was lowered; absent when nothing lowered it. */
  readonly would?: Decision;
  readonly reason: readonly Reason[];
  /** Ids of the rules, each once. */
  readonly findings: readonly string[];
  readonly coverage: TlsObservation["coverage"];
  readonly policySha256: string;
}
