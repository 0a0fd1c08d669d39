/** Step `unseen`. */
import { describe, expect, test } from "vitest";
import { Judge } from "../../../src/judge/decide.ts";
import { defaultPolicy } from "../../../src/judge/policy.ts";
import { chains, handshake } from "../scene.ts";
import { policyOf } from "../table.ts";

describe("unseen", () => {
  const WHYS = [
    "encrypted",
    "resumed",
    "ech",
    "quic",
    "cut-short",
    "loss",
    "none-sent",
    "raw-public-key",
    undefined,
  ] as const;

  test.each(WHYS)("is a note and a report in audit, never clean: %s", (why) => {
    const { verdict, findings, evidence } = new Judge(defaultPolicy).judge(handshake({ why }));
    expect(verdict).toMatchObject({ decision: "report", wouldCut: false, findings: ["A18"] });
    expect(verdict.would).toBeUndefined();
    expect(verdict.reason.map(({ step }) => step)).toEqual(["unseen"]);
    expect(findings[0]).toMatchObject({ severity: "note", certificates: [] });
    expect(evidence.class).toBe(why === "ech" ? "ech-unverifiable" : "unverifiable");
  });

  test.each([
    ["encrypted: cut", "encrypted", "cut"],
    ["encrypted: cut", "quic", "cut"],
    ["encrypted: cut", "loss", "refuse"],
    ["resumed: report", "resumed", "report"],
    ["resumed: remember, otherwise: cut", "resumed", "cut"],
    ["encrypted: probe, otherwise: report", "encrypted", "report"],
    ["ech: report", "ech", "report"],
    ["otherwise: cut", "none-sent", "cut"],
    ["encrypted: {default: cut, for: [{to: [192.0.2.7], then: report}]}", "encrypted", "report"],
  ] as const)("enforced, %s makes of %s a %s", async (unseen, why, decision) => {
    const judge = new Judge(await policyOf(`unseen: {${unseen}}`));
    const { verdict, findings } = judge.judge(handshake({ why }));
    expect(verdict.decision).toBe(decision);
    expect(findings[0]?.severity).toBe(decision === "report" ? "note" : "breach");
  });

  test("asks for proof where a chain was copied with static RSA", async () => {
    const judge = new Judge(await policyOf(""));
    const possession = { state: "unverified", why: "static-rsa" } as const;
    const { verdict } = judge.judge(handshake({ chain: chains.good, possession }));
    expect(verdict).toMatchObject({ decision: "refuse", findings: ["A18"] });
  });
});
