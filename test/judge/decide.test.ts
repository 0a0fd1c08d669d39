/** The judge as a whole: the reason it gives, and what it remembers. The steps have tables of theirs. */
import { describe, expect, test } from "vitest";
import { Judge, type JudgeInput } from "../../src/judge/decide.ts";
import { defaultPolicy, withRoots } from "../../src/judge/policy/policy.ts";
import { parsePolicy } from "../../src/judge/policy/policy-file.ts";
import { ChainStore } from "../../src/trust/store.ts";
import { chains, type Handshake, handshake, root, rootFile } from "./scene.ts";
import { DN, issuing, policyOf } from "./table.ts";

const VERIFIED = { possession: { state: "verified" } } as const;
const GOOD: Handshake = { chain: chains.good, ...VERIFIED };

describe("reason", () => {
  test("names the line of the file that approved", async () => {
    const text = `version: 1\nissuers:\n  roots: []\n  allow:\n    - issuer: "${DN}"\n      for: ["*.corp.example"]\n    - issuer: "${DN}"\n`;
    const policy = withRoots(await parsePolicy(text, "test.yaml"), [rootFile(root)]);
    const { verdict } = new Judge(policy).judge(handshake({ chain: chains.good }));
    const approval = verdict.reason.find(({ step }) => step === "approval");
    expect(approval).toMatchObject({ line: 5, says: `approved by line 5 (${DN})` });
  });

  test("names who approved it, when and why", async () => {
    const approved = "approved: {by: net-team, on: 2026-11-02, because: INC-4411}";
    const policy = await policyOf(`allow: [{issuer: "${DN}", ${approved}}]`);
    const { verdict } = new Judge(policy).judge(handshake({ chain: chains.good }));
    const approval = verdict.reason.find(({ step }) => step === "approval");
    expect(approval?.says).toBe(`approved by line 3 (${DN}): net-team, 2026-11-02, INC-4411`);
  });

  test.each<[string, string, string, Handshake]>([
    ["hygiene", "hygiene: report", "report", { chain: chains.expired, ...VERIFIED }],
    ["unseen", "unseen: {encrypted: report}", "report", { why: "encrypted" }],
    ["unseen", "unseen: {otherwise: report}", "report", { ...GOOD, binding: "elsewhere" }],
    ["path", "unknown: report", "report", { ...GOOD, chain: chains["with an unknown issuer"] }],
  ])("names the line of a setting that step %s asked, and none where none did", async (...row) => {
    const [step, issuers, decision, shape] = row;
    const reasonOf = async (text: string) => {
      const { verdict } = new Judge(await policyOf(text)).judge(handshake(shape));
      return { verdict, reason: verdict.reason.find((one) => one.step === step) };
    };
    const { verdict, reason } = await reasonOf(issuers);
    expect([verdict.decision, reason?.line]).toEqual([decision, 3]);
    expect((await reasonOf("")).reason).not.toHaveProperty("line");
  });

  test("names the line that remembers a session", async () => {
    const judge = new Judge(await policyOf("unseen: {resumed: remember}"));
    const input = handshake({ why: "resumed" });
    const observation = { ...input.observation, resumed: "session-id" } as const;
    const { verdict } = judge.judge({ ...input, observation, first: { flow: 1, atUs: 1 } });
    expect([verdict.decision, verdict.reason[0]?.line]).toEqual(["pass", 3]);
  });

  test("has every step that spoke, in the order of the steps", async () => {
    const policy = await policyOf(`deny: [{spki: ${issuing.spki}}], allow: []`, { mode: "audit" });
    const possession = { state: "unverified", why: "static-rsa" } as const;
    const { verdict } = new Judge(policy).judge(handshake({ chain: chains.expired, possession }));
    expect(verdict.reason.map(({ step }) => step)).toEqual([
      "deny",
      "possession",
      "path",
      "hygiene",
      "approval",
      "unseen",
      "mode",
    ]);
  });
});

describe("memory", () => {
  test("gives an equal handshake the very same, frozen judgement", () => {
    const judge = new Judge(defaultPolicy);
    const first = judge.judge(handshake({ chain: chains.good }));
    expect(
      judge.judge(handshake({ chain: chains.good, atUs: 1 + Date.UTC(2026, 10, 23) * 1000 })),
    ).toBe(first);
    expect(Object.isFrozen(first.verdict.reason[0])).toBe(true);
    expect(Object.isFrozen(first.findings[0]?.evidence)).toBe(true);
  });

  test.each<[string, Handshake]>([
    ["name", { name: "x.example" }],
    ["chain", { chain: chains.expired }],
    ["client's chain", { clientChain: chains.good }],
    ["direction", { direction: "ingress" }],
    ["workload", { workload: "shop" }],
    ["possession", { possession: { state: "failed" } }],
    ["lack of possession", { possession: { state: "unverified", why: "static-rsa" } }],
    ["absence of a name", { name: null }],
  ])("does not mix up another %s", (_, other) => {
    const judge = new Judge(defaultPolicy);
    const first = judge.judge(handshake({ chain: chains.good }));
    expect(judge.judge(handshake({ chain: chains.good, ...other }))).not.toBe(first);
  });

  const elsewhere: [string, Handshake][] = [
    ["address", { ip: "192.0.2.8" }],
    ["port", { port: 8443 }],
  ];

  test.each(elsewhere)(
    "does not mix up another %s of a policy that asks for it",
    async (_, other) => {
      const line = `{issuer: "${DN}", for: [192.0.2.0/24], ports: [443]}`;
      for (const issuers of [`allow: [${line}]`, UNKNOWN_BY_ADDRESS, UNSEEN_BY_ADDRESS]) {
        const judge = new Judge(await policyOf(issuers));
        const first = judge.judge(handshake({ chain: chains.good }));
        expect(judge.judge(handshake({ chain: chains.good, ...other })), issuers).not.toBe(first);
      }
    },
  );

  test.each(elsewhere)("does not mix up another %s of a server without a name", (_, other) => {
    const judge = new Judge(defaultPolicy);
    const first = judge.judge(handshake({ chain: chains.good, name: null }));
    expect(judge.judge(handshake({ chain: chains.good, name: null, ...other }))).not.toBe(first);
  });

  test.each(elsewhere)("judges a name once, whatever its %s, where no line asks", (_, other) => {
    const judge = new Judge(defaultPolicy);
    const first = judge.judge(handshake({ chain: chains.good }));
    expect(judge.judge(handshake({ chain: chains.good, ...other }))).toBe(first);
    expect(first.findings.map(({ summary }) => summary).join()).not.toContain("192.0.2.");
  });

  test("judges anew when a certificate has expired between two handshakes", async () => {
    const judge = new Judge(await policyOf(""));
    const possession = { state: "verified" } as const;
    const at = (month: number) =>
      handshake({ chain: chains.expired, possession, atUs: Date.UTC(2026, month, 15) * 1000 });
    expect([3, 7, 3].map((month) => judge.judge(at(month)).verdict.decision)).toEqual([
      "pass",
      "report",
      "pass",
    ]);
  });

  test("judges anew when an approval has run out between two handshakes", async () => {
    const judge = new Judge(await policyOf(`allow: [{issuer: "${DN}", expires: 2026-06-30}]`));
    const possession = { state: "verified" } as const;
    const at = (ms: number) => handshake({ chain: chains.good, possession, atUs: ms * 1000 });
    const times = [
      Date.UTC(2026, 5, 30, 23),
      Date.UTC(2026, 6, 1),
      Date.UTC(2026, 6, 30, 23),
      Date.UTC(2026, 6, 31),
    ];
    expect(times.map((ms) => judge.judge(at(ms)).verdict.decision)).toEqual([
      "pass",
      "report",
      "report",
      "cut",
    ]);
  });

  test("knows to the microsecond when an approval runs out", async () => {
    const judge = new Judge(await policyOf(`allow: [{issuer: "${DN}", expires: 2026-06-30}]`));
    const last = Date.UTC(2026, 6, 1) * 1000 - 1;
    const at = (atUs: number) =>
      judge.judge(handshake({ chain: chains.good, possession: { state: "verified" }, atUs }));
    const decisions = [last + 1, last, last + 1].map((us) => at(us).verdict.decision);
    expect(decisions).toEqual(["report", "pass", "report"]);
  });

  test("remembers a name of 254 characters, and none that is longer", () => {
    const judge = new Judge(defaultPolicy);
    const twice = (length: number) => {
      const input = handshake({ chain: chains.good, name: "a".repeat(length) });
      const first = judge.judge(input);
      return judge.judge(input) === first;
    };
    expect([twice(253), twice(254), twice(255)]).toEqual([true, true, false]);
  });

  test("remembers from the microsecond after one turn to that of the next", async () => {
    const judge = new Judge(await policyOf(`allow: [{issuer: "${DN}", expires: 2026-06-30}]`));
    const turn = Date.UTC(2026, 6, 1) * 1000 - 1;
    const graceEnds = turn + 30 * 86_400_000_000;
    const at = (atUs: number) =>
      judge.judge(handshake({ chain: chains.good, possession: { state: "verified" }, atUs }));
    const before = at(turn - 5);
    expect([at(turn - 1000), at(turn)]).toEqual([before, before]);
    expect(at(turn)).toBe(before);
    const late = at(turn + 5);
    expect([late === before, at(turn + 1) === late, at(graceEnds) === late]).toEqual([
      false,
      true,
      true,
    ]);
    expect(at(graceEnds + 1)).not.toBe(late);
  });

  test.each<[string, Handshake, Handshake]>([
    ["two clients' chains", { clientChain: chains.good }, { clientChain: chains.expired }],
    ["two workloads", { workload: "shop" }, { workload: "desk" }],
    [
      "a client without a chain and one with the server's",
      { workload: "shop" },
      { workload: "shop", clientChain: chains.good },
    ],
    [
      "two reasons why nobody verified",
      { possession: { state: "unverified", why: "static-rsa" } },
      { possession: { state: "unverified", why: "budget" } },
    ],
    [
      "what was verified and what failed",
      { possession: { state: "verified" } },
      { possession: { state: "failed" } },
    ],
  ])("does not mix up %s", (_, one, other) => {
    const judge = new Judge(defaultPolicy);
    const first = judge.judge(handshake({ chain: chains.good, ...one }));
    const second = judge.judge(handshake({ chain: chains.good, ...other }));
    expect(second).not.toBe(first);
    expect(judge.judge(handshake({ chain: chains.good, ...one }))).toBe(first);
    expect(judge.judge(handshake({ chain: chains.good, ...other }))).toBe(second);
  });

  const early = (input: JudgeInput, said: true | undefined): JudgeInput => ({
    ...input,
    observation: { ...input.observation, ...(said && { early: said }) },
  });
  const resumed = (kind: "session-id" | "psk", first?: JudgeInput["first"]): JudgeInput => {
    const input = handshake({ why: "resumed" });
    return { ...input, first, observation: { ...input.observation, resumed: kind } };
  };
  const first = { flow: 1, atUs: 1 };
  const unseen = handshake({ why: "encrypted" });

  test.each<[string, JudgeInput, JudgeInput]>([
    ["known sessions and unknown ones", resumed("psk", first), resumed("psk")],
    ["kinds of resumption", resumed("psk", first), resumed("session-id", first)],
    [
      "early data and none",
      early(resumed("psk", first), true),
      early(resumed("psk", first), undefined),
    ],
    ["early data and none of a session that begins", early(unseen, true), early(unseen, undefined)],
    ["a session that begins and one that goes on", handshake({ why: "resumed" }), resumed("psk")],
  ])("does not mix up %s", (_, one, other) => {
    const judge = new Judge(defaultPolicy);
    const [here, there] = [judge.judge(one), judge.judge(other)];
    expect(here).not.toEqual(there);
    expect(judge.judge(one)).toBe(here);
    expect(judge.judge(other)).toBe(there);
  });

  test("does not take a session that begins for one that is remembered", async () => {
    const judge = new Judge(await policyOf("unseen: {resumed: remember}"));
    const { verdict } = judge.judge({ ...unseen, first });
    expect(verdict.decision).toBe("refuse");
  });

  test("takes a chain without certificates for none", () => {
    const nothing = new ChainStore().get([]);
    const { verdict } = new Judge(defaultPolicy).judge(handshake({ chain: nothing }));
    expect(verdict.findings).toEqual(["A18"]);
  });

  test("remembers what is judged at the very turn", async () => {
    const judge = new Judge(await policyOf(`allow: [{issuer: "${DN}", expires: 2026-06-30}]`));
    const input = handshake({ chain: chains.good, atUs: Date.UTC(2026, 6, 1) * 1000 - 1 });
    expect(judge.judge(input)).toBe(judge.judge(input));
  });

  test("does not mix up two ways of not being whole", () => {
    const judge = new Judge(defaultPolicy);
    const input = handshake({ chain: chains.good });
    const said = (["loss", "midstream"] as const).map((one) => {
      const observation = { ...input.observation, coverage: [one] };
      return judge.judge({ ...input, observation }).verdict.coverage;
    });
    expect(said).toEqual([["loss"], ["midstream"]]);
  });

  test("does not mix up what was seen whole and what was not", () => {
    const judge = new Judge(defaultPolicy);
    const whole = handshake({ chain: chains.good });
    const partly = (...coverage: JudgeInput["observation"]["coverage"]) => ({
      ...whole,
      observation: { ...whole.observation, coverage },
    });
    const seen = [whole, partly("loss"), partly("loss", "midstream")].map((each) =>
      judge.judge(each),
    );
    expect(new Set(seen).size).toBe(3);
    expect(seen.map(({ verdict }) => verdict.coverage)).toEqual([
      [],
      ["loss"],
      ["loss", "midstream"],
    ]);
  });

  test("knows the server's end, whichever way the connection was opened", async () => {
    const judge = new Judge(await policyOf(`allow: [{spki: ${issuing.spki}, for: [192.0.2.7]}]`));
    const input = handshake({ chain: chains.good, possession: { state: "verified" } });
    const { flow } = input.observation;
    const [client, server] = flow.ends;
    const turned: JudgeInput = {
      ...input,
      observation: { ...input.observation, client: 1, flow: { ...flow, ends: [server, client] } },
    };
    expect(judge.judge(turned)).toBe(judge.judge(input));
    expect(judge.judge(turned).verdict.decision).toBe("pass");
    const wrong: JudgeInput = { ...turned, observation: { ...turned.observation, client: 0 } };
    expect(judge.judge(wrong).verdict.decision).toBe("cut");
  });

  test("cannot be made to take one server for another by a name with spaces in it", () => {
    const judge = new Judge(defaultPolicy);
    const tricky = judge.judge(handshake({ chain: chains.good, workload: "a", name: "b" }));
    expect(judge.judge(handshake({ chain: chains.good, workload: "a =b", name: null }))).not.toBe(
      tricky,
    );
  });
});

const UNKNOWN_BY_ADDRESS = "unknown: {default: cut, for: [{to: [198.51.100.0/24], then: report}]}";
const UNSEEN_BY_ADDRESS =
  "unseen: {ech: {default: refuse, for: [{to: [198.51.100.1], then: report}]}}";
