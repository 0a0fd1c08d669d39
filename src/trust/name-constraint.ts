/**
 * Name constraints (RFC 5280 §4.2.1.10): which names a CA, and whatever is below it, may speak for.
 *
 * A name form that is constrained and that we cannot compare is refused when it appears, as §6.1
 * wants. A wildcard stands for all names it matches: to be permitted, all must be; to be excluded,
 * one is enough.
 */
import type { Budget } from "./budget.ts";
import type { Certificate } from "./certificate.ts";
import type { NameConstraints } from "./extension.ts";
import type { GeneralName } from "./general-name.ts";
import { isDnsName, isDnsPattern, isMailbox } from "./host-name.ts";
import { type Name, rdnKey } from "./name.ts";

/** Why the names of `below` break the constraints; `undefined` when they keep them. */
export function violation(
  constraints: NameConstraints,
  below: { readonly certificate: Certificate; readonly isLeaf: boolean },
  budget: Budget,
): string | undefined {
  const broken = BROKEN.get(constraints) ?? brokenConstraint(constraints);
  BROKEN.set(constraints, broken);
  if (broken !== "") return broken;
  for (const name of constrainedNames(below.certificate, below.isLeaf)) {
    const why = judge(constraints, name, budget);
    if (why !== undefined) return `${name.kind} "${name.value}" ${why}`;
  }
  return undefined;
}

/** Whether a DNS name, or all that a wildcard matches, is this domain or below it. */
export function isBelow(pattern: string, domain: string): boolean {
  const name = pattern.toLowerCase();
  const base = domain.toLowerCase();
  return base === "" || name === base || name.endsWith(`.${base}`);
}

/** A constraint that has no meaning constrains nothing that anyone agrees on, so nothing passes. */
function brokenConstraint({ permitted, excluded }: NameConstraints): string {
  for (const { kind, value, bytes } of [...permitted, ...excluded]) {
    const fine =
      kind === "dns"
        ? value === "" || isDnsName(value)
        : kind === "ip"
          ? isAddressRange(bytes)
          : kind === "email"
            ? value.includes("@")
              ? isMailbox(value)
              : isDomain(value)
            : kind === "uri"
              ? isDomain(value)
              : true;
    if (!fine) return `constraint ${kind} "${value}" is malformed`;
  }
  return "";
}

/** The subject, the subjectAltNames, and what old software reads from the subject in their stead. */
function constrainedNames(certificate: Certificate, isLeaf: boolean): GeneralName[] {
  const { subjectAltNames, subjectName, commonName, subjectDer: bytes } = certificate;
  const names = [...subjectAltNames];
  const has = (kind: GeneralName["kind"]) => subjectAltNames.some((name) => name.kind === kind);
  if (subjectName.length > 0) {
    names.push({ kind: "dn", value: certificate.subject, bytes, name: subjectName });
  }
  const host = isLeaf && !has("dns") && !has("ip") ? commonName : undefined;
  if (host !== undefined && isDnsPattern(host)) names.push({ kind: "dns", value: host, bytes });
  if (!has("email")) {
    for (const { oid, text } of subjectName.flat()) {
      if (oid === EMAIL_ADDRESS) names.push({ kind: "email", value: text ?? "", bytes });
    }
  }
  return names;
}

function judge(
  { permitted, excluded }: NameConstraints,
  name: GeneralName,
  budget: Budget,
): string | undefined {
  const comparable = isComparable(name);
  for (const constraint of excluded) {
    if (constraint.kind !== name.kind) continue;
    if (!budget.comparison()) return "was not compared: too many name constraints";
    if (!comparable || within(name, constraint, true))
      return `is excluded by "${constraint.value}"`;
  }
  let constrained = false;
  for (const constraint of permitted) {
    if (constraint.kind !== name.kind) continue;
    if (!budget.comparison()) return "was not compared: too many name constraints";
    if (comparable && within(name, constraint, false)) return undefined;
    constrained = true;
  }
  return constrained ? "is not permitted" : undefined;
}

/** A name that cannot be compared counts as excluded, and as not permitted. */
function isComparable({ kind, value, bytes }: GeneralName): boolean {
  switch (kind) {
    case "dns":
      return isDnsPattern(value);
    case "ip":
      return bytes.length === 4 || bytes.length === 16;
    case "email":
      return isMailbox(value);
    case "uri":
      return isDnsName(hostOf(value));
    default:
      return kind === "dn";
  }
}

/** `overlap`: whether a part of what a wildcard stands for is enough. */
function within(name: GeneralName, constraint: GeneralName, overlap: boolean): boolean {
  switch (name.kind) {
    case "dns":
      return withinDomain(name.value, constraint.value, overlap);
    case "ip":
      return withinRange(name.bytes, constraint.bytes);
    case "email":
      return withinMailbox(name.value, constraint.value);
    case "uri":
      return withinHost(hostOf(name.value), constraint.value.toLowerCase());
    default:
      return withinName(name.name ?? [], constraint.name ?? []);
  }
}

function withinDomain(pattern: string, domain: string, overlap: boolean): boolean {
  if (!pattern.startsWith("*.")) return isBelow(pattern, domain);
  const parent = pattern.slice(2);
  // `*.example.com` reaches into `a.example.com`, and is not all within it.
  return isBelow(parent, domain) || (overlap && isDirectlyBelow(domain, parent));
}

function isDirectlyBelow(domain: string, parent: string): boolean {
  const dot = domain.indexOf(".");
  return dot > 0 && domain.slice(dot + 1).toLowerCase() === parent.toLowerCase();
}

function withinRange(address: Uint8Array, range: Uint8Array): boolean {
  const { length } = address;
  if (range.length !== 2 * length) return false;
  return address.every((byte, i) => ((byte ^ range[i]!) & range[length + i]!) === 0);
}

/** A mailbox, a host whose mailboxes are meant, or `.domain` for those of hosts below it. */
function withinMailbox(mailbox: string, constraint: string): boolean {
  const at = mailbox.lastIndexOf("@");
  const host = mailbox.slice(at + 1).toLowerCase();
  const wanted = constraint.lastIndexOf("@");
  if (wanted < 0) return withinHost(host, constraint.toLowerCase());
  const local = mailbox.slice(0, at) === constraint.slice(0, wanted);
  return local && host === constraint.slice(wanted + 1).toLowerCase();
}

function withinHost(host: string, constraint: string): boolean {
  if (constraint === "") return true;
  return constraint.startsWith(".") ? host.endsWith(constraint) : host === constraint;
}

function hostOf(uri: string): string {
  return URL.parse(uri)?.hostname.toLowerCase() ?? "";
}

function withinName(name: Name, base: Name): boolean {
  if (base.length > name.length) return false;
  return base.every((rdn, i) => rdnKey(rdn) === rdnKey(name[i]!));
}

function isDomain(value: string): boolean {
  return value === "" || isDnsName(value.startsWith(".") ? value.slice(1) : value);
}

/** An address and a mask of the same length, which is ones and then zeros. */
function isAddressRange(bytes: Uint8Array): boolean {
  if (bytes.length !== 8 && bytes.length !== 32) return false;
  const mask = bytes.subarray(bytes.length / 2);
  const bits = [...mask].map((byte) => byte.toString(2).padStart(8, "0")).join("");
  return /^1*0*$/.test(bits);
}

/** What `brokenConstraint` said, because each certificate below asks again. */
const BROKEN = new WeakMap<NameConstraints, string>();
const EMAIL_ADDRESS = "1.2.840.113549.1.9.1";
