/**
 * Builds the lines from what the other parts say.
 *
 * Fifty thousand handshakes make as many lines and more, so each builder is one literal that always
 * has all its keys, in the order of the contract: lines of a kind share a hidden class, and a field
 * that is absent is `undefined`, which JSON omits. What all lines of a connection have in common is
 * worked out once, in `placeOf`.
 */
import type { Endpoint, Flow, Side } from "../flow/event.ts";
import type {
  OpaqueObservation,
  PlaintextObservation,
  SeenCertificates,
  TlsObservation,
} from "../inspect/observation.ts";
import type { Malformed } from "../stage.ts";
import {
  type CertificateLine,
  type Certificates,
  type Direction,
  type EvidenceClass,
  type Expected,
  type FaultLine,
  type FindingLine,
  type LossLine,
  type MalformedLine,
  type OpaqueLine,
  type PlaintextLine,
  SCHEMA_VERSION,
  SHARED,
  type SummaryLine,
  type TlsLine,
  type VerdictLine,
} from "./lines.ts";

/** What every line of one connection repeats. */
export interface Place {
  readonly flow: string;
  readonly workload: string | undefined;
  /** `ip:port`, IPv6 in brackets. */
  readonly client: string;
  readonly server: string;
  readonly direction: Direction;
}

/** Once a connection, when its client is known. */
export function placeOf(
  flow: Flow,
  client: Side,
  direction: Direction,
  workload?: string | undefined,
): Place {
  return {
    flow: String(flow.id),
    workload,
    client: endpointName(flow.ends[client]),
    server: endpointName(flow.ends[client === 0 ? 1 : 0]),
    direction,
  };
}

/** `192.0.2.1:443`, `[2001:db8::1]:443`. */
export function endpointName(endpoint: Endpoint): string {
  const { ip, port } = endpoint;
  return ip.includes(":") ? `[${ip}]:${port}` : `${ip}:${port}`;
}

/**
 * Hashes beside how they were seen. `chain` and `spki` are lower-case hex, in wire order. The same chain
 * should give the same object: it is frozen, so that its print is remembered (print.ts).
 */
export function certificatesOf(
  seen: SeenCertificates,
  chain: readonly string[],
  spki: readonly string[],
): Certificates {
  const certificates = { seen: seen.seen, why: seen.why, chain, spki };
  return chain.length === 0 ? certificates : Object.freeze(certificates);
}

export interface TlsExtra {
  readonly certificates: Certificates;
  readonly clientCertificates?: Certificates | undefined;
  readonly possession: TlsLine["possession"];
  /** Only with `unverified`. */
  readonly why?: string | undefined;
  readonly evidence: EvidenceClass;
  readonly bound?: boolean | undefined;
  readonly expected?: Expected | undefined;
  readonly scts?: TlsLine["scts"];
  /** `SHARED` of the line. */
  readonly shared?: object | undefined;
}

export function tlsLine(observation: TlsObservation, place: Place, extra: TlsExtra): TlsLine {
  return {
    kind: "tls",
    atUs: observation.atUs,
    flow: place.flow,
    workload: place.workload,
    client: place.client,
    server: place.server,
    direction: place.direction,
    transport: observation.transport,
    starttls: observation.starttls,
    version: observation.version,
    cipher: observation.cipher,
    group: observation.group,
    serverName: observation.serverName,
    alpn: observation.alpn,
    alpnOffered: observation.alpnOffered,
    ja3: observation.ja3,
    ja3s: observation.ja3s,
    ja4: observation.ja4,
    steps: observation.steps,
    established: observation.established,
    resumed: observation.resumed,
    ech: observation.ech,
    renegotiations: observation.renegotiations,
    renegotiated: observation.renegotiated,
    alerts: observation.alerts,
    certificates: extra.certificates,
    clientCertificates: extra.clientCertificates,
    possession: extra.possession,
    why: extra.why,
    evidence: extra.evidence,
    bound: extra.bound,
    expected: extra.expected,
    flight: observation.flight,
    scts: extra.scts,
    [SHARED]: extra.shared,
  };
}

export function plaintextLine(
  observation: PlaintextObservation,
  place: Place,
  expected?: Expected,
): PlaintextLine {
  return {
    kind: "plaintext",
    atUs: observation.atUs,
    flow: place.flow,
    workload: place.workload,
    client: place.client,
    server: place.server,
    direction: place.direction,
    protocol: observation.protocol,
    exposes: observation.exposes,
    startTls: observation.startTls,
    expected,
  };
}

/** Measures are printed to three digits: more says nothing about a few kilobytes. */
export function opaqueLine(
  observation: OpaqueObservation,
  place: Place,
  expected?: Expected,
): OpaqueLine {
  const { entropy, printable } = observation;
  return {
    kind: "opaque",
    atUs: observation.atUs,
    flow: place.flow,
    workload: place.workload,
    client: place.client,
    server: place.server,
    direction: place.direction,
    why: observation.why,
    encryption: observation.encryption,
    entropy: entropy && Number(entropy.toFixed(3)),
    printable: printable && Number(printable.toFixed(3)),
    expected,
  };
}

/** What a certificate line needs to know of a certificate, in the words of the line. */
export type CertificateFacts = Omit<CertificateLine, "kind" | "atUs" | "flow" | "workload">;

/** `atUs` and `place` are those of the certificate's first sight. */
export function certificateLine(
  certificate: CertificateFacts,
  atUs: number,
  place: Place | undefined,
): CertificateLine {
  return {
    kind: "certificate",
    atUs,
    flow: place?.flow,
    workload: place?.workload,
    sha256: certificate.sha256,
    spkiSha256: certificate.spkiSha256,
    subject: certificate.subject,
    issuer: certificate.issuer,
    serial: certificate.serial,
    validFrom: certificate.validFrom,
    validTo: certificate.validTo,
    key: certificate.key,
    signature: certificate.signature,
    names: certificate.names,
    ca: certificate.ca,
    selfSigned: certificate.selfSigned,
    scts: certificate.scts,
  };
}

/** What a finding line needs of the judge's `Finding`. */
export type FindingFacts = Omit<
  FindingLine,
  "kind" | "flow" | "workload" | "client" | "server" | "direction"
>;

export function findingLine(
  finding: FindingFacts,
  place: Place | undefined,
  shared?: object,
): FindingLine {
  return {
    kind: "finding",
    atUs: finding.atUs,
    flow: place?.flow,
    workload: place?.workload,
    rule: finding.rule,
    name: finding.name,
    severity: finding.severity,
    confidence: finding.confidence,
    summary: finding.summary,
    attack: finding.attack,
    client: place?.client,
    server: place?.server,
    certificates: finding.certificates,
    evidence: finding.evidence,
    [SHARED]: shared,
  };
}

/** What a verdict line needs of the judge's `Verdict`. */
export type VerdictFacts = Omit<
  VerdictLine,
  "kind" | "flow" | "workload" | "client" | "server" | "direction"
>;

export function verdictLine(
  verdict: VerdictFacts,
  place: Place | undefined,
  shared?: object,
): VerdictLine {
  return {
    kind: "verdict",
    atUs: verdict.atUs,
    flow: place?.flow,
    workload: place?.workload,
    client: place?.client,
    server: place?.server,
    decision: verdict.decision,
    wouldCut: verdict.wouldCut,
    would: verdict.would,
    reason: verdict.reason,
    findings: verdict.findings,
    coverage: verdict.coverage,
    policySha256: verdict.policySha256,
    [SHARED]: shared,
  };
}

/** Where something that cannot be right stood: in a file, or in one direction of a connection. */
export interface MalformedPlace {
  readonly atUs: number;
  readonly flow?: string | undefined;
  readonly workload?: string | undefined;
  /** As the user typed it; absent for what is not about a file. */
  readonly file?: string | undefined;
  readonly side?: "client" | "server" | undefined;
}

export function malformedLine(malformed: Malformed, place: MalformedPlace): MalformedLine {
  return {
    kind: "malformed",
    atUs: place.atUs,
    flow: place.flow,
    workload: place.workload,
    file: place.file,
    side: place.side,
    at: malformed.at,
    reason: malformed.reason,
    offset: malformed.offset,
  };
}

export function lossLine(loss: Omit<LossLine, "kind">): LossLine {
  return {
    kind: "loss",
    atUs: loss.atUs,
    flow: loss.flow,
    workload: loss.workload,
    packetsDropped: loss.packetsDropped,
    where: loss.where,
    why: loss.why,
  };
}

export function faultLine(fault: Omit<FaultLine, "kind">): FaultLine {
  return {
    kind: "fault",
    atUs: fault.atUs,
    flow: fault.flow,
    workload: fault.workload,
    where: fault.where,
    stack: fault.stack,
  };
}

/** `atUs` is that of the last packet; 0 when there was none. */
export function summaryLine(summary: Omit<SummaryLine, "kind" | "schema">): SummaryLine {
  return {
    kind: "summary",
    atUs: summary.atUs,
    flow: undefined,
    workload: undefined,
    packets: summary.packets,
    bytes: summary.bytes,
    flows: summary.flows,
    handshakes: summary.handshakes,
    certificates: summary.certificates,
    findings: summary.findings,
    inputs: summary.inputs,
    schema: SCHEMA_VERSION,
  };
}
