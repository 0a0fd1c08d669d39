/** Step 1: a `deny` line matches a certificate anywhere on the presented or a built path. */
import type { Certificate } from "../../trust/certificate.ts";
import { askable, type Case, type Presented } from "../case.ts";
import { clip } from "../finding.ts";
import { type DenyLine, strictness } from "../policy/policy.ts";
import { deniedIssuerFinding } from "../rules/denied-issuer.ts";
import type { Answer } from "../verdict.ts";

export function denyAnswers(about: Presented, context: Case): Answer[] {
  const { deny } = context.policy.issuers;
  if (deny.length === 0) return [];
  const certificates = everyCertificate(about);
  const matches = deny.flatMap((line) => matchOf(line, certificates, about) ?? []);
  matches.sort((a, b) => strictness(b.line.then) - strictness(a.line.then));
  return matches.slice(0, LINES_SAID_MAX).map(({ line, denied, name, where }, index): Answer => {
    const asks = askable(context, line.then);
    const place = line.line === undefined ? {} : { line: line.line };
    const says = `${line.then}: the policy denies ${clip(name, DN_MAX) || denied.sha256}, which ${where}`;
    const answer: Answer = { step: "deny", ...place, says, asks };
    // One finding for the strictest line: the others say the same of the same chain.
    if (index > 0) return answer;
    return {
      ...answer,
      finding: deniedIssuerFinding({ asks, line, denied, name, about }, context),
    };
  });
}

interface Match {
  readonly line: DenyLine;
  /** The denied certificate, or the one that it issued when only that was seen. */
  readonly denied: Certificate;
  /** Of the denied one. */
  readonly name: string;
  /** A clause. */
  readonly where: string;
}

function matchOf(
  line: DenyLine,
  certificates: readonly Certificate[],
  about: Presented,
): Match | undefined {
  const denied = certificates.find((certificate) => denies(line, certificate));
  if (denied !== undefined) {
    const where = about.certificates.includes(denied)
      ? "is in the presented chain"
      : "is on its path";
    return { line, denied, name: denied.subject, where };
  }
  // A chain may leave out the certificate of a denied issuer, and names it all the same.
  if (line.spki !== undefined || line.certificate !== undefined) return undefined;
  const issued = certificates.find(({ issuerKey }) => issuerKey === line.issuerKey);
  if (issued === undefined) return undefined;
  const where = `issued ${clip(issued.subject, DN_MAX) || issued.sha256}`;
  return { line, denied: issued, name: issued.issuer, where };
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

/** All selectors of a line mean one certificate. */
function denies(line: DenyLine, certificate: Certificate): boolean {
  const { issuerKey, spki, certificate: sha256 } = line;
  if (sha256 !== undefined && certificate.sha256 !== sha256) return false;
  if (spki !== undefined && certificate.spkiSha256 !== spki) return false;
  return issuerKey === undefined || certificate.subjectKey === issuerKey;
}

/** A person reads a few; the decision has looked at all. */
const LINES_SAID_MAX = 8;
const DN_MAX = 100;
