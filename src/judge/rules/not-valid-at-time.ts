/** C02: expired or not yet valid at the packet's time, whichever certificate of the path it is. */
import type { Case } from "../case.ts";
import { placeName } from "../destination.ts";
import { clip, type Finding, findingOf, type Rule } from "../finding.ts";
import { INSTALL_CERTIFICATE, tagged } from "./attack.ts";
import { certificatesOf, type HygieneCase } from "./hygiene-case.ts";

export const notValidAtTime: Rule = {
  id: "C02",
  name: "expired-or-not-yet-valid",
  severity: "warning",
  confidence: "high",
  attack: tagged(INSTALL_CERTIFICATE, ["T1573.002"]),
  title: "Expired or not yet valid",
  whatToDo: "Renew the certificate it names, and check the clock of the server and of the capture.",
};

/** `faults` are not empty. */
export function notValidAtTimeFinding(
  { asks, faults, about, severity }: HygieneCase,
  { destination, evidence }: Case,
): Finding {
  const [first] = faults;
  const certificate = first?.certificate ?? about.leaf;
  const word = first?.name === "not-yet-valid" ? "not valid yet" : "expired";
  const which = certificate === about.leaf ? "certificate" : "issuer's certificate";
  const bound =
    first?.name === "not-yet-valid" ? `from ${certificate.validFrom}` : `to ${certificate.validTo}`;
  return findingOf(notValidAtTime, asks, {
    summary: `The ${about.side}'s ${which} at ${clip(placeName(destination), PLACE_MAX)} was ${word} when captured: ${clip(certificate.subject, DN_MAX)}, valid ${bound}.`,
    confidence: evidence.confidence,
    certificates: certificatesOf(faults, about),
    evidence: {
      side: about.side,
      faults: faults.map(({ name }) => name),
      subject: certificate.subject,
      validFrom: certificate.validFrom,
      validTo: certificate.validTo,
    },
    severity,
  });
}

const DN_MAX = 48;
const PLACE_MAX = 56;
