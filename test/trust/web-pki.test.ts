/** What the web asks of a leaf beyond RFC 5280, and what is wrong with a certificate by itself. */
import { describe, expect, test } from "vitest";
import { parseCertificate } from "../../src/trust/certificate.ts";
import { webPkiFindings } from "../../src/trust/web-pki.ts";
import {
  ANY,
  altNames,
  basicConstraints,
  CLIENT,
  dns,
  ecKey,
  email,
  extendedKeyUsage,
  extension,
  ip,
  keyUsage,
  type Mint,
  mint,
  name,
  nameConstraints,
  octets,
  oid,
  SERVER,
  seq,
  text,
  tlv,
  uri,
} from "./mint.ts";

const key = ecKey();
const fine: Mint = {
  key,
  subject: name("a.example"),
  issuer: name("Issuer"),
  from: "260101000000Z",
  to: "260301000000Z",
  extensions: [extendedKeyUsage(SERVER), altNames(dns("a.example"))],
};
const eku = extendedKeyUsage(SERVER);

describe("for the web, a leaf", () => {
  test.each<[string, Partial<Mint>, string[]]>([
    ["is fine", {}, []],
    ["may have a star for its name", { extensions: [eku, altNames(dns("*.a.example"))] }, []],
    ["may have no common name", { subject: name("O=Corp") }, []],
    [
      "may be for clients as well",
      { extensions: [extendedKeyUsage(CLIENT, SERVER), altNames(dns("a.example"))] },
      [],
    ],
    ["must say what it is for", { extensions: [altNames(dns("a.example"))] }, ["bad-profile"]],
    [
      "is not for anything",
      { extensions: [extendedKeyUsage(SERVER, ANY), altNames(dns("a.example"))] },
      ["bad-profile"],
    ],
    [
      "has no critical purposes",
      { extensions: [extension("2.5.29.37", seq(oid(SERVER)), true), altNames(dns("a.example"))] },
      ["bad-profile"],
    ],
    ["has names", { extensions: [eku] }, ["bad-profile"]],
    ["has its common name among them", { subject: name("b.example") }, ["bad-profile"]],
    ["is no CA", { extensions: [...fine.extensions!, basicConstraints(true)] }, ["bad-profile"]],
    [
      "is not for a registry",
      { subject: name("O=x"), extensions: [eku, altNames(dns("*.com"))] },
      ["bad-subject-alt-name"],
    ],
    [
      "is not for a registry of two labels",
      { subject: name("O=x"), extensions: [eku, altNames(dns("*.co.uk"))] },
      ["bad-subject-alt-name"],
    ],
    ["has a curve of the web", { key: ecKey("secp256k1") }, ["weak-key"]],
    [
      "points at its issuer by key only",
      {
        extensions: [...fine.extensions!, extension("2.5.29.35", seq(tlv(0x82, Uint8Array.of(1))))],
      },
      ["bad-profile"],
    ],
    ["of 2026 is valid for 200 days", { from: "260401000000Z", to: "261017235959Z" }, []],
    [
      "of 2026 is not valid for 201 days",
      { from: "260401000000Z", to: "261018000000Z" },
      ["validity-too-long"],
    ],
    ["of 2020 is valid for 398 days", { from: "200901000000Z", to: "211003235959Z" }, []],
    [
      "of 2020 is not valid for 399 days",
      { from: "200901000000Z", to: "211004000000Z" },
      ["validity-too-long"],
    ],
    ["of 2019 is valid for 825 days", { from: "190101000000Z", to: "210404235959Z" }, []],
    [
      "of 2019 is not valid for 826 days",
      { from: "190101000000Z", to: "210405000000Z" },
      ["validity-too-long"],
    ],
    ["of 2017 is valid for long", { from: "170101000000Z", to: "220101000000Z" }, []],
  ])("%s", (_, spec, expected) => {
    const leaf = parseCertificate(mint({ ...fine, signer: key, ...spec }));
    expect(webPkiFindings([leaf], "server").map(({ name }) => name)).toEqual(expected);
  });
});

describe("by itself, a certificate", () => {
  const ca = [basicConstraints(true), keyUsage(5)];
  const san = (value: Uint8Array): Partial<Mint> => ({ extensions: [altNames(value)] });
  test.each<[string, Partial<Mint>, string[]]>([
    ["is fine", {}, []],
    ["may be a CA", { extensions: ca }, []],
    ["may have a serial number of 20 octets", { serial: new Uint8Array(20).fill(0x7f) }, []],
    [
      "has a serial number of 20 octets, a leading zero among them",
      { serial: Uint8Array.from([0, ...new Array<number>(20).fill(0xff)]) },
      ["bad-serial"],
    ],
    ["has a serial number above zero", { serial: Uint8Array.of(0) }, ["zero-serial"]],
    ["has no negative serial number", { serial: Uint8Array.of(0x80, 1) }, ["bad-serial"]],
    ["has a minimal serial number", { serial: Uint8Array.of(0, 1) }, ["malformed-der"]],
    ["has an issuer", { issuer: seq() }, ["empty-issuer"]],
    ["has a subject if it is a CA", { subject: seq(), extensions: ca }, ["empty-subject"]],
    ["has a subject or critical names", { subject: seq() }, ["empty-subject"]],
    [
      "needs no subject with critical names",
      { subject: seq(), extensions: [extension("2.5.29.17", seq(dns("a.example")), true)] },
      [],
    ],
    ["of version 1 has no extensions", { version: undefined }, ["bad-version"]],
    ["of version 1 is fine without", { version: undefined, extensions: undefined }, []],
    ["of version 4 is none", { version: 3 }, ["bad-version", "bad-version"]],
    ["does not write version 1", { version: 0, extensions: undefined }, ["malformed-der"]],
    [
      "has no critical key identifier",
      { extensions: [extension("2.5.29.14", octets(Uint8Array.of(1)), true)] },
      ["bad-extension"],
    ],
    [
      "has critical policy constraints",
      { extensions: [...ca, extension("2.5.29.36", seq())] },
      ["bad-extension"],
    ],
    [
      "that is a CA says so critically",
      { extensions: [basicConstraints(true, undefined, false)] },
      ["bad-extension"],
    ],
    [
      "that is no CA has no path length",
      { extensions: [basicConstraints(false, 0)] },
      ["bad-extension"],
    ],
    [
      "that is no CA constrains no names",
      { extensions: [nameConstraints([dns("a.example")])] },
      ["bad-extension"],
    ],
    ["that is no CA signs no certificates", { extensions: [keyUsage(5)] }, ["bad-extension"]],
    ["has usages if it lists them", { extensions: [keyUsage()] }, ["bad-extension"]],
    ["has names if it lists them", { extensions: [altNames()] }, ["bad-extension"]],
    [
      "has DNS names of letters, digits and hyphens",
      san(dns("a_b.example")),
      ["bad-subject-alt-name"],
    ],
    ["has DNS names whose star comes first", san(dns("a.*.example")), ["bad-subject-alt-name"]],
    ["has DNS names that are no addresses", san(dns("192.0.2.1")), ["bad-subject-alt-name"]],
    ["has addresses of 4 or 16 bytes", san(ip(1, 2, 3)), ["bad-subject-alt-name"]],
    ["has URIs with a scheme", san(uri("//a.example/")), ["bad-subject-alt-name"]],
    ["has mailboxes with a host", san(email("me")), ["bad-subject-alt-name"]],
    [
      "has names that are GeneralNames",
      { extensions: [extension("2.5.29.17", seq(text("x")))] },
      ["unreadable", "bad-extension"],
    ],
    [
      "has UTF-8 that is UTF-8",
      { subject: seq(tlv(0x31, seq(oid("2.5.4.3"), tlv(0x0c, Uint8Array.of(0xff))))) },
      ["bad-string"],
    ],
    [
      "has a key on a curve with a name",
      { spki: seq(seq(oid("1.2.840.10045.2.1"), seq()), tlv(3, Uint8Array.of(0, 4))) },
      ["unreadable"],
    ],
    [
      "ends where it ends",
      { tbs: (tbs: Uint8Array) => seq(tbs.subarray(tbs[1] === 0x81 ? 3 : 4), tlv(5)) },
      ["malformed-der"],
    ],
  ])("%s", (_, spec, expected) => {
    const made = mint({ ...fine, signer: key, ...spec } as Mint);
    expect(parseCertificate(made).faults.map(({ name }) => name)).toEqual(expected);
  });
});
