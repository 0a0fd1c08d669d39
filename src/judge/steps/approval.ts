/**
 * Step 5: whether a person approved this issuer for this destination.
 *
 * A path is approved by any line that matches it and has not expired. What only an expired line
 * approves is reported for a while, so that a forgotten date is no outage.
 */

import type { Certificate } from "../../trust/certificate.ts";
import { matchesName } from "../../trust/host-name.ts";
import type { TrustPath } from "../../trust/validate.ts";
import { askable, type Case, type Presented } from "../case.ts";
import { coversAddress, coversName, placeName, settingFor } from "../destination.ts";
import { clip } from "../finding.ts";
import { type AllowLine, type Decision, loosest } from "../policy/policy.ts";
import { unknownIssuerFinding } from "../rules/unknown-issuer.ts";
import type { Answer } from "../verdict.ts";
import { endsAtAllowLine } from "./path.ts";

export interface Approval {
  /** Lines that approve the path here and now, the most specific first. */
  readonly lines: readonly AllowLine[];
  /** Those that would, had they not expired, the most specific first. */
  readonly expired: readonly AllowLine[];
  /** The most specific line that means this path, and why it does not approve it here. */
  readonly near: { readonly line: AllowLine; readonly why: Miss } | undefined;
  readonly asks: Decision;
}

type Miss =
  | "is for other ports"
  | "is for other workloads"
  | "is for other destinations"
  | "is for this name, and the certificate is not";

export function approvalOf(path: TrustPath, about: Presented, context: Case): Approval {
  const { allow } = context.policy.issuers;
  if (allow === undefined) return { lines: [], expired: [], near: undefined, asks: "pass" };
  const lines: AllowLine[] = [];
  const expired: AllowLine[] = [];
  const missed: { readonly line: AllowLine; readonly why: Miss }[] = [];
  for (const line of allow) {
    if (!selects(line, path, context)) continue;
    const why = missOf(line, path, about, context);
    if (why !== undefined) missed.push({ line, why });
    else if (line.expiresUs !== undefined && context.atUs > line.expiresUs) expired.push(line);
    else lines.push(line);
  }
  lines.sort(mostSpecificFirst);
  expired.sort(mostSpecificFirst);
  const near = missed.sort((a, b) => mostSpecificFirst(a.line, b.line))[0];
  return { lines, expired, near, asks: asksFor({ lines, expired }, context) };
}

export function approvalAnswers(
  { lines, expired, near, asks }: Approval,
  about: Presented,
  context: Case,
): Answer[] {
  const step = "approval";
  if (context.policy.issuers.allow === undefined) {
    return [{ step, says: "the policy has no `allow`: a path to its roots is enough", asks }];
  }
  const [line] = lines;
  if (line !== undefined) {
    return [
      { step, ...lineOf(line), says: `approved by ${lineName(line)}${approverOf(line)}`, asks },
    ];
  }
  const [late] = expired;
  if (late !== undefined) {
    const says = `${asks}: ${lineName(late)} approved this until ${late.expires}, and no other line does`;
    const finding = unknownIssuerFinding(
      "approval-expired",
      { asks, detail: says, about },
      context,
    );
    return [{ step, ...lineOf(late), says, asks, finding }];
  }
  const place = clip(placeName(context.destination), PLACE_MAX);
  const close = near === undefined ? "" : `; ${lineName(near.line)} ${near.why}`;
  const says = `${asks}: no \`allow\` line approves this issuer for ${place}${close}`;
  const { line: number } = settingFor(context.policy.issuers.unapproved, context.destination);
  const finding = unknownIssuerFinding("unapproved", { asks, detail: says, about }, context);
  return [{ step, ...(number === undefined ? {} : { line: number }), says, asks, finding }];
}

/** Times at which an answer of this step may change, in microseconds. */
export function approvalTurns(allow: readonly AllowLine[] | undefined): number[] {
  const turns = new Set<number>();
  for (const { expiresUs } of allow ?? []) {
    if (expiresUs !== undefined) turns.add(expiresUs).add(expiresUs + GRACE_US);
  }
  return [...turns].sort((a, b) => a - b);
}

function asksFor({ lines, expired }: Pick<Approval, "lines" | "expired">, context: Case): Decision {
  if (lines.length > 0) return "pass";
  const { answer } = settingFor(context.policy.issuers.unapproved, context.destination);
  const asks = askable(context, answer);
  const graceful = expired.some(({ expiresUs }) => context.atUs <= expiresUs! + GRACE_US);
  return graceful ? loosest(asks, "report") : asks;
}

/** Whether the line means this path, wherever it leads. */
function selects(line: AllowLine, path: TrustPath, context: Case): boolean {
  if (line.roots !== undefined && !endsIn(line.roots, path, context)) return false;
  if (line.issuer === undefined && line.spki === undefined && line.certificate === undefined) {
    return line.roots !== undefined;
  }
  // Anyone can write any name into a certificate: without a key, only a root vouches for it.
  const keyless = line.spki === undefined && line.certificate === undefined;
  if (keyless && endsAtAllowLine(path)) return false;
  return wholePath(path).some((certificate, index) => means(line, certificate, index, path));
}

/** All selectors of one line are about one certificate; `issuer` is the subject of a CA. */
function means(line: AllowLine, certificate: Certificate, index: number, path: TrustPath): boolean {
  const { issuerKey, spki, certificate: sha256 } = line;
  if (sha256 !== undefined && certificate.sha256 !== sha256) return false;
  if (spki !== undefined && certificate.spkiSha256 !== spki) return false;
  if (issuerKey === undefined) return true;
  const actsAsCa = index > 0 || (path.certificates.length === 1 && certificate.ca);
  return actsAsCa && certificate.subjectKey === issuerKey;
}

function endsIn(name: string, { anchor }: TrustPath, context: Case): boolean {
  if (name === "mozilla") return anchor.source === "mozilla";
  if (anchor.certificate === undefined) return false;
  // One certificate can be in a file and among Mozilla's; it is one anchor, of whichever came first.
  const { sha256 } = anchor.certificate;
  return context.policy.issuers.roots.some(
    (roots) => roots.kind === "file" && roots.name === name && roots.certificates.includes(sha256),
  );
}

/** Why the line is not for this destination, port or workload; `undefined` when it is. */
function missOf(
  line: AllowLine,
  path: TrustPath,
  about: Presented,
  { destination }: Case,
): Miss | undefined {
  const { name, ip, port, workload } = destination;
  if (line.ports !== undefined && !line.ports.includes(port)) return "is for other ports";
  if (line.workloads !== undefined) {
    const isNamed = workload !== undefined && line.workloads.includes(workload);
    if (!isNamed) return "is for other workloads";
  }
  if (line.for === undefined || line.for.some((target) => coversAddress(target, ip))) {
    return undefined;
  }
  const isClaimed = name !== undefined && line.for.some((target) => coversName(target, name));
  if (!isClaimed) return "is for other destinations";
  // The client claims a name; it counts when the certificate is for it, or the line names the leaf
  // and says that its name does not matter.
  if (matchesName(about.leaf, { kind: "dns", value: name })) return undefined;
  if (line.tolerate.includes("name") && namesLeaf(line, path, about)) return undefined;
  return "is for this name, and the certificate is not";
}

function namesLeaf(line: AllowLine, path: TrustPath, { leaf }: Presented): boolean {
  const pinned = line.spki !== undefined || line.certificate !== undefined;
  return pinned && means(line, leaf, 0, path);
}

/** Leaf first, the anchor's certificate last, whether or not the path holds it already. */
export function wholePath({ certificates, anchor }: TrustPath): readonly Certificate[] {
  const { certificate } = anchor;
  if (certificate === undefined || certificates.includes(certificate)) return certificates;
  return [...certificates, certificate];
}

/** How people refer to a line: by its number, else by what it names. */
function lineName({ line, issuer, spki, certificate, roots }: AllowLine): string {
  const hash = certificate ?? spki ?? "";
  const pin = `${certificate === undefined ? "key" : "certificate"} ${clip(hash, HASH_SHOWN)}`;
  const what = issuer ?? roots ?? pin;
  return line === undefined
    ? `the \`allow\` line for ${clip(what, PLACE_MAX)}`
    : `line ${line} (${clip(what, PLACE_MAX)})`;
}

/** Who approved it and why, as far as the line says so. */
function approverOf({ approved }: AllowLine): string {
  const said = [approved?.by, approved?.on, approved?.because].filter((part) => part !== undefined);
  return said.length === 0 ? "" : `: ${clip(said.join(", "), PLACE_MAX)}`;
}

function lineOf({ line }: AllowLine): { line?: number } {
  return line === undefined ? {} : { line };
}

function mostSpecificFirst(a: AllowLine, b: AllowLine): number {
  return specificity(b) - specificity(a);
}

/** What it pins counts before where it applies. */
function specificity(line: AllowLine): number {
  const pins =
    line.certificate !== undefined
      ? 4
      : line.spki !== undefined
        ? 3
        : line.issuer !== undefined
          ? 2
          : 1;
  const places = (line.for ?? []).map((target) =>
    target.kind === "cidr" ? target.bits : target.text.startsWith("*.") ? 130 : 260,
  );
  const place = line.for === undefined ? 0 : Math.max(1, ...places);
  const more = (line.ports === undefined ? 0 : 2) + (line.workloads === undefined ? 0 : 1);
  return pins * 10_000 + place * 10 + more;
}

/** INTERFACE, step 5: what only expired lines approve is reported for 30 days of packet time. */
export const GRACE_US = 30 * 24 * 3600 * 1_000_000;
const PLACE_MAX = 80;
/** Enough to tell keys apart by eye; the line's number finds the rest. */
const HASH_SHOWN = 17;
