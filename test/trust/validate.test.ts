/**
 * What each fault of a chain is called, and whether it decides that a path exists or is hygiene.
 */
import { describe, expect, test } from "vitest";
import { type Anchor, Anchors, certificateAnchor, keyAnchor } from "../../src/trust/anchors.ts";
import { parseCertificate } from "../../src/trust/certificate.ts";
import { FINDINGS, type FindingName } from "../../src/trust/finding.ts";
import type { PeerName } from "../../src/trust/host-name.ts";
import { type MemoInput, ValidationMemo } from "../../src/trust/memo.ts";
import { ChainStore } from "../../src/trust/store.ts";
import { type Validation, validate } from "../../src/trust/validate.ts";
import {
  altNames,
  authorityKeyIdentifier,
  basicConstraints,
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
  nameConstraints,
  rsaKey,
  SERVER,
  seq,
  subjectKeyIdentifier,
  tlv,
  uri,
} from "./mint.ts";
import { MUTATIONS, makeCase } from "./mutation.ts";

const EXPECTED: Readonly<Record<string, FindingName>> = {
  "the intermediate is not sent": "unknown-issuer",
  "another root": "unknown-issuer",
  "the leaf signed itself": "self-signed-leaf",
  "the leaf is signed by another key": "bad-signature",
  "the intermediate is signed by another key": "bad-signature",
  "the leaf is cut short": "unreadable",
  "the leaf has expired": "expired",
  "the leaf is not yet valid": "not-yet-valid",
  "the intermediate has expired": "expired",
  "the intermediate is not yet valid": "not-yet-valid",
  "the root has expired": "expired",
  "another name": "wrong-name",
  "an address as a DNS name": "bad-subject-alt-name",
  "no basicConstraints in the intermediate": "not-a-ca",
  "an intermediate that is no CA": "not-a-ca",
  "a root that is no CA": "not-a-ca",
  "a path longer than the root allows": "path-length",
  "a leaf that issues a leaf": "not-a-ca",
  "an intermediate that may not sign certificates": "key-usage",
  "a leaf for clients only": "extended-key-usage",
  "a leaf that may only sign certificates": "key-usage",
  "an intermediate for clients only": "extended-key-usage",
  "an unknown critical extension in the leaf": "unknown-critical-extension",
  "an unknown critical extension in the intermediate": "unknown-critical-extension",
  "a name that is not permitted": "name-constraints",
  "an excluded name": "name-constraints",
  "a permitted name that only ends alike": "name-constraints",
  "an address outside what is permitted": "name-constraints",
  "a mailbox outside what is permitted": "name-constraints",
  "a subject outside what is permitted": "name-constraints",
  "a key identifier that is not the issuer's": "key-identifier-mismatch",
  "a leaf with a short key": "weak-key",
  "a leaf signed with SHA-1": "weak-signature",
  "other signature algorithms inside and outside": "signature-mismatch",
  "the same extension twice": "duplicate-extension",
  "version 1 in the intermediate": "not-a-ca",
  "version 2 with extensions": "bad-version",
  "an empty extendedKeyUsage": "extended-key-usage",
  "an empty issuer": "empty-issuer",
  "no dates": "bad-time",
  "dates without seconds": "bad-time",
  "a serial number of 21 octets": "bad-serial",
};

describe("a chain with", () => {
  test.each(Object.entries(EXPECTED))("%s is called %s", (mutation, finding) => {
    const made = makeCase(MUTATIONS.findIndex((each) => each.name === mutation));
    const answer = validate({
      chain: made.chain.map(parseCertificate),
      anchors: Anchors.of([rootOf(made.root)]),
      name: made.name,
      purpose: "server",
      atUs: made.atUs,
    });
    expect(names(answer)).toContain(finding);
    expect(answer.valid).toBe(false);
    // Only faults of hygiene leave a trusted path.
    expect(answer.trusted).toBe(counted(answer).every((each) => FINDINGS[each].step === "hygiene"));
  });
});

describe("a path", () => {
  const [rootKey, issuerKey, leafKey] = [ecKey(), ecKey(), ecKey()];
  const rootName = name("Root");
  const issuerName = name("Issuer");
  const ca = [basicConstraints(true), keyUsage(5, 6)];
  const root = mint({ subject: rootName, key: rootKey, extensions: ca, to: "400101000000Z" });
  const issuer = mint({
    subject: issuerName,
    issuer: rootName,
    key: issuerKey,
    signer: rootKey,
    extensions: ca,
    to: "350101000000Z",
  });
  const leafSpec: Mint = {
    issuer: issuerName,
    key: leafKey,
    signer: issuerKey,
    extensions: [keyUsage(0), extendedKeyUsage(SERVER), altNames(dns("leaf.example"))],
  };
  const leaf = mint(leafSpec);
  const dnsName: PeerName = { kind: "dns", value: "leaf.example" };
  const ask = (chain: readonly Uint8Array[], anchors: Iterable<Anchor>, more = {}): Validation =>
    validate({
      chain: chain.map(parseCertificate),
      anchors: Anchors.of(anchors),
      name: dnsName,
      purpose: "server",
      atUs: AT_US,
      ...more,
    });

  test("leads from the leaf to the root", () => {
    const answer = ask([leaf, issuer], [rootOf(root)]);
    expect(answer.valid).toBe(true);
    expect(answer.path!.certificates.map(({ subject }) => subject)).toEqual([
      "CN=leaf.example",
      "CN=Issuer",
      "CN=Root",
    ]);
  });

  test("ends at a key that a policy names, without a root", () => {
    const { spkiSha256 } = parseCertificate(issuer);
    const answer = ask([leaf, issuer], [keyAnchor(spkiSha256, 7)]);
    expect([answer.valid, answer.path!.anchor.line]).toEqual([true, 7]);
    expect(answer.path!.certificates).toHaveLength(2);
  });

  test("is the leaf alone when a policy names it, self-signed or not", () => {
    const { signer: _, ...alone } = { ...leafSpec, issuer: name("leaf.example") };
    for (const der of [leaf, mint(alone)]) {
      const answer = ask([der], [certificateAnchor(parseCertificate(der).sha256)]);
      expect([answer.valid, answer.path!.certificates.length]).toEqual([true, 1]);
    }
  });

  test("does not lead over an approved key that signed nothing in it", () => {
    const other = ecKey();
    const stranger = mint({ ...leafSpec, signer: other });
    const { spkiSha256 } = parseCertificate(issuer);
    const answer = ask([stranger, issuer], [keyAnchor(spkiSha256)]);
    expect(answer.trusted).toBe(false);
    expect(names(answer)).toContain("unknown-issuer");
  });

  test("does not lead to an approved name on another key", () => {
    const forged = mint({ subject: rootName, key: ecKey(), extensions: ca });
    expect(ask([leaf, issuer, forged], [rootOf(forged)]).trusted).toBe(false);
  });

  test("does not make a CA of a leaf whose key a policy names", () => {
    const below = mint({
      ...leafSpec,
      issuer: name("leaf.example"),
      key: ecKey(),
      signer: leafKey,
    });
    const answer = ask([below, leaf], [keyAnchor(parseCertificate(leaf).spkiSha256)]);
    expect([answer.trusted, names(answer)]).toEqual([false, expect.arrayContaining(["not-a-ca"])]);
  });

  test("of an expired issuer is trusted all the same, and not valid", () => {
    const answer = ask([leaf, issuer], [rootOf(root)], { atUs: Date.parse("2036-01-01") * 1000 });
    expect([answer.trusted, answer.valid]).toEqual([true, false]);
    expect(counted(answer)).toEqual(["expired", "expired"]);
  });

  test("goes another way when one is refused", () => {
    const noCa = mint({
      subject: issuerName,
      issuer: rootName,
      key: issuerKey,
      signer: rootKey,
      extensions: [basicConstraints(false)],
    });
    const answer = ask([leaf, noCa, issuer], [rootOf(root)]);
    expect([answer.valid, answer.paths.length]).toEqual([true, 1]);
  });

  test("to a distrusted root exists for what was issued before", () => {
    const anchor = { ...rootOf(root), distrustAfterUs: Date.parse("2026-01-01") * 1000 };
    expect(ask([leaf, issuer], [anchor]).valid).toBe(true);
    const late = mint({ ...leafSpec, from: "260101000001Z" });
    expect(counted(ask([late, issuer], [anchor]))).toEqual(["distrusted"]);
  });

  test("to a root that may issue for some domains exists for those", () => {
    const under = (domain: string) => [{ ...rootOf(root), domains: [domain] }];
    expect(ask([leaf, issuer], under("example")).valid).toBe(true);
    expect(counted(ask([leaf, issuer], under("ample")))).toEqual(["name-constraints"]);
  });

  test("is held to the web's rules only where they are agreed on", () => {
    const plain = mint({ ...leafSpec, extensions: [altNames(dns("leaf.example"))] });
    expect(ask([plain, issuer], [rootOf(root)]).valid).toBe(true);
    const webPki = ask([plain, issuer], [{ ...rootOf(root), profile: "webpki" }]);
    expect([webPki.trusted, counted(webPki)]).toEqual([true, ["bad-profile"]]);
  });

  test("carries a SPIFFE id", () => {
    const id = "spiffe://example.org/workload";
    const workload = mint({ ...leafSpec, extensions: [altNames(uri(id))] });
    const named = (value: string) =>
      ask([workload, issuer], [rootOf(root)], { name: { kind: "uri", value } }).valid;
    expect(named(id)).toBe(true);
    expect(named("SPIFFE://EXAMPLE.org/workload")).toBe(true);
    expect(named("spiffe://example.org/workload/other")).toBe(false);
  });

  test("whose leaf is signed with MD5 is not trusted, because anyone can forge it", () => {
    const rsa = rsaKey(2048);
    const own = mint({ subject: rootName, key: rsa, extensions: ca });
    const made = mint({ ...leafSpec, issuer: rootName, signer: rsa, hash: "md5" });
    const answer = ask([made], [rootOf(own)]);
    expect([answer.trusted, counted(answer)]).toEqual([false, ["forgeable-signature"]]);
  });

  test("holds until the first of its certificates expires", () => {
    const { sameBetweenUs } = ask([leaf, issuer], [rootOf(root)]);
    const [from, to] = sameBetweenUs.map((us) => new Date(us / 1000).toISOString());
    expect([from, to]).toEqual(["2026-01-01T00:00:00.000Z", "2027-01-01T00:00:00.000Z"]);
  });

  test("is remembered by its chain, its name and its dates", () => {
    const store = new ChainStore();
    const memo = new ValidationMemo(Anchors.of([rootOf(root)]));
    const at = (atUs: number, value: string) => {
      const chain = store.get([leaf, issuer]);
      return memo.validate({ chain, name: { kind: "dns", value }, purpose: "server", atUs });
    };
    const first = at(AT_US, "leaf.example");
    expect(at(AT_US + 1, "leaf.example")).toBe(first);
    expect(at(AT_US, "other.example").valid).toBe(false);
    expect(at(Date.parse("2027-02-01") * 1000, "leaf.example").valid).toBe(false);
    expect(at(AT_US, "leaf.example")).toEqual(first);
  });

  test("is not looked for beyond the budget, and says so", () => {
    const keys = Array.from({ length: 8 }, () => ecKey());
    const maze = keys.flatMap((key) =>
      keys.map((signer) =>
        mint({ subject: issuerName, issuer: issuerName, key, signer, extensions: ca }),
      ),
    );
    const lost = mint({ ...leafSpec, signer: keys[0]! });
    const answer = ask([lost, ...maze], [rootOf(root)]);
    expect(answer.trusted).toBe(false);
    expect(names(answer)).toEqual(expect.arrayContaining(["unknown-issuer", "budget"]));
    expect(answer.spent.signatures).toBeLessThanOrEqual(120);
  });

  test("is found first where the key identifier says, before the budget ends", () => {
    const ids = (key: KeyPair) => [...ca, subjectKeyIdentifier(keyId(key))];
    const others = Array.from({ length: 60 }, () => ecKey()).map((key) =>
      mint({ subject: issuerName, issuer: rootName, key, signer: rootKey, extensions: ids(key) }),
    );
    const right: Mint = { subject: issuerName, issuer: rootName, key: issuerKey, signer: rootKey };
    const fits = mint({ ...right, extensions: ids(issuerKey) });
    const pointing = mint({
      ...leafSpec,
      extensions: [...leafSpec.extensions!, authorityKeyIdentifier(keyId(issuerKey))],
    });
    const answer = ask([pointing, ...others, fits], [rootOf(root)]);
    expect([answer.valid, answer.spent.exhausted]).toEqual([true, true]);
  });

  test("is one, although the root is sent as well", () => {
    const answer = ask([leaf, issuer, root], [rootOf(root)]);
    expect([answer.valid, answer.paths.length]).toEqual([true, 1]);
  });

  test("of a leaf without names says so", () => {
    const nameless = mint({ ...leafSpec, extensions: [keyUsage(0)] });
    const finding = ask([nameless, issuer], [rootOf(root)]).findings.find(
      ({ name }) => name === "wrong-name",
    );
    expect(finding?.detail).toBe("no name, expected leaf.example");
  });

  test("does not hold a self-issued CA to name constraints, but a self-issued leaf", () => {
    const rolled = ecKey();
    const constrained = mint({
      subject: issuerName,
      issuer: rootName,
      key: issuerKey,
      signer: rootKey,
      extensions: [...ca, nameConstraints([tlv(0xa4, name("leaf.example")), dns("leaf.example")])],
    });
    const selfIssued = mint({
      subject: issuerName,
      issuer: issuerName,
      key: rolled,
      signer: issuerKey,
      extensions: ca,
    });
    const below = mint({ ...leafSpec, signer: rolled });
    expect(ask([below, selfIssued, constrained], [rootOf(root)]).valid).toBe(true);
    const own = mint({ ...leafSpec, subject: issuerName });
    expect(counted(ask([own, constrained], [rootOf(root)]))).toContain("name-constraints");
  });

  test.each([
    ["serial number", tlv(0x82, Uint8Array.of(0x7f))],
    ["issuer", tlv(0xa1, tlv(0xa4, name("Another")))],
  ])("whose leaf points at another %s has a mismatch", (_, field) => {
    const identifier = extension("2.5.29.35", seq(field));
    const made = mint({ ...leafSpec, extensions: [...leafSpec.extensions!, identifier] });
    expect(counted(ask([made, issuer], [rootOf(root)]))).toEqual(["key-identifier-mismatch"]);
  });

  test("whose leaf points at the right issuer and serial number has none", () => {
    const { serialDer, issuerDer } = parseCertificate(issuer);
    const fields = [tlv(0xa1, tlv(0xa4, issuerDer)), tlv(0x82, serialDer)];
    const identifier = extension("2.5.29.35", seq(...fields));
    const made = mint({ ...leafSpec, extensions: [...leafSpec.extensions!, identifier] });
    expect(ask([made, issuer], [rootOf(root)]).valid).toBe(true);
  });

  test("over a key that can be factored is not trusted", () => {
    const tiny = rsaKey(768);
    const weak = mint({ subject: rootName, key: tiny, extensions: ca });
    const made = mint({ ...leafSpec, issuer: rootName, signer: tiny });
    const answer = ask([made], [rootOf(weak)]);
    expect([answer.trusted, counted(answer)]).toEqual([
      false,
      expect.arrayContaining(["forgeable-signature", "weak-key"]),
    ]);
  });

  test("is valid in the first and in the last second, and not beyond", () => {
    const at = (when: string) =>
      ask([leaf, issuer], [rootOf(root)], { atUs: Date.parse(when) * 1000 });
    expect(at("2026-01-01T00:00:00Z").valid).toBe(true);
    expect(at("2025-12-31T23:59:59.999Z").valid).toBe(false);
    expect(at("2027-01-01T00:00:00Z").valid).toBe(true);
    expect(at("2027-01-01T00:00:00.001Z").valid).toBe(false);
  });

  test("without key identifiers, and valid for long, is valid with notes", () => {
    const long = mint({ ...leafSpec, to: "290101000000Z" });
    const answer = ask([long, issuer], [rootOf(root)]);
    expect(answer.valid).toBe(true);
    expect(names(answer)).toEqual([...Array(4).fill("missing-key-identifier"), "long-validity"]);
  });

  test("does not end in another certificate with the anchor's name and key unnoticed", () => {
    const twin = mint({ subject: rootName, key: rootKey, extensions: [basicConstraints(false)] });
    const answer = ask([leaf, issuer, twin], [rootOf(root)]);
    expect([answer.valid, answer.path!.certificates.at(-1)!.sha256]).toEqual([
      true,
      parseCertificate(root).sha256,
    ]);
  });

  test("to a name and key of the operator's list wins over one to the same root", () => {
    const { spkiSha256 } = parseCertificate(issuer);
    const answer = ask([leaf, issuer], [rootOf(root), keyAnchor(spkiSha256)]);
    expect(answer.paths.map(({ anchor }) => anchor.source).sort()).toEqual(["file", "policy"]);
  });

  test("of sixteen certificates is found, and of seventeen is not", () => {
    const keys = Array.from({ length: 16 }, () => ecKey());
    const line = (length: number) => {
      const steps = keys.slice(0, length).map((key, i) =>
        mint({
          subject: name(`CA ${i}`),
          issuer: i === 0 ? rootName : name(`CA ${i - 1}`),
          key,
          signer: i === 0 ? rootKey : keys[i - 1]!,
          extensions: ca,
        }),
      );
      const last = { issuer: name(`CA ${length - 1}`), signer: keys[length - 1]! };
      return ask([mint({ ...leafSpec, ...last }), ...steps], [rootOf(root)]);
    };
    expect(line(14).valid).toBe(true);
    expect([line(15).trusted, names(line(15))]).toEqual([
      false,
      expect.arrayContaining(["budget"]),
    ]);
  });

  test.each([
    ["secp256k1", ["weak-key"]],
    ["brainpoolP256r1", []],
    ["secp384r1", []],
  ])("whose leaf has a key on %s is called %j", (curve, expected) => {
    const made = mint({ ...leafSpec, key: ecKey(curve) });
    expect(counted(ask([made, issuer], [rootOf(root)]))).toEqual(expected);
  });

  test("is remembered at both ends of its interval", () => {
    const memo = new ValidationMemo(Anchors.of([rootOf(root)]));
    const chain = new ChainStore().get([leaf, issuer]);
    const at = (atUs: number) => memo.validate({ chain, purpose: "server", atUs });
    const first = at(AT_US);
    const [from, to] = first.sameBetweenUs;
    expect([at(from), at(to), at(AT_US)].every((each) => each === first)).toBe(true);
    expect(at(from - 1)).not.toBe(first);
    expect(at(to + 1).valid).toBe(false);
  });

  test("is remembered for 64 names, none of them longer than a name can be", () => {
    const memo = new ValidationMemo(Anchors.of([rootOf(root)]));
    const chain = new ChainStore().get([leaf, issuer]);
    const at = (value: string) =>
      memo.validate({ chain, name: { kind: "dns", value }, purpose: "server", atUs: AT_US });
    const remembers = (value: string) => {
      const before = at(value);
      return at(value) === before;
    };
    expect([remembers("a".repeat(253)), remembers("a".repeat(254))]).toEqual([true, false]);
    const names = Array.from({ length: 63 }, (_, i) => `n${i}.example`);
    const first = at("a".repeat(253));
    for (const name of names) at(name);
    expect(at("a".repeat(253))).toBe(first);
    at("one more.example");
    expect(at("a".repeat(253))).not.toBe(first);
  });

  test("is remembered apart for each purpose, profile and kind of name", () => {
    const memo = new ValidationMemo(Anchors.of([rootOf(root)]));
    const chain = new ChainStore().get([leaf, issuer]);
    const both = { chain, atUs: AT_US } as const;
    const inputs: MemoInput[] = [
      { ...both, purpose: "server" },
      { ...both, purpose: "client" },
      { ...both, purpose: "server", profile: "webpki" },
      { ...both, purpose: "server", profile: "rfc5280" },
      { ...both, purpose: "server", name: { kind: "dns", value: "a" } },
      { ...both, purpose: "server", name: { kind: "uri", value: "a" } },
      { ...both, purpose: "server", name: { kind: "dns", value: "" } },
    ];
    const answers = inputs.map((input) => memo.validate(input));
    expect(new Set(answers).size).toBe(inputs.length);
    expect(inputs.map((input) => memo.validate(input))).toEqual(answers);
  });

  test("that nobody issued says whose issuer is missing", () => {
    const [unknown] = ask([leaf], [rootOf(root)]).findings;
    expect(unknown?.detail).toBe("no anchor signed it or its issuers: CN=Issuer");
  });

  test("of an empty chain is none", () => {
    const answer = ask([], [rootOf(root)]);
    expect(counted(answer)).toEqual(["no-certificate"]);
    expect([answer.trusted, answer.valid, answer.paths, answer.path]).toEqual([
      false,
      false,
      [],
      undefined,
    ]);
    expect(answer.sameBetweenUs).toEqual([Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY]);
  });

  test("ends in a self-signed certificate that is no anchor", () => {
    const answer = ask([leaf, issuer, root], []);
    expect(names(answer)).toEqual(expect.arrayContaining(["unknown-issuer", "self-signed-chain"]));
    expect(names(answer)).not.toContain("self-signed-leaf");
  });

  test("with policy constraints that nobody here processes is not trusted", () => {
    const constrained = extension("2.5.29.36", seq(Uint8Array.of(0x80, 1, 0)), true);
    const strict = mint({
      subject: issuerName,
      issuer: rootName,
      key: issuerKey,
      signer: rootKey,
      extensions: [...ca, constrained],
    });
    expect(counted(ask([leaf, strict], [rootOf(root)]))).toEqual(["unknown-critical-extension"]);
  });
});

function rootOf(der: Uint8Array): Anchor {
  return { source: "file", profile: "rfc5280", certificate: parseCertificate(der) };
}

function names({ findings }: Validation): FindingName[] {
  return findings.map(({ name }) => name);
}

function counted(answer: Validation): FindingName[] {
  return names(answer).filter((name) => FINDINGS[name].invalidates);
}

const AT_US = Date.parse("2026-06-01T00:00:00Z") * 1000;
