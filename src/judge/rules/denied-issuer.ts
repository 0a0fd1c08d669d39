/** C01: a `deny` line matches a certificate anywhere on the presented or built path. */
import type { Certificate } from "../../trust/certificate.ts";
import type { Case, Presented } from "../case.ts";
import { placeName } from "../destination.ts";
import { clip, type Finding, findingOf, type Rule } from "../finding.ts";
import type { Decision, DenyLine } from "../policy/policy.ts";
import { INSTALL_CERTIFICATE, tagged } from "./attack.ts";

export const deniedIssuer: Rule = {
  id: "C01",
  name: "denied-issuer",
  severity: "critical",
  confidence: "high",
  attack: tagged(INSTALL_CERTIFICATE, ["T1588.004", "T1557"]),
  title: "Denied issuer",
  whatToDo:
    "Find out what made the workload talk to this server, and keep it isolated until you know.",
  means:
    "A line of `deny` names a certificate of the chain: one that a person ruled out, as a CA that was " +
    "broken into or an intercepting proxy that was retired. Nothing that `allow` says helps.",
  cannotSee:
    "A denied issuer under another name or key. What TLS 1.3 hides (A18). Certificates that the server " +
    "did not send, unless a root holds them or their name is denied.",
  falsePositives: [
    {
      when:
        "The CA has a new key under its old name, and the name is denied: deny the old certificate or " +
        "key instead.",
      exception: "issuers:\n  deny:\n    - certificate: <denied certificate>",
    },
  ],
  emulation: {
    says: "Deny the issuer of a server that you know, and connect to it.",
    commands: [
      "printf 'version: 1\\nissuers:\\n  deny: [{issuer: \"%s\"}]\\n' '<issuer>' > deny.yaml",
      "openssl s_client -connect <server name>:443 -servername <server name> -tls1_2",
    ],
    capture: "captures/denied.pcap",
  },
};

export function deniedIssuerFinding(
  {
    asks,
    line,
    denied,
    name,
    about,
  }: { asks: Decision; line: DenyLine; denied: Certificate; name: string; about: Presented },
  { destination, evidence }: Case,
): Finding {
  const place = clip(placeName(destination), PLACE_MAX);
  const subject = clip(name, DN_MAX) || "(no name)";
  return findingOf(deniedIssuer, asks, {
    summary: `The ${about.side}'s chain at ${place} has ${subject} in it, which the policy denies.`,
    confidence: evidence.confidence,
    certificates: [...new Set([about.leaf.sha256, denied.sha256])],
    evidence: {
      side: about.side,
      denied: name,
      subject: denied.subject,
      issuer: denied.issuer,
      ...(line.because === undefined ? {} : { because: line.because }),
    },
  });
}

const DN_MAX = 64;
const PLACE_MAX = 64;
