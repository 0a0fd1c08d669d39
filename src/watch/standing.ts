/**
 * What a person, a probe or a scraper may ask of a running gate, put together from its parts. Parts that are
 * not there yet are what is not ready.
 */
import type { Policy } from "../judge/policy/policy.ts";
import type { Fence } from "../respond/fence.ts";
import type { Journal } from "../respond/journal/journal.ts";
import type { Gate, Hand, Place, State } from "./admin/answer.ts";
import type { WatchCall } from "./call.ts";
import type { Sentry } from "./defence/sentry.ts";
import { WEAKNESSES } from "./defence/weakness.ts";
import type { Gatekeeper } from "./gatekeeper.ts";
import type { Lines } from "./lines.ts";
import type { LivePipeline } from "./live-pipeline.ts";
import type { Metrics } from "./metrics.ts";
import type { PolicyKeeper } from "./policy-keeper.ts";
import type { Recent } from "./recent.ts";
import type { Rung } from "./start.ts";

export class Standing implements Gate {
  /** Set as the start goes on. */
  keeper?: PolicyKeeper;
  gatekeeper?: Gatekeeper;
  fence?: Fence;
  journal?: Journal;
  pipeline?: LivePipeline;
  /** Why nothing is captured any more; undefined while it is. */
  ended: string | undefined;
  rungs: ReadonlySet<Rung> = new Set();
  /** Why nothing is let through until the policy is mended; undefined otherwise. */
  hold: string | undefined;
  isReady = false;
  readonly #call: WatchCall;
  readonly #startedAtUs: number;
  readonly #sentry: Sentry;
  readonly #lines: Lines;
  readonly #metrics: Metrics;
  readonly #recent: Recent;

  constructor(
    call: WatchCall,
    parts: {
      readonly startedAtUs: number;
      readonly sentry: Sentry;
      readonly lines: Lines;
      readonly metrics: Metrics;
      readonly recent: Recent;
    },
  ) {
    this.#call = call;
    this.#startedAtUs = parts.startedAtUs;
    this.#sentry = parts.sentry;
    this.#lines = parts.lines;
    this.#metrics = parts.metrics;
    this.#recent = parts.recent;
    this.#measure();
  }

  /** `open`, `cut`, or in words what else it is. */
  get gate(): string {
    if (this.hold !== undefined) return "closed until the policy is mended";
    const { situation } = this.gatekeeper ?? {};
    if (situation?.fence === "failing") return "failing to cut";
    return situation?.cut === undefined ? "open" : "cut";
  }

  async cut(hand: Hand): Promise<readonly object[]> {
    return (await this.gatekeeper?.cut(hand)) ?? NOT_YET;
  }

  async release(hand: Hand): Promise<readonly object[]> {
    return (await this.gatekeeper?.release(hand)) ?? NOT_YET;
  }

  status(): object {
    const { dryRun, source } = this.#call;
    const policy = this.keeper?.policy;
    const cut = this.gatekeeper?.situation.cut;
    const { journal, gatekeeper, ended } = this;
    const capture = this.pipeline?.state;
    return {
      gate: this.gate,
      ...(cut !== undefined && {
        cut: {
          number: cut.epoch,
          since: timeOf(cut.sinceUs),
          because: cut.because,
          ...(cut.rule !== "" && { rule: cut.rule }),
          ...(cut.by !== "" && { by: cut.by }),
        },
      }),
      ready: this.isReady,
      startedAt: timeOf(this.#startedAtUs),
      respond: dryRun ? "nothing (--dry-run)" : [...this.rungs].join(", ") || "nothing",
      policy: {
        file: source.file ?? "none: the defaults",
        ...(policy !== undefined && { mode: policy.mode, sha256: policy.sha256 }),
        problem: this.hold ?? this.keeper?.problem,
      },
      ...(capture !== undefined && {
        capture: {
          how: capture.why,
          packets: capture.packets,
          bytes: capture.bytes,
          lost: capture.lost,
          connections: capture.open,
          ended,
        },
      }),
      ...(journal !== undefined && {
        journal: journal.trouble === "" ? "on the disk" : journal.trouble,
        recorded: gatekeeper?.durable ?? true,
      }),
      output: { ...this.#lines.dropped, closed: this.#lines.closed },
      fence: this.fence?.remarks ?? [],
      weaknesses: this.#sentry.weaknesses.map(({ name, found }) => `${name}: ${found}`),
    };
  }

  async why(place: Place): Promise<object> {
    const policy = this.keeper?.policy;
    const seen = this.#recent.about(place).map((one) => {
      const would = one.would === undefined ? "" : ` (in enforce mode: ${one.would})`;
      return `${timeOf(one.atUs)} ${one.server}: ${one.decision}${would}: ${one.says}`;
    });
    return {
      file: this.#call.source.file,
      gate: this.gate,
      policyProblem: this.hold ?? this.keeper?.problem,
      seen,
      ...(policy !== undefined && { explanation: await explained(policy, place, this.#call) }),
    };
  }

  healthy(): State {
    return stateOf([
      this.pipeline?.state.failed === true && "too many faults of our own",
      this.ended !== undefined && `nothing is captured: ${this.ended}`,
      this.gatekeeper?.situation.fence === "failing" && "the workload is to be cut and is not",
    ]);
  }

  ready(): State {
    return stateOf([
      this.hold !== undefined && `the policy cannot be used: ${this.hold}`,
      this.hold === undefined && !this.isReady && "still starting",
      ...this.healthy().because,
    ]);
  }

  metrics(): string {
    return this.#metrics.text();
  }

  #measure(): void {
    const metrics = this.#metrics;
    const bit = (is: boolean) => (is ? 1 : 0);
    metrics.gauge("gate_cut", () => bit(this.gatekeeper?.situation.cut !== undefined));
    metrics.gauge("ready", () => bit(this.ready().good));
    metrics.gauge("policy_broken", () => bit((this.hold ?? this.keeper?.problem) !== undefined));
    metrics.gauge("journal_durable", () => bit(this.gatekeeper?.durable ?? true));
    metrics.gauge("connections", () => this.pipeline?.state.open ?? 0);
    metrics.gauge("packets_total", () => this.pipeline?.state.packets ?? 0);
    metrics.gauge("packet_bytes_total", () => this.pipeline?.state.bytes ?? 0);
    metrics.gauge("packets_lost_total", () => this.pipeline?.state.lost ?? 0);
    metrics.gauge("weakness", () => {
      const found = new Set(this.#sentry.weaknesses.map(({ name }) => name));
      return new Map(WEAKNESSES.map((name) => [name, bit(found.has(name))]));
    });
    metrics.gauge("process_resident_memory_bytes", () => process.memoryUsage.rss());
    metrics.gauge("process_cpu_seconds_total", () => {
      const { user, system } = process.cpuUsage();
      return (user + system) / 1e6;
    });
    metrics.gauge("process_start_time_seconds", () => Math.round(this.#startedAtUs / 1e6));
  }
}

/** What explains is loaded when somebody asks: most gates are never asked. */
async function explained(
  policy: Policy,
  { name, ip, port }: Place,
  { source }: WatchCall,
): Promise<object> {
  const { explain } = await import("../judge/explain/explain.ts");
  return explain(policy, {
    name,
    ...(ip !== undefined && { ip }),
    ...(port !== undefined && { port }),
    atUs: Date.now() * 1000,
    isDefault: source.file === undefined,
  });
}

function stateOf(problems: readonly (string | false)[]): State {
  const because = problems.filter((one) => one !== false);
  return { good: because.length === 0, because };
}

function timeOf(atUs: number): string {
  return Number.isFinite(atUs) ? new Date(atUs / 1000).toISOString() : "unknown";
}

const NOT_YET = [
  { rung: "fence", status: "failed", verified: false, detail: "the gate is still starting" },
];
