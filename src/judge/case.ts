/** One connection as the steps see it: everything that was found out before anybody asks. */
import type { TlsObservation, Unseen } from "../inspect/observation.ts";
import type { Certificate } from "../trust/certificate.ts";
import type { Possession } from "../trust/possession.ts";
import type { Validation } from "../trust/validate.ts";
import type { Binding } from "./binding.ts";
import type { Destination } from "./destination.ts";
import type { Confidence } from "./finding.ts";
import { type Decision, loosest, type Policy } from "./policy/policy.ts";

export type Direction = "egress" | "ingress" | "internal" | "unknown";

/** How much of the peer's identity was seen (VISIBILITY, "Evidence, confidence, verdict"). */
export interface EvidenceClass {
  readonly class: string;
  readonly confidence: Confidence;
}

/** A chain that was presented, and what the trust engine says about it. */
export interface Presented {
  readonly side: "server" | "client";
  /** As sent, leaf first. */
  readonly certificates: readonly Certificate[];
  readonly leaf: Certificate;
  readonly validation: Validation;
  /** The same without the keys and certificates that `allow` lines name: with the roots alone. */
  readonly withRootsAlone: () => Validation;
}

export interface Case {
  readonly policy: Policy;
  readonly destination: Destination;
  readonly direction: Direction;
  /** Of the packet. */
  readonly atUs: number;
  readonly evidence: EvidenceClass;
  /** Whether the server proved that it holds the leaf's key. */
  readonly possession: Possession;
  /** Absent when no certificate of the server was seen; `unseen` says why. */
  readonly server: Presented | undefined;
  readonly client: Presented | undefined;
  readonly unseen: Unseen | undefined;
  /** Of the server's name to its address, by the DNS that was observed; absent: nobody looked. */
  readonly binding: Binding | undefined;
  /** Of a resumed connection: whether its first one was seen, and good. Absent: it is not resumed. */
  readonly resumption: "known" | "unknown" | undefined;
  /** The certificate is what a probe was shown; how long its flight was beside the client's. */
  readonly probed?: TlsObservation["probed"];
  /** The client sent early data (0-RTT). */
  readonly early: boolean;
}

/**
 * What a step may ask for here. What a workload serves, and what stays inside, is judged apart: it
 * never exceeds a report.
 */
export function askable({ direction }: Pick<Case, "direction">, decision: Decision): Decision {
  const judgedApart = direction === "ingress" || direction === "internal";
  return judgedApart ? loosest(decision, "report") : decision;
}
