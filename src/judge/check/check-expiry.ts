/** Approvals and root certificates that ran out, or soon will, seen from a given time. */
import { pemAnchors } from "../../trust/anchors.ts";
import type { FileRoots, Policy } from "../policy/policy.ts";
import type { Path } from "../policy/yaml-source.ts";
import { GRACE_US } from "../steps/approval.ts";
import type { Remark, RemarkKind } from "./check-remark.ts";

export function expiryRemarks({ issuers }: Policy, atUs: number): Remark[] {
  const { allow = [], roots } = issuers;
  return [
    ...allow.flatMap(({ expiresUs }, i) =>
      expiresUs === undefined ? [] : approvalRemark(expiresUs, atUs, ["issuers", "allow", i]),
    ),
    ...roots.flatMap((one, i) =>
      one.kind === "file" ? rootRemarks(one, atUs, ["issuers", "roots", i]) : [],
    ),
  ];
}

function approvalRemark(expiresUs: number, atUs: number, path: Path): Remark[] {
  const inside: Path = [...path, "expires"];
  if (atUs <= expiresUs) return ending("this approval", { endUs: expiresUs, atUs }, inside);
  const grace = expiresUs + GRACE_US;
  const says =
    atUs <= grace
      ? `this approval ran out on ${dayOf(expiresUs)}: reported until ${dayOf(grace)}, then \`unapproved\``
      : `this approval ran out on ${dayOf(expiresUs)}: the line approves nothing`;
  return [{ kind: "expired", path: inside, says }];
}

function rootRemarks({ pem }: FileRoots, atUs: number, path: Path): Remark[] {
  return pemAnchors(pem).anchors.flatMap(({ certificate }) => {
    if (certificate === undefined) return [];
    const { subject, validToUs } = certificate;
    const what = `the root ${subject || "without a name"}`;
    if (atUs <= validToUs) return ending(what, { endUs: validToUs, atUs }, path);
    return [{ kind: "expired", path, says: `${what} expired on ${dayOf(validToUs)}` }];
  });
}

function ending(what: string, { endUs, atUs }: { endUs: number; atUs: number }, path: Path) {
  const stage = STAGES.find(({ days }) => endUs - atUs <= days * DAY_US);
  if (stage === undefined) return [];
  const days = Math.floor((endUs - atUs) / DAY_US);
  const left = days === 0 ? "in less than a day" : days === 1 ? "in a day" : `in ${days} days`;
  return [{ kind: stage.kind, path, says: `${what} ends ${left}, on ${dayOf(endUs)}` }];
}

function dayOf(us: number): string {
  return new Date(us / 1000).toISOString().slice(0, 10);
}

const DAY_US = 86_400_000_000;
const STAGES: readonly { readonly days: number; readonly kind: RemarkKind }[] = [
  { days: 1, kind: "expires-in-1-day" },
  { days: 7, kind: "expires-in-7-days" },
  { days: 30, kind: "expires-in-30-days" },
];
