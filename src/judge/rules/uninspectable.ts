/** A18: TLS whose certificate was not seen, or proves nothing. Not clean, and not an alarm either. */
import type { Case } from "../case.ts";
import { placeName } from "../destination.ts";
import { clip, type Finding, findingOf, type Rule } from "../finding.ts";
import type { Decision } from "../policy/policy.ts";
import { INSTALL_CERTIFICATE, tagged } from "./attack.ts";

export const uninspectable: Rule = {
  id: "A18",
  name: "uninspectable",
  severity: "note",
  // That it was not seen is certain, whatever the connection may be.
  confidence: "high",
  attack: tagged(INSTALL_CERTIFICATE, ["T1573"]),
  title: "TLS that was not inspected",
  whatToDo:
    "Do not count it as clean: ask who runs the server which CA signs its certificate, or capture a handshake that shows it.",
  means:
    "TLS was spoken and the server's certificate was not seen, or proves nothing: TLS 1.3 encrypts it, " +
    "a session was resumed, packets are missing. Nothing bad is known, and nothing good either.",
  cannotSee: "Who the server is. That is the finding.",
  falsePositives: [
    {
      when: "Ordinary TLS 1.3: audit only notes it. In enforce mode, say which servers may stay unseen.",
      exception:
        "issuers:\n  unseen:\n    encrypted:\n      default: refuse\n      for:\n" +
        '        - {to: ["<server name>"], then: report}',
    },
  ],
  emulation: {
    says: "Any handshake of TLS 1.3, captured without its keys.",
    commands: ["openssl s_client -connect <server name>:443 -servername <server name> -tls1_3"],
    capture: "captures/tls13.pcap",
  },
};

/** `because` is a clause: what kept the certificate from being seen. */
export function uninspectableFinding(
  { asks, why, because }: { asks: Decision; why: string; because: string },
  { destination }: Case,
): Finding {
  const place = clip(placeName(destination), PLACE_MAX);
  return findingOf(uninspectable, asks, {
    summary: `TLS to ${place} could not be judged: ${because}.`,
    evidence: { why },
  });
}

const PLACE_MAX = 90;
