/** Duplicate and shadowed: entries that could go, and no verdict would change. */

import type {
  AllowLine,
  DenyLine,
  IssuersPolicy,
  Policy,
  Setting,
  Target,
} from "../policy/policy.ts";
import type { Path } from "../policy/yaml-source.ts";
import { coversAllow, coversDeny, coversTarget, deniesAll, isInAny } from "./check-cover.ts";
import { lineName, type Remark } from "./check-remark.ts";

export function overlapRemarks({ issuers }: Policy): Remark[] {
  const { allow = [], deny } = issuers;
  return [
    ...covered(allow, { key: "allow", covers: coversAllow, does: "approves" }),
    ...covered(deny, { key: "deny", covers: coversDeny, does: "denies" }),
    ...allow.flatMap((line, i) => deniedRemark(line, deny, ["issuers", "allow", i])),
    ...allow.flatMap((line, i) => repeatedTargets(line.for, ["issuers", "allow", i, "for"])),
    ...settingsOf(issuers).flatMap(({ setting, path }) => unreachedEntries(setting, path)),
  ];
}

function covered<Line extends AllowLine | DenyLine>(
  lines: readonly Line[],
  {
    key,
    covers,
    does,
  }: { key: string; covers: (outer: Line, inner: Line) => boolean; does: string },
): Remark[] {
  return lines.flatMap((line, i): Remark[] => {
    const others = lines.filter((other, j) => {
      if (i === j || !covers(other, line)) return false;
      // Of two that say the same the first one stays.
      return j < i || !covers(line, other);
    });
    const wider = others.find((other) => !covers(line, other));
    const path: Path = ["issuers", key, i];
    if (wider !== undefined) {
      const says = `${lineName(wider)} ${does} all that this line ${does}`;
      return [{ kind: "shadowed", path, says }];
    }
    const [same] = others;
    if (same === undefined) return [];
    return [{ kind: "duplicate", path, says: `says the same as ${lineName(same)}` }];
  });
}

function deniedRemark(line: AllowLine, deny: readonly DenyLine[], path: Path): Remark[] {
  const denied = deny.find((other) => deniesAll(other, line));
  if (denied === undefined) return [];
  const says = `${lineName(denied)} denies what this line approves, and \`deny\` wins`;
  return [{ kind: "shadowed", path, says }];
}

function repeatedTargets(targets: readonly Target[] = [], path: Path): Remark[] {
  return targets.flatMap((target, i): Remark[] => {
    const other = targets.find(
      (one, j) => i !== j && coversTarget(one, target) && (j < i || !coversTarget(target, one)),
    );
    if (other === undefined) return [];
    const isSame = coversTarget(target, other);
    const says = isSame ? `${target.text} for the second time` : `${other.text} holds it already`;
    return [{ kind: isSame ? "duplicate" : "shadowed", path: [...path, i], says }];
  });
}

/** The first entry that matches decides, so what stands below it may never be asked. */
function unreachedEntries(setting: Setting<string>, path: Path): Remark[] {
  return setting.for.flatMap(({ to }, i) =>
    to.flatMap((target, j): Remark[] => {
      const before = setting.for.slice(0, i).find((entry) => isInAny(target, entry.to));
      if (before === undefined) return [];
      const where = before.line === undefined ? "an entry before it" : `line ${before.line}`;
      const says = `${where} decides about ${target.text} first`;
      return [{ kind: "shadowed", path: [...path, "for", i, "to", j], says }];
    }),
  );
}

function settingsOf(issuers: IssuersPolicy): { setting: Setting<string>; path: Path }[] {
  const { unknown, unapproved, selfSigned, hygiene, unseen } = issuers;
  const own = { unknown, selfSigned, hygiene, ...(unapproved === unknown ? {} : { unapproved }) };
  return [
    ...Object.entries(own).map(([key, setting]) => ({ setting, path: ["issuers", key] })),
    ...Object.entries(unseen).map(([key, setting]) => ({
      setting: setting as Setting<string>,
      path: ["issuers", "unseen", key],
    })),
  ];
}
