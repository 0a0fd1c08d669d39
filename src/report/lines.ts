/**
 * The lines that Portcullis prints: one type a kind (INTERFACE, "Lines").
 *
 * Names and the order of keys are a contract with other people's scripts. build.ts makes the lines
 * in this order, schema.ts publishes the same, and tests hold the three together. Nothing here is
 * escaped: text from the wire stays as it came until a sink prints it (escape.ts), so that no sink
 * escapes twice. An absent field may be `undefined`, which JSON omits.
 */
import type {
  Alert,
  OpaqueObservation,
  PlaintextObservation,
  SeenCertificates,
  TlsObservation,
  Unseen,
} from "../inspect/observation.ts";
import type { Protocol } from "../inspect/plaintext/protocol.ts";

export type Line =
  | TlsLine
  | CertificateLine
  | PlaintextLine
  | OpaqueLine
  | HostLine
  | FindingLine
  | VerdictLine
  | OutcomeLine
  | MalformedLine
  | FaultLine
  | LossLine
  | SummaryLine;

export type Kind = Line["kind"];
export type Direction = "egress" | "ingress" | "internal" | "unknown";
export type Severity = (typeof SEVERITIES)[number];
export type Confidence = (typeof CONFIDENCES)[number];
export type Decision = (typeof DECISIONS)[number];
export type Step = (typeof STEPS)[number];
export type Coverage = (typeof COVERAGES)[number];

/**
 * On lines about a connection: an object that all lines share whose text is the same but for time, flow
 * and ends. It is no part of the line, and a printer may remember what it printed by it (print.ts).
 */
export const SHARED = Symbol("shared");

/**
 * On a verdict: what it was made of, as far as whoever keeps evidence needs more of it than lines say. No
 * part of the line.
 */
export const MADE_OF = Symbol("made of");

export interface MadeOf {
  /** Certificates that the server presented, in wire order; absent for what is no handshake. */
  readonly presented?: readonly { readonly der: Uint8Array }[];
  /** What was in clear so far: a verdict made live comes before the lines that say so. */
  readonly clear: readonly (PlaintextObservation | OpaqueObservation)[];
}

/** Where a line stands in time, and the connection it belongs to. */
interface Placed {
  /** Integer microseconds since 1970, of the packet. */
  readonly atUs: number;
  /** Decimal, counted from 1 by each flow's first packet. */
  readonly flow?: string | undefined;
  readonly workload?: string | undefined;
  readonly [SHARED]?: object | undefined;
}

/** The ends of a connection as lines name them: `ip:port`, IPv6 in brackets. */
interface Ends {
  readonly flow: string;
  readonly client: string;
  readonly server: string;
  readonly direction: Direction;
}

export interface Certificates {
  readonly seen: SeenCertificates["seen"];
  /** Only with `no`. */
  readonly why?: Unseen | undefined;
  /** SHA-256 of each certificate in wire order, lower-case hex. */
  readonly chain: readonly string[];
  /** SHA-256 of each SubjectPublicKeyInfo, beside `chain`; "" where it could not be read. */
  readonly spki: readonly string[];
}

/** VISIBILITY's class of what was seen, and how sure that makes us. */
export interface EvidenceClass {
  readonly class: string;
  readonly confidence: Confidence;
  /** Flow of the connection whose session this one resumed, where that was seen. */
  readonly first?: string;
}

/** Which expectation of the policy covers this connection. */
export interface Expected {
  readonly line: number;
  readonly by: string;
  readonly visibleAt?: string | undefined;
  readonly hardware?: string | undefined;
  readonly hardwareState?: "confirmed" | "lost" | "unknown" | undefined;
}

export interface TlsLine extends Placed, Ends {
  readonly kind: "tls";
  readonly flow: string;
  readonly transport: TlsObservation["transport"];
  readonly starttls?: string | undefined;
  readonly version?: string | undefined;
  readonly cipher?: string | undefined;
  readonly group?: string | undefined;
  readonly serverName?: string | undefined;
  readonly alpn?: string | undefined;
  readonly alpnOffered: readonly string[];
  readonly ja3?: string | undefined;
  readonly ja3s?: string | undefined;
  readonly ja4?: string | undefined;
  readonly steps: readonly string[];
  readonly established: boolean;
  readonly resumed: TlsObservation["resumed"];
  readonly ech?: TlsObservation["ech"] | undefined;
  readonly renegotiations?: number | undefined;
  /** A handshake inside the protection of the connection's first one, which keys opened. */
  readonly renegotiated?: true | undefined;
  readonly alerts: readonly Alert[];
  readonly certificates: Certificates;
  readonly clientCertificates?: Certificates | undefined;
  readonly possession: "verified" | "failed" | "unverified";
  /** Why possession of the leaf's key is unverified; absent otherwise. */
  readonly why?: string | undefined;
  readonly evidence: EvidenceClass;
  /** An answer of the policy's resolvers gave the server's address for `serverName`; absent without one. */
  readonly bound?: boolean | undefined;
  readonly expected?: Expected | undefined;
  /** Bytes of the sealed records of a TLS 1.3 server's flight. */
  readonly flight?: readonly number[] | undefined;
  /** Signed certificate timestamps beside the certificate: in the hello, in stapled OCSP responses. */
  readonly scts?: readonly (Timestamp & { readonly from: "tls" | "ocsp" })[] | undefined;
}

/** Of Certificate Transparency (RFC 6962 §3.2): listed, not verified. */
export interface Timestamp {
  /** SHA-256 of the log's key, lower-case hex. */
  readonly log: string;
  /** RFC 3339 UTC; "" when it is no date. */
  readonly at: string;
}

export interface CertificateLine extends Placed {
  readonly kind: "certificate";
  readonly sha256: string;
  /** This and the texts below are "" where the certificate cannot be read. */
  readonly spkiSha256: string;
  /** RFC 4514. */
  readonly subject: string;
  readonly issuer: string;
  /** Lower-case hex. */
  readonly serial: string;
  /** RFC 3339 UTC. */
  readonly validFrom: string;
  readonly validTo: string;
  readonly key: {
    readonly type: string;
    readonly bits?: number | undefined;
    readonly curve?: string | undefined;
    /** Why no signature can be checked with it; absent where one can. */
    readonly refused?: string | undefined;
  };
  readonly signature: string;
  readonly names: readonly string[];
  readonly ca: boolean;
  readonly selfSigned: boolean;
  /** That the CA put into it; absent when none. */
  readonly scts?: readonly Timestamp[] | undefined;
}

export interface PlaintextLine extends Placed, Ends {
  readonly kind: "plaintext";
  readonly flow: string;
  readonly protocol: Protocol;
  readonly exposes: readonly Exposed[];
  readonly startTls: "none" | "offered" | "refused" | "stripped" | "upgraded";
  readonly expected?: Expected | undefined;
}

/** Where a secret stood in clear: never the secret. */
export interface Exposed {
  readonly what: string;
  readonly side: "client" | "server";
  readonly offset: number;
  readonly bytes: number;
}

export interface OpaqueLine extends Placed, Ends {
  readonly kind: "opaque";
  readonly flow: string;
  readonly why: "unknown-protocol" | "joined-midstream" | "gap" | "encrypted-unknown";
  /** What encrypts, where that much is known. */
  readonly encryption?: string | undefined;
  /** Bits a byte, 0 to 8. */
  readonly entropy?: number | undefined;
  /** Part of the bytes that are printable ASCII, 0 to 1. */
  readonly printable?: number | undefined;
  readonly expected?: Expected | undefined;
}

export interface HostLine extends Placed {
  readonly kind: "host";
  readonly source: string;
  readonly subject: string;
  readonly change: string;
  readonly before?: string | undefined;
  readonly after?: string | undefined;
  readonly actor?: string | undefined;
}

export interface FindingLine extends Placed {
  readonly kind: "finding";
  /** Id in DETECTIONS, as `A15`. */
  readonly rule: string;
  readonly name: string;
  readonly severity: Severity;
  readonly confidence: Confidence;
  readonly summary: string;
  readonly attack: readonly Attack[];
  readonly client?: string | undefined;
  readonly server?: string | undefined;
  /** SHA-256 of those it is about. */
  readonly certificates?: readonly string[] | undefined;
  readonly evidence: Evidence;
}

/** What supports a finding, by name. It locates a secret and never contains it. */
export type Evidence = { readonly [name: string]: EvidenceValue };
type EvidenceValue = string | number | boolean | readonly string[] | readonly number[] | undefined;

export interface Attack {
  readonly strategy: string;
  readonly is: string;
  readonly version: string;
}

export interface VerdictLine extends Placed {
  readonly kind: "verdict";
  readonly client?: string | undefined;
  readonly server?: string | undefined;
  readonly decision: Decision;
  readonly wouldCut: boolean;
  /** The decision before a window, a guard or audit lowered it; absent when nothing did. */
  readonly would?: Decision | undefined;
  readonly reason: readonly Reason[];
  /** Ids of the rules. */
  readonly findings: readonly string[];
  readonly coverage: readonly Coverage[];
  readonly policySha256: string;
  readonly [MADE_OF]?: MadeOf | undefined;
}

export interface Reason {
  readonly step: Step;
  /** Line of the policy file, from 1; absent where a default spoke. */
  readonly line?: number | undefined;
  readonly says: string;
}

export interface OutcomeLine extends Placed {
  readonly kind: "outcome";
  readonly rung: string;
  readonly status: "done" | "unneeded" | "failed";
  readonly verified: boolean;
  readonly tookMs?: number | undefined;
  readonly detail: string;
  readonly release?: string | undefined;
}

export interface MalformedLine extends Placed {
  readonly kind: "malformed";
  readonly file?: string | undefined;
  readonly side?: "client" | "server" | undefined;
  readonly at: string;
  readonly reason: string;
  readonly offset: number;
}

export interface FaultLine extends Placed {
  readonly kind: "fault";
  readonly where: string;
  readonly stack: string;
}

export interface LossLine extends Placed {
  readonly kind: "loss";
  readonly packetsDropped: number;
  readonly where: string;
  readonly why: string;
}

export interface SummaryLine extends Placed {
  readonly kind: "summary";
  readonly packets: number;
  /** Of the packets as captured. */
  readonly bytes: number;
  readonly flows: number;
  readonly handshakes: number;
  readonly certificates: number;
  readonly findings: Readonly<Record<Severity, number>>;
  /** In the order they were read. Files are not named: lines do not depend on the machine. */
  readonly inputs: readonly Input[];
  readonly schema: number;
}

export interface Input {
  /** Of the file, as stored. */
  readonly bytes: number;
  /** Absent when the input holds no packet. */
  readonly firstAtUs?: number | undefined;
  readonly lastAtUs?: number | undefined;
  /** Of the file, only with `--hash`. */
  readonly sha256?: string | undefined;
}

export const SEVERITIES = ["note", "warning", "breach", "critical"] as const;
export const CONFIDENCES = ["none", "low", "low-medium", "medium", "medium-high", "high"] as const;
export const DECISIONS = ["pass", "report", "refuse", "cut"] as const;
export const STEPS = [
  "deny",
  "possession",
  "path",
  "hygiene",
  "approval",
  "unseen",
  "expect",
  "window",
  "guard",
  "mode",
] as const;
/** `protocol` of a plaintext line. */
export const COVERAGES = ["loss", "snaplen", "midstream", "first-64k", "bypassable"] as const;
/** Counts up when a key changes its meaning or goes away; new keys do not count. */
export const SCHEMA_VERSION = 1;
