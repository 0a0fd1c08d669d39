/** A15: no path to a root or an approved key, or a valid path that no `allow` line approves. */
import type { Case, Presented } from "../case.ts";
import { placeName } from "../destination.ts";
import { clip, type Finding, findingOf, type Rule, type Severity } from "../finding.ts";
import type { Decision } from "../policy.ts";
import { INSTALL_CERTIFICATE, tagged } from "./attack.ts";

export const unknownIssuer: Rule = {
  id: "A15",
  name: "unknown-issuer",
  // DETECTIONS: high only for an issuer and a destination that are both new, which a ledger knows.
  severity: "warning",
  confidence: "medium-high",
  attack: tagged(INSTALL_CERTIFICATE, ["T1573.002", "T1588.004", "T1557"]),
  title: "Issuer nobody approved",
  whatToDo:
    "Ask the server's owner which CA signs its certificate; if it is yours, add it to `issuers.roots` or `allow`, else treat the connection as intercepted.",
};

/** Why the issuer does not count. */
export type IssuerProblem = "unknown" | "unapproved" | "approval-expired";

export function unknownIssuerFinding(
  problem: IssuerProblem,
  {
    asks,
    detail,
    about,
    severity,
  }: { asks: Decision; detail: string; about: Presented; severity?: Severity },
  { destination, evidence }: Case,
): Finding {
  const { side, leaf } = about;
  const who = side === "client" ? "The client's certificate for" : "The certificate of";
  const issuer = clip(leaf.issuer, DN_MAX) || "(no name)";
  return findingOf(unknownIssuer, asks, {
    summary: `${who} ${clip(placeName(destination), PLACE_MAX)} was issued by ${issuer}, ${MEANING[problem]}`,
    confidence: evidence.confidence,
    certificates: [leaf.sha256],
    evidence: { why: problem, side, issuer: leaf.issuer, subject: leaf.subject, detail },
    ...(severity === undefined ? {} : { severity }),
  });
}

const MEANING: Record<IssuerProblem, string> = {
  unknown: "an unknown issuer: whoever it is can read this connection.",
  unapproved: "valid, but not approved for this destination.",
  "approval-expired": "whose approval has run out.",
};
/** Of 200 characters: leaves room for the sentence. */
const DN_MAX = 60;
const PLACE_MAX = 56;
