/** Stapled OCSP responses: what takes a path away, what is worth a note, and what openssl signs. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, describe, expect, test } from "vitest";
import { Anchors } from "../../src/trust/anchors.ts";
import { parseCertificate } from "../../src/trust/certificate.ts";
import { ocspResponsesOf, parseOcspResponse } from "../../src/trust/ocsp.ts";
import { type Validation, validate } from "../../src/trust/validate.ts";
import {
  ANY,
  basicConstraints,
  ecKey,
  extendedKeyUsage,
  extension,
  keyUsage,
  mint,
  name,
  octets,
  SERVER,
} from "./mint.ts";
import { type MintOcsp, mintOcsp } from "./mint-ocsp.ts";

const OCSP = "1.3.6.1.5.5.7.3.9";
const [rootKey, issuingKey, leafKey, delegateKey, otherKey] = [1, 2, 3, 4, 5].map(() =>
  ecKey(),
) as [
  ReturnType<typeof ecKey>,
  ReturnType<typeof ecKey>,
  ReturnType<typeof ecKey>,
  ReturnType<typeof ecKey>,
  ReturnType<typeof ecKey>,
];
const ca = [basicConstraints(true), keyUsage(5, 6)];
const root = mint({ subject: name("Root"), key: rootKey, extensions: ca });
const issuing = mint({
  subject: name("Issuing"),
  issuer: name("Root"),
  key: issuingKey,
  signer: rootKey,
  extensions: ca,
});
const leaf = mint({ key: leafKey, signer: issuingKey, issuer: name("Issuing") });
const other = mint({ key: otherKey, signer: issuingKey, issuer: name("Issuing") });

const delegate = (more: Partial<Parameters<typeof mint>[0]> = {}) =>
  mint({
    subject: name("Responder"),
    issuer: name("Issuing"),
    key: delegateKey,
    signer: issuingKey,
    extensions: [extendedKeyUsage(OCSP)],
    ...more,
  });
const byDelegate = (certificate: Uint8Array, more: Partial<MintOcsp> = {}) =>
  staple({ responder: certificate, signer: delegateKey, certificates: [certificate], ...more });

function staple(spec: Partial<MintOcsp> = {}): Uint8Array {
  return mintOcsp({ about: leaf, issuer: issuing, signer: issuingKey, ...spec });
}

function validation(staples: readonly Uint8Array[], at = "2026-06-10T00:00:00Z"): Validation {
  return validate({
    chain: [leaf, issuing].map(parseCertificate),
    anchors: Anchors.of([
      { source: "file", profile: "rfc5280", certificate: parseCertificate(root) },
    ]),
    purpose: "server",
    atUs: Date.parse(at) * 1000,
    staples: ocspResponsesOf(staples),
  });
}

/** `good`, what the findings about staples say, or nothing. */
function said(...staples: Uint8Array[]): string {
  const { findings, path } = validation(staples);
  const told = findings
    .filter(({ name }) => name === "revoked" || name === "unusable-staple")
    .map(({ name, detail }) => `${name}: ${detail}`);
  if (path?.stapledUntilUs !== undefined) told.push("good");
  return told.join("; ");
}

describe("a stapled response", () => {
  test.each<[string, Uint8Array, RegExp]>([
    ["by the issuer says that the leaf is good", staple(), /^good$/],
    ["may name its issuer by key", staple({ byKey: true }), /^good$/],
    ["may hash with SHA-256", staple({ hash: "sha256" }), /^good$/],
    ["need not say when a newer one comes", staple({ to: null }), /^good$/],
    ["may come from whom the issuer authorised", byDelegate(delegate()), /^good$/],
    ["may come from one who is named by key", byDelegate(delegate(), { byKey: true }), /^good$/],
    [
      "revokes",
      staple({ status: "revoked" }),
      /^revoked: by CN=Issuing on 2026-05-01T00:00:00Z, says the stapled OCSP response$/,
    ],
    [
      "that is out of date still revokes",
      staple({ status: "revoked", to: "20260602000000Z" }),
      /^revoked:/,
    ],
    ["by a delegate revokes", byDelegate(delegate(), { status: "revoked" }), /^revoked:/],
    [
      "for the CA revokes the CA",
      staple({ about: issuing, issuer: root, signer: rootKey, status: "revoked" }),
      /^revoked: by CN=Root/,
    ],
    [
      "that knows nothing is worth a note",
      staple({ status: "unknown" }),
      /^unusable-staple: says that its responder does not know/,
    ],
    [
      "that is out of date is worth a note",
      staple({ to: "20260609235959Z" }),
      /^unusable-staple: is out of date since 2026-06-09T23:59:59Z$/,
    ],
    [
      "for later is worth a note",
      staple({ from: "20260610000001Z" }),
      /^unusable-staple: is for later, from 2026-06-10T00:00:01Z$/,
    ],
    [
      "by another key is worth a note, whatever it says",
      staple({ signer: otherKey, status: "revoked" }),
      /^unusable-staple: its responder's key did not sign it$/,
    ],
    [
      "about another certificate is worth a note",
      staple({ about: other, status: "revoked" }),
      /^unusable-staple: is about other certificates$/,
    ],
    [
      "about the same number of another issuer is worth a note",
      staple({ issuer: root, signer: rootKey, status: "revoked" }),
      /^unusable-staple: is about other certificates$/,
    ],
    [
      "by a stranger is worth a note",
      staple({ responder: root, signer: rootKey, status: "revoked" }),
      /^unusable-staple: its responder is neither the issuer nor anyone it shows$/,
    ],
    [
      "by a leaf of the issuer is worth a note: anybody's leaf is",
      byDelegate(delegate({ extensions: [extendedKeyUsage(SERVER, ANY)] }), { status: "revoked" }),
      /^unusable-staple: its responder's certificate is not for OCSP$/,
    ],
    [
      "by a delegate without any usage is worth a note",
      byDelegate(delegate({ extensions: [] as never }), { status: "revoked" }),
      /unusable-staple: its responder's certificate is not for OCSP$/,
    ],
    [
      "by a delegate of another CA is worth a note",
      byDelegate(delegate({ issuer: name("Root"), signer: rootKey }), { status: "revoked" }),
      /^unusable-staple: another CA made its responder's certificate$/,
    ],
    [
      "by a delegate that only claims its issuer is worth a note",
      byDelegate(delegate({ signer: otherKey }), { status: "revoked" }),
      /^unusable-staple: the issuer did not make its responder's certificate$/,
    ],
    [
      "by a delegate that expired is worth a note",
      byDelegate(delegate({ to: "260609000000Z" }), { status: "revoked" }),
      /^unusable-staple: its responder's certificate expired$/,
    ],
    [
      "by a delegate whose key may not sign is worth a note",
      byDelegate(delegate({ extensions: [extendedKeyUsage(OCSP), keyUsage(2)] }), {
        status: "revoked",
      }),
      /^unusable-staple: its responder's key is not for signatures$/,
    ],
    ["that is an error says so", staple({ state: 3 }), /its responder failed \(3\)$/],
    ["of another type says so", staple({ type: "1.3.6.1.5.5.7.48.1.2" }), /expected a basic one$/],
    ["of another version says so", staple({ version: 1 }), /cannot be used: version 2$/],
    [
      "with an unknown critical extension says so",
      staple({ extensions: [extension("1.2.3", octets(), true)] }),
      /cannot be used: critical extension 1\.2\.3$/,
    ],
    [
      "with an unknown critical extension of its answer says so",
      staple({ singleExtensions: [extension("1.2.4", octets(), true)], status: "revoked" }),
      /cannot be used: critical extension 1\.2\.4$/,
    ],
    [
      "with extensions that are not critical is read",
      staple({ extensions: [extension("1.3.6.1.5.5.7.48.1.2", octets())] }),
      /^good$/,
    ],
    ["of other bytes says so", Uint8Array.of(0x30, 1), /^unusable-staple: cannot be used: /],
  ])("%s", (_, der, expected) => {
    expect(said(der)).toMatch(expected);
  });

  test("for each certificate, as RFC 6961 has it: those that are there count", () => {
    const issuers = staple({ about: issuing, issuer: root, signer: rootKey, status: "revoked" });
    expect(said(staple(), new Uint8Array(0))).toBe("good");
    expect(said(new Uint8Array(0), issuers)).toMatch(/^revoked: by CN=Root/);
    expect(said(staple(), issuers)).toMatch(/^revoked: by CN=Root.*; good$/);
  });

  test("takes trust away when it revokes, and never else", () => {
    expect(validation([staple({ status: "revoked" })]).trusted).toBe(false);
    for (const der of [staple(), staple({ signer: otherKey }), Uint8Array.of(1)]) {
      expect(validation([der]).valid).toBe(true);
    }
  });

  test("bounds how long an answer holds", () => {
    const at = (text: string) => Date.parse(text) * 1000;
    const span = (time: string) => validation([staple()], time).sameBetweenUs;
    expect(span("2026-06-10T00:00:00Z")).toEqual([
      at("2026-06-01T00:00:00Z"),
      at("2026-06-20T00:00:00Z"),
    ]);
    expect(span("2026-06-20T00:00:01Z")[0]).toBe(at("2026-06-20T00:00:00Z") + 1);
    expect(span("2026-05-20T00:00:00Z")[1]).toBe(at("2026-06-01T00:00:00Z") - 1);
    const late = byDelegate(delegate({ to: "260612000000Z" }));
    expect(validation([late]).sameBetweenUs[1]).toBe(at("2026-06-12T00:00:00Z"));
  });

  test("is read once for the same list", () => {
    const list = [staple()];
    expect(ocspResponsesOf(list)).toBe(ocspResponsesOf(list));
  });

  test("with more signatures than anybody needs does not spend the chain's budget", () => {
    const many = Array.from({ length: 100 }, () => byDelegate(delegate(), { status: "good" }));
    const { valid, findings, spent } = validation(many);
    expect(valid).toBe(true);
    expect(spent.exhausted).toBe(false);
    expect(findings.map(({ detail }) => detail)).toContain("was not verified: too much work");
  });

  test("of any bytes is read without a throw, and never revokes but as it was signed", () => {
    const whole = byDelegate(delegate());
    const change = fc.tuple(fc.nat(whole.length - 1), fc.nat(255));
    fc.assert(
      fc.property(fc.array(change, { maxLength: 6 }), fc.nat(whole.length), (changes, length) => {
        const bytes = whole.slice(0, length);
        for (const [at, value] of changes) if (at < length) bytes[at] = value;
        parseOcspResponse(bytes);
        expect(said(bytes)).not.toMatch(/revoked:/);
      }),
      { numRuns: 500 },
    );
  });
});

describe("beside openssl ocsp", () => {
  const folder = mkdtempSync(join(tmpdir(), "portcullis-ocsp-"));
  afterAll(() => rmSync(folder, { recursive: true }));
  const at = (file: string) => join(folder, file);
  const pem = (file: string, der: Uint8Array) => {
    const body = Buffer.from(der).toString("base64");
    writeFileSync(at(file), `-----BEGIN CERTIFICATE-----\n${body}\n-----END CERTIFICATE-----\n`);
  };
  const serial = Buffer.from(parseCertificate(leaf).serialDer).toString("hex").toUpperCase();

  test.each([
    ["V\t270101000000Z\t", [], "good"],
    ["R\t270101000000Z\t260501000000Z", [], "revoked: by CN=Issuing on 2026-05-01T00:00:00Z"],
    ["R\t270101000000Z\t260501000000Z,keyCompromise", ["-resp_key_id"], "revoked: by CN=Issuing"],
    ["V\t270101000000Z\t", ["-resp_no_certs"], "good"],
  ])("what it signs is read as it was meant: %s %s", (entry, options, expected) => {
    pem("leaf.pem", leaf);
    pem("issuing.pem", issuing);
    const key = issuingKey.privateKey.export({ type: "pkcs8", format: "pem" });
    writeFileSync(at("issuing.key"), key);
    writeFileSync(at("index.txt"), `${entry}\t${serial}\tunknown\t/CN=leaf.example\n`);
    const made = ["-CA", "issuing.pem", "-rsigner", "issuing.pem", "-rkey", "issuing.key"];
    const asked = ["-issuer", "issuing.pem", "-cert", "leaf.pem", "-reqout", "request.der"];
    execFileSync("openssl", ["ocsp", ...asked, "-no_nonce"], { cwd: folder, stdio: "pipe" });
    const answered = ["-index", "index.txt", ...made, "-ndays", "10", ...options];
    const files = ["-reqin", "request.der", "-respout", "response.der"];
    execFileSync("openssl", ["ocsp", ...answered, ...files], { cwd: folder, stdio: "pipe" });
    const response = readFileSync(at("response.der"));
    const now = new Date(Date.now() + 1000).toISOString();
    const { findings, path } = validation([response], now);
    const told = findings.filter(({ name }) => /revoked|staple/.test(name));
    const word = path?.stapledUntilUs === undefined ? "" : "good";
    expect(told.map(({ name, detail }) => `${name}: ${detail}`).join() || word).toContain(expected);
  });
});
