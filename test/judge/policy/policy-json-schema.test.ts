/**
 * The published schema against the program's own check of a policy, over a corpus: by a validator that
 * is not ours, as an editor does it.
 */
import { readFileSync } from "node:fs";
import { Ajv2020 } from "ajv/dist/2020.js";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import { explainedPaths, policyJsonSchema } from "../../../src/judge/policy/policy-json-schema.ts";
import { policySchema } from "../../../src/judge/policy/policy-schema.ts";

const schema = policyJsonSchema();
// `required` stands in an `anyOf` beside the properties it is about.
const byEditor = new Ajv2020({ strict: true, strictRequired: false, strictTypes: false }).compile(
  schema,
);

const HASH = "a".repeat(64);
const PIN = `sha256/${"A".repeat(43)}=`;
const issuers = (text: string) => `{version: 1, issuers: {${text}}}`;
const allow = (text: string) => issuers(`allow: [{spki: ${HASH}, ${text}}]`);

const RIGHT: readonly string[] = [
  "version: 1",
  "{version: 1, mode: enforce}",
  issuers("roots: [mozilla, ./corp.pem]"),
  issuers("roots: []"),
  issuers("allow: []"),
  issuers(`deny: [{spki: "${PIN}", then: refuse, because: left}, {certificate: ${HASH}}]`),
  issuers('allow: [{issuer: "CN=Corp CA,O=Example"}]'),
  issuers('allow: [{issuer: " 2.5.4.3 = Corp \\\\, CA"}]'),
  issuers('allow: [{issuer: "CN=Ünïcode + O=B"}]'),
  issuers("allow: [{roots: mozilla}]"),
  allow('for: ["*.corp.example", corp.example, "*.bücher.example", x.example.]'),
  allow('for: [10.20.0.0/16, 192.0.2.1, "2001:db8::/32", "::1"]'),
  allow("ports: [1, 65535], workloads: [shop]"),
  allow("expires: 2027-06-30"),
  allow('expires: "2027-06-30T12:00Z", tolerate: [expired, not-yet-valid, name, weak]'),
  allow('expires: "2027-06-30T12:00:30Z"'),
  allow("approved: {by: me, on: 2026-11-02, because: INC-4411}"),
  issuers('unknown: {default: cut, for: [{to: ["*.lab.example"], then: report}]}'),
  issuers("unapproved: pass, selfSigned: report, hygiene: refuse"),
  issuers("unseen: {encrypted: probe, resumed: remember, ech: refuse, otherwise: report}"),
  issuers("unseen: {otherwise: {default: cut, for: []}}"),
  "{version: 1, transports: {quic: refuse}, resolvers: [10.20.0.53], probe: {never: [203.0.113.0/24]}}",
  "{version: 1, rules: {A02: {except: [{path: /x, until: 2027-01-31}]}}}",
  "{version: 1, respond: {guards: {keepHealthy: 50%}, release: {by: person, expires: never}}}",
];

const WRONG: readonly string[] = [
  "{}",
  "version: 2",
  "version: '1'",
  "[version]",
  "{version: 1, mod: audit}",
  "{version: 1, mode: watch}",
  issuers("allow: {}"),
  issuers("allow: [{for: [a.example]}]"),
  issuers("deny: [{then: cut}]"),
  issuers(`deny: [{spki: ${HASH}, then: report}]`),
  issuers(`deny: [{spki: ${HASH}a}]`),
  issuers(`deny: [{spki: sha1/${"A".repeat(43)}=}]`),
  issuers("allow: [{issuer: Corp CA}]"),
  issuers("allow: [{issuer: ''}]"),
  issuers("allow: [{roots: ''}]"),
  allow("for: []"),
  allow("for: [a b]"),
  allow("for: [10.0.0.0/1000]"),
  allow("ports: [0]"),
  allow("ports: [65536]"),
  allow("ports: [1.5]"),
  allow("ports: ['443']"),
  allow("expires: tomorrow"),
  allow("expires: 2027-6-30"),
  allow('expires: "2027-06-30T12:00+01:00"'),
  allow("tolerate: [malformed]"),
  allow("tolerated: [name]"),
  allow("approved: {who: me}"),
  issuers("unknown: warn"),
  issuers("unknown: {default: cut}"),
  issuers("unknown: {default: cut, for: [{to: [], then: cut}]}"),
  issuers("unknown: {default: cut, for: [{to: [a.example]}]}"),
  issuers("unseen: {otherwise: pass}"),
  issuers("unseen: {otherwise: probe}"),
  issuers("unseen: {ech: remember}"),
  issuers("unseen: {quic: cut}"),
  "{version: 1, rules: {Z99: {}}}",
  "{version: 1, respond: {onFailure: ajar}}",
];

/** Only the program can tell; each with what an editor would have to know. */
const ONLY_THE_PROGRAM: readonly (readonly [text: string, because: string])[] = [
  [allow("expires: 2026-02-29"), "calendars"],
  [allow("for: [10.0.0.1/8]"), "which bits are the network's"],
  [allow('for: ["a.*.example"]'), "where a star may stand"],
  [allow("for: [a_b.example]"), "names"],
  ["{version: 1, resolvers: [dns.example]}", "addresses"],
  [issuers('allow: [{issuer: "NOTHING=x"}]'), "types of attributes"],
  [issuers("allow: [{issuer: 'CN=a,'}]"), "the inside of a name"],
];

const accepts = (text: string) => ({
  editor: byEditor(parse(text)),
  program: policySchema.safeParse(parse(text)).success,
});

describe("an editor and the program", () => {
  test.each(RIGHT)("both accept %s", (text) => {
    expect(accepts(text)).toEqual({ editor: true, program: true });
  });

  test.each(WRONG)("both refuse %s", (text) => {
    expect(accepts(text)).toEqual({ editor: false, program: false });
  });

  test.each(ONLY_THE_PROGRAM)("differ over %s, since one would have to know %s", (text) => {
    expect(accepts(text)).toEqual({ editor: true, program: false });
  });

  test("both accept the policy of the captures", () => {
    const text = readFileSync("captures/portcullis.yaml", "utf8");
    expect(accepts(text)).toEqual({ editor: true, program: true });
  });
});

describe("what an editor shows", () => {
  const keysOf = (place: unknown) =>
    Object.keys((place as { properties: Record<string, unknown> }).properties);
  const properties = schema.properties as Record<string, { properties: Record<string, unknown> }>;

  test("explains every key of the policy and of its issuers", () => {
    const explained = explainedPaths();
    expect(explained).toEqual(expect.arrayContaining(keysOf(schema)));
    const inner = keysOf(properties.issuers).map((key) => `issuers.${key}`);
    expect(explained).toEqual(expect.arrayContaining(inner));
    for (const list of ["allow", "deny"]) {
      const { items } = properties.issuers!.properties[list] as { items: unknown };
      const keys = keysOf(items).map((key) => `issuers.${list}[].${key}`);
      expect(explained).toEqual(expect.arrayContaining(keys));
    }
  });

  test("has the defaults that the program has", () => {
    const { issuers } = properties as { issuers: { properties: Record<string, unknown> } };
    expect(properties.mode).toMatchObject({ default: "audit" });
    expect(issuers.properties).toMatchObject({
      roots: { default: ["mozilla"] },
      unknown: { default: "cut" },
      hygiene: { default: "report" },
    });
    // The value of `unknown`, whatever it is.
    expect(issuers.properties.unapproved).not.toHaveProperty("default", expect.anything());
  });
});
