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
  means:
    "A certificate of the path was not valid at the time of the packets. Its key may have been given " +
    "away since it expired; revocation lists no longer speak of it.",
  cannotSee: "Whether the clock of the machine that captured was right. What TLS 1.3 hides (A18).",
  falsePositives: [
    {
      when: "A server that is known to be late: tolerate it, for this key and not for long.",
      exception:
        'issuers:\n  allow:\n    - spki: <spki>\n      for: ["<server name>"]\n' +
        "      tolerate: [expired, not-yet-valid]\n      expires: <date>\n    - roots: mozilla",
    },
  ],
  emulation: {
    says: "A certificate that ended yesterday.",
    commands: [
      "openssl req -newkey rsa:2048 -nodes -subj /CN=localhost -keyout key.pem -out late.csr",
      "openssl x509 -req -in late.csr -signkey key.pem -days -1 -out cert.pem",
      "openssl s_server -accept 4433 -cert cert.pem -key key.pem -tls1_2 -www",
      "openssl s_client -connect 127.0.0.1:4433 -servername localhost",
    ],
    capture: "captures/expired.pcap",
  },
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
