/** C08: bytes on the wire that two readers would understand differently. The flow table reports them. */
import { type Finding, findingOf, type Rule } from "../finding.ts";
import { INSTALL_CERTIFICATE, tagged } from "./attack.ts";

export const evasion: Rule = {
  id: "C08",
  name: "evasion",
  severity: "breach",
  confidence: "medium-high",
  attack: tagged(INSTALL_CERTIFICATE, ["T1562"]),
  title: "Attempt to mislead the watcher",
  whatToDo:
    "Find which host sent the segments (compare TTL and MAC), since no ordinary stack sends different bytes for one sequence number.",
  means:
    "For one place in the stream two different bytes were sent. Receivers differ in which of them " +
    "count, so a watcher can be made to read another handshake than the server.",
  cannotSee:
    "Which of the two the receiver took, and who sent them. Tricks that look the same to every reader.",
  falsePositives: [
    {
      when:
        "A broken middlebox that rewrites retransmissions. There is no exception: what was read may not " +
        "be what was received.",
    },
  ],
  emulation: {
    says:
      "Send a segment a second time, with the same sequence number and other bytes, before it is " +
      "acknowledged; with scapy, inside a connection that it opened:",
    commands: [
      'send(IP(dst=server)/TCP(sport=p, dport=443, seq=n, ack=m, flags="PA")/b"other bytes")',
    ],
  },
};

/** Segments that overlap with different bytes. Offsets count from 0 in the direction of `side`. */
export interface Overlap {
  readonly side: "client" | "server";
  /** Of the first byte that differs. */
  readonly offset: number;
  /** How many bytes the overlap has; absent if nobody counted. */
  readonly bytes?: number;
  /** How many such overlaps this connection had; 1 if absent. */
  readonly count?: number;
}

/** One finding a connection is enough: the caller sums up. */
export function evasionFinding({ side, offset, bytes, count = 1 }: Overlap): Finding {
  const times = count === 1 ? "once" : `${count} times`;
  const size = bytes === undefined ? "" : ` (${bytes} bytes)`;
  return findingOf(evasion, "report", {
    summary: `The ${side} side sent different bytes for the same place ${times}, first at offset ${offset}${size}: what we read may not be what the peer read.`,
    evidence: { side, offset, count, ...(bytes === undefined ? {} : { bytes }) },
  });
}
