/** Step `mode`. */
import { describe, expect, test } from "vitest";
import { Judge } from "../../../src/judge/decide.ts";
import { chains, handshake } from "../scene.ts";
import { issuing, policyOf } from "../table.ts";

describe("mode", () => {
  test("audit makes a report of a cut and says so", async () => {
    const policy = await policyOf("", { mode: "audit" });
    const { verdict, findings } = new Judge(policy).judge(
      handshake({ chain: chains["with an unknown issuer"] }),
    );
    expect(verdict).toMatchObject({ decision: "report", wouldCut: true, would: "cut" });
    expect(findings[0]).toMatchObject({ rule: "A15", severity: "breach", confidence: "medium" });
  });

  test("audit makes a report of a refusal, which is no cut", async () => {
    const policy = await policyOf("unknown: refuse", { mode: "audit" });
    const { verdict, findings } = new Judge(policy).judge(
      handshake({ chain: chains["with an unknown issuer"] }),
    );
    expect(verdict).toMatchObject({ decision: "report", wouldCut: false, would: "refuse" });
    expect(findings[0]?.severity).toBe("breach");
  });

  test("a report lowers nothing and stays a warning", async () => {
    const policy = await policyOf("unknown: report", { mode: "audit" });
    const { verdict, findings } = new Judge(policy).judge(
      handshake({ chain: chains["with an unknown issuer"] }),
    );
    expect(verdict).toMatchObject({ decision: "report", wouldCut: false });
    expect(verdict.would).toBeUndefined();
    expect(findings[0]?.severity).toBe("warning");
  });

  test.each(["ingress", "internal"] as const)(
    "%s is never more than reported",
    async (direction) => {
      const policy = await policyOf(`deny: [{spki: ${issuing.spki}}], allow: []`);
      const { verdict } = new Judge(policy).judge(handshake({ chain: chains.good, direction }));
      expect(verdict).toMatchObject({ decision: "report", wouldCut: false });
    },
  );

  test("an unknown direction counts as egress", async () => {
    const judge = new Judge(await policyOf(""));
    const { verdict } = judge.judge(
      handshake({ chain: chains["self-signed"], direction: "unknown" }),
    );
    expect(verdict.decision).toBe("cut");
  });

  test.each([
    ["audit", "warning"],
    ["enforce", "breach"],
  ])("%s makes of an expired certificate a %s", async (mode, severity) => {
    const { findings } = new Judge(await policyOf("", { mode })).judge(
      handshake({ chain: chains.expired, possession: { state: "verified" } }),
    );
    expect(findings[0]).toMatchObject({ rule: "C02", severity });
  });
});
