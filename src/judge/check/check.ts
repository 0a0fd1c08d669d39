/**
 * `policy check`: everything that is wrong with a policy file, or, when nothing is, what may not be
 * meant. Loads the reader of policies (policy-file.ts), so only that command loads this.
 */
import { dirname } from "node:path";
import type { Policy } from "../policy/policy.ts";
import { PolicyError, type PolicyProblem } from "../policy/policy-error.ts";
import {
  parsePolicy,
  readPolicyText,
  refusedNotice,
  unappliedNotice,
  unknownRootsNotice,
} from "../policy/policy-file.ts";
import { YamlSource } from "../policy/yaml-source.ts";
import { broadRemarks } from "./check-broad.ts";
import { expectRemarks } from "./check-expect.ts";
import { expiryRemarks } from "./check-expiry.ts";
import { matchRemarks } from "./check-match.ts";
import { overlapRemarks } from "./check-overlap.ts";
import type { Remark, Remarked } from "./check-remark.ts";
import { windowRemarks } from "./check-window.ts";

export type PolicyCheck =
  | { readonly problems: readonly PolicyProblem[] }
  /** Both in the order of the file. */
  | { readonly policy: Policy; readonly warnings: readonly Remarked[] };

/** `atUs` is the time from which expiry is seen. Never throws because of the file. */
export async function checkPolicyFile(path: string, atUs: number): Promise<PolicyCheck> {
  try {
    const text = await readPolicyText(path);
    const policy = await parsePolicy(text, path, dirname(path));
    return { policy, warnings: warningsOf(policy, text, atUs) };
  } catch (error) {
    if (error instanceof PolicyError) return { problems: error.problems };
    throw error;
  }
}

/** `text` is what the policy was read from: it says where things stand. */
export function warningsOf(policy: Policy, text: string, atUs: number): Remarked[] {
  const source = new YamlSource(text);
  const remarks = [
    ...broadRemarks(policy),
    ...overlapRemarks(policy),
    ...expiryRemarks(policy, atUs),
    ...matchRemarks(policy),
    ...expectRemarks(policy),
    ...windowRemarks(policy, atUs),
    ...noticeRemarks(policy),
  ];
  return remarks
    .map(({ kind, path, says }) => ({ kind, ...source.placeOf(path), message: says }))
    .sort((a, b) => a.line - b.line || a.column - b.column);
}

/** What `replay` says at start as well, each where it is about. */
function noticeRemarks({ later, notices, issuers, windows = [] }: Policy): Remark[] {
  const kept = Object.keys(later);
  const told = new Set(kept.map(unappliedNotice));
  for (const { roots } of issuers.allow ?? []) {
    // Its line is told that it never matches.
    if (roots !== undefined) told.add(unknownRootsNotice(roots));
  }
  // And so is a window that is refused.
  for (const window of windows) told.add(refusedNotice(window) ?? "");
  return [
    ...kept.map((key): Remark => {
      return { kind: "not-applied", path: [key], says: unappliedNotice(key) };
    }),
    ...notices
      .filter((notice) => !told.has(notice))
      .map((says): Remark => ({ kind: "root-file", path: ["issuers", "roots"], says })),
  ];
}
