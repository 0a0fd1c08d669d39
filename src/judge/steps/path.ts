/**
 * Step 3: whether signatures lead from the leaf to a root, or to what an `allow` line names. Dates
 * belong to hygiene: an expired issuer is still a known one.
 */

import type { Anchor } from "../../trust/anchors.ts";
import { FINDINGS } from "../../trust/finding.ts";
import type { TrustPath } from "../../trust/validate.ts";
import { askable, type Case, type Presented } from "../case.ts";
import { defaultMarks } from "../default-looking.ts";
import { settingFor } from "../destination.ts";
import { clip } from "../finding.ts";
import type { Decision } from "../policy/policy.ts";
import { defaultLookingFinding, selfSignedFinding } from "../rules/self-signed.ts";
import { unknownIssuerFinding } from "../rules/unknown-issuer.ts";
import type { Answer } from "../verdict.ts";

/** `path` is the one that the decision was made on; absent when there is none to trust. */
export function pathAnswers(
  about: Presented,
  path: TrustPath | undefined,
  context: Case,
): Answer[] {
  if (path !== undefined) return [trusted(about, path, context)];
  const { asks, line, word } = worthOfNoPath(about, context);
  const detail = whyNoPath(about);
  const revoked = about.validation.findings.some(({ name }) => name === "revoked");
  const why = revoked ? "the path was revoked" : "no path to a root or an approved key";
  const says =
    word === "selfSigned"
      ? `${asks}: the certificate is signed with its own key (${detail})`
      : `${asks}: ${why} (${detail})`;
  const finding =
    word === "selfSigned"
      ? selfSignedFinding({ asks, about }, context)
      : unknownIssuerFinding(revoked ? "revoked" : "unknown", { asks, detail, about }, context);
  return [{ step: "path", ...(line === undefined ? {} : { line }), says, asks, finding }];
}

/** A client's certificate is rarely from a public CA; that its issuer is unknown is worth a note. */
export function clientPathAnswers(about: Presented, context: Case): Answer[] {
  if (about.validation.trusted) return [];
  const detail = whyNoPath(about);
  const asks = "pass";
  const finding = unknownIssuerFinding(
    "unknown",
    { asks, detail, about, severity: "note" },
    context,
  );
  return [
    {
      step: "path",
      says: `the client's certificate has no path to a root (${detail})`,
      asks,
      finding,
    },
  ];
}

/** What the policy makes of a chain that leads nowhere: A16 if the leaf signed itself, else A15. */
export function worthOfNoPath(
  { leaf }: Presented,
  context: Case,
): { asks: Decision; line: number | undefined; word: "selfSigned" | "unknown" } {
  const word = leaf.selfSigned ? "selfSigned" : "unknown";
  const { answer, line } = settingFor(context.policy.issuers[word], context.destination);
  return { asks: askable(context, answer), line, word };
}

/** Whether this path ends where the policy names a key or certificate, and not at a root. */
export function endsAtAllowLine({ anchor }: TrustPath): boolean {
  return anchor.source === "policy";
}

function trusted(about: Presented, path: TrustPath, context: Case): Answer {
  const { anchor } = path;
  const line = anchor.line === undefined ? {} : { line: anchor.line };
  const stapled =
    path.stapledUntilUs === undefined ? "" : "; a stapled OCSP response says it is not revoked";
  const says = `signatures lead to ${anchorName(path)}${stapled}`;
  const asks = "pass";
  const namesLeaf = endsAtAllowLine(path) && path.certificates.length === 1;
  if (!namesLeaf || !about.leaf.selfSigned) {
    // Who names a leaf knows how it looks.
    const looks = namesLeaf ? [] : defaultMarks(about.leaf, context.destination, context.atUs);
    if (looks.length === 0) return { step: "path", ...line, says, asks };
    const finding = defaultLookingFinding({ about, looks }, context);
    const but = `${says}, and the certificate looks like a default: ${looks.join(", ")}`;
    return { step: "path", ...line, says: but, asks, finding };
  }
  const finding = selfSignedFinding({ asks, about, severity: "note" }, context);
  return { step: "path", ...line, says: `${says}, which signed itself`, asks, finding };
}

function anchorName({ anchor, certificates }: TrustPath): string {
  const last = anchor.certificate ?? certificates.at(-1);
  const subject = clip(last?.subject ?? "", DN_MAX) || "a certificate without a name";
  return `${subject}, ${SOURCE[anchor.source]}`;
}

/** What kept a path from being found or trusted, in the trust engine's words. */
function whyNoPath({ leaf, validation }: Presented): string {
  const refused = validation.findings.filter(({ name }) => FINDINGS[name].step === "path");
  // Signatures are tried once for each candidate, so the same words can come again.
  const every = new Set(refused.map(({ name, detail }) => `${name}: ${detail}`));
  const said = [...every].slice(0, REASONS_MAX);
  if (said.length === 0) said.push(`issuer ${leaf.issuer || "without a name"}`);
  return clip(said.join("; "), DETAIL_MAX);
}

const SOURCE: Record<Anchor["source"], string> = {
  mozilla: "a root of Mozilla's",
  file: "a root of the policy's files",
  policy: "which an `allow` line names",
};
const DN_MAX = 100;
const REASONS_MAX = 3;
const DETAIL_MAX = 300;
