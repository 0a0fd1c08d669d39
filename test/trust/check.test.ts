/** What is wrong with one certificate on a path, and with its anchor: at the boundaries, in words. */
import { generateKeyPairSync } from "node:crypto";
import { describe, expect, test } from "vitest";
import { type Anchor, keyAnchor } from "../../src/trust/anchors.ts";
import { Budget } from "../../src/trust/budget.ts";
import { parseCertificate } from "../../src/trust/certificate.ts";
import { checkCertificate, checkDates, checkLeaf, checkPath } from "../../src/trust/check.ts";
import {
  ANY,
  altNames,
  authorityKeyIdentifier,
  basicConstraints,
  CLIENT,
  dns,
  ecKey,
  extendedKeyUsage,
  extension,
  type KeyPair,
  keyId,
  keyUsage,
  type Mint,
  mint,
  name,
  oid,
  rsaKey,
  SERVER,
  seq,
  subjectKeyIdentifier,
  tlv,
} from "./mint.ts";

const key = ecKey();
const rsa = rsaKey(2048);
const made = (spec: Partial<Mint> = {}) => parseCertificate(mint({ key, ...spec }));
const said = (findings: readonly { name: string; detail: string }[]) =>
  findings.map(({ name, detail }) => `${name}: ${detail}`);
const RSA_SHA1 = { key: rsa, hash: "sha1" };

describe("a certificate on a path", () => {
  test.each<[string, Partial<Mint>, isAnchor: boolean, string[]]>([
    ["is fine", {}, false, []],
    [
      "with a fault has it",
      { serial: Uint8Array.of(0) },
      false,
      ["zero-serial: serial number is zero"],
    ],
    [
      "that is the anchor may have that one",
      { serial: Uint8Array.of(0) },
      true,
      ["anchor-fault: serial number is zero"],
    ],
    [
      "that is the anchor may have no other",
      { serial: Uint8Array.of(0x80) },
      true,
      ["bad-serial: serial number is negative"],
    ],
    ["with an RSA key of 2048 bits is strong", { key: rsa }, false, []],
    ["signed with SHA-1 is weak", RSA_SHA1, false, ["weak-signature: sha1WithRSAEncryption"]],
    ["that is the anchor rests on no signature", RSA_SHA1, true, []],
    [
      "signed with MD5 can be forged",
      { key: rsa, hash: "md5" },
      false,
      ["forgeable-signature: md5WithRSAEncryption"],
    ],
    ["that is the anchor may be signed with MD5", { key: rsa, hash: "md5" }, true, []],
    [
      "with a curve below 256 bits is weak, and told once",
      { key: ecKey("secp224r1") },
      false,
      ["weak-key: EC key of 224 bits"],
    ],
    [
      "with a curve of 256 bits that TLS 1.3 does not have is weak",
      { key: ecKey("secp256k1") },
      false,
      ["weak-key: curve secp256k1 is none of TLS 1.3"],
    ],
    [
      "with an unknown extension that is not critical is fine",
      { extensions: [extension("1.2.3", tlv(5))] },
      false,
      [],
    ],
    [
      "with an unknown critical extension is not understood",
      { extensions: [extension("1.2.3", tlv(5), true)] },
      false,
      ["unknown-critical-extension: 1.2.3"],
    ],
    [
      "that is the anchor is not understood either",
      { extensions: [extension("1.2.3", tlv(5), true)] },
      true,
      ["unknown-critical-extension: 1.2.3"],
    ],
  ])("%s", (_, spec, isAnchor, expected) => {
    expect(said(checkCertificate(made(spec), isAnchor))).toEqual(expected);
  });

  test("with an RSA key of less than 2048 bits is weak", () => {
    expect(said(checkCertificate(made({ key: rsaKey(2040) }), false))).toEqual([
      "weak-key: RSA key of 2040 bits",
    ]);
  });

  test("with a DSA key is weak, whatever its size", () => {
    const pair = generateKeyPairSync("dsa", { modulusLength: 2048, divisorLength: 256 });
    const spki = Uint8Array.from(pair.publicKey.export({ type: "spki", format: "der" }));
    expect(said(checkCertificate(made({ spki }), false))).toEqual([
      "weak-key: DSA key of 2048 bits",
    ]);
  });

  test("is valid in every microsecond from its first to its last", () => {
    const certificate = made({ from: "260101000000Z", to: "260102000000Z" });
    const { validFromUs: from, validToUs: to } = certificate;
    const at = (us: number) => said(checkDates(certificate, us));
    expect([at(from), at(to)]).toEqual([[], []]);
    expect(at(from - 1)).toEqual(["not-yet-valid: until 2026-01-01T00:00:00Z"]);
    expect(at(to + 1)).toEqual(["expired: on 2026-01-02T00:00:00Z"]);
  });
});

describe("a leaf", () => {
  const names = ["a", "b", "c", "d"].map((label) => dns(`${label}.example`));
  const ask = (extensions: Uint8Array[], purpose: "server" | "client", wanted?: string) =>
    said(
      checkLeaf(made({ extensions }), {
        purpose,
        atUs: 0,
        ...(wanted === undefined ? {} : { name: { kind: "dns", value: wanted } }),
      }),
    );

  test("whose key is not on its curve cannot be read", () => {
    const spki = Uint8Array.from(
      generateKeyPairSync("ec", { namedCurve: "P-256" }).publicKey.export({
        type: "spki",
        format: "der",
      }),
    );
    const at = { purpose: "server", atUs: 0 } as const;
    expect(said(checkLeaf(made({ spki }), at))).toEqual([]);
    spki[spki.length - 1]! ^= 1;
    expect(said(checkLeaf(made({ spki }), at))).toEqual([
      "unreadable: key of type EC: OpenSSL cannot use it",
    ]);
  });

  test("whose key is refused for what it says is not told again", () => {
    const spki = seq(seq(oid("1.2.840.10045.2.1"), seq()), tlv(3, Uint8Array.of(0, 4)));
    expect(said(checkLeaf(made({ spki }), { purpose: "server", atUs: 0 }))).toEqual([]);
  });

  test.each<[string, Uint8Array[], "server" | "client", string | undefined, string[]]>([
    ["without purposes serves any", [], "server", undefined, []],
    ["for servers is for servers", [extendedKeyUsage(SERVER)], "server", undefined, []],
    [
      "for servers is not for clients",
      [extendedKeyUsage(SERVER)],
      "client",
      undefined,
      [`extended-key-usage: ${SERVER}, expected clientAuth`],
    ],
    [
      "for anything is not for servers",
      [extendedKeyUsage(ANY)],
      "server",
      undefined,
      [`extended-key-usage: ${ANY}, expected serverAuth`],
    ],
    [
      "with an empty list of purposes is for nothing",
      [extension("2.5.29.37", seq())],
      "server",
      undefined,
      ["extended-key-usage: nothing, expected serverAuth"],
    ],
    ["that signs may be a server's", [keyUsage(0)], "server", undefined, []],
    ["that encrypts keys may be a server's", [keyUsage(2)], "server", undefined, []],
    ["that agrees on keys may be a server's", [keyUsage(4)], "server", undefined, []],
    ["that agrees on keys may be a client's", [keyUsage(4)], "client", undefined, []],
    [
      "that encrypts keys may not be a client's",
      [keyUsage(2)],
      "client",
      undefined,
      ["key-usage: no usage for a TLS client"],
    ],
    [
      "that only encrypts data may not be a server's",
      [keyUsage(3)],
      "server",
      undefined,
      ["key-usage: no usage for a TLS server"],
    ],
    ["with the name that is wanted has it", [altNames(...names)], "server", "d.example", []],
    [
      "with other names says the first three",
      [altNames(...names)],
      "server",
      "E.example.",
      ["wrong-name: a.example, b.example, c.example, expected e.example"],
    ],
    [
      "asked for what is no name says so as it was asked",
      [altNames(names[0]!)],
      "server",
      "e example",
      ["wrong-name: a.example, expected e example"],
    ],
  ])("%s", (_, extensions, purpose, wanted, expected) => {
    expect(ask(extensions, purpose, wanted)).toEqual(expected);
  });
});

describe("an issuer", () => {
  const ids = (own: KeyPair) => [
    subjectKeyIdentifier(keyId(own)),
    authorityKeyIdentifier(keyId(own)),
  ];
  const ca = (own: KeyPair) => [basicConstraints(true), keyUsage(5), ...ids(own)];
  const path = (root: Partial<Mint>, leaf: Partial<Mint> = {}, anchor: Partial<Anchor> = {}) => {
    const signer = root.key ?? key;
    const certificate = made({
      subject: name("Root"),
      extensions: ca(signer),
      to: "400101000000Z",
      ...root,
    });
    const extensions = [altNames(dns("a.example")), authorityKeyIdentifier(keyId(signer))];
    const bottom = made({ issuer: name("Root"), signer, key: ecKey(), extensions, ...leaf });
    const top = { source: "file", profile: "rfc5280", certificate, ...anchor } as const;
    const candidate = { certificates: [bottom, certificate], anchor: top };
    const demand = { purpose: "server", atUs: bottom.validFromUs } as const;
    return said(checkPath(candidate, demand, top.profile, new Budget()));
  };
  const extended = (...purposes: string[]) => ({
    extensions: [...ca(key), extendedKeyUsage(...purposes)],
  });

  test.each<[string, Parameters<typeof path>, string[]]>([
    ["is fine", [{}], []],
    ["may be for servers", [extended(SERVER)], []],
    ["may be for anything", [extended(ANY)], []],
    ["may be for clients and servers", [extended(CLIENT, SERVER)], []],
    [
      "may not be for clients alone",
      [extended(CLIENT)],
      ["extended-key-usage: does not allow serverAuth"],
    ],
    [
      "may not issue without the usage",
      [{ extensions: [basicConstraints(true), keyUsage(6), ...ids(key)] }],
      ["key-usage: keyUsage does not allow keyCertSign"],
    ],
    [
      "may issue when no usage is given",
      [{ extensions: [basicConstraints(true), ...ids(key)] }],
      [],
    ],
    [
      "without a key identifier is noted",
      [{ extensions: [basicConstraints(true), keyUsage(5)] }],
      ["missing-key-identifier: no subjectKeyIdentifier in a CA"],
    ],
    [
      "that its leaf does not point at is noted",
      [{}, { extensions: [altNames(dns("a.example"))] }],
      ["missing-key-identifier: no authorityKeyIdentifier"],
    ],
    [
      "that its leaf points away from is told",
      [{}, { extensions: [authorityKeyIdentifier(Uint8Array.of(1))] }],
      ["key-identifier-mismatch: authorityKeyIdentifier is not the issuer's subjectKeyIdentifier"],
    ],
    ["may be valid for 825 days", [{}, { from: "260101000000Z", to: "280405000000Z" }], []],
    [
      "that let its leaf be valid for 826 days is noted",
      [{}, { from: "260101000000Z", to: "280406000000Z" }],
      ["long-validity: 826 days"],
    ],
    [
      "is trusted for what is as old as the distrust",
      [{}, {}, { distrustAfterUs: Date.UTC(2026, 0, 1) * 1000 }],
      [],
    ],
    [
      "is not trusted for what is younger",
      [{}, {}, { distrustAfterUs: Date.UTC(2026, 0, 1) * 1000 - 1_000_000 }],
      ["distrusted: the leaf was issued after 2025-12-31T23:59:59.000Z"],
    ],
    [
      "is not trusted for what has no date",
      [{}, { validity: seq() }, { distrustAfterUs: Date.UTC(2040, 0, 1) * 1000 }],
      [
        "unreadable: notBefore: ends before its length",
        "distrusted: the leaf was issued after 2040-01-01T00:00:00.000Z",
      ],
    ],
    ["that may issue for a domain does", [{}, {}, { domains: ["x", "example"] }], []],
    [
      "that may issue for another domain does not",
      [{}, {}, { domains: ["x"] }],
      ["name-constraints: a.example is outside what this root may issue for"],
    ],
  ])("%s", (_, [root, leaf, anchor], expected) => {
    expect(path(root, leaf, anchor)).toEqual(expected);
  });

  test.each<[string, number, string[]]>([
    ["of 1024 bits is weak", 1024, ["weak-key: RSA key of 1024 bits"]],
    [
      "of fewer can be forged",
      1016,
      ["weak-key: RSA key of 1016 bits", "forgeable-signature: made by a key of 1016 bits"],
    ],
  ])("whose RSA key is %s", (_, bits, expected) => {
    const weak = rsaKey(bits);
    expect(path({ key: weak })).toEqual(expected);
  });

  test("that a policy names by its key has neither dates nor domains of a root programme", () => {
    const leaf = made();
    const anchor = { ...keyAnchor(leaf.spkiSha256), distrustAfterUs: 0, domains: ["x"] };
    const candidate = { certificates: [leaf], anchor };
    const demand = { purpose: "server", atUs: leaf.validFromUs } as const;
    expect(said(checkPath(candidate, demand, "rfc5280", new Budget()))).toEqual([]);
  });
});
