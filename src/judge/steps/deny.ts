/** Step 1: a `deny` line matches a certificate anywhere on the presented or a built path. */
import type { Certificate } from "../../trust/certificate.ts";
import { askable, type Case, type Presented } from "../case.ts";
import { clip } from "../finding.ts";
import { type DenyLine, strictness } from "../policy.ts";
import { deniedIssuerFinding } from "../rules/denied-issuer.ts";
import type { Answer } from "../verdict.ts";

export function denyAnswers(about: Presented, context: Case): Answer[] {
  const { deny } = context.policy.issuers;
  if (deny.length === 0) return [];
  const certificates = everyCertificate(about);
  const matches: { line: DenyLine; denied: Certificate }[] = [];
  for (const line of deny) {
    const denied = certificates.find((certificate) => denies(line, certificate));
    if (denied !== undefined) matches.push({ line, denied });
  }
  matches.sort((a, b) => strictness(b.line.then) - strictness(a.line.then));
  return matches.slice(0, LINES_SAID_MAX).map(({ line, denied }, index): Answer => {
    const asks = askable(context, line.then);
    const where = about.certificates.includes(denied)
      ? "is in the presented chain"
      : "is on its path";
    const answer: Answer = {
      step: "deny",
      ...(line.line === undefined ? {} : { line: line.line }),
      says: `${line.then}: the policy denies ${clip(denied.subject, DN_MAX) || denied.sha256}, which ${where}`,
      asks,
    };
    // One finding for the strictest line: the others say the same of the same chain.
    if (index > 0) return answer;
    return { ...answer, finding: deniedIssuerFinding({ asks, line, denied, about }, context) };
  });
}

/** What was sent, used or not, and what any path was built of. */
function everyCertificate({ certificates, validation }: Presented): Certificate[] {
  const every = new Set(certificates);
  for (const path of validation.path === undefined
    ? validation.paths
    : [validation.path, ...validation.paths]) {
    for (const certificate of path.certificates) every.add(certificate);
    if (path.anchor?.certificate !== undefined) every.add(path.anchor.certificate);
  }
  return [...every];
}

/**
 * All selectors of a line mean one certificate. A denied name counts as an issuer's name as well,
 * because a chain may leave that issuer out.
 */
function denies(line: DenyLine, certificate: Certificate): boolean {
  const { issuerKey, spki, certificate: sha256 } = line;
  if (sha256 !== undefined && certificate.sha256 !== sha256) return false;
  if (spki !== undefined && certificate.spkiSha256 !== spki) return false;
  if (issuerKey === undefined) return sha256 !== undefined || spki !== undefined;
  if (certificate.subjectKey === issuerKey) return true;
  return sha256 === undefined && spki === undefined && certificate.issuerKey === issuerKey;
}

/** A person reads a few; the decision has looked at all. */
const LINES_SAID_MAX = 8;
const DN_MAX = 100;
