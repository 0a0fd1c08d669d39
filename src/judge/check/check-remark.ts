/** What `policy check` has to say about a policy that is right, and may not be what was meant. */
import type { AllowLine, DenyLine } from "../policy/policy.ts";
import type { Path } from "../policy/yaml-source.ts";

/** For scripts to filter by; each is explained where it is made (check-*.ts). */
export type RemarkKind =
  | "too-broad"
  | "shadowed"
  | "duplicate"
  | "never-matches"
  | "expired"
  | "expires-in-1-day"
  | "expires-in-7-days"
  | "expires-in-30-days"
  | "bad-signature"
  | "not-applied"
  | "root-file";

export interface Remark {
  readonly kind: RemarkKind;
  /** Of what it is about, in the file. */
  readonly path: Path;
  /** A sentence without a full stop. */
  readonly says: string;
}

export interface Remarked {
  readonly kind: RemarkKind;
  /** From 1. */
  readonly line: number;
  readonly column: number;
  readonly message: string;
}

/** `line 6`, as people refer to it. */
export function lineName({ line }: AllowLine | DenyLine): string {
  return line === undefined ? "another line" : `line ${line}`;
}
