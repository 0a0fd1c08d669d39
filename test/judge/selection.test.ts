/**
 * Policies against chains, where the selectors of a line decide: which certificate it means, where it
 * applies, and which of several lines is named as the one that decided.
 */
import { describe, expect, test } from "vitest";
import { Judge } from "../../src/judge/decide.ts";
import { type Policy, withRoots } from "../../src/judge/policy/policy.ts";
import { parsePolicy } from "../../src/judge/policy/policy-file.ts";
import { ChainStore } from "../../src/trust/store.ts";
import * as der from "../trust/mint.ts";
import {
  chains,
  type Handshake,
  handshake,
  hashesOf,
  identities,
  otherRoot,
  root,
  rootFile,
} from "./scene.ts";
import { check, DN, issuing, policyOf } from "./table.ts";

const good = hashesOf(identities.good);
const rooted = hashesOf(root);
const other = hashesOf(otherRoot);
const CUT = { decision: "cut", rules: ["A15"] } as const;

describe("an allow line", () => {
  check([
    {
      name: "means the leaf by its certificate",
      policy: `allow: [{certificate: ${good.certificate}}]`,
      chain: "good",
      decision: "pass",
    },
    {
      name: "means the leaf by its key",
      policy: `allow: [{spki: ${good.spki}}]`,
      chain: "good",
      decision: "pass",
    },
    {
      name: "means the issuer by its certificate",
      policy: `allow: [{certificate: ${issuing.certificate}}]`,
      chain: "good",
      decision: "pass",
    },
    {
      name: "means the root by its certificate, sent or not",
      policy: `allow: [{certificate: ${rooted.certificate}}]`,
      chain: "good",
      decision: "pass",
    },
    {
      name: "means the root by its key",
      policy: `allow: [{spki: ${rooted.spki}}]`,
      chain: "good with its root",
      decision: "pass",
    },
    {
      name: "does not mean a certificate that is not there",
      policy: `allow: [{certificate: ${other.certificate}}]`,
      chain: "good",
      ...CUT,
    },
    {
      name: "does not mean a key that is not there",
      policy: `allow: [{spki: ${other.spki}}]`,
      chain: "good",
      ...CUT,
    },
    {
      name: "wants a certificate and its own key",
      policy: `allow: [{certificate: ${issuing.certificate}, spki: ${issuing.spki}}]`,
      chain: "good",
      decision: "pass",
    },
    {
      name: "does not take one's certificate and another's key",
      policy: `allow: [{certificate: ${issuing.certificate}, spki: ${rooted.spki}}]`,
      chain: "good",
      ...CUT,
    },
    {
      name: "does not take one's certificate and another's name",
      policy: `allow: [{certificate: ${rooted.certificate}, issuer: "${DN}"}]`,
      chain: "good",
      ...CUT,
    },
    {
      name: "does not take an issuer's name for the leaf that has its key",
      policy: `allow: [{issuer: "CN=api", spki: ${good.spki}}]`,
      chain: "good",
      ...CUT,
    },
    {
      name: "takes a leaf that is no CA for no issuer, though it stands alone",
      policy: `allow: [{issuer: "CN=api", spki: ${good.spki}}]`,
      known: false,
      chain: "without its intermediate",
      ...CUT,
    },
    {
      name: "means the roots of a file and an issuer under them",
      policy: `allow: [{roots: ./corp.pem, issuer: "${DN}"}]`,
      chain: "good",
      decision: "pass",
    },
    {
      name: "does not mean an issuer under another file's roots",
      policy: `allow: [{roots: ./gone.pem, issuer: "${DN}"}]`,
      chain: "good",
      ...CUT,
    },
    {
      name: "of a file does not mean another issuer under it",
      policy: `allow: [{roots: ./corp.pem, issuer: "CN=Else"}]`,
      chain: "good",
      ...CUT,
    },
    {
      name: "for a port means it",
      policy: `allow: [{issuer: "${DN}", ports: [443]}]`,
      chain: "good",
      decision: "pass",
    },
    {
      name: "for another port says so",
      policy: `allow: [{issuer: "${DN}", ports: [8443]}]`,
      chain: "good",
      ...CUT,
      says: /line 3 \(.*\) is for other ports/,
    },
    {
      name: "for a workload does not mean another",
      policy: `allow: [{issuer: "${DN}", workloads: [shop]}]`,
      at: { workload: "desk" },
      chain: "good",
      ...CUT,
      says: /is for other workloads/,
    },
    {
      name: "for a workload does not mean one that nobody knows",
      policy: `allow: [{issuer: "${DN}", workloads: [shop]}]`,
      chain: "good",
      ...CUT,
      says: /is for other workloads/,
    },
    {
      name: "for a place does not mean a client that names none",
      policy: `hygiene: pass, allow: [{issuer: "${DN}", for: [api.corp.example]}]`,
      at: { name: null },
      chain: "good",
      decision: "cut",
      rules: ["C03", "A15"],
      says: /is for other destinations/,
    },
    {
      name: "that does not mean the issuer at all is not named",
      policy: `allow: [{issuer: "CN=Else", ports: [8443]}]`,
      chain: "good",
      ...CUT,
      says: /for api.corp.example$/m,
    },
    {
      name: "approves in its last microsecond",
      policy: `allow: [{issuer: "${DN}", expires: 2026-06-30}]`,
      at: { atUs: Date.UTC(2026, 6, 1) * 1000 - 1 },
      chain: "good",
      decision: "pass",
    },
    {
      name: "of which nobody said who approved it is named alone",
      policy: `allow: [{issuer: "${DN}"}]`,
      chain: "good",
      decision: "pass",
      says: /^approved by line 3 \(CN=Corp CA 2,O=Example\)$/m,
    },
  ]);
});

describe("a deny line", () => {
  const refused = { decision: "refuse", rules: ["C01"] } as const;
  const deny = (line: string) => `deny: [{${line}, then: refuse}]`;
  check([
    {
      name: "means a certificate anywhere in the chain",
      policy: deny(`certificate: ${issuing.certificate}`),
      chain: "good",
      ...refused,
      says: /is in the presented chain/,
    },
    {
      name: "means the root that was not sent",
      policy: deny(`certificate: ${rooted.certificate}`),
      chain: "good",
      ...refused,
      says: /is on its path/,
    },
    {
      name: "means a key anywhere in the chain",
      policy: deny(`spki: ${issuing.spki}`),
      chain: "good",
      ...refused,
    },
    {
      name: "means the leaf by its name",
      policy: deny(`issuer: "CN=api"`),
      chain: "good",
      ...refused,
    },
    {
      name: "means an issuer that only its child names",
      policy: deny(`issuer: "${DN}"`),
      chain: "without its intermediate",
      decision: "cut",
      rules: ["C01", "A15"],
      says: /refuse: .*CN=Corp CA 2.*, which issued CN=api/,
    },
    {
      name: "does not mean one's certificate with another's key",
      policy: deny(`certificate: ${issuing.certificate}, spki: ${rooted.spki}`),
      chain: "good",
      decision: "pass",
    },
    {
      name: "does not mean one's key with another's name",
      policy: deny(`issuer: "CN=Else", spki: ${issuing.spki}`),
      chain: "good",
      decision: "pass",
    },
    {
      name: "with a key does not mean an issuer that is only named",
      policy: deny(`issuer: "${DN}", spki: ${issuing.spki}`),
      chain: "without its intermediate",
      decision: "cut",
      rules: ["A15"],
    },
  ]);

  test("that matches says so, up to eight, the strictest first", async () => {
    const lines = Array.from(
      { length: 10 },
      (_, i) => `{spki: ${issuing.spki}, then: ${i === 9 ? "cut" : "refuse"}}`,
    );
    const { verdict, findings } = await judged(`deny: [${lines.join(", ")}]`);
    const said = verdict.reason.filter(({ step }) => step === "deny");
    expect(said.map(({ says }) => says.split(":")[0])).toEqual(["cut", ...Array(7).fill("refuse")]);
    expect([verdict.decision, findings.length]).toEqual(["cut", 1]);
  });
});

describe("of two lines that approve, the one is named that", () => {
  const key = `spki: ${issuing.spki}`;
  test.each<[string, string, string]>([
    ["pins a certificate, before one that pins a key", key, `certificate: ${issuing.certificate}`],
    ["pins a key, before one that names an issuer", `issuer: "${DN}"`, key],
    ["names an issuer, before one that names roots", "roots: ./corp.pem", `issuer: "${DN}"`],
    [
      "pins a key for all, before an issuer for one place",
      `issuer: "${DN}", for: [api.corp.example], ports: [443]`,
      key,
    ],
    [
      "is for a name, before a wildcard",
      `${key}, for: ["*.corp.example"]`,
      `${key}, for: [api.corp.example]`,
    ],
    [
      "is for a wildcard, before an address",
      `${key}, for: [192.0.2.7]`,
      `${key}, for: ["*.corp.example"]`,
    ],
    ["is for fewer addresses", `${key}, for: [192.0.2.0/24]`, `${key}, for: [192.0.2.0/25]`],
    ["is for all addresses, before one for everywhere", key, `${key}, for: [0.0.0.0/0]`],
    [
      "has the most exact of several places",
      `${key}, for: ["*.corp.example"]`,
      `${key}, for: [192.0.2.7, api.corp.example]`,
    ],
    [
      "is for a place, before one for ports",
      `${key}, ports: [443], workloads: [shop]`,
      `${key}, for: [0.0.0.0/0]`,
    ],
    ["is for ports, before one for all", key, `${key}, ports: [443]`],
    ["is for ports, before one for workloads", `${key}, workloads: [shop]`, `${key}, ports: [443]`],
    ["is for workloads, before one for all", key, `${key}, workloads: [shop]`],
    [
      "is for a longer prefix, before a shorter one for ports",
      `${key}, for: [192.0.2.0/24], ports: [443]`,
      `${key}, for: [192.0.2.0/25]`,
    ],
  ])("%s", async (_, less, more) => {
    const chosen = `${more}, approved: {by: this-one}`;
    for (const lines of [`{${less}}, {${chosen}}`, `{${chosen}}, {${less}}`]) {
      const { verdict } = await judged(`allow: [${lines}]`, { workload: "shop" });
      expect(verdict.reason.find(({ step }) => step === "approval")?.says).toContain("this-one");
    }
  });
});

describe("of two ways that a chain can be seen, the one that asks for less decides", () => {
  check([
    {
      name: "also when only hygiene tells them apart",
      policy: `hygiene: cut, allow: [{spki: ${issuing.spki}}, {roots: ./corp.pem, tolerate: [expired]}]`,
      chain: "expired",
      decision: "pass",
      rules: ["C02"],
      says: /^tolerated: the server's chain has expired/m,
    },
    {
      name: "and a line that tolerates another fault makes none of it good",
      policy: `hygiene: cut, allow: [{spki: ${issuing.spki}}, {roots: ./corp.pem, tolerate: [weak]}]`,
      chain: "expired",
      decision: "cut",
      rules: ["C02"],
    },
    {
      name: "without the key of a line that is for another place",
      policy: `unknown: report, unapproved: cut, allow: [{spki: ${issuing.spki}, for: [x.example]}]`,
      known: false,
      chain: "good",
      decision: "report",
      rules: ["A15"],
    },
    {
      name: "and the roots alone make nothing good that they do not vouch for",
      policy: `unknown: cut, unapproved: refuse, allow: [{spki: ${issuing.spki}, for: [x.example]}]`,
      known: false,
      chain: "good",
      decision: "refuse",
      rules: ["A15"],
    },
  ]);
});

describe("an approval that ran out", () => {
  const policy = `allow: [{issuer: "${DN}", expires: 2026-06-30}]`;
  const graceEndsUs = Date.UTC(2026, 6, 31) * 1000 - 1;
  check([
    {
      name: "is reported to the last microsecond of its 30 days",
      policy,
      chain: "good",
      at: { atUs: graceEndsUs },
      decision: "report",
      rules: ["A15"],
    },
    {
      name: "is none a microsecond later",
      policy,
      chain: "good",
      at: { atUs: graceEndsUs + 1 },
      decision: "cut",
      rules: ["A15"],
    },
  ]);
});

describe("roots", () => {
  test("of two files are told apart by their names", async () => {
    const text = (file: string) =>
      `version: 1\nmode: enforce\nissuers: {roots: [], allow: [{roots: ${file}}]}\n`;
    const of = async (file: string): Promise<Policy> =>
      withRoots(await parsePolicy(text(file), "p.yaml"), [
        rootFile(otherRoot, "./other.pem"),
        rootFile(root, "./corp.pem"),
      ]);
    const decide = async (file: string) =>
      new Judge(await of(file)).judge(handshake({ chain: chains.good, possession: VERIFIED }))
        .verdict.decision;
    expect([await decide("./corp.pem"), await decide("./other.pem")]).toEqual(["pass", "cut"]);
  });
});

describe("hygiene", () => {
  const key = der.ecKey();
  const chain = new ChainStore().get([
    der.mint({
      key,
      subject: der.seq(),
      serial: Uint8Array.of(0x80),
      extensions: [der.altNames(der.dns("a_b")), der.keyUsage(0, 5)],
    }),
  ]);
  const said = async (issuers: string, shape: Handshake) => {
    const { verdict } = new Judge(await policyOf(issuers)).judge(
      handshake({ possession: VERIFIED, name: null, ...shape }),
    );
    return verdict.reason.filter(({ step }) => step === "hygiene").map(({ says }) => says);
  };

  test("says three faults of a chain, and how many more there are", async () => {
    const malformed = (await said("hygiene: refuse", { chain })).find((says) =>
      /serial/.test(says),
    );
    expect(malformed).toMatch(
      /^refuse: the server's chain has bad-serial \(serial number is negative\), \S+ \([^)]*\), \S+ \([^)]*\) and 2 more$/,
    );
  });

  test("says what cannot be read, although it leads nowhere", async () => {
    expect(await said("hygiene: refuse", { chain: chains.unreadable })).toEqual([
      "refuse: the server's chain has wrong-name (no name, expected 192.0.2.7)",
      "refuse: the server's chain has unreadable (tbsCertificate: 2 bytes, expected at most 1), bad-version (version 0, expected 1 to 3)",
    ]);
  });
});

const VERIFIED = { state: "verified" } as const;

async function judged(issuers: string, shape: Handshake = {}) {
  const policy = await policyOf(issuers);
  return new Judge(policy).judge(handshake({ chain: chains.good, possession: VERIFIED, ...shape }));
}
