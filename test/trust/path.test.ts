/** The search for paths: which are found, in which order, what the rest is told, and what it costs. */
import { describe, expect, test } from "vitest";
import { type Anchor, Anchors, keyAnchor } from "../../src/trust/anchors.ts";
import { Budget } from "../../src/trust/budget.ts";
import { type Certificate, parseCertificate } from "../../src/trust/certificate.ts";
import { findPaths } from "../../src/trust/path.ts";
import {
  authorityKeyIdentifier,
  basicConstraints,
  ecKey,
  type KeyPair,
  keyUsage,
  type Mint,
  mint,
  name,
  oid,
  seq,
  subjectKeyIdentifier,
} from "./mint.ts";

const [rootKey, issuerKey, leafKey] = [ecKey(), ecKey(), ecKey()];
const made = (spec: Mint) => parseCertificate(mint(spec));
const ca = [basicConstraints(true), keyUsage(5)];
const root = made({ subject: name("Root"), key: rootKey, extensions: ca });
/** Each one is another certificate of the same issuer, by its serial number. */
const issuerOf = (more: Partial<Mint> = {}) =>
  made({
    subject: name("Issuer"),
    issuer: name("Root"),
    key: issuerKey,
    signer: rootKey,
    extensions: ca,
    ...more,
  });
const leafOf = (more: Partial<Mint> = {}) =>
  made({ issuer: name("Issuer"), key: leafKey, signer: issuerKey, ...more });
const [leaf, issuer] = [leafOf(), issuerOf()];
const many = <T>(count: number, make: (i: number) => T) =>
  Array.from({ length: count }, (_, i) => make(i));

const file = (certificate: Certificate): Anchor => ({
  source: "file",
  profile: "rfc5280",
  certificate,
});

function search(chain: Certificate[], anchors: Anchor[] = [file(root)], budget = new Budget()) {
  const { paths, findings, visited } = findPaths(chain, Anchors.of(anchors), budget);
  return {
    paths: paths.map(({ certificates }) => certificates),
    said: findings.map(({ name, detail }) => `${name}: ${detail}`),
    visited: [...visited],
    budget,
  };
}

describe("a path", () => {
  test("leads from the leaf over its issuer to the root, and nothing is said", () => {
    const { paths, said, visited } = search([leaf, issuer]);
    expect(paths).toEqual([[leaf, issuer, root]]);
    expect([said, visited]).toEqual([[], [leaf, issuer, root]]);
  });

  test("is found whatever stands between, twice or in another order", () => {
    const stranger = made({ subject: name("Stranger"), key: ecKey() });
    expect(search([leaf, root, stranger, issuer, issuer]).paths).toEqual([[leaf, issuer, root]]);
  });

  test("ends at a leaf that is itself a root of the file", () => {
    expect(search([leaf, issuer], [file(leaf), file(root)]).paths).toEqual([[leaf]]);
  });

  test("goes on over a leaf whose key a policy names", () => {
    const { paths } = search([leaf, issuer], [keyAnchor(leaf.spkiSha256), file(root)]);
    expect(paths).toEqual([[leaf], [leaf, issuer, root]]);
  });

  test("to the right key identifier is tried first", () => {
    const id = (byte: number) => [...ca, subjectKeyIdentifier(Uint8Array.of(byte))];
    const [one, two, three] = [1, 2, 3].map((byte) => issuerOf({ extensions: id(byte) })) as [
      Certificate,
      Certificate,
      Certificate,
    ];
    const pointing = (byte: number) =>
      leafOf({ extensions: [authorityKeyIdentifier(Uint8Array.of(byte))] });
    const issuersOf = (chain: Certificate[]) => search(chain).paths.map(([, second]) => second);
    expect(issuersOf([pointing(2), one, two])).toEqual([two, one]);
    expect(issuersOf([pointing(3), one, two, three])).toEqual([three, one, two]);
    expect(issuersOf([pointing(9), one, two])).toEqual([one, two]);
    expect(issuersOf([leaf, one, two])).toEqual([one, two]);
    expect(issuersOf([pointing(2), issuer, two])).toEqual([two, issuer]);
  });

  test("is one of eight at most, to roots", () => {
    const roots = many(9, () => made({ subject: name("Root"), key: rootKey, extensions: ca }));
    const { paths, visited } = search([issuer], roots.map(file));
    expect(paths).toEqual(roots.slice(0, 8).map((each) => [issuer, each]));
    expect(visited).not.toContain(roots[8]);
  });

  test("is one of eight at most, over issuers that a policy names", () => {
    const issuers = many(9, () => issuerOf());
    const { paths } = search([leaf, ...issuers], [keyAnchor(issuer.spkiSha256)]);
    expect(paths).toEqual(issuers.slice(0, 8).map((each) => [leaf, each]));
  });

  test("is looked for among the first 256 certificates", () => {
    const stranger = made({ subject: name("Stranger"), key: ecKey() });
    const behind = (count: number) => [leaf, ...many(count, () => stranger), issuer];
    expect(search(behind(254)).paths).toHaveLength(1);
    expect(search(behind(255)).paths).toHaveLength(0);
  });
});

describe("the search", () => {
  test("says nothing of an issuer that is not there", () => {
    expect(search([leaf]).said).toEqual([]);
    expect(search([leaf, issuer], []).said).toEqual([]);
  });

  test("says that the chain ends in a root that is no anchor", () => {
    expect(search([leaf, issuer, root], []).said).toEqual([
      "self-signed-chain: ends in CN=Root, which is no anchor",
    ]);
  });

  test("says so of a root without a name", () => {
    const nameless = made({ subject: seq(), key: rootKey, extensions: ca });
    const below = leafOf({ issuer: seq(), signer: rootKey });
    expect(search([below, nameless], []).said).toEqual([
      "self-signed-chain: ends in a nameless certificate, which is no anchor",
    ]);
  });

  test("does not say so of a leaf alone, nor of a root whose key a policy names", () => {
    expect(search([root], []).said).toEqual([]);
    expect(search([issuer, root], [keyAnchor(root.spkiSha256)]).said).toEqual([]);
  });

  test("says of a root that did not sign itself that its key did not", () => {
    const forged = made({ subject: name("Root"), key: rootKey, signer: ecKey(), extensions: ca });
    expect(search([leaf, issuer, forged], []).said).toEqual([
      "bad-signature: the key of CN=Root did not make it",
    ]);
  });

  test.each<[string, Partial<Mint>, string]>([
    ["another key", { key: ecKey() }, "bad-signature: the key of CN=Issuer did not make it"],
    [
      "a key of another kind",
      { spki: seq(seq(oid("1.3.101.112")), Uint8Array.of(3, 1, 0)) },
      "bad-signature: ecdsa-with-SHA256, but the key of CN=Issuer is Ed25519",
    ],
  ])("says of an issuer with %s why it is none", (_, more, expected) => {
    const { paths, said } = search([leaf, issuerOf(more)]);
    expect([paths, said]).toEqual([[], [expected]]);
  });

  test("says of an issuer without a name whose key it is", () => {
    const nameless = made({ subject: seq(), key: ecKey(), extensions: ca });
    expect(search([leafOf({ issuer: seq() }), nameless]).said).toEqual([
      "bad-signature: the key of a nameless certificate did not make it",
    ]);
  });

  test("says which algorithm it does not know, and spends nothing on it", () => {
    const odd = { innerAlgorithm: seq(oid("1.2.3")), outerAlgorithm: seq(oid("1.2.3")) };
    const { paths, said, budget } = search([leafOf(odd), issuer]);
    expect([paths, said]).toEqual([[], ["unsupported-signature: algorithm 1.2.3"]]);
    expect(budget.signatures).toBe(0);
  });

  test("says the first sixteen reasons", () => {
    const wrong = many(20, () => issuerOf({ key: ecKey() }));
    expect(search([leaf, ...wrong]).said).toEqual(
      many(16, () => "bad-signature: the key of CN=Issuer did not make it"),
    );
  });

  test("ends where the budget does, and says so first", () => {
    const budget = new Budget();
    budget.signature(118);
    const { paths, said } = search([leaf, issuer], [file(root)], budget);
    expect([paths, said]).toEqual([
      [],
      ["budget: too many certificates or signatures to look at them all"],
    ]);
  });

  test("looks no further when nothing is left of it", () => {
    const budget = new Budget();
    for (let i = 0; i < 1000; i++) budget.node();
    expect(search([leaf, issuer], [keyAnchor(leaf.spkiSha256)], budget).paths).toEqual([]);
    const spent = new Budget();
    spent.exhausted = true;
    const { paths } = search([leaf, issuer], [keyAnchor(leaf.spkiSha256)], spent);
    expect([paths, spent.nodes]).toEqual([[], 0]);
  });

  test("stops at a path that is too long, and looks at no other way", () => {
    const keys = many(18, () => ecKey());
    const subject = (i: number) => name(`CA ${i}`);
    const up = (i: number) =>
      made({
        subject: subject(i),
        issuer: subject(i + 1),
        key: keys[i]!,
        signer: keys[i + 1]!,
        extensions: ca,
      });
    const ladder = many(17, up);
    const { said, budget, visited } = search(ladder, []);
    expect(said).toEqual([
      "budget: too many certificates or signatures to look at them all",
      "budget: path of more than 16 certificates",
    ]);
    expect([budget.nodes, visited.length, budget.exhausted]).toEqual([16, 16, true]);
  });

  test("visits one key of one name once on a way, and verifies each pair once", () => {
    const cross = (subject: string, issuer: string, key: KeyPair, signer: KeyPair) =>
      made({ subject: name(subject), issuer: name(issuer), key, signer, extensions: ca });
    const [xKey, wKey, vKey] = [ecKey(), ecKey(), ecKey()];
    const [x, y] = [cross("X", "W", xKey, wKey), cross("X", "W", xKey, wKey)];
    const [w, v] = [cross("W", "V", wKey, vKey), cross("V", "V", vKey, vKey)];
    const bottom = leafOf({ issuer: name("X"), signer: xKey });
    const { said, budget } = search([bottom, x, y, w, v], []);
    // leaf, x, w, v, y, w, v; six pairs (v with itself among them) of P-256, which cost 3.
    expect([budget.nodes, budget.signatures]).toEqual([7, 18]);
    expect(said).toEqual(many(2, () => "self-signed-chain: ends in CN=V, which is no anchor"));
  });

  test("does not go round between two certificates of one name and key", () => {
    const [a, b] = many(2, () => issuerOf({ issuer: name("Issuer"), signer: issuerKey })) as [
      Certificate,
      Certificate,
    ];
    expect(search([leaf, a, b], []).budget.nodes).toBe(3);
    const other = issuerOf({ issuer: name("Issuer"), key: ecKey(), signer: issuerKey });
    const below = made({ issuer: name("Issuer"), key: leafKey, signer: issuerKey });
    expect(search([below, a, other], []).budget.nodes).toBe(2);
  });
});
