/**
 * The policy of a running gate, from the first reading on: what a broken one means at the start, and what
 * has to change when another one is good. A policy that cannot be run here is refused like one that cannot
 * be read: the one before it stays in force.
 */
import type { Policy } from "../judge/policy/policy.ts";
import type { Line } from "../report/lines.ts";
import type { AbsenceKeeper } from "./absence-keeper.ts";
import { type WatchCall, WatchRefused } from "./call.ts";
import { type KeptPolicy, keepPolicy } from "./kept-policy.ts";
import type { Log } from "./log.ts";
import type { Metrics } from "./metrics.ts";
import { type PolicyRead, readPolicyInChild } from "./policy-child.ts";
import { PolicyKeeper } from "./policy-keeper.ts";
import type { Standing } from "./standing.ts";
import { enforceProblem, rungsOf, startBy } from "./start.ts";
import type { Stop } from "./stop.ts";

export type GoodRead = Exclude<PolicyRead, { problem: string }>;

export interface PoliciesOptions {
  readonly call: WatchCall;
  readonly log: Log;
  readonly nowUs: () => number;
  readonly stop: Stop;
  readonly metrics: Metrics;
  readonly standing: Standing;
  readonly absence: AbsenceKeeper;
  /** Throws where the surroundings forbid it. */
  readonly mayEnforce: (policy: Policy) => void;
  readonly write: (line: Line) => void;
}

export class Policies {
  readonly #options: PoliciesOptions;
  #keeper: PolicyKeeper | undefined;
  readonly #onHangUp = () => void this.#keeper?.reload();

  /** SIGHUP reads the policy from here on, and ends nothing. */
  constructor(options: PoliciesOptions) {
    this.#options = options;
    process.on("SIGHUP", this.#onHangUp);
  }

  /**
   * With a broken policy, either closed until it is mended or not at all: throws `WatchRefused`. Undefined
   * when somebody asked to stop meanwhile.
   */
  async first(kept: KeptPolicy | undefined): Promise<GoodRead | undefined> {
    const { call, stop, metrics, standing, absence, log } = this.#options;
    const { source, onFailure } = call;
    for (;;) {
      const read = await readPolicyInChild(source);
      metrics.add("policy_reads", "problem" in read ? "bad" : "good");
      const start = startBy(read, { onFailure, kept });
      if (start.is === "exit") throw new WatchRefused(start.why, "misuse");
      if (!("problem" in read)) {
        standing.hold = undefined;
        return read;
      }
      if (standing.hold !== read.problem) {
        standing.hold = read.problem;
        absence.close();
        log.error({ problem: read.problem }, "nothing leaves until the policy is mended");
        this.#tell("refused", undefined, read.problem);
      }
      const stopped = await Promise.race([stop.requested, pause(MENDED_EVERY_MS)]);
      if (stopped !== undefined) return undefined;
    }
  }

  /** In force from here on, until its files say something else that is good. */
  keep(start: GoodRead): void {
    const { call, metrics, log, standing } = this.#options;
    const keeper = new PolicyKeeper(
      {
        source: call.source,
        onRead: (policy, before) => this.#adopt(policy, before),
        onProblem: (problem) => {
          metrics.add("policy_reads", "bad");
          log.error({ problem }, "the last good policy stays in force");
          this.#tell("refused", keeper.policy.sha256, problem);
        },
      },
      start,
    );
    standing.keeper = keeper;
    this.#keeper = keeper;
    this.#remember(start.policy);
    keeper.watch();
  }

  close(): void {
    process.off("SIGHUP", this.#onHangUp);
    this.#keeper?.stop();
  }

  /** Throws what makes it unusable here: the one before it stays. */
  #adopt(policy: Policy, before: Policy): void {
    const { call, standing, metrics, log, absence, mayEnforce } = this.#options;
    const { onFailure, respond } = call;
    const { fence, pipeline } = standing;
    const ladder = rungsOf(policy, respond);
    const problem = enforceProblem(policy, onFailure);
    if (problem !== undefined) throw new Error(problem);
    if ("refused" in ladder) throw new Error(ladder.refused);
    mayEnforce(policy);
    if (policy.mode === "enforce" && ladder.rungs.size > 0 && fence === undefined) {
      throw new Error("`mode: enforce`, and the kernel grants no fence here");
    }
    absence.under(policy, onFailure);
    metrics.add("policy_reads", "good");
    const { sha256, mode } = policy;
    if (sha256 !== before.sha256) {
      const marked = fence?.setPolicy(sha256);
      if (marked !== undefined) log.warn({ why: marked }, "the rules name the policy before");
      this.#tell("read", before.sha256, sha256);
      log.info({ mode, sha256 }, "another policy is in force");
      this.#remember(policy);
    }
    standing.gatekeeper?.climb(ladder.rungs);
    standing.rungs = ladder.rungs;
    // What is connected already is judged again, so all the rest has to be in place.
    pipeline?.adopt(policy);
  }

  #remember(policy: Policy): void {
    const { call, log } = this.#options;
    try {
      keepPolicy(call.stateDirectory, policy);
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      log.warn({ why }, "the next start will not know this policy");
    }
  }

  #tell(change: string, before: string | undefined, after: string): void {
    const { call, nowUs, write } = this.#options;
    const subject = call.source.file ?? "the default policy";
    write({ kind: "host", atUs: nowUs(), source: "policy", subject, change, before, after });
  }
}

async function pause(ms: number): Promise<undefined> {
  return await new Promise((resolve) => setTimeout(resolve, ms, undefined));
}

const MENDED_EVERY_MS = 1000;
