/**
 * The kinds of things that can be made wrong with a chain of a root, one or two intermediates and a
 * leaf. Each changes the recipe of one certificate, so the rest of the chain stays right.
 */
import type { PeerName } from "../../src/trust/host-name.ts";
import {
  ANY,
  altNames,
  authorityKeyIdentifier,
  basicConstraints,
  CLIENT,
  dns,
  ecKey,
  email,
  extendedKeyUsage,
  extension,
  ip,
  type KeyPair,
  keyId,
  keyUsage,
  type Mint,
  mint,
  name,
  nameConstraints,
  oid,
  rsaKey,
  SERVER,
  seq,
  subjectKeyIdentifier,
  text,
  time,
  tlv,
  uri,
} from "./mint.ts";

export interface Case {
  readonly seed: number;
  readonly mutation: string;
  /** Leaf first, without the root. */
  readonly chain: readonly Uint8Array[];
  readonly root: Uint8Array;
  readonly name: PeerName;
  readonly atUs: number;
}

/** What the recipes may change. Extensions are by their name, so that one can be replaced. */
interface Recipe extends Omit<Mint, "extensions" | "key"> {
  key: KeyPair;
  parts: Record<string, Uint8Array>;
}

interface Draft {
  root: Recipe;
  intermediate: Recipe;
  leaf: Recipe;
  name: PeerName;
  at: string;
  /** Reorders, drops or adds what is sent. */
  send: (chain: Uint8Array[]) => Uint8Array[];
}

interface Mutation {
  readonly name: string;
  /** Nobody may accept the result. */
  readonly fatal: boolean;
  readonly apply: (draft: Draft, random: () => number) => void;
}

export function makeCase(seed: number): Case {
  const random = mulberry32(seed);
  const mutation = MUTATIONS[seed % MUTATIONS.length]!;
  const draft = makeDraft(random);
  mutation.apply(draft, random);
  const { root, intermediate, leaf, name, at, send } = draft;
  const chain = send([make(leaf), make(intermediate)]);
  return {
    seed,
    mutation: mutation.name,
    chain,
    root: make(root),
    name,
    atUs: Date.parse(at) * 1000,
  };
}

function make({ parts, ...recipe }: Recipe): Uint8Array {
  const extensions = Object.values(parts);
  return mint({ ...recipe, extensions: extensions.length === 0 ? undefined : extensions });
}

function makeDraft(random: () => number): Draft {
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)]!;
  const [rootKey, issuerKey, leafKey] = [pick(KEYS.root), pick(KEYS.issuer), pick(KEYS.leaf)];
  const rootName = name("O=Example Corp", "Example Root");
  const issuerName = name("O=Example Corp", "Example Issuing CA");
  const root: Recipe = {
    subject: rootName,
    key: rootKey,
    from: "200101000000Z",
    to: "400101000000Z",
    parts: {
      basicConstraints: basicConstraints(true),
      keyUsage: keyUsage(5, 6),
      ski: subjectKeyIdentifier(keyId(rootKey)),
    },
  };
  const intermediate: Recipe = {
    subject: issuerName,
    issuer: rootName,
    key: issuerKey,
    signer: rootKey,
    from: "220101000000Z",
    to: "320101000000Z",
    parts: {
      basicConstraints: basicConstraints(true, pick([undefined, 0, 1])),
      keyUsage: keyUsage(5, 6),
      ski: subjectKeyIdentifier(keyId(issuerKey)),
      aki: authorityKeyIdentifier(keyId(rootKey)),
    },
  };
  const leaf: Recipe = {
    subject: name(HOST),
    issuer: issuerName,
    key: leafKey,
    signer: issuerKey,
    from: "260101000000Z",
    to: "270101000000Z",
    parts: {
      keyUsage: keyUsage(0),
      extendedKeyUsage: extendedKeyUsage(SERVER, ...pick([[], [CLIENT]])),
      ski: subjectKeyIdentifier(keyId(leafKey)),
      aki: authorityKeyIdentifier(keyId(issuerKey)),
      altNames: altNames(dns(HOST), ...pick([[], [dns("other.example.com")], [ip(192, 0, 2, 1)]])),
    },
  };
  const dnsName: PeerName = { kind: "dns", value: HOST };
  return { root, intermediate, leaf, name: dnsName, at: "2026-06-01T00:00:00Z", send: (c) => c };
}

const ok = (name: string, apply: Mutation["apply"]): Mutation => ({ name, fatal: false, apply });
const bad = (name: string, apply: Mutation["apply"]): Mutation => ({ name, fatal: true, apply });

export const MUTATIONS: readonly Mutation[] = [
  ok("nothing", () => {}),
  ok("certificates in another order, with extras", (d) => {
    const { signer: _, ...self } = d.intermediate;
    const extra = make({ ...self, subject: name("extra"), issuer: name("extra"), key: KEYS.spare });
    d.send = ([leaf, issuer]) => [leaf!, extra, issuer!, issuer!, extra];
  }),
  ok("the root is sent as well", (d) => {
    d.root = { ...d.root, serial: Uint8Array.of(9) };
    // An ECDSA signature is another one each time, so this is the same root in other bytes.
    const root = make(d.root);
    d.send = (chain) => [...chain, root];
  }),
  bad("the intermediate is not sent", (d) => {
    d.send = ([leaf]) => [leaf!];
  }),
  bad("another root", (d) => {
    d.root = { ...d.root, key: KEYS.spare };
  }),
  bad("the leaf signed itself", (d) => {
    const { signer: _, ...leaf } = d.leaf;
    d.leaf = { ...leaf, issuer: leaf.subject! };
  }),
  bad("the leaf is signed by another key", (d) => {
    d.leaf = { ...d.leaf, signer: KEYS.spare };
  }),
  bad("the intermediate is signed by another key", (d) => {
    d.intermediate = { ...d.intermediate, signer: KEYS.spare };
  }),
  bad("a bit of the leaf's signature is flipped", (d, random) => {
    d.leaf = { ...d.leaf, signature: (bytes) => flip(bytes, random, 10) };
  }),
  bad("a bit of the leaf is flipped", (d, random) => {
    d.send = ([leaf, issuer]) => [flip(leaf!, random, 20), issuer!];
  }),
  bad("a bit of the intermediate is flipped", (d, random) => {
    d.send = ([leaf, issuer]) => [leaf!, flip(issuer!, random, 20)];
  }),
  bad("the leaf is cut short", (d, random) => {
    d.send = ([leaf, issuer]) => [leaf!.slice(0, 4 + Math.floor(random() * 100)), issuer!];
  }),
  bad("the leaf has expired", (d, random) => {
    d.leaf = { ...d.leaf, to: `26050${1 + Math.floor(random() * 9)}000000Z` };
  }),
  bad("the leaf is not yet valid", (d) => {
    d.leaf = { ...d.leaf, from: "260601000001Z" };
  }),
  bad("the intermediate has expired", (d) => {
    d.intermediate = { ...d.intermediate, to: "260531235959Z" };
  }),
  bad("the intermediate is not yet valid", (d) => {
    d.intermediate = { ...d.intermediate, from: "260602000000Z" };
  }),
  bad("the root has expired", (d) => {
    d.root = { ...d.root, to: "260531235959Z" };
  }),
  ok("the last second but one of the leaf", (d) => {
    // In the last one OpenSSL says expired; RFC 5280 §4.1.2.5 says that it belongs to the validity.
    d.at = "2026-12-31T23:59:59Z";
  }),
  ok("the first second of the leaf", (d) => {
    d.at = "2026-01-01T00:00:00Z";
  }),
  bad("another name", (d) => {
    d.name = { kind: "dns", value: "other.example.org" };
  }),
  bad("a name below the leaf's", (d) => {
    d.name = { kind: "dns", value: `www.${HOST}` };
  }),
  ok("a wildcard", (d) => {
    d.leaf.parts.altNames = altNames(dns("*.example.com"));
  }),
  bad("a wildcard across two labels", (d) => {
    d.leaf.parts.altNames = altNames(dns("*.com"));
  }),
  bad("a wildcard that is not the first label", (d) => {
    d.leaf.parts.altNames = altNames(dns("host.*.com"));
  }),
  ok("the name in capitals", (d) => {
    d.leaf.parts.altNames = altNames(dns(HOST.toUpperCase()));
  }),
  ok("an address", (d) => {
    d.leaf.parts.altNames = altNames(ip(192, 0, 2, 1));
    d.name = { kind: "ip", value: "192.0.2.1" };
  }),
  ok("an IPv6 address", (d) => {
    const bytes = [0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1];
    d.leaf.parts.altNames = altNames(ip(...bytes));
    d.name = { kind: "ip", value: "2001:db8::1" };
  }),
  bad("another address", (d) => {
    d.leaf.parts.altNames = altNames(ip(192, 0, 2, 1));
    d.name = { kind: "ip", value: "192.0.2.2" };
  }),
  bad("an address as a DNS name", (d) => {
    d.leaf.parts.altNames = altNames(dns("192.0.2.1"));
    d.name = { kind: "ip", value: "192.0.2.1" };
  }),
  bad("the name followed by a zero byte and another", (d) => {
    d.leaf.parts.altNames = altNames(dns(`${HOST}\0.evil.example`));
  }),
  bad("the name only as a URI", (d) => {
    d.leaf = { ...d.leaf, subject: name("nobody") };
    d.leaf.parts.altNames = altNames(uri(`https://${HOST}/`));
  }),
  bad("no basicConstraints in the intermediate", (d) => {
    delete d.intermediate.parts.basicConstraints;
  }),
  bad("an intermediate that is no CA", (d) => {
    d.intermediate.parts.basicConstraints = basicConstraints(false);
  }),
  bad("a root that is no CA", (d) => {
    d.root.parts.basicConstraints = basicConstraints(false);
  }),
  bad("a path longer than the root allows", (d) => {
    d.root.parts.basicConstraints = basicConstraints(true, 0);
  }),
  bad("a leaf that issues a leaf", (d) => {
    const parent = d.leaf;
    const key = KEYS.spare;
    const below: Recipe = {
      ...parent,
      issuer: parent.subject!,
      key,
      signer: parent.key,
      subject: name("below"),
      parts: { ...parent.parts, aki: authorityKeyIdentifier(keyId(parent.key)) },
    };
    below.parts.ski = subjectKeyIdentifier(keyId(key));
    d.send = (chain) => [make(below), ...chain];
  }),
  bad("an intermediate that may not sign certificates", (d) => {
    d.intermediate.parts.keyUsage = keyUsage(0, 6);
  }),
  bad("a root that may not sign certificates", (d) => {
    d.root.parts.keyUsage = keyUsage(0, 6);
  }),
  bad("a leaf for clients only", (d) => {
    d.leaf.parts.extendedKeyUsage = extendedKeyUsage(CLIENT);
  }),
  bad("a leaf for any usage, which is not this one", (d) => {
    d.leaf.parts.extendedKeyUsage = extendedKeyUsage(ANY);
  }),
  ok("a leaf without extendedKeyUsage", (d) => {
    delete d.leaf.parts.extendedKeyUsage;
  }),
  bad("a leaf that may only sign certificates", (d) => {
    d.leaf.parts.keyUsage = keyUsage(6);
  }),
  bad("an intermediate for clients only", (d) => {
    d.intermediate.parts.extendedKeyUsage = extendedKeyUsage(CLIENT);
  }),
  ok("an intermediate for servers", (d) => {
    d.intermediate.parts.extendedKeyUsage = extendedKeyUsage(CLIENT, SERVER);
  }),
  bad("an unknown critical extension in the leaf", (d) => {
    d.leaf.parts.unknown = extension("1.2.3.4.5", seq(), true);
  }),
  bad("an unknown critical extension in the intermediate", (d) => {
    d.intermediate.parts.unknown = extension("1.2.3.4.5", seq(), true);
  }),
  ok("an unknown extension that is not critical", (d) => {
    d.leaf.parts.unknown = extension("1.2.3.4.5", seq());
  }),
  ok("a permitted name", (d) => {
    d.intermediate.parts.nc = nameConstraints([dns("example.com")]);
    d.leaf.parts.altNames = altNames(dns(HOST));
  }),
  bad("a name that is not permitted", (d) => {
    d.intermediate.parts.nc = nameConstraints([dns("example.org")]);
  }),
  bad("an excluded name", (d) => {
    d.root.parts.nc = nameConstraints([], [dns("example.com")]);
  }),
  bad("a permitted name that only ends alike", (d) => {
    d.intermediate.parts.nc = nameConstraints([dns("ample.com")]);
  }),
  bad("an address outside what is permitted", (d) => {
    d.intermediate.parts.nc = nameConstraints([dns("example.com"), ip(10, 0, 0, 0, 255, 0, 0, 0)]);
    d.leaf.parts.altNames = altNames(dns(HOST), ip(192, 0, 2, 1));
  }),
  bad("a mailbox outside what is permitted", (d) => {
    d.intermediate.parts.nc = nameConstraints([email("example.com")]);
    d.leaf.parts.altNames = altNames(dns(HOST), email("somebody@example.org"));
  }),
  bad("a subject outside what is permitted", (d) => {
    const base = tlv(0xa4, name("O=Elsewhere"));
    d.intermediate.parts.nc = nameConstraints([base]);
  }),
  bad("a key identifier that is not the issuer's", (d) => {
    d.leaf.parts.aki = authorityKeyIdentifier(keyId(KEYS.spare));
  }),
  bad("a leaf with a short key", (d) => {
    d.leaf = { ...d.leaf, key: KEYS.short };
    d.leaf.parts.ski = subjectKeyIdentifier(keyId(KEYS.short));
  }),
  bad("an intermediate with a short key", (d) => {
    d.intermediate = { ...d.intermediate, key: KEYS.short };
    d.intermediate.parts.ski = subjectKeyIdentifier(keyId(KEYS.short));
    d.leaf = { ...d.leaf, signer: KEYS.short };
    d.leaf.parts.aki = authorityKeyIdentifier(keyId(KEYS.short));
  }),
  bad("a leaf signed with SHA-1", (d) => {
    d.leaf = { ...d.leaf, hash: "sha1" };
  }),
  bad("an intermediate signed with SHA-1", (d) => {
    d.intermediate = { ...d.intermediate, hash: "sha1" };
  }),
  bad("other signature algorithms inside and outside", (d) => {
    d.leaf = { ...d.leaf, innerAlgorithm: seq(oid("1.2.840.10045.4.3.4")) };
  }),
  bad("the same extension twice", (d) => {
    d.leaf.parts.again = d.leaf.parts.extendedKeyUsage!;
  }),
  bad("version 1 in the intermediate", (d) => {
    d.intermediate = { ...d.intermediate, version: undefined, parts: {} };
  }),
  bad("version 2 with extensions", (d) => {
    d.leaf = { ...d.leaf, version: 1 };
  }),
  bad("an empty extendedKeyUsage", (d) => {
    d.leaf.parts.extendedKeyUsage = extendedKeyUsage();
  }),
  bad("an issuer name in other words", (d) => {
    d.leaf = { ...d.leaf, issuer: name("O=Example Corp", "Example Issuing C A") };
  }),
  ok("an issuer name in other case and spaces", (d) => {
    d.leaf = { ...d.leaf, issuer: name("O=example  corp", " EXAMPLE Issuing CA ") };
  }),
  ok("an issuer name in another string type", (d) => {
    const pair = (id: string, value: string) => tlv(0x31, seq(oid(id), text(value, 0x13)));
    const issuer = seq(pair("2.5.4.10", "Example Corp"), pair("2.5.4.3", "Example Issuing CA"));
    d.leaf = { ...d.leaf, issuer };
  }),
  bad("an empty issuer", (d) => {
    d.leaf = { ...d.leaf, issuer: seq() };
  }),
  bad("no dates", (d) => {
    d.leaf = { ...d.leaf, validity: seq(text("x", 0x17), text("y", 0x17)) };
  }),
  bad("dates without seconds", (d) => {
    d.leaf = { ...d.leaf, validity: seq(time("2601010000Z"), time("2701010000Z")) };
  }),
  ok("a serial number of 21 octets", (d) => {
    d.leaf = { ...d.leaf, serial: new Uint8Array(21).fill(0x11) };
  }),
];

/** Where we refuse and OpenSSL does not: which finding, and why it is right. */
export const STRICTER: Readonly<
  Record<string, { readonly finding: string; readonly why: string }>
> = {
  "a serial number of 21 octets": { finding: "bad-serial", why: "RFC 5280 §4.1.2.2: at most 20" },
};

function flip(bytes: Uint8Array, random: () => number, from: number): Uint8Array {
  const copy = bytes.slice();
  copy[from + Math.floor(random() * (bytes.length - from))]! ^= 1 << Math.floor(random() * 8);
  return copy;
}

/** A small generator of 32 bits, so that a seed gives the same chain everywhere. */
function mulberry32(seed: number): () => number {
  let state = (seed * 0x9e3779b1) >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

const HOST = "host.example.com";
const KEYS = {
  root: [ecKey(), ecKey("secp384r1"), rsaKey(2048)],
  issuer: [ecKey(), rsaKey(2048)],
  leaf: [ecKey(), ecKey("secp384r1"), rsaKey(2048)],
  spare: ecKey(),
  short: rsaKey(1024),
};
