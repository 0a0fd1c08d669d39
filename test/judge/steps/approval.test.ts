/** Step `approval`, as a table. */
import { describe, expect, test } from "vitest";
import { Judge } from "../../../src/judge/decide.ts";
import { ChainStore } from "../../../src/trust/store.ts";
import * as der from "../../trust/mint.ts";
import { handshake, hashesOf, identities } from "../scene.ts";
import { alone, check, DN, issuing, policyOf } from "../table.ts";

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
      says: /is for this name, and the certificate is not/,
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
      name: "names a line that pins a key by its key",
      policy: `allow: [{spki: ${issuing.spki}}]`,
      chain: "good",
      decision: "pass",
      says: new RegExp(`approved by line 3 \\(key ${issuing.spki.slice(0, 16)}…\\)`),
    },
    {
      name: "names a line that pins a certificate by its certificate",
      policy: `allow: [{certificate: ${issuing.certificate}}]`,
      chain: "good",
      decision: "pass",
      says: new RegExp(`approved by line 3 \\(certificate ${issuing.certificate.slice(0, 16)}…\\)`),
    },
    {
      name: "names the line that pins a key before one that only says the place more exactly",
      policy: `allow: [{issuer: "${DN}", for: [api.corp.example]}, {spki: ${issuing.spki}}]`,
      chain: "good",
      decision: "pass",
      says: /approved by line 3 \(key /,
    },
    {
      name: "approves no path to a line's key by roots that the policy does not have",
      policy: `allow: [{spki: ${issuing.spki}, for: [x.example]}, {roots: ./corp.pem}]`,
      chain: "good",
      known: false,
      decision: "cut",
      rules: ["A15"],
      says: /no `allow` line approves/,
    },
    {
      name: "believes a wrong name on a line that names the very certificate and tolerates it",
      policy: `allow: [{certificate: ${hashesOf(identities.otherName).certificate}, for: [api.corp.example], tolerate: [name]}]`,
      chain: "for another name",
      decision: "pass",
      rules: ["C03"],
    },
    {
      name: "does not believe it on a line that tolerates it of an issuer",
      policy: `allow: [{issuer: "${DN}", for: [api.corp.example], tolerate: [name]}]`,
      chain: "for another name",
      decision: "cut",
      rules: ["C03", "A15"],
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
      name: "shows the line that pins most",
      policy: `allow: [{spki: ${issuing.spki}, for: [api.corp.example]}, {certificate: ${issuing.certificate}, approved: {by: this-one}}]`,
      chain: "good",
      decision: "pass",
      says: /this-one/,
    },
    {
      name: "shows the line for the fewest places of those that pin the same",
      policy: `allow: [{spki: ${issuing.spki}}, {spki: ${issuing.spki}, for: ["*.corp.example"], approved: {by: this-one}}, {spki: ${issuing.spki}, for: [192.0.0.0/16]}]`,
      chain: "good",
      decision: "pass",
      says: /this-one/,
    },
    {
      name: "asks for no more when a line has expired than when it never was",
      policy: `unapproved: pass, allow: [{issuer: "${DN}", expires: 2026-11-01}]`,
      chain: "good",
      decision: "pass",
      rules: ["A15"],
    },
    {
      name: "takes the path to a root where another line names a key on the way",
      policy: `allow: [{spki: ${issuing.spki}, for: [x.example]}, {issuer: "${DN}"}]`,
      chain: "good",
      decision: "pass",
    },
    {
      name: "cuts a pinned key at a place it is not approved for",
      policy: `allow: [{spki: ${issuing.spki}, for: [x.example]}]`,
      known: false,
      chain: "good",
      decision: "cut",
      rules: ["A15"],
      says: /is for other destinations/,
    },
  ]);
});

test.each([
  [true, "pass"],
  [false, "cut"],
])("a certificate alone is its own issuer where it is a CA: %s", async (ca, decision) => {
  const extensions = [
    ...(ca ? [der.basicConstraints(true)] : []),
    der.altNames(der.dns("api.corp.example")),
  ];
  const key = der.ecKey();
  const made = der.mint({ key, subject: der.name("box"), issuer: der.name("box"), extensions });
  const chain = new ChainStore().get([made]);
  const { spkiSha256 } = chain.certificates[0]!;
  const judge = new Judge(await policyOf(`allow: [{issuer: "CN=box", spki: ${spkiSha256}}]`));
  const { verdict } = judge.judge(handshake({ chain, possession: { state: "verified" } }));
  expect(verdict.decision).toBe(decision);
});
