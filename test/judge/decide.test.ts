/**
 * Policies against chains: each line is a sentence, and says the decision, the rules and the step
 * that asked for most. The world is in scene.ts; its root is the policy's root unless said otherwise.
 */
import { describe, expect, test } from "vitest";
import { Judge, type Judgement } from "../../src/judge/decide.ts";
import { defaultPolicy, type Policy, withRoots } from "../../src/judge/policy.ts";
import { parsePolicy } from "../../src/judge/policy-file.ts";
import {
  type ChainName,
  chains,
  type Handshake,
  handshake,
  hashesOf,
  identities,
  root,
  rootFile,
} from "./scene.ts";

const issuing = hashesOf(identities.issuing);
const alone = hashesOf(identities.alone);
const DN = "CN=Corp CA 2,O=Example";

/** `issuers:` in flow style, so that a case stays a line. Enforced: what is asked is what is done. */
async function policyOf(issuers: string, { mode = "enforce", known = true } = {}): Promise<Policy> {
  const text = `version: 1\nmode: ${mode}\nissuers: {roots: [], ${issuers}}\n`;
  return withRoots(await parsePolicy(text, "test.yaml"), known ? [rootFile(root)] : []);
}

interface Row {
  readonly name: string;
  readonly policy: string;
  readonly chain: ChainName;
  readonly decision: string;
  /** Rules found, worst first; none if absent. */
  readonly rules?: readonly string[];
  readonly at?: Handshake;
  readonly known?: boolean;
  /** Part of what some step says. */
  readonly says?: RegExp;
}

/** Possession is proved, so that `unseen` is silent: it has its own table. */
async function judged(row: Pick<Row, "policy" | "chain" | "at" | "known">): Promise<Judgement> {
  const policy = await policyOf(row.policy, { known: row.known ?? true });
  const input = handshake({
    chain: chains[row.chain],
    possession: { state: "verified" },
    ...row.at,
  });
  return new Judge(policy).judge(input);
}

function check(rows: readonly Row[]): void {
  test.each(rows)("$name", async (row) => {
    const { verdict, findings } = await judged(row);
    expect(verdict.decision).toBe(row.decision);
    expect(findings.map(({ rule }) => rule)).toEqual(row.rules ?? []);
    expect(verdict.findings).toEqual([...new Set(row.rules ?? [])]);
    if (row.says) expect(verdict.reason.map(({ says }) => says).join("\n")).toMatch(row.says);
  });
}

describe("path", () => {
  check([
    { name: "passes a chain that leads to a root", policy: "", chain: "good", decision: "pass" },
    {
      name: "passes a chain that brings its root",
      policy: "",
      chain: "good with its root",
      decision: "pass",
    },
    {
      name: "cuts an issuer that nobody knows",
      policy: "",
      chain: "with an unknown issuer",
      decision: "cut",
      rules: ["A15"],
    },
    {
      name: "cuts a chain without its intermediate",
      policy: "",
      chain: "without its intermediate",
      decision: "cut",
      rules: ["A15"],
    },
    {
      name: "calls a self-signed leaf A16 and not A15",
      policy: "",
      chain: "self-signed",
      decision: "cut",
      rules: ["A16"],
    },
    {
      name: "does what `selfSigned` says",
      policy: "selfSigned: refuse",
      chain: "self-signed",
      decision: "refuse",
      rules: ["A16"],
    },
    {
      name: "does what `unknown` says",
      policy: "unknown: report",
      chain: "with an unknown issuer",
      decision: "report",
      rules: ["A15"],
    },
    {
      name: "lets the first matching exception decide",
      policy: `unknown: {default: cut, for: [{to: ["*.corp.example"], then: report}, {to: [192.0.2.0/24], then: refuse}]}`,
      chain: "with an unknown issuer",
      decision: "report",
      rules: ["A15"],
    },
    {
      name: "matches an exception by address",
      policy: `unknown: {default: cut, for: [{to: [192.0.2.0/24], then: refuse}]}`,
      chain: "with an unknown issuer",
      decision: "refuse",
      rules: ["A15"],
    },
    {
      name: "keeps the default elsewhere",
      policy: `unknown: {default: cut, for: [{to: [192.0.3.0/24], then: report}]}`,
      chain: "with an unknown issuer",
      decision: "cut",
      rules: ["A15"],
    },
    {
      name: "finds no path over a broken signature",
      policy: "",
      chain: "with a broken signature",
      decision: "cut",
      rules: ["A15"],
      says: /bad-signature/,
    },
    {
      name: "finds an unreadable certificate unknown and malformed",
      policy: "",
      chain: "unreadable",
      decision: "cut",
      rules: ["A15", "C03", "C04"],
    },
    {
      name: "is not moved by an approved certificate off the path",
      policy: `allow: [{spki: ${issuing.spki}}]`,
      chain: "with an unknown issuer and an approved extra",
      decision: "cut",
      rules: ["A15"],
    },
    {
      name: "trusts a key that a line names, without a root",
      policy: `allow: [{spki: ${issuing.spki}}]`,
      known: false,
      chain: "good",
      decision: "pass",
    },
    {
      name: "trusts a certificate that a line names, without a root",
      policy: `allow: [{certificate: ${issuing.certificate}}]`,
      known: false,
      chain: "good",
      decision: "pass",
    },
    {
      name: "makes a note of a self-signed leaf that a line names",
      policy: `allow: [{spki: ${alone.spki}}]`,
      chain: "self-signed",
      decision: "pass",
      rules: ["A16"],
    },
  ]);
});

describe("deny", () => {
  check([
    {
      name: "cuts on a denied key",
      policy: `deny: [{spki: ${issuing.spki}}]`,
      chain: "good",
      decision: "cut",
      rules: ["C01"],
    },
    {
      name: "cuts on a denied certificate that was not sent",
      policy: `deny: [{certificate: ${hashesOf(root).certificate}}]`,
      chain: "good",
      decision: "cut",
      rules: ["C01"],
      says: /is on its path/,
    },
    {
      name: "cuts on a denied certificate that is an unused extra",
      policy: `unknown: report, deny: [{spki: ${issuing.spki}}]`,
      chain: "with an unknown issuer and an approved extra",
      decision: "cut",
      rules: ["C01", "A15"],
    },
    {
      name: "refuses when the line says so",
      policy: `deny: [{spki: ${issuing.spki}, then: refuse}]`,
      chain: "good",
      decision: "refuse",
      rules: ["C01"],
    },
    {
      name: "takes the strictest of several lines",
      policy: `deny: [{spki: ${issuing.spki}, then: refuse}, {issuer: "CN=Corp Root"}]`,
      chain: "good",
      decision: "cut",
      rules: ["C01"],
    },
    {
      name: "knows a denied issuer by name alone",
      policy: `deny: [{issuer: "cn=corp  ca 2, o=example"}]`,
      chain: "without its intermediate",
      decision: "cut",
      rules: ["C01", "A15"],
    },
    {
      name: "is not appeased by an allow line",
      policy: `allow: [{spki: ${issuing.spki}}], deny: [{issuer: "${DN}"}]`,
      chain: "good",
      decision: "cut",
      rules: ["C01"],
    },
    {
      name: "means one certificate with all selectors of a line",
      policy: `deny: [{issuer: "CN=Corp Root", spki: ${issuing.spki}}]`,
      chain: "good",
      decision: "pass",
    },
    {
      name: "looks at client certificates",
      policy: `deny: [{spki: ${alone.spki}}]`,
      chain: "good",
      at: { clientChain: chains["self-signed"] },
      decision: "cut",
      rules: ["C01", "A15"],
    },
  ]);
});

describe("hygiene", () => {
  check([
    {
      name: "reports an expired certificate",
      policy: "",
      chain: "expired",
      decision: "report",
      rules: ["C02"],
    },
    {
      name: "reports one that is not valid yet",
      policy: "",
      chain: "not yet valid",
      decision: "report",
      rules: ["C02"],
    },
    {
      name: "judges dates at the packet's time",
      policy: "",
      chain: "expired",
      at: { atUs: Date.UTC(2026, 4, 1) * 1000 },
      decision: "pass",
    },
    {
      name: "reports a wrong name",
      policy: "",
      chain: "for another name",
      decision: "report",
      rules: ["C03"],
    },
    {
      name: "compares the address when the client sent no name",
      policy: "",
      chain: "good",
      at: { name: null },
      decision: "report",
      rules: ["C03"],
    },
    {
      name: "does what `hygiene` says",
      policy: "hygiene: refuse",
      chain: "expired",
      decision: "refuse",
      rules: ["C02"],
    },
    {
      name: "keeps a self-signed and a wrong name apart",
      policy: "",
      chain: "self-signed",
      at: { name: "x.example" },
      decision: "cut",
      rules: ["A16", "C03"],
    },
    {
      name: "makes a note of what a line tolerates",
      policy: `hygiene: cut, allow: [{issuer: "${DN}", tolerate: [expired]}]`,
      chain: "expired",
      decision: "pass",
      rules: ["C02"],
    },
    {
      name: "does not tolerate what the line does not name",
      policy: `hygiene: cut, allow: [{issuer: "${DN}", tolerate: [weak]}]`,
      chain: "expired",
      decision: "cut",
      rules: ["C02"],
    },
    {
      name: "does not tolerate for other destinations",
      policy: `hygiene: refuse, allow: [{issuer: "${DN}"}, {issuer: "${DN}", for: [x.example], tolerate: [expired]}]`,
      chain: "expired",
      decision: "refuse",
      rules: ["C02"],
    },
    {
      name: "makes no more than a note of a client's issuer",
      policy: "",
      chain: "good",
      at: { clientChain: chains["with an unknown issuer"] },
      decision: "pass",
      rules: ["A15"],
    },
    {
      name: "looks at a client's dates",
      policy: "hygiene: refuse",
      chain: "good",
      at: { clientChain: chains.expired },
      decision: "refuse",
      rules: ["C02"],
    },
  ]);
});

describe("approval", () => {
  check([
    {
      name: "cuts what is valid and approved by no line",
      policy: "allow: []",
      chain: "good",
      decision: "cut",
      rules: ["A15"],
    },
    {
      name: "does what `unapproved` says",
      policy: "allow: [], unapproved: refuse",
      chain: "good",
      decision: "refuse",
      rules: ["A15"],
    },
    {
      name: "prices the unapproved like the unknown by default",
      policy: "allow: [], unknown: refuse",
      chain: "good",
      decision: "refuse",
      rules: ["A15"],
    },
    {
      name: "approves an issuer by name under a root",
      policy: `allow: [{issuer: "${DN}"}]`,
      chain: "good",
      decision: "pass",
    },
    {
      name: "compares names as RFC 5280 §7.1 does",
      policy: `allow: [{issuer: "cn=CORP  ca 2,o=example"}]`,
      chain: "good",
      decision: "pass",
    },
    {
      name: "approves the root by name as well",
      policy: `allow: [{issuer: "CN=Corp Root"}]`,
      chain: "good",
      decision: "pass",
    },
    {
      name: "does not take the leaf's subject for an issuer",
      policy: `allow: [{issuer: "CN=api"}]`,
      chain: "good",
      decision: "cut",
      rules: ["A15"],
    },
    {
      name: "does not approve a forged issuer's name",
      policy: `allow: [{issuer: "${DN}"}]`,
      chain: "with an unknown issuer",
      decision: "cut",
      rules: ["A15"],
    },
    {
      name: "does not approve a name that only another line's key vouches for",
      policy: `allow: [{spki: ${hashesOf(identities.impostor).spki}, for: [x.example]}, {issuer: "${DN}"}]`,
      chain: "with an unknown issuer",
      decision: "cut",
      rules: ["A15"],
      says: /no `allow` line approves/,
    },
    {
      name: "wants `issuer` and `spki` in one certificate",
      policy: `allow: [{issuer: "CN=Corp Root", spki: ${issuing.spki}}]`,
      chain: "good",
      decision: "cut",
      rules: ["A15"],
    },
    {
      name: "approves by root file",
      policy: `allow: [{roots: ./corp.pem}]`,
      chain: "good",
      decision: "pass",
    },
    {
      name: "does not take a file's root for Mozilla's",
      policy: `allow: [{roots: mozilla}]`,
      chain: "good",
      decision: "cut",
      rules: ["A15"],
    },
    {
      name: "approves a name under a wildcard",
      policy: `allow: [{issuer: "${DN}", for: ["*.corp.example"]}]`,
      chain: "good",
      decision: "pass",
    },
    {
      name: "ignores the case and the last dot of a name",
      policy: `allow: [{issuer: "${DN}", for: [API.corp.example]}]`,
      chain: "good",
      at: { name: "api.CORP.example." },
      decision: "pass",
    },
    {
      name: "lets a star stand for one label only",
      policy: `allow: [{issuer: "${DN}", for: ["*.example"]}]`,
      chain: "good",
      decision: "cut",
      rules: ["A15"],
    },
    {
      name: "does not believe a name that the certificate is not for",
      policy: `hygiene: pass, allow: [{issuer: "${DN}", for: [api.corp.example]}]`,
      chain: "for another name",
      decision: "cut",
      rules: ["C03", "A15"],
    },
    {
      name: "approves by address whatever the name",
      policy: `allow: [{issuer: "${DN}", for: [192.0.2.0/24]}]`,
      chain: "for another name",
      decision: "report",
      rules: ["C03"],
    },
    {
      name: "knows IPv6 networks",
      policy: `allow: [{issuer: "${DN}", for: ["2001:db8:7::/48"]}]`,
      chain: "good",
      at: { ip: "2001:db8:7::1" },
      decision: "pass",
    },
    {
      name: "knows what is outside of them",
      policy: `allow: [{issuer: "${DN}", for: ["2001:db8:7::/48"]}]`,
      chain: "good",
      at: { ip: "2001:db8:8::1" },
      decision: "cut",
      rules: ["A15"],
    },
    {
      name: "wants the port as well",
      policy: `allow: [{issuer: "${DN}", ports: [8443]}]`,
      chain: "good",
      decision: "cut",
      rules: ["A15"],
    },
    {
      name: "wants the workload as well",
      policy: `allow: [{issuer: "${DN}", workloads: [shop]}]`,
      chain: "good",
      decision: "cut",
      rules: ["A15"],
    },
    {
      name: "approves the workload that is named",
      policy: `allow: [{issuer: "${DN}", workloads: [shop]}]`,
      chain: "good",
      at: { workload: "shop" },
      decision: "pass",
    },
    {
      name: "takes the claimed name for a pinned leaf that tolerates its name",
      policy: `hygiene: cut, allow: [{spki: ${alone.spki}, for: [db.internal], tolerate: [name]}]`,
      chain: "self-signed",
      at: { name: "db.internal" },
      decision: "pass",
      rules: ["A16", "C03"],
    },
    {
      name: "and does not for a pinned issuer",
      policy: `allow: [{spki: ${issuing.spki}, for: [db.internal], tolerate: [name]}]`,
      chain: "good",
      at: { name: "db.internal" },
      decision: "cut",
      rules: ["C03", "A15"],
    },
    {
      name: "approves until the end of the day",
      policy: `allow: [{issuer: "${DN}", expires: 2026-11-22}, {issuer: "${DN}", expires: 2026-11-23}]`,
      chain: "good",
      at: { atUs: Date.UTC(2026, 10, 23, 23, 59, 59) * 1000 },
      decision: "pass",
    },
    {
      name: "reports for 30 days what only an expired line approves",
      policy: `allow: [{issuer: "${DN}", expires: 2026-11-01}]`,
      chain: "good",
      decision: "report",
      rules: ["A15"],
      says: /until 2026-11-01/,
    },
    {
      name: "cuts it after 30 days",
      policy: `allow: [{issuer: "${DN}", expires: 2026-10-01}]`,
      chain: "good",
      decision: "cut",
      rules: ["A15"],
    },
    {
      name: "cuts a pinned key at a place it is not approved for",
      policy: `allow: [{spki: ${issuing.spki}, for: [x.example]}]`,
      known: false,
      chain: "good",
      decision: "cut",
      rules: ["A15"],
      says: /names it for other places only/,
    },
  ]);
});

describe("reason", () => {
  test("names the line of the file that approved", async () => {
    const text = `version: 1\nissuers:\n  roots: []\n  allow:\n    - issuer: "${DN}"\n      for: ["*.corp.example"]\n    - issuer: "${DN}"\n`;
    const policy = withRoots(await parsePolicy(text, "test.yaml"), [rootFile(root)]);
    const { verdict } = new Judge(policy).judge(handshake({ chain: chains.good }));
    const approval = verdict.reason.find(({ step }) => step === "approval");
    expect(approval).toMatchObject({ line: 5, says: `approved by line 5 (${DN})` });
  });

  test("has every step that spoke, in the order of the steps", async () => {
    const policy = await policyOf(`deny: [{spki: ${issuing.spki}}], allow: []`, { mode: "audit" });
    const { verdict } = new Judge(policy).judge(handshake({ chain: chains.expired }));
    expect(verdict.reason.map(({ step }) => step)).toEqual([
      "deny",
      "possession",
      "path",
      "hygiene",
      "approval",
      "mode",
    ]);
  });
});

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
});

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

describe("unseen", () => {
  const WHYS = [
    "encrypted",
    "resumed",
    "ech",
    "quic",
    "cut-short",
    "loss",
    "none-sent",
    undefined,
  ] as const;

  test.each(WHYS)("is a note and a report in audit, never clean: %s", (why) => {
    const { verdict, findings, evidence } = new Judge(defaultPolicy).judge(handshake({ why }));
    expect(verdict).toMatchObject({ decision: "report", wouldCut: false, findings: ["A18"] });
    expect(verdict.would).toBeUndefined();
    expect(verdict.reason.map(({ step }) => step)).toEqual(["unseen"]);
    expect(findings[0]).toMatchObject({ severity: "note", certificates: [] });
    expect(evidence.class).toBe("unverifiable");
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
    ["address", { ip: "192.0.2.8" }],
    ["port", { port: 8443 }],
    ["chain", { chain: chains.expired }],
    ["client's chain", { clientChain: chains.good }],
    ["direction", { direction: "ingress" }],
    ["workload", { workload: "shop" }],
    ["possession", { possession: { state: "failed" } }],
    ["absence of a name", { name: null }],
  ])("does not mix up another %s", (_, other) => {
    const judge = new Judge(defaultPolicy);
    const first = judge.judge(handshake({ chain: chains.good }));
    expect(judge.judge(handshake({ chain: chains.good, ...other }))).not.toBe(first);
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

  test("cannot be made to take one server for another by a name with spaces in it", () => {
    const judge = new Judge(defaultPolicy);
    const tricky = judge.judge(handshake({ chain: chains.good, workload: "a", name: "b" }));
    expect(judge.judge(handshake({ chain: chains.good, workload: "a =b", name: null }))).not.toBe(
      tricky,
    );
  });
});
