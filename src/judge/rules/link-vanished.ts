/** B02: a link that encrypted fell silent, and what it carried is said in clear. */
import { clip, type Finding, findingOf, type Rule } from "../finding.ts";
import type { Decision } from "../policy/policy.ts";
import { DISABLE_CRYPTO_HARDWARE, tagged } from "./attack.ts";

export const linkVanished: Rule = {
  id: "B02",
  name: "link-encryption-vanished",
  severity: "critical",
  confidence: "medium-high",
  attack: tagged(DISABLE_CRYPTO_HARDWARE, ["T1600"]),
  title: "Link encryption vanished",
  whatToDo:
    "Stop the traffic between these addresses, look at the tunnel at both ends (`wg show`, `ip xfrm state`, `ip macsec show`), and find out who took it down.",
  means:
    "Packets of ESP, WireGuard or MACsec between two peers stopped for more than 30 seconds, and what a line of " +
    "`expect` says they carry is seen outside of them, in the same capture: so ciphertext was visible " +
    "here before. Without such a line it is told of two hosts alone that spoke nothing but ESP to each other, and then in clear.",
  cannotSee:
    "Which inner addresses a tunnel carried: only a line of `expect` tells. A tunnel that was gone before " +
    "the capture began is B01. A capture that also holds the inside of the tunnel shows both at once, and " +
    "then nothing is said.",
  falsePositives: [
    { when: "A rekey or a restart of less than 30 seconds: nothing is said." },
    {
      when: "A planned teardown: a signed window for the component `wire.encryption`.",
      exception:
        "windows:\n  - {name: <name>, scope: wire.encryption, from: <time>, to: <time>, " +
        "signedBy: <key>, publicKey: <key>, signature: <signature>}",
    },
    {
      when: "Addresses that are also spoken to outside of the tunnel: a narrower line above.",
      exception:
        "expect:\n  - to: {cidr: <address>, ports: [<port>]}\n" +
        "    encryption: {by: wireguard}\n    otherwise: pass",
    },
  ],
  emulation: {
    says: "A tunnel between two hosts, and then the same request without it, half a minute later.",
    commands: [
      "wireguard-go wg0   # at both ends, with addresses and `wg set`",
      "curl http://<inner address>/",
      "pkill wireguard-go; ip route add <inner address> dev eth0; sleep 31; curl http://<inner address>/",
    ],
  },
};

export interface Vanished {
  readonly by: string;
  /** Of the link. */
  readonly outer: readonly [string, string];
  readonly packets: number;
  readonly lastAtUs: number;
  /** Client and server of what was said instead. */
  readonly inner: readonly [string, string];
  readonly silentSeconds: number;
  readonly line?: number | undefined;
}

export function vanishedFinding(asks: Decision, seen: Vanished): Finding {
  const { by, outer, packets, lastAtUs, inner, silentSeconds, line } = seen;
  const between = clip(outer.join(" and "), NAMES_MAX);
  return findingOf(linkVanished, asks, {
    summary: `${by} between ${between} is silent for ${silentSeconds} s, and ${clip(inner.join(" speaks to "), NAMES_MAX)} outside of it.`,
    evidence: {
      by,
      outer,
      packets,
      lastAtUs,
      inner,
      silentSeconds,
      ...(line !== undefined && { line }),
    },
  });
}

const NAMES_MAX = 75;
