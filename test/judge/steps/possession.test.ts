/** Step `possession`. */
import { describe, expect, test } from "vitest";
import { Judge } from "../../../src/judge/decide.ts";
import { defaultPolicy, withRoots } from "../../../src/judge/policy.ts";
import { chains, handshake, root, rootFile } from "../scene.ts";
import { policyOf } from "../table.ts";

describe("possession", () => {
  test("that failed is cut, whatever the chain", async () => {
    const judge = new Judge(await policyOf(""));
    const { verdict, findings } = judge.judge(
      handshake({ chain: chains.good, possession: { state: "failed" } }),
    );
    expect(verdict.decision).toBe("cut");
    expect(findings[0]).toMatchObject({ rule: "C05", severity: "critical" });
  });

  test("that nobody checked is said, and audit passes a good chain", () => {
    const judge = new Judge(withRoots(defaultPolicy, [rootFile(root)]));
    const { verdict, possession, evidence } = judge.judge(handshake({ chain: chains.good }));
    expect(verdict.decision).toBe("pass");
    expect(verdict.reason.map(({ says }) => says).join()).toContain("unverified: not-checked");
    expect(possession).toEqual({ state: "unverified", why: "not-checked" });
    expect(evidence).toEqual({ class: "presented", confidence: "medium" });
  });

  test("that nobody checked does not pass where the policy is enforced", async () => {
    const judge = new Judge(await policyOf(""));
    expect(judge.judge(handshake({ chain: chains.good })).verdict.decision).toBe("refuse");
  });
});
