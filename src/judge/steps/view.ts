/**
 * Which of several paths the server is judged by: the one that asks for least, with its own hygiene
 * and its own approval.
 *
 * A chain may lead to several anchors, and it is enough that one path is good. `allow` lines add
 * anchors; so the chain without those anchors is one more way to look at it. It decides only where it
 * asks for less, under policies that price an unknown issuer below an unapproved one, and makes sure
 * that taking a line away can never loosen a verdict (THREATS, invariant 2).
 */
import type { TrustPath } from "../../trust/validate.ts";
import type { Case, Presented } from "../case.ts";
import { type Decision, strictest, strictness, type Window } from "../policy/policy.ts";
import type { Answer } from "../verdict.ts";
import { type Approval, approvalAnswers, approvalOf, wholePath } from "./approval.ts";
import { hygieneAnswers, hygieneAsks } from "./hygiene.ts";
import { endsAtAllowLine, pathAnswers, worthOfNoPath } from "./path.ts";
import { windowOfKeys } from "./window.ts";

interface View {
  readonly about: Presented;
  /** Absent when nothing leads to an anchor: then there is nothing to approve either. */
  readonly path?: TrustPath;
  readonly approval?: Approval;
  /** Expects a key of the path. */
  readonly window?: Window | undefined;
  readonly asks: Decision;
}

/** What steps 3 to 5 say. */
export function viewAnswers(about: Presented, context: Case): Answer[] {
  const { about: seen, path, approval, window } = bestView(about, context);
  const findings = (path ?? seen.validation).findings;
  const tolerant = approval?.lines ?? [];
  const ofThisPath = [
    ...hygieneAnswers(seen, { findings, tolerant }, context),
    ...(approval === undefined ? [] : approvalAnswers(approval, seen, context)),
  ];
  const lowered = window === undefined ? ofThisPath : ofThisPath.map((one) => ({ ...one, window }));
  return [...pathAnswers(seen, path, context), ...lowered];
}

function bestView(about: Presented, context: Case): View {
  const best = bestOf(about, context);
  if (best.asks === "pass" || !about.validation.paths.some(endsAtAllowLine)) return best;
  const rootsAlone = { ...about, validation: about.withRootsAlone() };
  return looser(bestOf(rootsAlone, context), best);
}

function bestOf(about: Presented, context: Case): View {
  let best: View | undefined;
  for (const path of about.validation.paths) best = looser(viewOf(path, about, context), best);
  return best ?? viewOfNoPath(about, context);
}

function viewOf(path: TrustPath, about: Presented, context: Case): View {
  const approval = approvalOf(path, about, context);
  const hygiene = { findings: path.findings, tolerant: approval.lines };
  const window = windowOfKeys(wholePath(path), context);
  const asks = strictest(
    under(window, approval.asks),
    under(window, hygieneAsks(about, hygiene, context)),
  );
  return { about, path, approval, window, asks };
}

function viewOfNoPath(about: Presented, context: Case): View {
  const hygiene = { findings: about.validation.findings, tolerant: [] };
  const { asks } = worthOfNoPath(about, context);
  return { about, asks: strictest(asks, hygieneAsks(about, hygiene, context)) };
}

/** A path is chosen by what is left of it, so that an expected one is not passed over for another. */
function under(window: Window | undefined, asks: Decision): Decision {
  return window !== undefined && asks === "cut" ? "report" : asks;
}

/** The first of two equals stays: the trust engine gives the best path first. */
function looser(candidate: View, best: View | undefined): View {
  if (best === undefined) return candidate;
  return strictness(candidate.asks) < strictness(best.asks) ? candidate : best;
}
