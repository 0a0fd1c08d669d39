/**
 * From a verdict to what is done about it: the fence from memory and at once, everything else behind it.
 *
 *     refuse ──► this connection and this destination
 *     cut    ──► a guard holds it? ──yes──► refuse, and a verdict that says which guard
 *                      │ no
 *                      └──► sequence (respond/sequence.ts): fence, journal, tell, evidence
 *
 * A person's own hand goes the same way. Verdicts come before their lines are written, so what is told of
 * an action waits for the end of the turn: whoever reads sees why before what.
 */

import { uptime } from "node:os";
import type { Policy } from "../judge/policy/policy.ts";
import { faultLine, verdictLine } from "../report/build.ts";
import type { Line, OutcomeLine } from "../report/lines.ts";
import type { Fence } from "../respond/fence.ts";
import { FileDisk } from "../respond/journal/disk.ts";
import { Journal } from "../respond/journal/journal.ts";
import type { Outcome } from "../respond/outcome.ts";
import type { Because, Tidings } from "../respond/sequence.ts";
import { Sequencer } from "../respond/sequencer.ts";
import type { Hand, Who } from "./admin/answer.ts";
import { Guards } from "./guards.ts";
import type { Judged } from "./live-verdicts.ts";
import type { Rung } from "./start.ts";

/** Opens the journal in its directory, and a gatekeeper on it. Rejects with what the file system says. */
export async function openGatekeeper(
  directory: string,
  options: Omit<GatekeeperOptions, "journal">,
): Promise<{ readonly keeper: Gatekeeper; readonly journal: Journal }> {
  const journal = await Journal.open(await FileDisk.open(directory), options);
  return { keeper: new Gatekeeper({ ...options, journal }), journal };
}

export interface GatekeeperOptions {
  readonly instance: string;
  /** Absent where the kernel refused it, and nothing needs it yet: only a person's hand misses it. */
  readonly fence?: Fence;
  readonly journal: Journal;
  /** At start; `climb` changes them. */
  readonly rungs: ReadonlySet<Rung>;
  /** Says what it would do, and does nothing. */
  readonly dryRun: boolean;
  readonly policy: () => Policy;
  /** Microseconds since 1970. */
  readonly nowUs: () => number;
  readonly write: (line: Line) => void;
  /** Writes the evidence of a cut. */
  readonly keep: (flows: readonly string[], epoch: number) => void;
  /** From the packet's capture to the kernel's word that everything drops. */
  readonly fenced: (seconds: number) => void;
}

export class Gatekeeper {
  /** 0 once the last record may be lost by a crash. */
  durable = true;
  readonly #options: GatekeeperOptions;
  readonly #sequencer: Sequencer;
  /** People who wait to hear what became of their cut, by its epoch. */
  readonly #waiting = new Map<number, (outcome: Outcome) => void>();
  readonly #guards = new Guards();
  #rungs: ReadonlySet<Rung>;
  #provedAtUs = Number.NaN;

  constructor(options: GatekeeperOptions) {
    this.#options = options;
    this.#rungs = options.rungs;
    const { journal } = options;
    this.#sequencer = new Sequencer(
      {
        fence: (because) => this.#fence(because),
        open: () => options.fence?.release() ?? NO_FENCE,
        append: (record, told) => journal.append(record, told),
        tell: (tidings) => this.#tell(tidings),
        keep: options.keep,
        wait: (ms, then) => void setTimeout(then, ms).unref(),
        fault: (where, error) => this.#fault(where, error),
      },
      options.instance,
    );
  }

  /** To be called first: what was cut before we started is cut again. */
  start(): void {
    const { journal, fence, nowUs } = this.#options;
    this.#sequencer.start(journal.state, fence?.state() ?? "open", nowUs());
  }

  /** Another policy's ladder holds from here on. */
  climb(rungs: ReadonlySet<Rung>): void {
    this.#rungs = rungs;
  }

  get situation(): Sequencer["situation"] {
    return this.#sequencer.situation;
  }

  /** Called for each verdict, before its lines are written. Never throws. */
  judged(judged: Judged): void {
    const { decision } = judged.verdict;
    if (decision !== "refuse" && decision !== "cut") return;
    const { dryRun, policy } = this.#options;
    if (this.#rungs.size === 0) return;
    if (dryRun) {
      this.#later(outcomeLine(this.#options.nowUs(), dryRunOutcome(judged), judged.place.flow));
      return;
    }
    if (decision === "cut" && this.#rungs.has("fence")) {
      const held =
        this.#sequencer.situation.cut === undefined
          ? this.#guards.hold(policy(), uptime() * 1000)
          : undefined;
      if (held === undefined) {
        this.#provedAtUs = judged.atUs;
        this.#sequencer.cut(becauseOf(judged, this.#options.nowUs()));
        return;
      }
      this.#later(heldVerdict(judged, held));
    }
    this.#refuse(judged);
  }

  /** A person's cut. Resolves when it was fenced and the journal had its time. */
  async cut({ who, because }: Hand): Promise<readonly Outcome[]> {
    const { fence, dryRun, nowUs, policy } = this.#options;
    if (dryRun)
      return [{ ...DRY_RUN, detail: `--dry-run: would cut the workload off (${because})` }];
    if (fence === undefined) return [NO_FENCE];
    const told = Promise.withResolvers<Outcome>();
    this.#waiting.set(this.#sequencer.situation.epoch + 1, told.resolve);
    const { sha256 } = policy();
    const by = nameOf(who);
    this.#sequencer.cut({ atUs: nowUs(), rule: "", by, because, policySha256: sha256 });
    return [await told.promise];
  }

  /** A person's release: of the cut, or else of the destinations that are refused. */
  async release({ who, because }: Hand): Promise<readonly Outcome[]> {
    const { fence, nowUs } = this.#options;
    if (fence === undefined) return [NO_FENCE];
    const { epoch, cut } = this.#sequencer.situation;
    const by = nameOf(who);
    if (cut === undefined) {
      const outcome = fence.release();
      const detail = `${outcome.detail}; by ${by} (${because})`;
      if (outcome.status !== "unneeded") this.#write({ ...outcome, detail });
      return [outcome];
    }
    const answer = await this.#sequencer.release({ atUs: nowUs(), epoch, by, because });
    const outcome: Outcome = {
      rung: "fence",
      status: STATUS_OF[answer.status],
      verified: answer.status === "released" && fence.state() === "open",
      detail: answer.detail,
    };
    this.#write({ ...outcome, detail: `${answer.detail}; by ${by} (${because})` });
    return [outcome];
  }

  #fence(because: string): Outcome {
    const { fence, fenced, nowUs } = this.#options;
    if (fence === undefined) return NO_FENCE;
    const calledAtUs = nowUs();
    const outcome = fence.cut(because);
    const { droppedAfterMs } = outcome;
    if (droppedAfterMs !== undefined && !Number.isNaN(this.#provedAtUs)) {
      fenced((calledAtUs - this.#provedAtUs) / 1e6 + droppedAfterMs / 1e3);
    }
    this.#provedAtUs = Number.NaN;
    return outcome;
  }

  #refuse({ flow, client, place }: Judged): void {
    const { fence, nowUs } = this.#options;
    const outcome =
      fence?.refuse({
        transport: flow.transport,
        client: flow.ends[client],
        server: flow.ends[client === 0 ? 1 : 0],
      }) ?? NO_FENCE;
    this.#later(outcomeLine(nowUs(), outcome, place.flow));
  }

  /** What is told of a cut: again when a record that was late is on the disk after all. */
  #tell({ epoch, outcome, durable, why, times, flows, by }: Tidings): void {
    this.durable = durable;
    const recorded = durable ? "recorded" : `NOT recorded yet: ${why ?? "no reason given"}`;
    const more = times > 1 ? `; asked for ${times} times` : "";
    const hand = by === "" ? "" : `; by ${by}`;
    const detail = `${outcome.detail}; cut ${epoch}, ${recorded}${more}${hand}`;
    const told = { ...outcome, detail, release: RELEASE };
    this.#later(outcomeLine(this.#options.nowUs(), told, flows[0]));
    for (const [wanted, resolve] of this.#waiting) {
      if (wanted > epoch) continue;
      this.#waiting.delete(wanted);
      resolve(told);
    }
  }

  #fault(where: string, error: unknown): void {
    const stack = error instanceof Error ? (error.stack ?? error.message) : String(error);
    this.#later(faultLine({ atUs: this.#options.nowUs(), where, stack }));
  }

  #write(outcome: Outcome): void {
    this.#options.write(outcomeLine(this.#options.nowUs(), outcome));
  }

  #later(line: Line): void {
    queueMicrotask(() => this.#options.write(line));
  }
}

function outcomeLine(atUs: number, outcome: Outcome, flow?: string): OutcomeLine {
  const { rung, status, verified, tookMs, detail, release } = outcome;
  return { kind: "outcome", atUs, flow, rung, status, verified, tookMs, detail, release };
}

/** A workload-level decision: the cut was asked for, and a guard made less of it. */
function heldVerdict({ atUs, place, verdict }: Judged, held: string): Line {
  return verdictLine(
    {
      atUs,
      decision: "refuse",
      wouldCut: true,
      would: "cut",
      reason: [...verdict.reason, { step: "guard", says: held }],
      findings: verdict.findings,
      coverage: verdict.coverage,
      policySha256: verdict.policySha256,
    },
    place,
  );
}

function becauseOf({ verdict, findings, place }: Judged, atUs: number): Because {
  const { policySha256 } = verdict;
  const worst = findings[0];
  const asked = verdict.reason.find(({ step }) => step !== "possession");
  const because = worst?.summary ?? asked?.says ?? verdict.reason[0]?.says ?? "";
  return { atUs, rule: worst?.rule ?? "", by: "", because, policySha256, flow: place.flow };
}

function dryRunOutcome({ verdict, place }: Judged): Outcome {
  const would = verdict.decision === "cut" ? "cut the workload off" : `refuse ${place.server}`;
  return { ...DRY_RUN, detail: `--dry-run: would ${would}` };
}

function nameOf({ uid, pid }: Who): string {
  return `user ${uid} (pid ${pid})`;
}

const DRY_RUN = { rung: "fence", status: "unneeded", verified: false } as const;
const NO_FENCE: Outcome = {
  rung: "fence",
  status: "failed",
  verified: false,
  retry: false,
  detail: "there is no fence here: `portcullis doctor` says what is missing",
};
const STATUS_OF = {
  released: "done",
  unneeded: "unneeded",
  refused: "failed",
  waiting: "failed",
  failed: "failed",
} as const;
const RELEASE = 'portcullis release --because "..."';
