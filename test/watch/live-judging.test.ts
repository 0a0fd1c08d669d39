/**
 * Watching and replaying the same packets come to the same: every bundled capture, the evasions too, under
 * the policy that is the default and under one that enforces.
 */
import { readdirSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { defaultPolicy, sealPolicy } from "../../src/judge/policy/policy.ts";
import type { VerdictLine } from "../../src/report/lines.ts";
import { decisions, findings, live, replayed } from "./live-lines.ts";

const captures = ["captures", "captures/evasion"].flatMap((folder) =>
  readdirSync(folder)
    .filter((file) => /\.pcap(ng)?$/.test(file))
    .map((file) => `${folder}/${file}`),
);
const policies = [defaultPolicy, sealPolicy({ ...defaultPolicy, mode: "enforce" })];

describe.each(policies.map((policy) => [policy.mode, policy] as const))("%s", (_mode, policy) => {
  test.each(captures)("%s: the last verdict of each connection is a replay's", async (path) => {
    const watched = await live(path, policy);
    const after = await replayed(path, policy);
    const ours = decisions(watched.lines);
    const theirs = decisions(after);
    expect(Object.keys(ours).sort()).toEqual(Object.keys(theirs).sort());
    for (const [key, [verdict]] of Object.entries(theirs)) {
      expect({ key, ...said(ours[key]!.at(-1)!) }).toEqual({ key, ...said(verdict!) });
    }
    expect(findings(watched.lines)).toEqual(findings(after));
  });
});

/**
 * The client's certificate comes behind the server's proof, and what it adds to the reasons is not said
 * again where it makes nothing stricter. Its findings are.
 */
function said({ decision, would, wouldCut, reason, findings, coverage }: VerdictLine) {
  return { decision, would, wouldCut, reason: reason.filter(isOfServer), findings, coverage };
}

function isOfServer({ says }: VerdictLine["reason"][number]): boolean {
  return !says.startsWith("the client's certificate");
}
