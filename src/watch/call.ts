/** What `portcullis watch` was asked for, once it is known to be sound. */

import type { WeaknessName } from "./defence/weakness.ts";
import type { OnFailure } from "./kept-policy.ts";
import type { LOG_LEVELS } from "./log.ts";
import type { MetricsAddress } from "./metrics-page.ts";
import type { PolicySource } from "./policy-child.ts";

export interface WatchCall {
  readonly source: PolicySource;
  /** Instead of what the policy says of our absence. */
  readonly onFailure?: OnFailure;
  /** Instead of the policy's ladder. */
  readonly respond?: readonly string[];
  readonly dryRun: boolean;
  /** Absent: no page of metrics. */
  readonly metrics?: MetricsAddress;
  readonly adminPath: string;
  readonly stateDirectory: string;
  readonly observations: boolean;
  /** Weaknesses of the surroundings that `enforce` is to bear. */
  readonly despite: ReadonlySet<WeaknessName>;
  readonly logLevel: (typeof LOG_LEVELS)[number];
}

/** It cannot begin, or not go on: the message says what was found and what to do. */
export class WatchRefused extends Error {
  override readonly name = "WatchRefused";
  /** Whether the machine refuses something, or the call or the policy is wrong. */
  readonly because: "machine" | "misuse";

  constructor(message: string, because: WatchRefused["because"]) {
    super(message);
    this.because = because;
  }
}
