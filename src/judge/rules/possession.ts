/** C05: the peer shows a certificate whose private key it does not have. */
import type { Case, Presented } from "../case.ts";
import { placeName } from "../destination.ts";
import { clip, type Finding, findingOf, type Rule } from "../finding.ts";
import type { Decision } from "../policy/policy.ts";
import { INSTALL_CERTIFICATE, tagged } from "./attack.ts";

export const possessionFailed: Rule = {
  id: "C05",
  name: "possession-failed",
  severity: "critical",
  confidence: "high",
  attack: tagged(INSTALL_CERTIFICATE, ["T1557"]),
  title: "Copied certificate",
  whatToDo:
    "Treat the server as an impostor: someone shows a certificate whose key they do not hold.",
  means:
    "The server shows a certificate and its signature in the handshake was made with another key: the " +
    "certificate is copied. Certificates are public, so anyone can show one; only the signature counts.",
  cannotSee:
    "Handshakes without a signature (static RSA, PSK, anonymous) and those that TLS 1.3 encrypts: they " +
    "are `unverified`, and `unseen` says what that is worth.",
  falsePositives: [
    {
      when: "None is known. A capture with damaged bytes is reported as lost or malformed instead.",
    },
  ],
  emulation: {
    says:
      "A server that shows the certificate of another one. OpenSSL refuses a certificate and a key that " +
      "do not belong together, so this needs a TLS stack that can be changed.",
    commands: [],
    capture: "captures/forged-signature.pcap",
  },
};

export function possessionFailedFinding(
  { asks, about }: { asks: Decision; about: Presented },
  { destination }: Case,
): Finding {
  const place = clip(placeName(destination), PLACE_MAX);
  const subject = clip(about.leaf.subject, DN_MAX) || "(no name)";
  return findingOf(possessionFailed, asks, {
    summary: `${place} shows the certificate of ${subject}, and its signature was not made with that key: an impostor.`,
    certificates: [about.leaf.sha256],
    evidence: { subject: about.leaf.subject, spkiSha256: about.leaf.spkiSha256 },
  });
}

const DN_MAX = 48;
const PLACE_MAX = 56;
