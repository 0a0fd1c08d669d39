/**
 * Too broad: what a policy lets through without anybody having meant it.
 *
 * A wildcard right below a top-level name is told; the longer public suffixes (`*.co.uk`) are not, as
 * their list is large and changes.
 */

import type { AllowLine, IssuersPolicy, Policy, Setting, Target } from "../policy/policy.ts";
import type { Path } from "../policy/yaml-source.ts";
import { isPinned, isWildcard } from "./check-cover.ts";
import type { Remark } from "./check-remark.ts";

export function broadRemarks({ issuers }: Policy): Remark[] {
  const { allow = [] } = issuers;
  return [
    ...allow.flatMap((line, i) => lineRemarks(line, ["issuers", "allow", i])),
    ...SETTINGS.flatMap((key) => settingRemarks(key, issuers)),
  ];
}

function lineRemarks(line: AllowLine, path: Path): Remark[] {
  const remarks: Remark[] = [];
  const add = (says: string, ...inner: Path) =>
    remarks.push({ kind: "too-broad", path: [...path, ...inner], says });
  const everywhere = line.for === undefined && line.workloads === undefined;
  // The key of a server is for its own names; whose key a hash is of, the hash does not tell.
  if (everywhere && line.issuer !== undefined) {
    add("approves this issuer for every destination; `for:` says which ones are meant");
  } else if (everywhere && !isPinned(line)) {
    add(`approves whatever a root of ${line.roots} vouches for, everywhere; add \`for:\``);
  }
  for (const [i, target] of (line.for ?? []).entries()) {
    const why = whyBroad(target);
    if (why !== undefined) add(why, "for", i);
  }
  const tolerated = line.tolerate.indexOf("name");
  if (tolerated >= 0 && !isPinned(line)) {
    const says =
      "tolerates a wrong name of whatever this issuer signs; pin `spki` or `certificate`";
    add(says, "tolerate", tolerated);
  }
  return remarks;
}

/** What lets a whole class of faults through, everywhere. */
function settingRemarks(key: (typeof SETTINGS)[number], issuers: IssuersPolicy): Remark[] {
  const setting: Setting<string> = issuers[key];
  // Not written: it has the value of `unknown`, where it is told.
  if (key === "unapproved" && setting === issuers.unknown) return [];
  const remarks: Remark[] = [];
  if (setting.default === "pass") {
    const says = `\`${key}: pass\` lets ${MEANING[key]} through without a word, everywhere`;
    remarks.push({ kind: "too-broad", path: ["issuers", key], says });
  }
  for (const [i, { to, then }] of setting.for.entries()) {
    if (then !== "pass" && then !== "report") continue;
    for (const [j, target] of to.entries()) {
      const says = whyBroad(target);
      const path: Path = ["issuers", key, "for", i, "to", j];
      if (says !== undefined) remarks.push({ kind: "too-broad", path, says });
    }
  }
  return remarks;
}

function whyBroad(target: Target): string | undefined {
  if (target.kind === "name") {
    const parent = target.text.slice(2);
    if (!isWildcard(target) || parent.includes(".")) return undefined;
    return `${target.text} is every name below ${parent}`;
  }
  const isV4 = target.bytes.length === 4;
  const least = isV4 ? IPV4_BITS_MIN : IPV6_BITS_MIN;
  if (target.bits >= least) return undefined;
  const much = target.bits === 0 ? "every" : `a large part of every`;
  return `${target.text} is ${much} IPv${isV4 ? 4 : 6} address`;
}

const SETTINGS = ["unknown", "unapproved", "selfSigned", "hygiene"] as const;
const MEANING: Readonly<Record<(typeof SETTINGS)[number], string>> = {
  unknown: "chains that lead to no root",
  unapproved: "chains that nobody approved",
  selfSigned: "certificates that signed themselves",
  hygiene: "expired, misnamed and weak certificates",
};
/** The largest private networks: 10.0.0.0/8 (RFC 1918) and fc00::/7 (RFC 4193). */
const IPV4_BITS_MIN = 8;
const IPV6_BITS_MIN = 7;
