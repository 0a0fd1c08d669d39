/** A16: the leaf's own key verifies its signature, so nobody vouches for it. */
import type { Case, Presented } from "../case.ts";
import { placeName } from "../destination.ts";
import { clip, type Finding, findingOf, type Rule, type Severity } from "../finding.ts";
import type { Decision } from "../policy.ts";
import { INSTALL_CERTIFICATE, tagged } from "./attack.ts";

export const selfSigned: Rule = {
  id: "A16",
  name: "self-signed",
  severity: "warning",
  confidence: "medium-high",
  attack: tagged(INSTALL_CERTIFICATE, ["T1587.003", "T1573.002"]),
  title: "Self-signed certificate",
  whatToDo:
    "Have the server use a certificate of an approved CA, or, if this very certificate is meant, allow its `spki` for this destination alone.",
};

/** `severity` is given where a line of the policy names the leaf: then it is a note. */
export function selfSignedFinding(
  { asks, about, severity }: { asks: Decision; about: Presented; severity?: Severity },
  { destination, evidence }: Case,
): Finding {
  const { leaf } = about;
  const place = clip(placeName(destination), PLACE_MAX);
  const subject = clip(leaf.subject, DN_MAX) || "(no name)";
  return findingOf(selfSigned, asks, {
    summary: `${place} shows a self-signed certificate (${subject}): nobody vouches for it, and anyone can make one like it.`,
    confidence: evidence.confidence,
    certificates: [leaf.sha256],
    evidence: { subject: leaf.subject, spkiSha256: leaf.spkiSha256 },
    ...(severity === undefined ? {} : { severity }),
  });
}

/** Of 200 characters: leaves room for the sentence. */
const DN_MAX = 56;
const PLACE_MAX = 48;
