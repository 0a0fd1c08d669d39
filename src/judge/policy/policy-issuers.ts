/**
 * The `issuers:` of a policy file as the policy has them: every default filled in, hashes and names in the
 * form in which the steps compare them, and the line of everything that may decide.
 */
import { parseDn } from "../../trust/name.ts";
import { parseTarget } from "../destination.ts";
import {
  type AllowLine,
  always,
  type DenyLine,
  defaultPolicy,
  type IssuersPolicy,
  type Roots,
  type Setting,
  type Target,
} from "./policy.ts";
import type { WrittenPolicy } from "./policy-schema.ts";
import { endOfDayOrMoment, parseHash } from "./policy-text.ts";
import type { Path } from "./yaml-source.ts";

/** `lineInFile` says where a path of the whole file stands. */
export function issuersOf(
  written: NonNullable<WrittenPolicy["issuers"]>,
  roots: readonly Roots[],
  lineInFile: (...path: Path) => number,
): IssuersPolicy {
  const defaults = defaultPolicy.issuers;
  const lineOf = (...path: Path) => lineInFile("issuers", ...path);
  const settingOf = <Answer>(value: Answer | WrittenSetting<Answer> | undefined, ...path: Path) =>
    value === undefined ? undefined : settingFrom(value, (...inner) => lineOf(...path, ...inner));
  const { allow, deny = [], unseen } = written;
  const unknown = settingOf(written.unknown, "unknown") ?? defaults.unknown;
  return {
    roots,
    ...(allow === undefined
      ? {}
      : { allow: allow.map((line, i) => allowLine(line, lineOf("allow", i))) }),
    deny: deny.map((line, i) => denyLine(line, lineOf("deny", i))),
    unknown,
    unapproved: settingOf(written.unapproved, "unapproved") ?? unknown,
    selfSigned: settingOf(written.selfSigned, "selfSigned") ?? defaults.selfSigned,
    hygiene: settingOf(written.hygiene, "hygiene") ?? defaults.hygiene,
    unseen: {
      encrypted: settingOf(unseen?.encrypted, "unseen", "encrypted") ?? defaults.unseen.encrypted,
      resumed: settingOf(unseen?.resumed, "unseen", "resumed") ?? defaults.unseen.resumed,
      ech: settingOf(unseen?.ech, "unseen", "ech") ?? defaults.unseen.ech,
      otherwise: settingOf(unseen?.otherwise, "unseen", "otherwise") ?? defaults.unseen.otherwise,
    },
  };
}

interface WrittenSetting<Answer> {
  default: Answer;
  for: { to: string[]; then: Answer }[];
}

function settingFrom<Answer>(
  value: Answer | WrittenSetting<Answer>,
  lineOf: (...path: Path) => number,
): Setting<Answer> {
  if (typeof value !== "object" || value === null) {
    return { ...always(value as Answer), line: lineOf() };
  }
  const { default: answer, for: entries } = value as WrittenSetting<Answer>;
  return {
    default: answer,
    for: entries.map(({ to, then }, i) => ({ to: targetsOf(to), then, line: lineOf("for", i) })),
    line: lineOf("default"),
  };
}

type WrittenAllow = NonNullable<NonNullable<WrittenPolicy["issuers"]>["allow"]>[number];
type WrittenDeny = NonNullable<NonNullable<WrittenPolicy["issuers"]>["deny"]>[number];

function allowLine(written: WrittenAllow, line: number): AllowLine {
  const { roots, ports, workloads, expires, approved, tolerate = [] } = written;
  return {
    ...selectorOf(written, line),
    ...(roots === undefined ? {} : { roots }),
    ...(written.for === undefined ? {} : { for: targetsOf(written.for) }),
    ...(ports === undefined ? {} : { ports }),
    ...(workloads === undefined ? {} : { workloads }),
    ...(expires === undefined ? {} : { expires, expiresUs: endOfDayOrMoment(expires)! }),
    ...(approved === undefined ? {} : { approved: definedOnly(approved) }),
    tolerate,
  };
}

function denyLine(written: WrittenDeny, line: number): DenyLine {
  const { then = "cut", because } = written;
  return { ...selectorOf(written, line), then, ...(because === undefined ? {} : { because }) };
}

/** The schema has made sure that all of these can be read. */
function selectorOf({ issuer, spki, certificate }: WrittenDeny, line: number) {
  return {
    line,
    ...(issuer === undefined ? {} : { issuer, issuerKey: parseDn(issuer)! }),
    ...(spki === undefined ? {} : { spki: parseHash(spki)! }),
    ...(certificate === undefined ? {} : { certificate: parseHash(certificate)! }),
  };
}

function targetsOf(written: readonly string[]): Target[] {
  return written.map(parseTarget).filter((target) => typeof target !== "string");
}

function definedOnly(map: Readonly<Record<string, string | undefined>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(map).filter((entry): entry is [string, string] => entry[1] !== undefined),
  );
}
