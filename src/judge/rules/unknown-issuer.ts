/** A15: no path to a root or an approved key, or a valid path that no `allow` line approves. */
import type { Case, Presented } from "../case.ts";
import { defaultMarks } from "../default-looking.ts";
import { placeName } from "../destination.ts";
import { clip, type Finding, findingOf, type Rule, type Severity } from "../finding.ts";
import type { Decision } from "../policy/policy.ts";
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
    "Ask the server's owner which CA signs its certificate; if it is yours, add it to `issuers.roots` or `allow` (or renew its line), else treat the connection as intercepted.",
  means:
    "The server's certificate leads to no root and no key that the policy knows (`unknown`), or to one " +
    "that no `allow` line approves for this destination (`unapproved`). Whoever holds the issuer's key " +
    "can read and change what is sent, as an intercepting proxy or an attacker with a root of their " +
    "own does.",
  cannotSee:
    "Certificates that TLS 1.3, QUIC or a resumed session hide (A18 counts them); an approved CA that " +
    "was deceived or broken into; revocation, unless it is on the wire or in a list (`--crl`).",
  falsePositives: [
    {
      when: "The server is yours and its CA is your own: make the CA a root.",
      exception: "issuers:\n  roots: [mozilla, <your-ca.pem>]",
    },
    {
      when:
        "A partner's private CA: approve its key, for this server alone. Without any `allow` line all " +
        "valid chains are approved, so keep what was approved by a line of its own.",
      exception:
        'issuers:\n  allow:\n    - spki: <spki>\n      for: ["<server name>"]\n' +
        "      expires: <date>\n      approved: {by: <who>, because: <why>}\n    - roots: mozilla",
    },
    {
      when: "A vendor moved from one public CA to another.",
      exception: 'issuers:\n  allow:\n    - roots: mozilla\n      for: ["<server name>"]',
    },
  ],
  emulation: {
    says: "A CA that nobody knows signs a certificate for a server, and a client connects.",
    commands: [
      "openssl req -x509 -newkey rsa:2048 -nodes -subj '/CN=Nobody CA' -keyout ca.key -out ca.pem",
      "openssl req -newkey rsa:2048 -nodes -subj /CN=localhost -keyout leaf.key -out leaf.csr",
      "openssl x509 -req -in leaf.csr -CA ca.pem -CAkey ca.key -CAcreateserial -out leaf.pem",
      "openssl s_server -accept 4433 -cert leaf.pem -key leaf.key -tls1_2 -www",
      "openssl s_client -connect 127.0.0.1:4433 -servername localhost",
    ],
    capture: "captures/unknown-issuer.pcap",
  },
};

/** Why the issuer does not count. */
export type IssuerProblem = "unknown" | "revoked" | "unapproved" | "approval-expired";

export function unknownIssuerFinding(
  problem: IssuerProblem,
  {
    asks,
    detail,
    about,
    severity,
  }: { asks: Decision; detail: string; about: Presented; severity?: Severity },
  { destination, evidence, atUs }: Case,
): Finding {
  const { side, leaf } = about;
  const who = side === "client" ? "The client's certificate for" : "The certificate of";
  const looks = side === "server" ? defaultMarks(leaf, destination, atUs) : [];
  const issuer = clip(leaf.issuer, DN_MAX) || "(no name)";
  return findingOf(unknownIssuer, asks, {
    summary: `${who} ${clip(placeName(destination), PLACE_MAX)} was issued by ${issuer}, ${MEANING[problem]}`,
    confidence: evidence.confidence,
    certificates: [leaf.sha256],
    evidence: {
      why: problem,
      side,
      issuer: leaf.issuer,
      subject: leaf.subject,
      detail,
      ...(looks.length > 0 && { looks }),
    },
    ...(severity === undefined ? {} : { severity }),
  });
}

const MEANING: Record<IssuerProblem, string> = {
  unknown: "an unknown issuer: whoever it is can read this connection.",
  revoked: "and was revoked: its key may be in other hands.",
  unapproved: "valid, but not approved for this destination.",
  "approval-expired": "whose approval has run out.",
};
/** Of 200 characters: leaves room for the sentence. */
const DN_MAX = 60;
const PLACE_MAX = 56;
