/** C03: no verified name of the leaf is the one that the client asked for, or the server's address. */
import type { Case } from "../case.ts";
import { placeName } from "../destination.ts";
import { clip, type Finding, findingOf, type Rule } from "../finding.ts";
import { INSTALL_CERTIFICATE, tagged } from "./attack.ts";
import { certificatesOf, type HygieneCase } from "./hygiene-case.ts";

export const wrongName: Rule = {
  id: "C03",
  name: "wrong-name",
  severity: "breach",
  confidence: "high",
  attack: tagged(INSTALL_CERTIFICATE, ["T1557"]),
  title: "Certificate for another name",
  whatToDo:
    "Check that the name resolves to the right server; if the server is right, issue it a certificate with this name.",
  means:
    "No name in the certificate is the one that the client asked for, or the address that it connected " +
    "to. The client may be talking to somebody else, and did not check or does not care.",
  cannotSee:
    "What the client would have accepted. A name that it never sent: then only the address is compared. " +
    "What TLS 1.3 hides (A18).",
  falsePositives: [
    {
      when: "An appliance that is reached by another name than its own: pin its key, for that name.",
      exception:
        'issuers:\n  allow:\n    - spki: <spki>\n      for: ["<server name>"]\n' +
        "      tolerate: [name]\n      expires: <date>\n    - roots: mozilla",
    },
  ],
  emulation: {
    says: "A client that asks a server for a name which its certificate does not have.",
    commands: ["openssl s_client -connect <server name>:443 -servername other.example -tls1_2"],
    capture: "captures/wrong-name.pcap",
  },
};

/** `faults` are not empty. */
export function wrongNameFinding(
  { asks, faults, about, severity }: HygieneCase,
  { destination, evidence }: Case,
): Finding {
  const names = about.leaf.names.slice(0, NAMES_MAX);
  const shown = clip(names.slice(0, 3).join(", "), SHOWN_MAX) || "no name at all";
  return findingOf(wrongName, asks, {
    summary: `${clip(placeName(destination), PLACE_MAX)} shows a certificate for ${shown}: the client may be talking to somebody else.`,
    confidence: evidence.confidence,
    certificates: certificatesOf(faults, about),
    evidence: { expected: destination.serverName ?? destination.ip, names },
    severity,
  });
}

/** A certificate may carry thousands. */
const NAMES_MAX = 20;
const SHOWN_MAX = 60;
const PLACE_MAX = 64;
