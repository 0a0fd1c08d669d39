/** Step `unseen`. */
import { describe, expect, test } from "vitest";
import type { TlsObservation } from "../../../src/inspect/observation.ts";
import { Judge } from "../../../src/judge/decide.ts";
import { defaultPolicy } from "../../../src/judge/policy/policy.ts";
import { chains, type Handshake, handshake } from "../scene.ts";
import { policyOf } from "../table.ts";

/** And proved. */
const VERIFIED: Handshake = { chain: chains.good, possession: { state: "verified" } };

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

  /** Every class of VISIBILITY's table that says something was not seen, and the key that prices it. */
  const CLASSES: [string, Handshake & Partial<TlsObservation>, string, string][] = [
    ["TLS 1.3 without keys", { why: "encrypted" }, "encrypted", "unverifiable"],
    ["QUIC", { why: "quic" }, "encrypted", "unverifiable"],
    [
      "resumed, the first one unseen",
      { why: "resumed", resumed: "ticket" },
      "resumed",
      "resumed-unknown",
    ],
    ["resumed under TLS 1.3", { why: "resumed", resumed: "psk" }, "resumed", "resumed-unknown"],
    ["an encrypted hello", { why: "ech" }, "ech", "ech-unverifiable"],
    ["0-RTT", { why: "encrypted", early: true }, "otherwise", "unverifiable"],
    [
      "0-RTT in a resumed session",
      { why: "resumed", resumed: "psk", early: true },
      "otherwise",
      "unverifiable",
    ],
    ["a raw public key", { why: "raw-public-key" }, "otherwise", "unverifiable"],
    ["loss", { why: "loss" }, "otherwise", "unverifiable"],
    ["a handshake cut short", { why: "cut-short" }, "otherwise", "unverifiable"],
    ["no certificate at all", { why: "none-sent" }, "otherwise", "unverifiable"],
    ["static RSA", copied("static-rsa"), "otherwise", "presented"],
    ["static Diffie-Hellman", copied("static-dh"), "otherwise", "presented"],
    ["a shared key", copied("psk"), "otherwise", "presented"],
    ["an anonymous suite", copied("anonymous"), "otherwise", "presented"],
    ["a signature that was lost", copied("loss"), "otherwise", "presented"],
    [
      "a name that was given other addresses",
      { ...VERIFIED, binding: "elsewhere" },
      "otherwise",
      "verified",
    ],
  ];
  const KEYS = ["encrypted", "resumed", "ech", "otherwise"] as const;

  test.each(CLASSES)("is priced by its own key and no other: %s", async (_, shape, own, name) => {
    const { resumed = false, early, ...rest } = shape;
    for (const key of KEYS) {
      const settings = KEYS.map((one) => `${one}: ${one === key ? "cut" : "report"}`).join();
      const judge = new Judge(await policyOf(`unseen: {${settings}}`));
      const input = handshake(rest);
      const observation = { ...input.observation, resumed, ...(early && { early }) };
      const { verdict, evidence } = judge.judge({ ...input, observation });
      expect(verdict.decision, key).toBe(key === own ? "cut" : "report");
      expect(evidence.class).toBe(name);
    }
  });

  test("is never clean, whatever the policy says of it", async () => {
    const judge = new Judge(
      await policyOf(
        "unseen: {encrypted: report, resumed: report, ech: report, otherwise: report}",
      ),
    );
    for (const [name, { resumed = false, early, ...rest }] of CLASSES) {
      const input = handshake(rest);
      const observation = { ...input.observation, resumed, ...(early && { early }) };
      expect(judge.judge({ ...input, observation }).verdict.decision, name).toBe("report");
    }
  });

  test("asks for proof where a chain was copied with static RSA", async () => {
    const judge = new Judge(await policyOf(""));
    const possession = { state: "unverified", why: "static-rsa" } as const;
    const { verdict } = judge.judge(handshake({ chain: chains.good, possession }));
    expect(verdict).toMatchObject({ decision: "refuse", findings: ["A18"] });
  });
});

/** A good chain, whose key nobody has proved. */
function copied(why: string): Handshake {
  return { chain: chains.good, possession: { state: "unverified", why } };
}
