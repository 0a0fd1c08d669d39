/**
 * Policies against chains, as tables: the name of a row is a sentence, and the row says the decision
 * and the rules. The world is in scene.ts; its root is the policy's root unless a row says otherwise.
 */
import { expect, test } from "vitest";
import { Judge, type Judgement } from "../../src/judge/decide.ts";
import { type Policy, withRoots } from "../../src/judge/policy/policy.ts";
import { parsePolicy } from "../../src/judge/policy/policy-file.ts";
import {
  type ChainName,
  chains,
  type Handshake,
  handshake,
  hashesOf,
  identities,
  root,
  rootFile,
} from "./scene.ts";

export const issuing = hashesOf(identities.issuing);
export const alone = hashesOf(identities.alone);
/** Of the issuing CA, and of the impostor that took its name. */
export const DN = "CN=Corp CA 2,O=Example";

/** `issuers:` in flow style, so that a case stays a line. Enforced: what is asked is what is done. */
export async function policyOf(
  issuers: string,
  { mode = "enforce", known = true } = {},
): Promise<Policy> {
  const text = `version: 1\nmode: ${mode}\nissuers: {roots: [], ${issuers}}\n`;
  return withRoots(await parsePolicy(text, "test.yaml"), known ? [rootFile(root)] : []);
}

export interface Row {
  readonly name: string;
  readonly policy: string;
  readonly chain: ChainName;
  readonly decision: string;
  /** Rules found, worst first; none if absent. */
  readonly rules?: readonly string[];
  readonly at?: Handshake;
  readonly known?: boolean;
  /** Part of what some step says. */
  readonly says?: RegExp;
}

/** Possession is proved, so that `unseen` is silent: it has its own table. */
async function judged(row: Pick<Row, "policy" | "chain" | "at" | "known">): Promise<Judgement> {
  const policy = await policyOf(row.policy, { known: row.known ?? true });
  const input = handshake({
    chain: chains[row.chain],
    possession: { state: "verified" },
    ...row.at,
  });
  return new Judge(policy).judge(input);
}

export function check(rows: readonly Row[]): void {
  test.each(rows)("$name", async (row) => {
    const { verdict, findings } = await judged(row);
    expect(verdict.decision).toBe(row.decision);
    expect(findings.map(({ rule }) => rule)).toEqual(row.rules ?? []);
    expect(verdict.findings).toEqual([...new Set(row.rules ?? [])]);
    if (row.says) expect(verdict.reason.map(({ says }) => says).join("\n")).toMatch(row.says);
  });
}
