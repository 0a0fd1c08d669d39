/** Maintenance windows that lower nothing, nothing any more, or more than a change needs. */

import type { Policy, Window } from "../policy/policy.ts";
import type { Path } from "../policy/yaml-source.ts";
import { COMPONENTS } from "../steps/window.ts";
import type { Remark } from "./check-remark.ts";

export function windowRemarks({ windows = [] }: Policy, atUs: number): Remark[] {
  return windows.flatMap((window, i) => remarksOf(window, atUs, ["windows", i]));
}

function remarksOf(window: Window, atUs: number, path: Path): Remark[] {
  const { name, refused, component, fromUs, toUs, to } = window;
  const remarks: Remark[] = [];
  const add = (kind: Remark["kind"], says: string, ...inner: Path) =>
    remarks.push({ kind, path: [...path, ...inner], says });
  if (refused !== undefined) {
    add("bad-signature", `the window ${name} lowers nothing: ${refused}`, "signature");
  }
  if (component !== undefined && !COMPONENTS.some((known) => known === component)) {
    const known = ["a key (`sha256/…`)", ...COMPONENTS].join(", ");
    add("never-matches", `${component} is nothing that this version judges (${known})`, "scope");
  }
  if (toUs < atUs) {
    add("expired", `the window ${name} ended on ${to}: it lowers nothing any more`, "to");
  }
  const days = Math.round((toUs - fromUs) / DAY_US);
  if (days > DAYS_MAX) add("too-broad", `${days} days are long for a window`, "to");
  return remarks;
}

const DAY_US = 86_400_000_000;
/** A change that takes longer than a month is an approval, which `allow` and `expires` say. */
const DAYS_MAX = 31;
