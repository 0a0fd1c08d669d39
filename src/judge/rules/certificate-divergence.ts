/** C06: a server shows everybody a good certificate, and the workload another one. */
import type { Case } from "../case.ts";
import { clip, type Finding, findingOf, type Rule } from "../finding.ts";
import type { Decision } from "../policy/policy.ts";
import { INSTALL_CERTIFICATE, tagged } from "./attack.ts";

export const certificateDivergence: Rule = {
  id: "C06",
  name: "certificate-divergence",
  severity: "critical",
  confidence: "high",
  attack: tagged(INSTALL_CERTIFICATE, ["T1557"]),
  title: "Certificate divergence",
  whatToDo:
    "Treat the connection as read by somebody else: cut the workload, keep the capture, and ask the server again from another network.",
  means:
    "TLS 1.3 hides the certificate, so the server was asked again with the client's own hello, twice. What " +
    "it showed cannot have been in the client's connection: the encrypted flight there was of another length. " +
    "Somebody answers this client in the server's place, or the server answers it in a way of its own.",
  cannotSee:
    "A flight of equal length: whoever pads a certificate passes. A match is weak evidence, a difference strong.",
  falsePositives: [
    { when: "A name behind which servers with certificates of different lengths take turns." },
    { when: "A certificate that was renewed between the two connections." },
  ],
  emulation: {
    says: "Serve a self-signed certificate to the first connection and the real one to every other, then:",
    commands: ["portcullis replay --probe <capture>"],
  },
};

export function divergenceFinding(asks: Decision, { destination, server }: Case): Finding {
  const { ip, serverName = ip } = destination;
  return findingOf(certificateDivergence, asks, {
    summary: `${clip(serverName, PLACE_MAX)} shows a probe a certificate that the client's connection cannot have carried.`,
    certificates: server === undefined ? [] : [server.leaf.sha256],
    evidence: { name: serverName },
  });
}

const PLACE_MAX = 90;
