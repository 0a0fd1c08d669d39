/** C04: a key or signature that can be forged, or bytes that break the rules of certificates. */

import type { FindingName } from "../../trust/finding.ts";
import type { Case } from "../case.ts";
import { placeName } from "../destination.ts";
import { clip, type Finding, findingOf, type Rule, type Severity } from "../finding.ts";
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
  means:
    "A key or signature that can be computed by others (RSA below 2048 bits, curves below 256, SHA-1, " +
    "MD5), or bytes that break the rules of certificates, which programs read differently; or its issuer " +
    "revoked it, as a stapled OCSP response or a revocation list (`--crl`) says. As a note it is style: " +
    "a missing key identifier, a long validity, an OCSP response that is out of date.",
  cannotSee:
    "Keys that are weak for another reason: made with bad randomness, or shared. What TLS 1.3 hides " +
    "(A18).",
  falsePositives: [
    {
      when: "Old equipment with a short key, until it is replaced. Malformed bytes cannot be tolerated.",
      exception:
        'issuers:\n  allow:\n    - spki: <spki>\n      for: ["<server name>"]\n' +
        "      tolerate: [weak]\n      expires: <date>\n    - roots: mozilla",
    },
  ],
  emulation: {
    says: "A server with a key of 1024 bits.",
    commands: [
      "openssl req -x509 -newkey rsa:1024 -nodes -subj /CN=localhost -keyout key.pem -out cert.pem",
      "openssl s_server -accept 4433 -cert cert.pem -key key.pem -tls1_2 -www -cipher DEFAULT:@SECLEVEL=0",
      "openssl s_client -connect 127.0.0.1:4433 -servername localhost -cipher DEFAULT:@SECLEVEL=0",
    ],
    capture: "captures/weak-key.pcap",
  },
};

/** `faults` are not empty. Style alone is a note. */
export function weakOrMalformedFinding(
  { asks, faults, about, severity }: HygieneCase,
  { destination, evidence }: Case,
): Finding {
  const place = clip(placeName(destination), PLACE_MAX);
  const details = faults.slice(0, FAULTS_MAX).map(({ name, detail }) => `${name}: ${detail}`);
  const names = [...new Set(faults.map(({ name }) => name))];
  const meaning = meaningOf(names, severity);
  return findingOf(weakOrMalformed, asks, {
    summary: `The ${about.side}'s chain at ${place} has ${clip(names.join(", "), NAMES_MAX)}: ${meaning}.`,
    confidence: evidence.confidence,
    certificates: certificatesOf(faults, about),
    evidence: { side: about.side, faults: names, details },
    severity,
  });
}

function meaningOf(names: readonly FindingName[], severity: Severity): string {
  if (names.includes("revoked")) return "its issuer took it back";
  if (severity !== "note") return "it may be forged or misread";
  const isStale = names.some((name) => REVOCATION.has(name));
  return isStale ? "whether it was revoked is not known from it" : "a question of style";
}

const REVOCATION: ReadonlySet<FindingName> = new Set(["unusable-staple", "stale-revocation-list"]);
const NAMES_MAX = 70;
const PLACE_MAX = 64;
/** More do not help; the certificate is named and can be read. */
const FAULTS_MAX = 8;
