/** B15: encryption that is weaker than it must be, or than it was. */
import type { Expectation } from "../expectation.ts";
import { clip, type Finding, findingOf, type Rule } from "../finding.ts";
import type { Decision } from "../policy/policy.ts";
import type { Shortfall } from "../strength.ts";
import { DISABLE_CRYPTO_HARDWARE, tagged } from "./attack.ts";

export const belowFloor: Rule = {
  id: "B15",
  name: "below-floor",
  severity: "breach",
  confidence: "high",
  attack: tagged(DISABLE_CRYPTO_HARDWARE, ["T1600.001", "T1562.010", "T1573"]),
  title: "Encryption below the floor",
  whatToDo:
    "Find out which side asked for it (what the client offers is in `ja4`): an old program is replaced, a changed library or configuration is put back.",
  means:
    "What both sides agreed on is below what a line of `expect` asks for, or without one below what " +
    "nobody should use: TLS before 1.2, suites that are anonymous, for export, with RC4, DES or static " +
    "RSA, only CBC on offer, RSA keys below 2048 bits. Or it is below what the same workload had with " +
    "the same server before (`before` in the evidence): a newer version, an AEAD suite, forward " +
    "secrecy, X25519MLKEM768, a longer RSA key. That is `weaker-than-before`, told once, at the first " +
    "connection that lost it.",
  cannotSee:
    "What was lost before the capture began. The key's type where TLS 1.3 hides the certificate (A18). " +
    "Which side is to blame.",
  falsePositives: [
    {
      when: "A partner with old equipment, until it is replaced: a line with a floor of its own.",
      exception:
        "expect:\n  - to: {cidr: <address>}\n" +
        "    encryption: {by: tls, minVersion: TLS1.0, ciphers: [aes-cbc, aes-gcm]}",
    },
    {
      when:
        "Several programs behind one address, of which one is older. They are one workload here unless " +
        "`--workloads` tells them apart; three connections that were all stronger must come before.",
    },
  ],
  emulation: {
    says: "A client that a changed configuration of OpenSSL leaves nothing but TLS 1.0.",
    commands: [
      "openssl req -x509 -newkey rsa:2048 -nodes -subj /CN=localhost -keyout key.pem -out cert.pem",
      "openssl s_server -accept 4433 -cert cert.pem -key key.pem -www -cipher DEFAULT:@SECLEVEL=0",
      "openssl s_client -connect 127.0.0.1:4433 -tls1 -cipher DEFAULT:@SECLEVEL=0",
    ],
    capture: "captures/tls10.pcap",
  },
};

/** `shortfalls` are not empty, the worst first. */
export function belowFloorFinding(
  asks: Decision,
  place: string,
  shortfalls: readonly Shortfall[],
  expectation?: Expectation,
): Finding {
  const [worst] = shortfalls;
  const floor = expectation === undefined ? "the floor" : `line ${expectation.line}`;
  const found = shortfalls.map(({ found }) => found).join(", ");
  return findingOf(belowFloor, asks, {
    summary: `${clip(place, PLACE_MAX)} agreed on ${clip(found, FOUND_MAX)}, below ${floor}.`,
    evidence: {
      below: shortfalls.map(({ what }) => what),
      found: shortfalls.map(({ found }) => found),
      expected: shortfalls.map(({ expected }) => expected),
      ...(expectation?.line !== undefined && { line: expectation.line }),
    },
    severity: worst?.isBroken === true ? "critical" : "breach",
  });
}

/** Weaker than before, of the same workload with the same server. */
export function weakerThanBeforeFinding(
  asks: Decision,
  place: string,
  lost: readonly { readonly what: string; readonly before: string; readonly now: string }[],
  workload: string,
): Finding {
  const said = lost.map(({ before, now }) => `${before} before, now ${now}`).join("; ");
  const finding = findingOf(belowFloor, asks, {
    summary: `${clip(workload, NAME_MAX)} with ${clip(place, NAME_MAX)}: ${clip(said, FOUND_MAX)}.`,
    confidence: "medium",
    evidence: {
      workload,
      lost: lost.map(({ what }) => what),
      before: lost.map(({ before }) => before),
      now: lost.map(({ now }) => now),
    },
  });
  return { ...finding, name: "weaker-than-before" };
}

const PLACE_MAX = 70;
const NAME_MAX = 50;
const FOUND_MAX = 90;
