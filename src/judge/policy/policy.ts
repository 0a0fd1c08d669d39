/**
 * The policy as a value: what a person decided, with every default filled in.
 *
 * It is plain and readonly, so that it can go to a worker, be swapped while running and be hashed.
 * This module is light: without `--policy` nothing reads YAML, and nothing that does is loaded
 * (policy-file.ts is where files become policies).
 */
import { hash } from "node:crypto";
import type { Expectation, MeshLeg } from "../expectation.ts";
import { canonicalJson } from "./canonical-json.ts";

/** From loosest to strictest; `strictest` and the audit cap rely on this order. */
export const DECISIONS = ["pass", "report", "refuse", "cut"] as const;
export type Decision = (typeof DECISIONS)[number];

export interface Policy {
  readonly version: 1;
  readonly mode: "audit" | "enforce";
  readonly issuers: IssuersPolicy;
  /** Addresses whose DNS answers bind a name to an address; absent: nobody's do. As written. */
  readonly resolvers?: readonly string[];
  /** What must be encrypted; the first line that covers a connection counts. Absent: nothing is said. */
  readonly expect?: readonly Expectation[];
  /** Legs that a service mesh encrypts later. */
  readonly mesh?: readonly MeshLeg[];
  /** As the file has them, those that lower nothing included; absent: none. */
  readonly windows?: readonly Window[];
  /** Whom a probe never asks (addresses and CIDRs), and how many leave in an hour. */
  readonly probe?: {
    readonly never?: readonly string[] | undefined;
    readonly perHour?: number | undefined;
  };
  /** Keys that belong to later steps: checked and kept, not applied yet. */
  readonly later: Readonly<Record<string, unknown>>;
  /** Of the effective policy, lower-case hex: line numbers, paths and comments do not count. */
  readonly sha256: string;
  /** What a person should hear at start: keys kept but not applied, faults of root files. */
  readonly notices: readonly string[];
}

export interface IssuersPolicy {
  readonly roots: readonly Roots[];
  /** Absent: any path to `roots` is approved. Empty: nothing is. */
  readonly allow?: readonly AllowLine[];
  readonly deny: readonly DenyLine[];
  /** Absent: none, so that only what is on the wire says that a certificate was revoked. */
  readonly crls?: readonly FileCrls[];
  readonly unknown: Setting<Decision>;
  readonly unapproved: Setting<Decision>;
  readonly selfSigned: Setting<Decision>;
  readonly hygiene: Setting<Decision>;
  readonly unseen: Readonly<Record<UnseenClass, Setting<UnseenAnswer>>>;
}

export type Roots = { readonly kind: "mozilla" } | FileRoots;

export interface FileRoots {
  readonly kind: "file";
  /** As the policy names it, which is how an `allow` line refers to it. */
  readonly name: string;
  /** PEM, one file's text or a directory's files joined. */
  readonly pem: string;
  /** SHA-256 of the certificates in it, lower-case hex. */
  readonly certificates: readonly string[];
}

export interface FileCrls {
  /** As the policy names it. */
  readonly name: string;
  /** DER. */
  readonly lists: readonly Uint8Array[];
  /** Of each list, lower-case hex, sorted. */
  readonly sha256: readonly string[];
}

/** Selectors on one line mean the same certificate; at least one is there. Hashes are hex. */
interface Selector {
  /** Of the policy file, from 1; absent in a policy that was not read from a file. */
  readonly line?: number;
  /** RFC 4514, as written. */
  readonly issuer?: string;
  /** RFC 5280 §7.1 form of `issuer`, as `Certificate.subjectKey` has it. */
  readonly issuerKey?: string;
  readonly spki?: string;
  readonly certificate?: string;
}

export interface AllowLine extends Selector {
  /** `mozilla`, or the name of one of `FileRoots`. */
  readonly roots?: string;
  /** Alternatives; absent means everywhere. */
  readonly for?: readonly Target[];
  readonly ports?: readonly number[];
  readonly workloads?: readonly string[];
  /** The last microsecond of the approval, and how it was written. */
  readonly expiresUs?: number;
  readonly expires?: string;
  readonly approved?: Readonly<Record<string, string>>;
  readonly tolerate: readonly Tolerable[];
}

export interface DenyLine extends Selector {
  readonly then: "refuse" | "cut";
  readonly because?: string;
}

/** A maintenance window (window.ts), about either a key or a component. */
export interface Window {
  /** Of the policy file, from 1; absent in a policy that was not read from a file. */
  readonly line?: number;
  readonly name: string;
  /** SHA-256 of the SubjectPublicKeyInfo that is expected, lower-case hex. */
  readonly key?: string;
  /** As `wire.encryption`. */
  readonly component?: string;
  /** Its first and last microsecond, and how the last one was written. */
  readonly fromUs: number;
  readonly toUs: number;
  readonly to: string;
  /** Why it lowers nothing: a clause. Absent: it is signed as it should be. */
  readonly refused?: string;
}

/** One entry of `for` or `to`. Names are lower-case A-labels, with one leading `*` label at most. */
export type Target =
  | { readonly kind: "name"; readonly text: string }
  | {
      readonly kind: "cidr";
      readonly text: string;
      readonly bytes: readonly number[];
      readonly bits: number;
    };

/** An answer, and the destinations that get another one: the first entry that matches decides. */
export interface Setting<Answer> {
  readonly default: Answer;
  readonly for: readonly {
    readonly to: readonly Target[];
    readonly then: Answer;
    readonly line?: number;
  }[];
  readonly line?: number;
}

export type Tolerable = (typeof TOLERABLE)[number];
export type UnseenClass = (typeof UNSEEN_CLASSES)[number];
/** `pass` is not among them: what nobody saw is never clean. */
export type UnseenAnswer = Exclude<Decision, "pass"> | "probe" | "remember";

/** Everything but the hash, which is made of it. */
export type PolicyContent = Omit<Policy, "sha256">;

/** Fills in the hash. */
export function sealPolicy(content: PolicyContent): Policy {
  return { ...content, sha256: policySha256(content) };
}

/** The same policy with more roots, as `--roots` gives them. */
export function withRoots(policy: Policy, roots: readonly FileRoots[]): Policy {
  if (roots.length === 0) return policy;
  const issuers = { ...policy.issuers, roots: [...policy.issuers.roots, ...roots] };
  return sealPolicy({ ...policy, issuers });
}

/** The same policy with more revocation lists, as `--crl` gives them. */
export function withCrls(policy: Policy, crls: readonly FileCrls[]): Policy {
  if (crls.length === 0) return policy;
  const issuers = { ...policy.issuers, crls: [...(policy.issuers.crls ?? []), ...crls] };
  return sealPolicy({ ...policy, issuers });
}

/** A setting that has one answer for every destination. */
export function always<Answer>(answer: Answer): Setting<Answer> {
  return { default: answer, for: [] };
}

export function strictest(a: Decision, b: Decision): Decision {
  return strictness(a) < strictness(b) ? b : a;
}

export function loosest(a: Decision, b: Decision): Decision {
  return strictness(a) < strictness(b) ? a : b;
}

export function strictness(decision: Decision): number {
  return DECISIONS.indexOf(decision);
}

function policySha256(content: PolicyContent): string {
  return hash("sha256", canonicalPolicy(content));
}

/**
 * The effective policy as text, whose SHA-256 is the policy's: RFC 8785's form, with roots by what they
 * hold; where a thing was written changes nothing.
 */
export function canonicalPolicy(content: PolicyContent): string {
  const { version, mode, issuers, resolvers, expect, mesh, windows, probe, later } = content;
  const files = issuers.roots.filter((roots) => roots.kind === "file");
  const held = (name: string) => files.find((file) => file.name === name)?.certificates ?? name;
  const effective = {
    ...issuers,
    roots: issuers.roots.map((roots) => (roots.kind === "file" ? roots.certificates : roots.kind)),
    crls: issuers.crls?.flatMap(({ sha256 }) => sha256),
    allow: issuers.allow?.map((line) =>
      line.roots === undefined ? line : { ...line, roots: held(line.roots) },
    ),
  };
  const hashed = {
    version,
    mode,
    issuers: effective,
    resolvers,
    expect,
    mesh,
    windows,
    probe,
    later,
  };
  return canonicalJson(hashed, "line");
}

export const TOLERABLE = ["expired", "not-yet-valid", "name", "weak"] as const;
export const UNSEEN_CLASSES = ["encrypted", "resumed", "ech", "otherwise"] as const;

/** INTERFACE, "Defaults": what `replay` judges by without `--policy`. */
export const defaultPolicy: Policy = sealPolicy({
  version: 1,
  mode: "audit",
  issuers: {
    roots: [{ kind: "mozilla" }],
    deny: [],
    unknown: always("cut"),
    unapproved: always("cut"),
    selfSigned: always("cut"),
    hygiene: always("report"),
    unseen: {
      encrypted: always("probe"),
      resumed: always("remember"),
      ech: always("refuse"),
      otherwise: always("refuse"),
    },
  },
  later: {},
  notices: [],
});

/** Whether any line of the policy asks for an address or a port. */
export function looksAtAddresses({ issuers }: Policy): boolean {
  const { allow = [], unknown, unapproved, selfSigned, hygiene, unseen } = issuers;
  const cidr = (targets: readonly Target[]) => targets.some(({ kind }) => kind === "cidr");
  const settings = [unknown, unapproved, selfSigned, hygiene, ...Object.values(unseen)];
  return (
    allow.some((line) => line.ports !== undefined || cidr(line.for ?? [])) ||
    settings.some((setting) => setting.for.some(({ to }) => cidr(to)))
  );
}
