/** B06: records that say they are encrypted, and can be read; and the opposite. */
import { clip, type Finding, findingOf, type Rule } from "../finding.ts";
import type { Decision } from "../policy/policy.ts";
import { DISABLE_CRYPTO_HARDWARE, tagged } from "./attack.ts";

export const readableRecords: Rule = {
  id: "B06",
  name: "readable-records",
  severity: "critical",
  confidence: "high",
  attack: tagged(DISABLE_CRYPTO_HARDWARE, ["T1600", "T1600.001"]),
  title: "Readable payload inside encrypted records",
  whatToDo:
    "Take the client out of service and look at both ends' TLS settings; where a network card encrypts, ask the node whether it still does (`/proc/net/tls_stat`).",
  means:
    "What `why` says: `null-suite`, both sides agreed on a suite that encrypts nothing, so that everybody on the way " +
    "reads along. `clear-in-records`: of the first three records of a side all are readable though a real suite was " +
    "agreed on; the kernel's documentation names two ways in which a card's offload leaks such clear " +
    "text. `offload-view` (a note): the same where the policy says that the card encrypts behind this " +
    "vantage, as it looks when it works. `offload-lost`: ciphertext where a working card would show " +
    "clear text, so the processor encrypts instead of the card.",
  cannotSee:
    "Compressed or already encrypted content, which looks random in clear as well. Records behind the " +
    "first three of a side. Whether a card really encrypts: the wire alone confirms nothing. A socket that " +
    "the kernel never gave to the card, as of a pod behind a virtual cable, looks like a lost offload.",
  falsePositives: [
    {
      when:
        "A capture on the sending host, above a card that encrypts: say so in a line of `expect` " +
        "(`hardware: {kind: ktls-nic}`, `visibleAt: wire`), and replay with `--vantage`.",
    },
    {
      when: "A test of suites without encryption on a network of its own.",
      exception:
        "expect:\n  - to: {cidr: <address>}\n    encryption: {by: tls}\n    otherwise: pass",
    },
  ],
  emulation: {
    says: "A client and a server that agree on a suite without encryption.",
    commands: [
      "openssl req -x509 -newkey rsa:2048 -nodes -subj /CN=localhost -keyout key.pem -out cert.pem",
      "openssl s_server -accept 4433 -cert cert.pem -key key.pem -tls1_2 -cipher eNULL@SECLEVEL=0",
      "openssl s_client -connect 127.0.0.1:4433 -tls1_2 -cipher eNULL@SECLEVEL=0",
    ],
    capture: "captures/null-suite.pcap",
  },
};

export interface Readable {
  readonly why: "null-suite" | "clear-in-records" | "offload-view" | "offload-lost";
  readonly place: string;
  readonly cipher?: string | undefined;
  /** Of the records that were looked at, how many could be read. */
  readonly records: number;
  readonly readable: number;
  readonly line?: number | undefined;
}

export function readableFinding(asks: Decision, seen: Readable): Finding {
  const { why, cipher, records, readable, line } = seen;
  const place = clip(seen.place, PLACE_MAX);
  const finding = findingOf(readableRecords, asks, {
    summary: `${SAYS[why](place, cipher)}.`,
    confidence: why === "null-suite" ? "high" : "medium",
    evidence: {
      why,
      ...(cipher !== undefined && { cipher }),
      ...(records > 0 && { records, readable }),
      ...(line !== undefined && { line }),
    },
    severity: SEVERITY[why],
  });
  return why === "offload-lost" ? { ...finding, name: "offload-lost" } : finding;
}

const SAYS: Record<Readable["why"], (place: string, cipher: string | undefined) => string> = {
  "null-suite": (place, cipher) => `TLS with ${place} agreed on ${cipher}, which encrypts nothing`,
  "clear-in-records": (place, cipher) =>
    `TLS with ${place} agreed on ${cipher}, and what its records hold can be read`,
  "offload-view": (place) =>
    `Records to ${place} can be read above the network card, as when it encrypts them; not confirmed`,
  "offload-lost": (place) =>
    `Records to ${place} are encrypted above the network card that should encrypt them`,
};
const SEVERITY = {
  "null-suite": "critical",
  "clear-in-records": "critical",
  "offload-view": "note",
  "offload-lost": "warning",
} as const;
const PLACE_MAX = 70;
