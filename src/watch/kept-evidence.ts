/**
 * Evidence as the watcher keeps it (evidence/live-evidence.ts): of cuts and refusals it is told what became
 * of it, of what was only reported the log has it. Without a directory to write to there is none, which is
 * said and stops nothing.
 */
import { uptime } from "node:os";
import { LiveEvidence } from "../evidence/live-evidence.ts";
import type { Kept } from "../evidence/store.ts";
import type { Policy } from "../judge/policy/policy.ts";
import type { OutcomeLine } from "../report/lines.ts";
import type { Log } from "./log.ts";

export interface KeptEvidenceOptions {
  readonly directory: string;
  readonly policy: () => Policy;
  readonly nowUs: () => number;
  readonly write: (line: OutcomeLine) => void;
  readonly log: Log;
}

/** Undefined where the directory cannot be used. */
export function openEvidence(options: KeptEvidenceOptions): LiveEvidence | undefined {
  const { directory, policy, log } = options;
  try {
    return LiveEvidence.open({
      directory,
      policy,
      clock: () => ({ wallMs: Date.now(), sinceBootMs: Math.round(uptime() * 1000) }),
      kept: (kept, flow) => tell(kept, flow, options),
    });
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    log.error({ why }, "no evidence will be kept");
    return undefined;
  }
}

function tell(
  kept: Kept,
  flow: number,
  { directory, nowUs, write, log }: KeptEvidenceOptions,
): void {
  if (kept.status === "written") log.info({ bundle: kept.name, flow }, "evidence kept");
  else log.error({ why: kept.why, flow }, "evidence not kept");
  // Names of bundles say their rank (evidence/store.ts).
  if (kept.status === "written" && !/^\d+-(cut|refuse)-/.test(kept.name)) return;
  const isWritten = kept.status === "written";
  write({
    kind: "outcome",
    atUs: nowUs(),
    flow: flow === 0 ? undefined : String(flow),
    rung: "evidence",
    status: isWritten ? "done" : "failed",
    verified: isWritten,
    tookMs: undefined,
    detail: isWritten ? `${directory}/${kept.name}` : `not kept: ${kept.why}`,
    release: undefined,
  });
}
