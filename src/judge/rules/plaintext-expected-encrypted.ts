/** B01: in clear, where a line of the policy expects encryption. */
import type { Exposed } from "../../inspect/observation.ts";
import type { Expectation } from "../expectation.ts";
import { clip, type Finding, findingOf, type Rule } from "../finding.ts";
import type { Decision } from "../policy/policy.ts";
import { DISABLE_CRYPTO_HARDWARE, tagged } from "./attack.ts";

export const plaintextExpectedEncrypted: Rule = {
  id: "B01",
  name: "plaintext-expected-encrypted",
  severity: "critical",
  confidence: "high",
  attack: tagged(DISABLE_CRYPTO_HARDWARE, ["T1600", "T1040"]),
  title: "Plaintext where encryption is expected",
  whatToDo:
    "Stop the client, change every secret that `exposes` locates, and find out why it does not encrypt: its settings, a server that refused TLS, or a tunnel that is gone.",
  means:
    "A line of `expect` says that this destination is spoken to encrypted, and what was seen is a " +
    "protocol in clear (`protocol`), or bytes that are printable by more than 90 in 100 or have less " +
    "than 6 bits of entropy in each. Encryption was turned off, was never turned on, or somebody on " +
    "the way took the offer of STARTTLS out of the server's answer (`startTls`: stripped).",
  cannotSee:
    "What is encrypted in a way that means nothing, as with a key that everybody knows; what a vantage " +
    "further in shows in clear because hardware encrypts it later (`visibleAt`). A name in `to` covers a " +
    "connection in clear only where `resolvers` gave its address for that name.",
  falsePositives: [
    {
      when: "A probe of a load balancer, or another program that has to speak in clear there: a narrower line above.",
      exception:
        "expect:\n  - to: {cidr: <address>, ports: [<port>]}\n" +
        "    encryption: {by: tls}\n    otherwise: report",
    },
    {
      when:
        "A network card or a node that encrypts behind the place of the capture: say where ciphertext " +
        "is visible, and where the capture was taken (`--vantage`).",
      exception:
        "expect:\n  - to: {cidr: <network>}\n" +
        "    encryption: {by: tls, visibleAt: wire}\n    hardware: {kind: ktls-nic}",
    },
    {
      when: "A service mesh, whose proxy encrypts what the workload says to it in clear.",
      exception: "mesh:\n  - {ports: [15001, 15006], expect: plaintext}",
    },
  ],
  emulation: {
    says: "With a policy that expects `tls` at the address of a web server: ask it in clear.",
    commands: [
      "nginx -c <configuration that listens on port 443 without ssl>",
      "curl http://<address>:443/",
    ],
  },
};

/** What was seen in clear, in the words of its observation. */
export interface InClear {
  /** Absent for bytes that no grammar fits. */
  readonly protocol?: string;
  readonly startTls?: string;
  readonly exposes?: readonly Exposed[];
  readonly entropy?: number | undefined;
  readonly printable?: number | undefined;
}

/** `place` is the destination as people read it. */
export function plaintextFinding(
  asks: Decision,
  place: string,
  { line, by }: Expectation,
  seen: InClear,
): Finding {
  const { protocol, startTls, exposes = [], entropy, printable } = seen;
  const what = protocol === undefined ? "bytes that can be read" : protocol;
  const secrets = exposes.length === 0 ? "" : `, with ${exposes.length} secrets in it`;
  const stripped = startTls === "stripped" ? "; the offer of STARTTLS was taken out" : "";
  return findingOf(plaintextExpectedEncrypted, asks, {
    summary: `${clip(place, PLACE_MAX)} is spoken to in clear (${what}${secrets}) where ${by} is expected${stripped}.`,
    confidence: protocol === undefined ? "medium" : "high",
    evidence: {
      expected: by,
      ...(line !== undefined && { line }),
      ...(protocol !== undefined && { protocol }),
      ...(startTls !== undefined && { startTls }),
      exposes: exposes.length,
      ...(entropy !== undefined && { entropy: Number(entropy.toFixed(3)) }),
      ...(printable !== undefined && { printable: Number(printable.toFixed(3)) }),
    },
  });
}

const PLACE_MAX = 70;
