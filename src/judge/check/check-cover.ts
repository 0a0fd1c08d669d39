/**
 * Whether one entry of a policy means everything that another one means.
 *
 * All answers are safe to act on: `true` is only said when taking the inner entry away changes no
 * verdict. Selectors are compared as they are written, so a key and the certificate that has it count
 * as different.
 */
import { coversAddress, coversName } from "../destination.ts";
import { type AllowLine, type DenyLine, strictness, type Target } from "../policy/policy.ts";

export function coversTarget(outer: Target, inner: Target): boolean {
  if (outer.kind === "name") {
    if (inner.kind !== "name") return false;
    // `*` is one label: no wildcard holds another one but itself.
    return outer.text === inner.text || (!isWildcard(inner) && coversName(outer, inner.text));
  }
  if (inner.kind !== "cidr" || inner.bits < outer.bits) return false;
  return coversAddress(outer, inner.text.split("/")[0]!);
}

/** Whether `outer` approves whatever `inner` approves, for as long, and tolerates as much. */
export function coversAllow(outer: AllowLine, inner: AllowLine): boolean {
  // A key or certificate that is named stands without a root; a line without one does not replace it.
  if (isPinned(inner) && !isPinned(outer)) return false;
  const { roots, for: places, ports, workloads, expiresUs } = outer;
  return (
    isSubset(outer, inner) &&
    (roots === undefined || roots === inner.roots) &&
    (places === undefined || (inner.for?.every((one) => isInAny(one, places)) ?? false)) &&
    (ports === undefined || (inner.ports?.every((port) => ports.includes(port)) ?? false)) &&
    (workloads === undefined ||
      (inner.workloads?.every((name) => workloads.includes(name)) ?? false)) &&
    (expiresUs === undefined || (inner.expiresUs ?? Number.POSITIVE_INFINITY) <= expiresUs) &&
    inner.tolerate.every((word) => outer.tolerate.includes(word))
  );
}

export function coversDeny(outer: DenyLine, inner: DenyLine): boolean {
  return isSubset(outer, inner) && strictness(outer.then) >= strictness(inner.then);
}

/** Whether a chain that the `allow` line means always has a certificate that the `deny` line means. */
export function deniesAll(deny: DenyLine, allow: AllowLine): boolean {
  return isSubset(deny, allow);
}

/** Each selector of `outer` stands in `inner` as well: what `inner` selects, `outer` selects. */
function isSubset(outer: AllowLine | DenyLine, inner: AllowLine | DenyLine): boolean {
  return SELECTORS.every((key) => outer[key] === undefined || outer[key] === inner[key]);
}

/** Whether the line stands without a root. */
export function isPinned({ spki, certificate }: AllowLine | DenyLine): boolean {
  return spki !== undefined || certificate !== undefined;
}

export function isWildcard(target: Target): boolean {
  return target.kind === "name" && target.text.startsWith("*.");
}

export function isInAny(inner: Target, targets: readonly Target[]): boolean {
  return targets.some((outer) => coversTarget(outer, inner));
}

const SELECTORS = ["issuerKey", "spki", "certificate"] as const;
