/** C04: a key or signature that can be forged, or bytes that break the rules of certificates. */
import type { Case } from "../case.ts";
import { placeName } from "../destination.ts";
import { clip, type Finding, findingOf, type Rule } from "../finding.ts";
import { DISABLE_CRYPTO_HARDWARE, tagged } from "./attack.ts";
import { certificatesOf, type HygieneCase } from "./hygiene-case.ts";

export const weakOrMalformed: Rule = {
  id: "C04",
  name: "weak-or-malformed",
  severity: "warning",
  confidence: "high",
  attack: tagged(DISABLE_CRYPTO_HARDWARE, ["T1600.001"]),
  title: "Weak or malformed certificate",
  whatToDo: "Issue a new certificate with an RSA key of 2048 bits or more, or P-256, and SHA-256.",
};

/** `faults` are not empty. Style alone is a note. */
export function weakOrMalformedFinding(
  { asks, faults, about, severity }: HygieneCase,
  { destination, evidence }: Case,
): Finding {
  const place = clip(placeName(destination), PLACE_MAX);
  const details = faults.slice(0, FAULTS_MAX).map(({ name, detail }) => `${name}: ${detail}`);
  const names = [...new Set(faults.map(({ name }) => name))];
  const meaning = severity === "note" ? "a question of style" : "it may be forged or misread";
  return findingOf(weakOrMalformed, asks, {
    summary: `The ${about.side}'s chain at ${place} has ${clip(names.join(", "), NAMES_MAX)}: ${meaning}.`,
    confidence: evidence.confidence,
    certificates: certificatesOf(faults, about),
    evidence: { side: about.side, faults: names, details },
    severity,
  });
}

const NAMES_MAX = 70;
const PLACE_MAX = 64;
/** More do not help; the certificate is named and can be read. */
const FAULTS_MAX = 8;
