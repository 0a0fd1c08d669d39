/** What the findings of step 4 (C02, C03, C04) are made of. */
import type { TrustFinding } from "../../trust/finding.ts";
import type { Presented } from "../case.ts";
import type { Severity } from "../finding.ts";
import type { Decision } from "../policy/policy.ts";

export interface HygieneCase {
  readonly asks: Decision;
  readonly faults: readonly TrustFinding[];
  readonly about: Presented;
  readonly severity: Severity;
}

/** Those that the faults are about, each once; the leaf when none is named. */
export function certificatesOf(faults: readonly TrustFinding[], { leaf }: Presented): string[] {
  return [...new Set(faults.map(({ certificate }) => (certificate ?? leaf).sha256))];
}
