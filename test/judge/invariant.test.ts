/**
 * What holds for every policy and every handshake: THREATS, invariants 1 and 2, and what the rest of
 * the program builds on. Seeds are random; a failure prints its own and the smallest counterexample.
 */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Judge, type Judgement } from "../../src/judge/decide.ts";
import {
  type Decision,
  type Policy,
  sealPolicy,
  strictness,
} from "../../src/judge/policy/policy.ts";
import { ChainStore } from "../../src/trust/store.ts";
import * as arbitrary from "./arbitrary.ts";
import { type Handshake, handshake } from "./scene.ts";

const judged = (policy: Policy, shape: Handshake): Judgement =>
  new Judge(policy).judge(handshake(shape));

/** About half a second for each property; `FC_RUNS` asks for more. */
const RUNS = Number(process.env.FC_RUNS ?? 250);
/** For a busy machine, and for whoever asks for many runs. */
const PATIENCE_MS = 300_000;

/** The decision before audit lowered it. */
const asked = ({ verdict }: Judgement): Decision => verdict.would ?? verdict.decision;

const lowered = ({ reason }: Judgement["verdict"]) => reason.some(({ step }) => step === "window");

function withIssuers(policy: Policy, issuers: Partial<Policy["issuers"]>): Policy {
  return sealPolicy({ ...policy, issuers: { ...policy.issuers, ...issuers } });
}

/** In both modes: what audit does hides most of what differs. */
function expectNotLooser(after: Policy, before: Policy, shape: Handshake): void {
  for (const mode of ["audit", "enforce"] as const) {
    const [now, then] = [after, before].map((policy) =>
      strictness(judged(sealPolicy({ ...policy, mode }), shape).verdict.decision),
    );
    expect(now).toBeGreaterThanOrEqual(then!);
  }
}

describe("invariants", { timeout: PATIENCE_MS }, () => {
  test("taking an allow line away never loosens a verdict", () => {
    const property = fc.property(
      arbitrary.policy,
      fc.array(arbitrary.allowLine, { minLength: 1, maxLength: 4 }),
      fc.nat(),
      arbitrary.seen,
      (policy, allow, index, shape) => {
        const without = allow.toSpliced(index % allow.length, 1);
        const before = withIssuers(policy, { allow });
        expectNotLooser(withIssuers(policy, { allow: without }), before, shape);
      },
    );
    fc.assert(property, { numRuns: RUNS });
  });

  test("adding a deny line never loosens a verdict", () => {
    const property = fc.property(
      arbitrary.policy,
      arbitrary.denyLine,
      arbitrary.seen,
      (policy, line, shape) => {
        const deny = [line, ...policy.issuers.deny];
        expectNotLooser(withIssuers(policy, { deny }), policy, shape);
      },
    );
    fc.assert(property, { numRuns: RUNS });
  });

  test("nothing unseen is clean", () => {
    const property = fc.property(arbitrary.policy, arbitrary.unseen, (policy, shape) => {
      const { verdict, findings } = judged(policy, shape);
      expect(verdict.decision).not.toBe("pass");
      expect(findings.map(({ rule }) => rule)).toContain("A18");
    });
    fc.assert(property, { numRuns: RUNS });
  });

  test("a chain without a path passes only where the policy says `pass`", () => {
    const property = fc.property(arbitrary.policy, arbitrary.seen, (policy, shape) => {
      const { verdict, findings } = judged(policy, shape);
      const noPath = findings.some(({ rule, severity, evidence }) => {
        return (
          (rule === "A15" || rule === "A16") && severity !== "note" && evidence.side !== "client"
        );
      });
      const { unknown, unapproved, selfSigned } = policy.issuers;
      const settings = [unknown, unapproved, selfSigned];
      const permits = settings.some((one) =>
        [one.default, ...one.for.map((entry) => entry.then)].includes("pass"),
      );
      if (noPath && !permits) expect(verdict.decision).not.toBe("pass");
    });
    fc.assert(property, { numRuns: RUNS });
  });

  test("audit never does more than report, and `wouldCut` is true exactly for a lowered cut", () => {
    const property = fc.property(arbitrary.policy, arbitrary.seen, (policy, shape) => {
      const { verdict } = judged(policy, shape);
      if (policy.mode === "audit") expect(["pass", "report"]).toContain(verdict.decision);
      else if (!lowered(verdict)) expect(verdict.would).toBeUndefined();
      expect(verdict.wouldCut).toBe(verdict.would === "cut");
      if (shape.direction === "ingress" || shape.direction === "internal") {
        expect(["pass", "report"]).toContain(asked({ verdict } as Judgement));
      }
    });
    fc.assert(property, { numRuns: RUNS });
  });

  test("enforce asks for whatever audit would have done, or more", () => {
    const property = fc.property(arbitrary.policy, arbitrary.seen, (policy, shape) => {
      const audit = judged(sealPolicy({ ...policy, mode: "audit" }), shape);
      const enforce = judged(sealPolicy({ ...policy, mode: "enforce" }), shape);
      expect(strictness(asked(enforce))).toBeGreaterThanOrEqual(strictness(asked(audit)));
      if (!lowered(enforce.verdict)) expect(enforce.verdict.would).toBeUndefined();
    });
    fc.assert(property, { numRuns: RUNS });
  });

  test("a window only ever makes a report, or a refusal that was there, of a cut", () => {
    const property = fc.property(arbitrary.policy, arbitrary.seen, (policy, shape) => {
      const enforced = sealPolicy({ ...policy, mode: "enforce" });
      const { windows: _, ...bare } = enforced;
      const after = judged(enforced, shape);
      const before = judged(sealPolicy(bare), shape);
      const { decision, reason } = after.verdict;
      if (!lowered(after.verdict)) {
        expect([decision, after.verdict.would]).toEqual([before.verdict.decision, undefined]);
        return;
      }
      expect(asked(before)).not.toBe("pass");
      expect(["report", "refuse"]).toContain(decision);
      expect(after.verdict.wouldCut).toBe(true);
      for (const { step, says } of reason) {
        if (step !== "hygiene" && step !== "approval") expect(says).not.toMatch(/^cut: /);
      }
      expect(after.findings.some(({ severity }) => severity === "breach")).toBe(true);
    });
    fc.assert(property, { numRuns: RUNS * 2 });
  });

  test("what a judge remembers is what a new one would say", () => {
    const property = fc.property(
      arbitrary.policy,
      fc.array(fc.oneof(arbitrary.seen, arbitrary.unseen), { minLength: 2, maxLength: 12 }),
      (policy, shapes) => {
        const judge = new Judge(policy);
        for (const shape of [...shapes, ...shapes]) {
          expect(judge.judge(handshake(shape))).toEqual(judged(policy, shape));
        }
      },
    );
    fc.assert(property, { numRuns: RUNS / 5 });
  });

  test("findings say something short, and those that asked to refuse are breaches", () => {
    const property = fc.property(
      arbitrary.policy,
      fc.oneof(arbitrary.seen, arbitrary.unseen),
      (policy, shape) => {
        const { verdict, findings } = judged(policy, shape);
        expect(new Set(verdict.findings)).toEqual(new Set(findings.map(({ rule }) => rule)));
        for (const { summary } of findings) expect(summary.length).toBeLessThanOrEqual(200);
        const isSerious = strictness(asked({ verdict } as Judgement)) >= strictness("refuse");
        const worst = findings[0]?.severity;
        if (isSerious) expect(["breach", "critical"]).toContain(worst);
      },
    );
    fc.assert(property, { numRuns: RUNS });
  });
});

describe("hostile input", { timeout: PATIENCE_MS }, () => {
  test("never throws: certificates of any bytes, names and addresses of any text", () => {
    const store = new ChainStore();
    const bytes = fc.array(fc.uint8Array({ maxLength: 80 }), { maxLength: 4 });
    const text = fc.oneof(
      fc.string({ unit: "binary" }),
      fc.string({ minLength: 250, maxLength: 400 }),
    );
    const property = fc.property(
      arbitrary.policy,
      fc.record({
        bytes,
        text,
        ip: fc.oneof(fc.ipV4(), fc.ipV6(), fc.string()),
        at: fc.double({ noNaN: true }),
      }),
      (policy, { bytes, text, ip, at }) => {
        const shape = {
          chain: store.get(bytes),
          clientChain: store.get(bytes),
          name: text,
          ip,
          atUs: at,
        };
        const { findings } = judged(policy, shape);
        for (const { summary } of findings) expect(summary.length).toBeLessThanOrEqual(200);
      },
    );
    fc.assert(property, { numRuns: RUNS });
  });

  test("does not make the judge remember names that are too long for DNS", () => {
    const judge = new Judge(arbitraryPolicy());
    const input = handshake({ why: "encrypted", name: "a".repeat(255) });
    expect(judge.judge(input)).not.toBe(judge.judge(input));
    expect(judge.judge(input)).toEqual(judge.judge(input));
  });
});

function arbitraryPolicy(): Policy {
  return fc.sample(arbitrary.policy, 1)[0]!;
}
