/** A16: certificates that look as their maker's defaults left them, mark by mark. */
import { describe, expect, test } from "vitest";
import { Judge } from "../../src/judge/decide.ts";
import { defaultMarks, turnOfMarks } from "../../src/judge/default-looking.ts";
import { defaultPolicy, withRoots } from "../../src/judge/policy/policy.ts";
import { parsePolicy } from "../../src/judge/policy/policy-file.ts";
import { parseCertificate } from "../../src/trust/certificate.ts";
import { ChainStore } from "../../src/trust/store.ts";
import {
  altNames,
  basicConstraints,
  dns,
  ecKey,
  extendedKeyUsage,
  type Mint,
  mint,
  name,
  SERVER,
} from "../trust/mint.ts";
import { pem } from "../wire/identity.ts";
import { handshake } from "./scene.ts";

const [caKey, leafKey] = [ecKey(), ecKey()];
const ca = mint({
  subject: name("O=Corp", "Root"),
  key: caKey,
  extensions: [basicConstraints(true)],
});
const san = altNames(dns("api.corp.example"));

const leafOf = (spec: Partial<Mint> = {}) =>
  mint({ key: leafKey, subject: name("O=Corp", "api"), extensions: [san], ...spec });
const issued = { signer: caKey, issuer: name("O=Corp", "Root") };
/** The day that `leafOf` begins on, and another. */
const FIRST_DAY = "2026-01-01T10:00:00Z";
const LATER = "2026-06-01T00:00:00Z";

function marks(spec: Partial<Mint>, { at = LATER, ip = "192.0.2.7", sni = "" } = {}): string[] {
  const destination = { ip, port: 443, ...(sni !== "" && { serverName: sni, name: sni }) };
  return defaultMarks(parseCertificate(leafOf(spec)), destination, Date.parse(at) * 1000);
}

describe("a certificate that looks like a default", () => {
  test.each<[string, Partial<Mint>, RegExp]>([
    ["has OpenSSL's names", { subject: name("O=Internet Widgits Pty Ltd") }, /OpenSSL's example/],
    ["has Red Hat's", { subject: name("O=Default Company Ltd", "a") }, /Red Hat/],
    ["has mod_ssl's", { subject: name("O=SomeOrganization", "a") }, /mod_ssl/],
    ["has Apache's", { subject: name("O=Snake Oil, Ltd", "a") }, /Apache/],
    [
      "is the one of ingress-nginx",
      { subject: name("O=Acme Co", "Kubernetes Ingress Controller Fake Certificate") },
      /ingress-nginx/,
    ],
    ["is Traefik's", { subject: name("TRAEFIK DEFAULT CERT") }, /Traefik/],
    ["has the names of Go's example", { subject: name("O=Acme Co") }, /Go's example/],
    ["is mkcert's", { subject: name("O=mkcert development certificate") }, /mkcert/],
    ["is for example.com", { subject: name("example.com") }, /example\.com/],
    ["is for localhost, and this is not", { subject: name("localhost") }, /localhost/],
    [
      "has the number of Cobalt Strike's",
      { serial: Uint8Array.of(0x08, 0xbb, 0x00, 0xee) },
      /Cobalt Strike/,
    ],
    [
      "has no names and is of version 1",
      { version: undefined, extensions: undefined },
      /version 1, no subjectAltName/,
    ],
    [
      "is a CA's and has no names",
      { extensions: [basicConstraints(true)] },
      /a CA's certificate as a server's, no subjectAltName/,
    ],
  ])("%s", (_, spec, words) => {
    expect(marks(spec).join(", ")).toMatch(words);
  });

  test.each<[string, Partial<Mint>]>([
    ["an ordinary certificate", {}],
    ["one without names: old CAs leave them out", { extensions: [] }],
    ["one of a CA, with names", { extensions: [basicConstraints(true), san] }],
    ["names that only begin like it", { subject: name("O=Acme Corporation", "example.com.test") }],
    [
      "the number of Cobalt Strike with more before it",
      { serial: Uint8Array.of(1, 8, 0xbb, 0, 0xee) },
    ],
  ])("is not %s", (_, spec) => {
    expect(marks(spec)).toEqual([]);
  });

  test("is one for localhost everywhere but there", () => {
    const spec = { subject: name("localhost") };
    expect(marks(spec, { ip: "127.0.0.1" })).toEqual([]);
    expect(marks(spec, { ip: "::1" })).toEqual([]);
    expect(marks(spec, { sni: "localhost" })).toEqual([]);
    expect(marks(spec, { sni: "api.corp.example" })).not.toEqual([]);
  });

  test.each([
    ["261231235959Z", FIRST_DAY, false],
    ["270101000000Z", FIRST_DAY, true],
    ["270101000000Z", "2026-01-01T23:59:59Z", true],
    ["270101000000Z", "2026-01-02T00:00:00Z", false],
    ["270101000000Z", "2025-12-31T23:59:59Z", false],
    ["351230000000Z", FIRST_DAY, true],
    ["351231000000Z", FIRST_DAY, false],
  ])("may be made today for exactly a year: until %s, at %s: %s", (to, at, expected) => {
    expect(marks({ to, extensions: [] }, { at }).length > 0).toBe(expected);
  });
});

describe("the judge", () => {
  const store = new ChainStore();
  const roots = {
    kind: "file",
    name: "./ca.pem",
    pem: pem("CERTIFICATE", ca),
    certificates: [parseCertificate(ca).sha256],
  } as const;
  const known = withRoots(defaultPolicy, [roots]);
  const widgits = name("O=Internet Widgits Pty Ltd", "api");
  const usage = extendedKeyUsage(SERVER);
  const chainOf = (spec: Partial<Mint>) => store.get([leafOf(spec)]);
  const atUs = Date.parse(LATER) * 1000;
  const proved = { possession: { state: "verified" } } as const;

  test("makes a note of a trusted one, says why, and lets it pass", () => {
    const chain = chainOf({ subject: widgits, extensions: [san, usage], ...issued });
    const { findings, verdict } = new Judge(known).judge(handshake({ chain, atUs, ...proved }));
    expect(verdict.decision).toBe("pass");
    expect(findings.filter(({ rule }) => rule === "A16")).toMatchObject([
      {
        name: "default-looking",
        severity: "note",
        evidence: { looks: ["the names of OpenSSL's example"] },
      },
    ]);
    expect(verdict.reason.map(({ says }) => says).join()).toMatch(
      /looks like a default: the names/,
    );
  });

  test("tells it along with the one finding that there is, and makes no second", () => {
    const finding = (spec: Partial<Mint>) =>
      new Judge(known)
        .judge(handshake({ chain: chainOf(spec), atUs, ...proved }))
        .findings.filter(({ rule }) => rule === "A15" || rule === "A16");
    const looks = ["the names of OpenSSL's example"];
    expect(finding({ subject: widgits })).toMatchObject([
      { rule: "A16", name: "self-signed", evidence: { looks } },
    ]);
    expect(finding({ subject: widgits, signer: caKey, issuer: name("Nobody") })).toMatchObject([
      { rule: "A15", evidence: { looks } },
    ]);
    expect(finding({})[0]?.evidence).not.toHaveProperty("looks");
    const [plain] = finding({ signer: caKey, issuer: name("Nobody") });
    expect(plain?.rule).toBe("A15");
    expect(plain?.evidence).not.toHaveProperty("looks");
  });

  test("is silent about a leaf that a line names: who names it knows it", async () => {
    const chain = chainOf({ subject: widgits, ...issued });
    const { spkiSha256 } = chain.certificates[0]!;
    const text = `version: 1\nissuers: {roots: [], allow: [{spki: ${spkiSha256}}]}`;
    const judge = new Judge(await parsePolicy(text, "p.yaml"));
    const { findings } = judge.judge(handshake({ chain, atUs, ...proved }));
    expect(findings.filter(({ rule }) => rule === "A16")).toEqual([]);
  });

  test("knows the first and the last microsecond of a certificate's first day", () => {
    const leaf = chainOf({ extensions: [usage], ...issued }).certificates[0]!;
    const place = { ip: "192.0.2.7", port: 443 };
    const last = turnOfMarks(leaf);
    const { validFromUs } = leaf;
    const times = [validFromUs - 1, validFromUs, last, last + 1];
    expect(times.map((at) => defaultMarks(leaf, place, at).length > 0)).toEqual([
      false,
      true,
      true,
      false,
    ]);
    expect(last).toBe(validFromUs + 86_400_000_000 - 1);
  });

  test("forgets after a day that a certificate was new, and never where localhost is", () => {
    const judge = new Judge(known);
    const chain = chainOf({ extensions: [usage], ...issued });
    const notes = (at: string) =>
      judge
        .judge(handshake({ chain, ...proved, atUs: Date.parse(at) * 1000 }))
        .findings.filter(({ name }) => name === "default-looking").length;
    expect([FIRST_DAY, LATER, FIRST_DAY].map(notes)).toEqual([1, 0, 1]);
    const local = chainOf({ subject: name("localhost"), extensions: [san, usage], ...issued });
    const at = (ip: string, sni: string | null) =>
      judge
        .judge(handshake({ chain: local, atUs, ip, name: sni, ...proved }))
        .findings.filter(({ name }) => name === "default-looking").length;
    expect(at("192.0.2.7", "a.test")).toBe(1);
    expect(at("127.0.0.1", "a.test")).toBe(1);
    expect(at("192.0.2.7", "localhost")).toBe(0);
    expect(at("127.0.0.1", null)).toBe(0);
    expect(at("127.0.0.2", "127.0.0.2")).toBe(0);
    expect(at("192.0.2.7", null)).toBe(1);
  });
});
