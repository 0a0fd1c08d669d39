/** Step `possession`, and what evidence it makes of a certificate. */
import { describe, expect, test } from "vitest";
import { Judge } from "../../../src/judge/decide.ts";
import { defaultPolicy, withRoots } from "../../../src/judge/policy/policy.ts";
import { chains, handshake, root, rootFile } from "../scene.ts";
import { policyOf } from "../table.ts";

const audit = withRoots(defaultPolicy, [rootFile(root)]);
const verified = { state: "verified" } as const;
const failed = { state: "failed" } as const;
const budget = { state: "unverified", why: "budget" } as const;
const staticRsa = { state: "unverified", why: "static-rsa" } as const;

describe("possession", () => {
  test("that failed is cut, whatever the chain", async () => {
    const judge = new Judge(await policyOf(""));
    const { verdict, findings, evidence } = judge.judge(
      handshake({ chain: chains.good, possession: failed }),
    );
    expect(verdict.decision).toBe("cut");
    expect(findings[0]).toMatchObject({ rule: "C05", severity: "critical" });
    expect(evidence).toEqual({ class: "presented", confidence: "medium" });
  });

  test("that was verified is high evidence, and passes a good chain in silence", () => {
    const given = handshake({ chain: chains.good, possession: verified });
    const { verdict, evidence, findings } = new Judge(audit).judge(given);
    expect(verdict.decision).toBe("pass");
    expect(findings).toEqual([]);
    expect(verdict.reason[0]?.says).toContain("proved that it holds");
    expect(evidence).toEqual({ class: "verified", confidence: "high" });
  });

  test("beyond the budget passes as the last check did, and is no high evidence", async () => {
    const policy = await policyOf("");
    const given = handshake({ chain: chains.good, possession: budget });
    for (const judge of [new Judge(audit), new Judge(policy)]) {
      const { verdict, evidence, findings } = judge.judge(given);
      expect(verdict.decision).toBe("pass");
      expect(findings).toEqual([]);
      expect(verdict.reason[0]?.says).toContain("when that was last checked");
      expect(evidence).toEqual({ class: "presented", confidence: "medium" });
    }
  });

  test("that nothing shows is a note where the policy audits, and refused where it is enforced", async () => {
    const given = handshake({ chain: chains.good, possession: staticRsa });
    const { verdict, findings, possession } = new Judge(audit).judge(given);
    expect(verdict).toMatchObject({ decision: "report", wouldCut: false, findings: ["A18"] });
    expect(verdict.reason.map(({ says }) => says).join()).toContain("unverified: static-rsa");
    expect(findings[0]?.summary).toContain("static RSA");
    expect(possession).toEqual(staticRsa);
    expect(new Judge(await policyOf("")).judge(given).verdict.decision).toBe("refuse");
  });

  test.each([
    ["static-rsa", "with static RSA the server signs nothing"],
    ["static-dh", "with static Diffie-Hellman the server signs nothing"],
    ["psk", "a shared key, and no signature"],
    ["anonymous", "the cipher suite is anonymous"],
    ["unknown-exchange", "not known of this cipher suite"],
    ["malformed", "cannot be read"],
    ["limit", "beyond the memory"],
    ["midstream", "the handshake's beginning"],
    ["loss", "packets with the server's signature are missing"],
    ["cut-short", "ended before the server's signature"],
    ["unknown-signature", "possession of its key is unverified (unknown-signature)"],
    ["unusable-key", "possession of its key is unverified (unusable-key)"],
  ])("that is unverified for %s says so", (why, because) => {
    const possession = { state: "unverified", why } as const;
    const judge = new Judge(audit);
    const { verdict, findings } = judge.judge(handshake({ chain: chains.good, possession }));
    expect(verdict.reason.at(-1)).toMatchObject({ step: "unseen" });
    expect(verdict.reason.at(-1)?.says).toContain("identity was not proved, because");
    expect(verdict.reason.at(-1)?.says).toContain(because);
    expect(findings[0]).toMatchObject({ rule: "A18", evidence: { why } });
    expect(findings[0]?.summary).toContain(because);
  });

  test("that nobody looked at is not taken for granted", async () => {
    const given = handshake({ chain: chains.good });
    const { verdict, possession } = new Judge(audit).judge(given);
    expect(possession).toEqual({ state: "unverified", why: "not-checked" });
    expect(verdict.decision).toBe("report");
    expect(new Judge(await policyOf("")).judge(given).verdict.decision).toBe("refuse");
  });

  test("is unverified for the reason that the certificate was not seen", () => {
    const { possession } = new Judge(audit).judge(handshake({ why: "resumed" }));
    expect(possession).toEqual({ state: "unverified", why: "resumed" });
  });
});
