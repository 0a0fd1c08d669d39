/**
 * A finding: something that a rule of DETECTIONS recognised, whatever the policy makes of it.
 *
 * It carries no time and no flow, so that equal handshakes share one; the line adds both.
 */
import type { Decision } from "./policy/policy.ts";

export type Severity = "note" | "warning" | "breach" | "critical";
export type Confidence = (typeof CONFIDENCES)[number];

/** Ids of ATT&CK: what the source strategy names, and what the behaviour really is. */
export interface Attack {
  readonly strategy: string;
  readonly is: string;
  /** Of ATT&CK. */
  readonly version: string;
}

/** One detection. The text of its findings is made beside it, in its file. */
export interface Rule {
  /** In DETECTIONS, as `A15`. */
  readonly id: string;
  readonly name: string;
  /** What it is worth before the policy asks for anything. */
  readonly severity: Severity;
  /** At most; what was seen may be worth less. */
  readonly confidence: Confidence;
  readonly attack: readonly Attack[];
  /** For a heading: a few words. */
  readonly title: string;
  /** One sentence to whoever runs the network. */
  readonly whatToDo: string;
  /** For `rules show`, as are all below: what is wrong, and why that matters. */
  readonly means: string;
  readonly cannotSee: string;
  readonly falsePositives: readonly FalsePositive[];
  readonly emulation: Emulation;
}

/** A harmless cause of a finding. */
export interface FalsePositive {
  readonly when: string;
  /** YAML to paste into a policy, `<...>` to be filled in; absent where no exception is right. */
  readonly exception?: string;
}

/** How to bring a finding about, to see that it is found. */
export interface Emulation {
  readonly says: string;
  /** Of a shell, with OpenSSL; to be captured while they run. */
  readonly commands: readonly string[];
  /** A recording of it that comes with the program. */
  readonly capture?: string;
}

export interface Finding {
  readonly rule: string;
  readonly name: string;
  readonly severity: Severity;
  readonly confidence: Confidence;
  /** What, where, and why it matters; at most `SUMMARY_MAX` characters, raw text. */
  readonly summary: string;
  readonly attack: readonly Attack[];
  /** SHA-256 of those it is about. */
  readonly certificates: readonly string[];
  readonly evidence: Evidence;
}

export type Evidence = Readonly<Record<string, string | number | boolean | readonly string[]>>;

export interface FindingDetail {
  readonly summary: string;
  readonly evidence: Evidence;
  readonly certificates?: readonly string[];
  /** How sure what was seen makes us; the rule's own confidence is the most it can be. */
  readonly confidence?: Confidence;
  /** Instead of the rule's, where a policy or the case makes it another. */
  readonly severity?: Severity;
}

/** A rule's finding. `asks` is what its step asked for: `refuse` and `cut` are never small. */
export function findingOf(rule: Rule, asks: Decision, detail: FindingDetail): Finding {
  const { summary, evidence, certificates = [], confidence = rule.confidence } = detail;
  return {
    rule: rule.id,
    name: rule.name,
    severity: atLeast(detail.severity ?? rule.severity, asks),
    confidence: CONFIDENCES[Math.min(rank(confidence), rank(rule.confidence))]!,
    summary: clip(summary, SUMMARY_MAX),
    attack: rule.attack,
    certificates,
    evidence,
  };
}

/** The first `max` characters, and a sign that there were more. Never half a character. */
export function clip(text: string, max: number): string {
  if (text.length <= max) return text;
  const cut = text.slice(0, max - 1);
  const last = cut.charCodeAt(cut.length - 1);
  return `${last >= 0xd800 && last < 0xdc00 ? cut.slice(0, -1) : cut}…`;
}

export function worstFirst(a: Finding, b: Finding): number {
  return SEVERITIES.indexOf(b.severity) - SEVERITIES.indexOf(a.severity);
}

/** INTERFACE: "a finding whose step asked for refuse or cut is at least a breach". */
function atLeast(severity: Severity, asks: Decision): Severity {
  const small = severity === "note" || severity === "warning";
  return small && (asks === "refuse" || asks === "cut") ? "breach" : severity;
}

function rank(confidence: Confidence): number {
  return CONFIDENCES.indexOf(confidence);
}

const CONFIDENCES = ["none", "low", "low-medium", "medium", "medium-high", "high"] as const;
const SEVERITIES: readonly Severity[] = ["note", "warning", "breach", "critical"];
/** Two lines of a terminal. */
const SUMMARY_MAX = 200;
