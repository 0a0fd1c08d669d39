/** Step `window`: what an open one lowers, and what none ever does. */
import { describe, expect, test } from "vitest";
import { Judge } from "../../../src/judge/decide.ts";
import { type Policy, sealPolicy, type Window } from "../../../src/judge/policy/policy.ts";
import { settle } from "../../../src/judge/steps/mode.ts";
import type { Answer } from "../../../src/judge/verdict.ts";
import { AT_US, chains, type Handshake, handshake, hashesOf, identities, root } from "../scene.ts";
import { issuing, policyOf } from "../table.ts";

const HOUR_US = 3_600_000_000;
const window = (about: Partial<Window>): Window => ({
  line: 9,
  name: "rotation",
  fromUs: AT_US - HOUR_US,
  toUs: AT_US + HOUR_US,
  to: "then",
  ...about,
});
const expected = window({ key: issuing.spki });
const { spki: rootKey } = hashesOf(root);
const under = (policy: Policy, ...windows: Window[]) => sealPolicy({ ...policy, windows });

interface Row {
  readonly name: string;
  readonly issuers: string;
  readonly window?: Window;
  readonly shape: Handshake;
  readonly decision: string;
  readonly would?: string;
}

const good: Handshake = { chain: chains.good, possession: { state: "verified" } };

const ROWS: readonly Row[] = [
  {
    name: "makes a report of a cut for want of an approval, where its key is on the path",
    issuers: "allow: []",
    shape: good,
    decision: "report",
    would: "cut",
  },
  {
    name: "knows the key of the server",
    issuers: "allow: []",
    window: window({ key: hashesOf(identities.good).spki }),
    shape: good,
    decision: "report",
    would: "cut",
  },
  {
    name: "knows the key of a root that was not sent",
    issuers: "allow: []",
    window: window({ key: rootKey }),
    shape: good,
    decision: "report",
    would: "cut",
  },
  {
    name: "leaves a cut where another key was expected",
    issuers: "allow: []",
    window: window({ key: issuing.certificate }),
    shape: good,
    decision: "cut",
  },
  {
    name: "makes a report of a cut for bad hygiene",
    issuers: "hygiene: cut",
    shape: { ...good, chain: chains.expired },
    decision: "report",
    would: "cut",
  },
  {
    name: "leaves a refusal what it is",
    issuers: "allow: [], unapproved: refuse",
    shape: good,
    decision: "refuse",
  },
  {
    name: "leaves a refusal beside the cut that it lowers",
    issuers: "allow: [], hygiene: refuse",
    shape: { ...good, chain: chains.expired },
    decision: "refuse",
    would: "cut",
  },
  {
    name: "never hides an unknown issuer, even if its key was sent along",
    issuers: "",
    shape: { ...good, chain: chains["with an unknown issuer and an approved extra"] },
    decision: "cut",
  },
  {
    name: "never hides an unknown issuer whose own key it names",
    issuers: "",
    window: window({ key: hashesOf(identities.impostor).spki }),
    shape: { ...good, chain: chains["with an unknown issuer"] },
    decision: "cut",
  },
  {
    name: "never hides a certificate that signed itself",
    issuers: "",
    window: window({ key: hashesOf(identities.alone).spki }),
    shape: { ...good, chain: chains["self-signed"] },
    decision: "cut",
  },
  {
    name: "never hides a denied issuer",
    issuers: `deny: [{spki: ${issuing.spki}}]`,
    shape: good,
    decision: "cut",
  },
  {
    name: "never hides that the server does not have its key",
    issuers: "",
    shape: { ...good, possession: { state: "failed" } },
    decision: "cut",
  },
  {
    name: "never makes blindness better",
    issuers: "unseen: {encrypted: cut}",
    window: window({ component: "wire.encryption" }),
    shape: { why: "encrypted" },
    decision: "cut",
  },
  {
    name: "lowers nothing before it begins",
    issuers: "allow: []",
    shape: { ...good, atUs: expected.fromUs - 1 },
    decision: "cut",
  },
  {
    name: "holds in its first microsecond",
    issuers: "allow: []",
    shape: { ...good, atUs: expected.fromUs },
    decision: "report",
    would: "cut",
  },
  {
    name: "holds in its last microsecond",
    issuers: "allow: []",
    shape: { ...good, atUs: expected.toUs },
    decision: "report",
    would: "cut",
  },
  {
    name: "lowers nothing after its end",
    issuers: "allow: []",
    shape: { ...good, atUs: expected.toUs + 1 },
    decision: "cut",
  },
  {
    name: "lowers nothing when it was refused",
    issuers: "allow: []",
    window: { ...expected, refused: "`signature` does not fit what the window says" },
    shape: good,
    decision: "cut",
  },
];

describe("a window", () => {
  test.each(ROWS)("$name", async (row) => {
    const policy = under(await policyOf(row.issuers), row.window ?? expected);
    const { verdict, findings } = new Judge(policy).judge(handshake(row.shape));
    expect(verdict.decision).toBe(row.decision);
    expect(verdict.would).toBe(row.would);
    expect(verdict.wouldCut).toBe(row.would === "cut");
    expect(verdict.reason.filter(({ step }) => step === "window").length).toBe(row.would ? 1 : 0);
    const before = new Judge(await policyOf(row.issuers)).judge(handshake(row.shape));
    expect(findings, "the evidence is what it was").toEqual(before.findings);
  });

  test("says in the reason which one it was, until when and what it expects", async () => {
    const policy = under(await policyOf("allow: []"), expected);
    const { verdict } = new Judge(policy).judge(handshake(good));
    expect(verdict.reason.at(-1)).toEqual({
      step: "window",
      line: 9,
      says: `report: until then the window rotation expects the key ${issuing.spki.slice(0, 16)}…, and holds back the cut`,
    });
  });

  test("with a name of 81 characters says eighty of it", async () => {
    const said = async (length: number) => {
      const policy = under(await policyOf("allow: []"), { ...expected, name: "n".repeat(length) });
      return new Judge(policy).judge(handshake(good)).verdict.reason.at(-1)?.says;
    };
    expect(await said(80)).toContain(` ${"n".repeat(80)} expects`);
    expect(await said(81)).toContain(` ${"n".repeat(79)}… expects`);
  });

  test("is told, and not audit, which had nothing left to lower", async () => {
    const policy = under(await policyOf("allow: []", { mode: "audit" }), expected);
    const { verdict } = new Judge(policy).judge(handshake(good));
    expect(verdict).toMatchObject({ decision: "report", wouldCut: true, would: "cut" });
    expect(verdict.reason.map(({ step }) => step)).not.toContain("mode");
  });

  test("is no reason to remember a judgement beyond its end", async () => {
    const judge = new Judge(under(await policyOf("allow: []"), expected));
    const at = (atUs: number) => judge.judge(handshake({ ...good, atUs })).verdict.decision;
    const { fromUs, toUs } = expected;
    expect([fromUs - 1, fromUs, toUs, toUs + 1, toUs, fromUs, fromUs - 1].map(at)).toEqual([
      "cut",
      "report",
      "report",
      "cut",
      "report",
      "report",
      "cut",
    ]);
  });

  test("chooses the path that it expects, though another one comes first", async () => {
    // The first path ends at the key that the line names, and the second at the root that is expected.
    const line = `{spki: ${issuing.spki}, for: [elsewhere.example]}`;
    const decided = async (...windows: Window[]) => {
      const policy = under(await policyOf(`allow: [${line}]`), ...windows);
      return new Judge(policy).judge(handshake(good)).verdict;
    };
    expect((await decided()).reason.map(({ says }) => says).join()).toContain("CN=Corp CA 2");
    expect(await decided(window({ key: rootKey }))).toMatchObject({
      decision: "report",
      would: "cut",
    });
  });
});

describe("a window for the wire's encryption", () => {
  const open = window({ component: "wire.encryption" });
  const expectation: Answer = { step: "expect", line: 4, says: "cut: no TLS", asks: "cut" };
  const settled = async (answers: readonly Answer[], one: Window, mode = "enforce") =>
    settle(answers, { policy: under(await policyOf("", { mode }), one), atUs: AT_US });

  test("makes a report of a cut for want of encryption", async () => {
    const { decision, wouldCut, would, answers } = await settled([expectation], open);
    expect({ decision, wouldCut, would }).toEqual({
      decision: "report",
      wouldCut: true,
      would: "cut",
    });
    expect(answers.map(({ step, line }) => [step, line])).toEqual([["window", 9]]);
  });

  test("lowers no cut of any other step, nor one beside it", async () => {
    const denied: Answer = { step: "deny", says: "cut: denied", asks: "cut" };
    for (const answers of [[denied], [denied, expectation], [expectation, denied]]) {
      expect(await settled(answers, open)).toEqual({
        decision: "cut",
        wouldCut: false,
        answers: [],
      });
    }
  });

  test("is told once, whatever number of cuts it holds back", async () => {
    expect((await settled([expectation, expectation], open)).answers).toHaveLength(1);
  });

  test("of another component, or with a key, lowers nothing of it", async () => {
    for (const other of [window({ component: "host.crypto" }), expected]) {
      expect((await settled([expectation], other)).decision).toBe("cut");
    }
  });

  test("leaves to audit what it does not lower", async () => {
    const refused: Answer = { step: "hygiene", says: "refuse: expired", asks: "refuse" };
    const { decision, would, answers } = await settled([expectation, refused], open, "audit");
    expect([decision, would]).toEqual(["report", "cut"]);
    expect(answers.map(({ says }) => says)).toEqual([
      "report: until then the window rotation expects a change of wire.encryption, and holds back the cut",
      "report: audit mode only reports; enforce would refuse",
    ]);
  });
});
