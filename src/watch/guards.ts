/**
 * A sidecar's own guards: what holds a cut back, though never the refusal of the connection in hand
 * (RESPONSE, "Guards"). Those that look across workloads live in agents and controllers.
 */
import type { Policy } from "../judge/policy/policy.ts";

export class Guards {
  readonly #cutsMs: number[] = [];

  /**
   * Which guard holds back a cut that is wanted now; undefined when none does, and then it counts.
   *
   * @param nowMs of a clock that nobody can set
   */
  hold(policy: Policy, nowMs: number): string | undefined {
    const limit = maxCutsPer(policy);
    if (limit === undefined) return undefined;
    const sinceMs = nowMs - limit.minutes * 60_000;
    while (this.#cutsMs.length > 0 && this.#cutsMs[0]! < sinceMs) this.#cutsMs.shift();
    if (this.#cutsMs.length >= limit.count) {
      return `respond.guards.maxCutsPer: ${limit.count} in ${limit.minutes} minutes are used up`;
    }
    this.#cutsMs.push(nowMs);
    return undefined;
  }
}

function maxCutsPer({ later }: Policy): { count: number; minutes: number } | undefined {
  const respond = later.respond as { guards?: { maxCutsPer?: Partial<Limit> } } | undefined;
  const { count, minutes } = respond?.guards?.maxCutsPer ?? {};
  return count === undefined || minutes === undefined ? undefined : { count, minutes };
}

interface Limit {
  readonly count: number;
  readonly minutes: number;
}
