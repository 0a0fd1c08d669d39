/** What step 7 adds to a judgement, and that equal additions are one object. */
import { expect, test } from "vitest";
import { Judge } from "../../src/judge/decide.ts";
import { defaultPolicy, sealPolicy } from "../../src/judge/policy/policy.ts";
import type { Answer } from "../../src/judge/verdict.ts";
import { withAnswers } from "../../src/judge/with-answers.ts";
import { AT_US, handshake } from "./scene.ts";

const policy = sealPolicy({ ...defaultPolicy, mode: "enforce" });
const context = { policy, atUs: AT_US };
const judgement = () => new Judge(policy).judge(handshake({ why: "encrypted" }));
const answer = (says: string, more: Partial<Answer> = {}): Answer => {
  return { step: "expect", says, asks: "cut", ...more };
};

test("nothing added is the judgement itself", () => {
  const one = judgement();
  expect(withAnswers(one, [], context)).toBe(one);
});

test("an answer is weighed with the others, and stands behind them", () => {
  const one = judgement();
  const { verdict, findings } = withAnswers(one, [answer("cut: no TLS")], context);
  expect([one.verdict.decision, verdict.decision]).toEqual(["refuse", "cut"]);
  expect(verdict.reason.at(-1)).toEqual({ step: "expect", says: "cut: no TLS" });
  expect(findings).toEqual(one.findings);
});

test("equal answers to one judgement give one object, and others another", () => {
  const one = judgement();
  const made = withAnswers(one, [answer("a")], context);
  expect(withAnswers(one, [answer("a")], context)).toBe(made);
  const others = [answer("b"), answer("a", { line: 4 }), answer("a", { asks: "report" })];
  for (const other of others) {
    const another = withAnswers(one, [other], context);
    expect(another).not.toBe(made);
    expect(withAnswers(one, [other], context)).toBe(another);
  }
  expect(withAnswers(judgement(), [answer("a")], context)).not.toBe(made);
});

test("64 ways are remembered, and what is beyond is made again, the same", () => {
  const one = judgement();
  const way = (i: number) => withAnswers(one, [answer(`way ${i}`)], context);
  const made = Array.from({ length: 65 }, (_, i) => way(i));
  expect([way(0) === made[0], way(63) === made[63], way(64) === made[64]]).toEqual([
    true,
    true,
    false,
  ]);
  expect(way(64)).toEqual(made[64]);
});
