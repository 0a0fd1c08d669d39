/** What `policy explain` assumes, what decides, and that it never differs from the judge. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Judge } from "../../src/judge/decide.ts";
import { explain, type Outcome } from "../../src/judge/explain/explain.ts";
import type { Given } from "../../src/judge/explain/explain-assume.ts";
import { type Policy, withRoots } from "../../src/judge/policy/policy.ts";
import { parsePolicy } from "../../src/judge/policy/policy-file.ts";
import { parseDn } from "../../src/trust/name.ts";
import { ChainStore } from "../../src/trust/store.ts";
import { mint } from "../wire/identity.ts";
import { policy as anyPolicy, seen } from "./arbitrary.ts";
import {
  AT_US,
  chains,
  handshake,
  hashesOf,
  identities,
  otherRoot,
  root,
  rootFile,
} from "./scene.ts";
import { DN, issuing } from "./table.ts";

/** About a second for each property; `FC_RUNS` asks for more, or for fewer. */
const RUNS = Number(process.env.FC_RUNS ?? 400);
const KEY = "a".repeat(64);

/** `issuers:` from line 4 on, as block entries. */
async function policyOf(issuers: string, mode = "enforce"): Promise<Policy> {
  const text = `version: 1\nmode: ${mode}\nissuers:\n${issuers}`;
  return withRoots(await parsePolicy(text, "p.yaml"), [rootFile(root)]);
}

const given = (more: Partial<Given> = {}): Given => ({
  atUs: AT_US,
  ...more,
  ...(more.issuer === undefined ? {} : { issuerKey: parseDn(more.issuer)! }),
});

/** `cut 4 deny`: decision, line, step. */
const brief = ({ decision, decided }: Outcome) =>
  [decision, decided.line ?? "-", decided.step].join(" ");

const POLICY = `  allow:
    - {issuer: "${DN}", spki: ${issuing.spki}, for: ["*.corp.example"], ports: [443]}
    - {roots: mozilla, for: [pub.example]}
    - {roots: ./corp.pem, for: [10.0.0.0/8], workloads: [shop]}
    - {spki: ${KEY}, for: [pinned.example], expires: 2026-11-01}
  deny:
    - {issuer: "CN=Gone", then: refuse}
  unknown: {default: cut, for: [{to: ["*.lab.example"], then: report}]}
  unapproved: refuse
`;

describe("what decides", () => {
  test.each<[name: string, given: Partial<Given>, outcome: string]>([
    [
      "is the line that names the issuer and its key, for its place",
      { name: "api.corp.example", issuer: DN, spki: issuing.spki },
      "pass 5 approval",
    ],
    [
      "is not that line for the issuer's name alone",
      { name: "api.corp.example", issuer: DN },
      "refuse 12 approval",
    ],
    [
      "is that line for the key alone, since it says whose key it is",
      { name: "api.corp.example", spki: issuing.spki },
      "pass 5 approval",
    ],
    [
      "is not that line on another port",
      { name: "api.corp.example", spki: issuing.spki, port: 8443 },
      "refuse 12 approval",
    ],
    ["is the roots that are assumed", { name: "pub.example" }, "pass 6 approval"],
    [
      "is the roots that hold the issuer itself",
      { ip: "10.1.2.3", workload: "shop", issuer: "CN=Corp Root" },
      "pass 7 approval",
    ],
    [
      "is nothing for a workload that nobody named",
      { ip: "10.1.2.3", issuer: "CN=Corp Root" },
      "refuse 12 approval",
    ],
    ["is a denial, whatever else", { issuer: "cn=gone", name: "pub.example" }, "refuse 10 deny"],
    [
      "is the grace of an approval that ran out",
      { spki: KEY, name: "pinned.example" },
      "report 8 approval",
    ],
    [
      "is no approval after the grace",
      { spki: KEY, name: "pinned.example", atUs: AT_US + 30 * 86_400_000_000 },
      "refuse 8 approval",
    ],
    ["is the price of what nobody approved", { name: "x.example" }, "refuse 12 approval"],
  ])("%s", async (_, more, outcome) => {
    expect(brief(explain(await policyOf(POLICY), given(more)).outcome)).toBe(outcome);
  });

  test("is the exception for a place where no root leads", async () => {
    const policy = await policyOf(POLICY);
    const { otherwise } = explain(policy, given({ name: "a.lab.example", issuer: "CN=X" }));
    const other = otherwise.find(({ if: clause }) => clause === "signatures lead to no root");
    expect(brief(other!.outcome)).toBe("report 11 path");
  });

  test("in audit mode is the same, and what enforce would do is said", async () => {
    const policy = await policyOf(POLICY, "audit");
    const { outcome } = explain(policy, given({ issuer: "CN=Gone" }));
    expect(outcome).toMatchObject({ decision: "report", would: "refuse", decided: { line: 10 } });
  });

  test("of a chain is what its certificates say", async () => {
    const policy = await policyOf(POLICY);
    const { outcome, assumed, otherwise } = explain(policy, given({ chain: chains.good }));
    expect(brief(outcome)).toBe("pass 5 approval");
    expect(assumed).toContain("name: api.corp.example, which is the certificate's");
    expect(otherwise).toEqual([]);
    expect(explain(policy, given({ chain: chains.good })).more).toBe(0);
    const expired = explain(policy, given({ chain: chains.expired })).outcome;
    expect(brief(expired)).toBe("report - hygiene");
  });
});

describe("what is assumed", () => {
  const assumed = async (more: Partial<Given>) =>
    explain(await policyOf(POLICY), given(more)).assumed.map((one) => one.split(":")[0]);

  test("is listed when nothing is given", async () => {
    expect(await assumed({ isDefault: true, isNow: true })).toEqual([
      "policy",
      "name",
      "server",
      "port",
      "workload",
      "issuer",
      "key",
      "path",
      "certificate",
      "at",
      "connection",
    ]);
  });

  test("is little when all is given", async () => {
    const all = { name: "a.corp.example", ip: "10.0.0.1", port: 443, workload: "shop" };
    expect(await assumed({ ...all, chain: chains.good })).toEqual(["connection"]);
    expect(await assumed({ ...all, issuer: DN, spki: issuing.spki })).toEqual([
      "key",
      "path",
      "certificate",
      "connection",
    ]);
  });

  test.each([
    [
      "the server's, when nothing names an issuer",
      { spki: "c".repeat(64) },
      "key: the leaf's (the server's own)",
    ],
    [
      "the issuer's, when one is given",
      { spki: "c".repeat(64), issuer: "CN=X" },
      "key: the issuer's",
    ],
    ["the issuer's, when a line says so", { spki: issuing.spki }, "key: the issuer's"],
  ])("is that a key is %s", async (_, more, sentence) => {
    expect(explain(await policyOf(POLICY), given(more)).assumed).toContain(sentence);
  });

  test.each([
    ["none, for a certificate of the very address", "192.0.2.7", "name: the client sends none"],
    [
      "the certificate's, elsewhere",
      "192.0.2.8",
      "name: www.a.example, which is the certificate's",
    ],
  ])("is that the name asked for is %s", async (_, ip, sentence) => {
    const { issuing: issuer } = identities;
    const { der } = mint({ subject: "CN=x", issuer, names: ["*.a.example", "192.0.2.7"] });
    const chain = new ChainStore().get([der, issuer.der]);
    expect(explain(await policyOf(POLICY), given({ ip, chain })).assumed).toContain(sentence);
  });

  test("is the present, which is said", async () => {
    const { assumed } = explain(await policyOf(POLICY), given({ isNow: true }));
    expect(assumed).toContain("at: now, 2026-11-23T00:00:00.000Z");
  });

  test("is no workload where no line asks for one", async () => {
    const { assumed } = explain(await policyOf(`  allow: [{issuer: "${DN}"}]\n`), given());
    expect(assumed.filter((one) => one.startsWith("workload"))).toEqual([]);
  });

  test("is some address where lines mean every one", async () => {
    const every = `  unknown: {default: cut, for: [{to: [0.0.0.0/0, "::/0"], then: report}]}\n`;
    const { assumed } = explain(await policyOf(every), given());
    expect(assumed).toContain("server: 192.0.2.1, which no line of the policy means");
  });

  test("is an address that no line means", async () => {
    const policy = await policyOf(
      "  unknown: {default: cut, for: [{to: [192.0.2.0/24], then: report}]}\n",
    );
    const { assumed } = explain(policy, given());
    expect(assumed).toContain("server: 198.51.100.1, which no line of the policy means");
    expect(assumed).toContain(
      "certificate: for whatever was asked for, valid at the time, without a fault",
    );
  });
});

describe("whose root is supposed", () => {
  const both = {
    ...rootFile(root, "./both.pem"),
    pem: otherRoot.certificatePem + root.certificatePem,
    certificates: [otherRoot, root].map((one) => hashesOf(one).certificate).sort(),
  };
  const led = async (issuer: string) => {
    const policy = withRoots(await parsePolicy("version: 1\nissuers: {roots: []}", "p.yaml"), [
      both,
    ]);
    const { outcome } = explain(policy, given({ name: "a.example", issuer }));
    return outcome.walk.find(({ step }) => step === "path")?.says;
  };

  test.each([
    ["CN=Corp Root", "CN=Corp Root"],
    ["CN=Other Root", "CN=Other Root"],
    ["CN=Somebody", "CN=Other Root"],
  ])("for the issuer %s it is %s: its own, else the first", async (issuer, expected) => {
    expect(await led(issuer)).toBe(`signatures lead to ${expected}, a root of the policy's files`);
  });
});

describe("without a root that leads anywhere", () => {
  const rootless = (issuers: string) =>
    parsePolicy(`version: 1\nmode: enforce\nissuers:\n  roots: []\n${issuers}`, "p.yaml");

  test.each([
    ["the issuer's", { issuer: "CN=Y", spki: KEY }],
    ["the server's", { spki: KEY }],
  ])("a line's key stands alone, as %s", async (_, more) => {
    const policy = await rootless(`  allow: [{spki: ${KEY}}]\n`);
    expect(brief(explain(policy, given({ name: "a.example", ...more })).outcome)).toBe(
      "pass 5 approval",
    );
  });

  test("so does the certificate that a line names", async () => {
    const policy = await rootless(`  allow: [{certificate: ${KEY}}]\n`);
    const { outcome, otherwise } = explain(policy, given({ name: "a.example" }));
    expect(brief(outcome)).toBe("cut - path");
    expect(otherwise.map((one) => `${one.if}: ${brief(one.outcome)}`)).toContain(
      `a certificate on the path is ${KEY}: pass 5 approval`,
    );
  });

  test("nothing signed it, and that is said as supposed", async () => {
    const { outcome } = explain(await rootless(""), given({ name: "a.example" }));
    expect(outcome.decided.says).toMatch(/\(unknown-issuer: as supposed\)$/);
  });

  test("another key than the root's is not the root's", async () => {
    const policy = await policyOf(`  allow: [{spki: ${KEY}}]\n`);
    const { outcome } = explain(policy, given({ issuer: "CN=Corp Root", spki: KEY }));
    expect(brief(outcome)).toBe("pass 4 approval");
  });

  test("some CA stands for Mozilla's", async () => {
    const policy = await parsePolicy("version: 1\nissuers: {}\n", "p.yaml");
    const { outcome } = explain(policy, given({ name: "a.example" }));
    expect(outcome.walk.find(({ step }) => step === "path")?.says).toMatch(
      /^signatures lead to some CA, /,
    );
  });
});

describe("what would be decided otherwise", () => {
  const others = async (more: Partial<Given>) => {
    const { otherwise } = explain(await policyOf(POLICY), given(more));
    return otherwise.map((one) => `${one.if}: ${brief(one.outcome)}`);
  };

  test("has every line that could be meant, and where signatures could lead", async () => {
    expect(await others({})).toEqual([
      `the server is www.corp.example, and the issuer is ${DN}, and its key is ${issuing.spki}: pass 5 approval`,
      "the server is pub.example: pass 6 approval",
      "the server is 10.0.0.0, and the workload is shop, and signatures lead to a root of ./corp.pem: pass 7 approval",
      `the server is pinned.example, and a key on the path is ${KEY}: report 8 approval`,
      "the issuer is CN=Gone: refuse 10 deny",
      "signatures lead to no root: cut 11 path",
      "the certificate is not seen, since TLS 1.3 encrypts it: refuse - unseen",
    ]);
  });

  test("never contradicts what was given", async () => {
    const clauses = await others({ issuer: "CN=X", name: "x.example", workload: "other" });
    expect(clauses.filter((clause) => /issuer is|server is|workload is/.test(clause))).toEqual([]);
    // A key says nothing against an issuer.
    const named = await others({ issuer: "CN=X", name: "pinned.example" });
    expect(named).toContain(`a key on the path is ${KEY}: report 8 approval`);
  });

  test("has the denial that no other line is about", async () => {
    const policy = await policyOf(`  deny:\n    - {certificate: ${KEY}, issuer: "CN=Gone"}\n`);
    const { otherwise } = explain(policy, given());
    expect(otherwise.map((one) => `${one.if}: ${brief(one.outcome)}`)).toContain(
      `the issuer is CN=Gone, and it is ${KEY}: cut 5 deny`,
    );
  });

  test("has a certificate that only has the name of a root", async () => {
    const policy = await policyOf(`  deny:\n    - {certificate: ${KEY}, issuer: "CN=Corp Root"}\n`);
    const { outcome, otherwise } = explain(policy, given({ issuer: "CN=Corp Root" }));
    expect(outcome.decision).toBe("pass");
    expect(otherwise.map((one) => `${one.if}: ${brief(one.outcome)}`)).toContain(
      `it is ${KEY}: cut 5 deny`,
    );
  });

  test("asks for no other place when one of a line's places is given", async () => {
    const policy = await policyOf(
      `  allow:\n    - {issuer: "CN=Y", for: [a.example, b.example, 10.0.0.0/8]}\n`,
    );
    const { otherwise } = explain(policy, given({ name: "b.example" }));
    expect(otherwise[0]).toMatchObject({ if: "the issuer is CN=Y", outcome: { decision: "pass" } });
  });

  test("says nothing of a key that a line does not name", async () => {
    const clauses = await others({ spki: "c".repeat(64) });
    expect(clauses.join()).not.toContain("undefined");
    expect(clauses).toContain("the server is pub.example: pass 6 approval");
    // Nor of a line about another key than the one that was given.
    expect(clauses.filter((clause) => clause.includes(KEY))).toEqual([]);
  });

  test("says nothing of a line about roots that the policy does not have", async () => {
    const policy = await policyOf("  allow: [{roots: ./gone.pem, for: [gone.example]}]\n");
    const { otherwise } = explain(policy, given());
    expect(otherwise.filter((one) => one.if.includes("gone.example"))).toEqual([]);
  });

  test("has another port, unless one was given", async () => {
    const policy = await policyOf(`  allow: [{issuer: "${DN}", ports: [8443, 9443]}]\n`);
    const clauses = (more: Partial<Given>) =>
      explain(policy, given({ issuer: DN, ...more })).otherwise.map((one) => one.if);
    expect(clauses({})).toContain("the port is 8443");
    expect(clauses({ port: 443 }).filter((clause) => clause.includes("port"))).toEqual([]);
  });

  test("says why the certificate would not be seen", async () => {
    const { otherwise } = explain(await policyOf(POLICY), given());
    expect(otherwise.at(-1)?.outcome.decided.says).toMatch(
      /not seen, because TLS 1\.3 encrypts the certificate/,
    );
  });

  test("is limited, and the rest is counted", async () => {
    const lines = Array.from({ length: 30 }, (_, i) => `    - {issuer: "CN=CA ${i}"}\n`);
    const { otherwise, more } = explain(await policyOf(`  allow:\n${lines.join("")}`), given());
    expect([otherwise.length, more]).toEqual([12, 20]);
  });
});

describe("an explanation never differs from the judge", () => {
  test("about a chain that is given", () => {
    fc.assert(
      fc.property(anyPolicy, seen, (policy, shape) => {
        const { chain, ip = "192.0.2.7", port = 443, workload, atUs = AT_US } = shape;
        const name = shape.name ?? undefined;
        if (name === undefined) return;
        const { outcome } = explain(policy, { name, ip, port, workload, chain, atUs });
        const { verdict } = new Judge(policy).judge(
          handshake({
            chain,
            name,
            ip,
            port,
            atUs,
            ...(workload === undefined ? {} : { workload }),
            possession: { state: "verified" },
          }),
        );
        expect(outcome).toMatchObject({
          decision: verdict.decision,
          walk: verdict.reason,
        });
        expect(outcome.would).toBe(verdict.would);
      }),
      { numRuns: RUNS },
    );
  });

  test("about one that is only described", () => {
    const { good } = identities;
    const strangers = [hashesOf(good), { spki: "", certificate: issuing.certificate }];
    let compared = 0;
    fc.assert(
      fc.property(anyPolicy, (policy) => {
        const { allow = [], deny, roots } = policy.issuers;
        const { windows = [] } = policy;
        // What only a certificate's own bytes tell: other keys and names than the issuer's.
        const isExpected = windows.some(({ key }) => strangers.some((one) => key === one.spki));
        const tooMuch = [...allow, ...deny].some(
          ({ spki, certificate, issuer }) =>
            issuer === "CN=api" ||
            (issuer === "CN=Corp Root" && roots.length === 0) ||
            strangers.some((one) => spki === one.spki || certificate === one.certificate),
        );
        if (tooMuch || isExpected) return;
        compared++;
        const place = { name: "api.corp.example", ip: "192.0.2.7", port: 443, atUs: AT_US };
        const described = { issuer: DN, issuerKey: parseDn(DN)!, spki: issuing.spki };
        const { outcome } = explain(policy, { ...place, ...described });
        const chain = roots.length > 0 ? chains["good with its root"] : chains.good;
        const real = explain(policy, { ...place, chain }).outcome;
        expect(brief(outcome)).toBe(brief(real));
      }),
      { numRuns: RUNS },
    );
    expect(compared).toBeGreaterThan(RUNS * 0.2);
  });
});
