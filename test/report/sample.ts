/** A line of every kind, as the builders make it, with every text that the wire chooses replaceable. */

import { createHash } from "node:crypto";
import type { Flow } from "../../src/flow/event.ts";
import type { TlsObservation } from "../../src/inspect/observation.ts";
import {
  certificateLine,
  certificatesOf,
  faultLine,
  findingLine,
  lossLine,
  malformedLine,
  type Place,
  placeOf,
  summaryLine,
  tlsLine,
  verdictLine,
} from "../../src/report/build.ts";
import type { Line, Severity } from "../../src/report/lines.ts";

export const AT_US = 1_790_000_000_000_000;

export function flowOf(id: number): Flow {
  return {
    id,
    transport: "tcp",
    ends: [
      { ip: "10.0.0.5", port: 40_000 + (id % 20_000) },
      { ip: "2001:db8::1", port: 443 },
    ],
    opener: 0,
    openedAtUs: AT_US + id,
  };
}

export function placeOfFlow(id: number): Place {
  return placeOf(flowOf(id), 0, "egress");
}

/** The lines of one self-signed connection, as the pipeline hands them over; `text` is the wire's. */
export function connectionLines(id: number, text: string, severity: Severity = "breach"): Line[] {
  const flow = flowOf(id);
  const place = placeOf(flow, 0, "egress", id % 2 === 0 ? text : undefined);
  const hash = createHash("sha256").update(text).digest("hex");
  const observation: TlsObservation = {
    kind: "tls",
    flow,
    client: 0,
    atUs: flow.openedAtUs,
    transport: "tcp",
    version: "TLS1.2",
    cipher: "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
    group: "x25519",
    serverName: text,
    alpn: text,
    alpnOffered: [text, "http/1.1"],
    ja3: "0".repeat(32),
    ja3s: "1".repeat(32),
    ja4: "t12d1516h2_8daaf6152771_02713d6af862",
    steps: ["client-hello", "server-hello", "certificate"],
    established: true,
    resumed: false,
    alerts: [{ side: "client", level: "fatal", name: "unknown_ca" }],
    certificates: { seen: "wire", chain: [] },
    coverage: [],
  };
  return [
    tlsLine(observation, place, {
      certificates: certificatesOf(observation.certificates, [hash], [hash]),
      possession: "unverified",
      why: "not-checked",
      evidence: { class: "presented", confidence: "medium" },
      scts: [{ log: hash, at: "", from: "ocsp" }],
    }),
    certificateLine(
      {
        sha256: hash,
        spkiSha256: hash,
        subject: `CN=${text}`,
        issuer: `CN=${text}`,
        serial: "0a",
        validFrom: "2026-01-01T00:00:00Z",
        validTo: "2027-01-01T00:00:00Z",
        key: { type: "RSA", bits: 2048 },
        signature: "sha256WithRSAEncryption",
        names: [text],
        ca: false,
        selfSigned: true,
        scts: [{ log: hash, at: "2026-01-01T00:00:00Z" }],
      },
      flow.openedAtUs,
      place,
    ),
    findingLine(
      {
        atUs: flow.openedAtUs,
        rule: "A16",
        name: "self-signed",
        severity,
        confidence: "medium",
        summary: `${text} is signed by its own key`,
        attack: [{ strategy: "T1608.003", is: "T1587.003", version: "18.1" }],
        certificates: [hash],
        evidence: { subject: text, names: [text] },
      },
      place,
    ),
    verdictLine(
      {
        atUs: flow.openedAtUs,
        decision: "report",
        wouldCut: true,
        would: "cut",
        reason: [
          { step: "path", line: 7, says: `${text} is self-signed` },
          { step: "mode", says: text },
        ],
        findings: ["A16"],
        coverage: [],
        policySha256: HASH,
      },
      place,
    ),
  ];
}

/** What comes without a connection, and the summary. */
export function otherLines(text: string): Line[] {
  return [
    malformedLine(
      { kind: "malformed", at: "pcapng-block", reason: text, offset: 12 },
      { atUs: AT_US, file: text },
    ),
    lossLine({ atUs: AT_US, packetsDropped: 3, where: "decode", why: text }),
    faultLine({ atUs: AT_US, where: "inspect", stack: `Error: ${text}\n    at x` }),
    summary({ breach: 1 }),
  ];
}

export function summary(findings: Partial<Record<Severity, number>> = {}): Line {
  return summaryLine({
    atUs: AT_US + 100,
    packets: 10,
    bytes: 1000,
    flows: 1,
    handshakes: 1,
    certificates: 1,
    findings: { note: 0, warning: 0, breach: 0, critical: 0, ...findings },
    inputs: [{ bytes: 1024, firstAtUs: AT_US, lastAtUs: AT_US + 100 }],
  });
}

export const HASH = "ab".repeat(32);

/** Names that try to reach a terminal, a log or a reader's eye. */
export const HOSTILE: readonly (readonly [what: string, text: string])[] = [
  ["an escape sequence that clears the screen", "a\u001b[2J\u001b[Hb"],
  ["its 8-bit form", "a\u009b2Jb"],
  ["an operating system command that sets the title", "\u001b]0;owned\u0007x"],
  ["a line break that forges a line", 'x\n{"kind":"verdict","decision":"pass"}'],
  ["a carriage return that overwrites", "evil.example\rgood.example"],
  ["backspaces", "evil\b\b\b\bgood"],
  ["a nul", "good.example\u0000.evil.example"],
  ["delete", "a\u007fb"],
  ["next line", "a\u0085b"],
  ["a bidirectional override", "moc.\u202eelpmaxe\u202c"],
  ["a bidirectional isolate", "\u2066evil\u2069"],
  ["an Arabic letter mark", "a\u061cb"],
  ["line and paragraph separators", "a\u2028b\u2029c"],
  ["half a surrogate pair", "a\ud800b"],
  ["the other half", "\udc00"],
  ["a zero width space", "goo\u200bd.example"],
  ["a byte order mark", "\ufeffgood"],
  ["invisible tags", "good\u{e0041}\u{e007f}"],
  ["a quote that ends a string", 'a","kind":"b'],
  ["quotes and backslashes", '"\\\\",\\u001b'],
];
