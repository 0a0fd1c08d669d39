/** C07: what an address is worth that the name was never given. */
import { describe, expect, test } from "vitest";
import { Judge } from "../../../src/judge/decide.ts";
import {
  always,
  defaultPolicy,
  type Policy,
  sealPolicy,
} from "../../../src/judge/policy/policy.ts";
import { chains, handshake, root, rootFile } from "../scene.ts";

const policy = (mode: Policy["mode"], otherwise: "report" | "refuse" | "probe" = "refuse") =>
  sealPolicy({
    ...defaultPolicy,
    mode,
    issuers: {
      ...defaultPolicy.issuers,
      roots: [rootFile(root)],
      unseen: { ...defaultPolicy.issuers.unseen, otherwise: always(otherwise) },
    },
  });

const good = { chain: chains.good, possession: { state: "verified" } } as const;

describe("an address that the name was never given", () => {
  test.each([
    ["audit", "refuse", "report", "warning"],
    ["enforce", "refuse", "refuse", "breach"],
    ["enforce", "report", "report", "warning"],
    ["enforce", "probe", "refuse", "breach"],
  ] as const)(
    "in %s, with otherwise: %s, is %s and a %s",
    (mode, otherwise, decision, severity) => {
      const judge = new Judge(policy(mode, otherwise));
      const { verdict, findings } = judge.judge(handshake({ ...good, binding: "elsewhere" }));
      expect(verdict.decision).toBe(decision);
      expect(findings).toMatchObject([{ rule: "C07", severity }]);
      expect(findings[0]!.summary).toContain("192.0.2.7:443");
    },
  );

  test("is named in the finding, whichever it is", () => {
    const judge = new Judge(policy("audit"));
    const [one, other] = ["192.0.2.7", "192.0.2.8"].map((ip) =>
      judge.judge(handshake({ ...good, ip, binding: "elsewhere" })),
    );
    expect(one!.findings[0]!.evidence).toMatchObject({ address: "192.0.2.7" });
    expect(other!.findings[0]!.evidence).toMatchObject({ address: "192.0.2.8" });
  });

  test("never exceeds a report for what a workload serves", () => {
    const judge = new Judge(policy("enforce"));
    const seen = handshake({ ...good, binding: "elsewhere", direction: "ingress" });
    expect(judge.judge(seen).verdict.decision).toBe("report");
  });
});

test.each(["bound", "unknown", undefined] as const)("%s is no finding", (binding) => {
  const judge = new Judge(policy("enforce"));
  const { verdict, findings } = judge.judge(handshake({ ...good, binding }));
  expect([verdict.decision, findings]).toEqual(["pass", []]);
});
