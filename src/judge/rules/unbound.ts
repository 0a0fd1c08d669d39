/** C07: a connection that goes by a name to an address that the name was never given. */
import type { Case } from "../case.ts";
import { clip, type Finding, findingOf, type Rule } from "../finding.ts";
import type { Decision } from "../policy/policy.ts";
import { INSTALL_CERTIFICATE, tagged } from "./attack.ts";

export const unbound: Rule = {
  id: "C07",
  name: "name-not-bound",
  severity: "warning",
  confidence: "medium",
  attack: tagged(INSTALL_CERTIFICATE, ["T1090.004"]),
  title: "Name not bound to the address",
  whatToDo:
    "Find out who owns the address, and which program on the client connected to it: a name in the hello is only a claim.",
  means:
    "The client asked one of the policy's `resolvers` for the name, got addresses, and connected to " +
    "another one while naming it. A server that is somebody else can show a real site's certificate, " +
    "as REALITY and ShadowTLS servers do, so the name and the chain alone prove nothing.",
  cannotSee:
    "Answers over DoT or DoH, from a file, or from before the capture; whether the address belongs to the " +
    "same people. Without any answer that counts there is no finding.",
  falsePositives: [
    {
      when: "A program that got the address in another way: a hosts file, a service mesh, an answer over DoH.",
      exception:
        "issuers:\n  unseen:\n    otherwise:\n      default: refuse\n      for:\n" +
        '        - {to: ["<server name>"], then: report}',
    },
    {
      when: "A connection that was opened with an answer more than an hour past its time to live.",
    },
  ],
  emulation: {
    says: "Ask for a name, then connect elsewhere and say that name; with a policy whose `resolvers` has the server asked.",
    commands: [
      "dig +short <server name> @<resolver>",
      "openssl s_client -connect <another server>:443 -servername <server name>",
    ],
    capture: "captures/dns-not-bound.pcap",
  },
};

/** Worth a breach where `asks` is a refuse, as it is in enforce unless the policy says otherwise. */
export function unboundFinding(asks: Decision, { destination }: Case): Finding {
  const { ip, port, serverName = "" } = destination;
  const end = ip.includes(":") ? `[${ip}]:${port}` : `${ip}:${port}`;
  return findingOf(unbound, asks, {
    summary: `TLS to ${clip(serverName, PLACE_MAX)} went to ${end}, which no answer for that name has given.`,
    evidence: { name: serverName, address: ip },
  });
}

const PLACE_MAX = 90;
