/**
 * The sidecar put together, from its start to its end.
 *
 *     admin socket ─ absence ─ policy ─ surroundings ─ fence ─ journal ─ tap ─ ready
 *
 * The order is what matters here. The admin socket is first, since it is also the lock that lets one of us
 * run; whoever is to stand closed in our absence is closed before anything is read; what was cut before is
 * cut again before the first packet; and only who sees packets gives signs of life. Each step is a part
 * with a file of its own, and nothing here decides about a connection.
 */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { LiveEvidence } from "../evidence/live-evidence.ts";
import type { Policy } from "../judge/policy/policy.ts";
import { KernelRefused } from "../kernel/libc.ts";
import { giveBackMemory } from "../kernel/memory.ts";
import { findingLine } from "../report/build.ts";
import type { Line } from "../report/lines.ts";
import { isObservation } from "../report/sink.ts";
import { Fence, type FenceOptions } from "../respond/fence.ts";
import { AbsenceKeeper } from "./absence-keeper.ts";
import { answerTo } from "./admin/answer.ts";
import { AdminRefused, openAdminSocket } from "./admin/socket.ts";
import { type WatchCall, WatchRefused } from "./call.ts";
import { ClockWatch } from "./clock.ts";
import { Sentry } from "./defence/sentry.ts";
import { openGatekeeper } from "./gatekeeper.ts";
import { instanceName } from "./instance.ts";
import { openEvidence } from "./kept-evidence.ts";
import { keptPolicy } from "./kept-policy.ts";
import { Lines } from "./lines.ts";
import { LivePipeline } from "./live-pipeline.ts";
import { type Log, openLog } from "./log.ts";
import { Metrics } from "./metrics.ts";
import { MetricsPort } from "./metrics-port.ts";
import { Policies } from "./policies.ts";
import { Recent } from "./recent.ts";
import { Standing } from "./standing.ts";
import { noticesOf, rungsOf, unenforceable } from "./start.ts";
import { Stop } from "./stop.ts";
import { warmUp } from "./warm-up.ts";
import { workloadSeen } from "./workload.ts";

/**
 * Watches until it is asked to stop. Answers whether all went well; false: too many faults of our own.
 * Throws `WatchRefused` where it cannot begin.
 */
export async function watch(call: WatchCall): Promise<boolean> {
  const log = openLog(call.logLevel);
  const appliance = new Appliance(call, log);
  try {
    await appliance.start();
    return await appliance.run();
  } finally {
    await appliance.close();
    await log.drain(DRAIN_MS);
  }
}

class Appliance {
  readonly #call: WatchCall;
  readonly #log: Log;
  readonly #stop: Stop;
  readonly #metrics = new Metrics();
  readonly #lines: Lines;
  readonly #recent = new Recent();
  readonly #sentry: Sentry;
  readonly #standing: Standing;
  readonly #absence: AbsenceKeeper;
  readonly #clock = new ClockWatch();
  readonly #policies: Policies;
  #evidence: LiveEvidence | undefined;
  /** What is to be closed, the last one first. */
  readonly #closers: (() => unknown)[] = [];

  constructor(call: WatchCall, log: Log) {
    this.#call = call;
    this.#log = log;
    this.#stop = new Stop(log);
    this.#lines = new Lines(this.#metrics, nowUs);
    this.#sentry = new Sentry({
      nowUs,
      write: (line) => this.#write(line),
      onLook: (bypassable) => this.#standing.fence?.mayBePassed(bypassable),
    });
    this.#absence = new AbsenceKeeper(log, () => this.#standing.healthy().good);
    this.#standing = new Standing(call, {
      startedAtUs: nowUs(),
      sentry: this.#sentry,
      lines: this.#lines,
      metrics: this.#metrics,
      recent: this.#recent,
    });
    this.#policies = new Policies({
      call,
      log,
      nowUs,
      stop: this.#stop,
      metrics: this.#metrics,
      standing: this.#standing,
      absence: this.#absence,
      mayEnforce: (policy) => this.#mayEnforce(policy),
      write: (line) => this.#write(line),
    });
  }

  /** Returns early when somebody asks to stop before there was a policy. */
  async start(): Promise<void> {
    await this.#openAdmin();
    const { stateDirectory, onFailure } = this.#call;
    mkdirOwn(stateDirectory);
    const kept = keptPolicy(stateDirectory);
    this.#absence.atStart(onFailure, kept);
    const read = await this.#policies.first(kept);
    if (read === undefined) return;
    const { policy } = read;
    for (const notice of noticesOf(policy)) this.#log.warn(notice);
    await this.#sentry.glance();
    this.#mayEnforce(policy);
    this.#absence.under(policy, onFailure);
    await this.#openGate(policy);
    this.#openEvidence(policy);
    await this.#settleDown(policy);
    this.#capture(policy);
    this.#policies.keep(read);
    await this.#openMetrics();
    await this.#sentry.look();
    this.#look();
    this.#standing.isReady = true;
    this.#absence.begin();
    this.#log.info({ ...this.#standing.status() }, "ready");
  }

  /** Until somebody asks to stop, or there is nothing left to watch with: throws `WatchRefused` then. */
  async run(): Promise<boolean> {
    const why = await this.#stop.requested;
    this.#log.info({ why }, "stopping");
    if (this.#standing.ended !== undefined) throw new WatchRefused(why, "machine");
    return this.#standing.healthy().good;
  }

  /** Rules stay as they are. */
  async close(): Promise<void> {
    this.#stop.forget();
    this.#policies.close();
    for (const closer of this.#closers.splice(0).reverse()) {
      try {
        await closer();
      } catch (error) {
        this.#log.error(error instanceof Error ? error.message : String(error));
      }
    }
    this.#absence.end();
    const left = await this.#lines.drain(DRAIN_MS);
    if (left > 0) this.#log.error({ bytes: left }, "standard output was not read in time");
  }

  async #openAdmin(): Promise<void> {
    const { adminPath: path } = this.#call;
    try {
      const server = await openAdminSocket({
        path,
        answer: (request, peer) => answerTo(request, peer, this.#standing),
        onRefused: (why) => {
          this.#metrics.add("admin_refused");
          this.#log.warn({ why }, "turned away from the admin socket");
        },
      });
      this.#closers.push(() => server.close());
    } catch (error) {
      throw error instanceof AdminRefused ? new WatchRefused(error.message, "misuse") : error;
    }
  }

  /** Throws `WatchRefused` for what must not be enforced here unless the call says so. */
  #mayEnforce(policy: Policy): void {
    const { despite } = this.#call;
    const why = unenforceable(policy, this.#sentry.weaknesses, despite);
    if (why !== undefined) throw new WatchRefused(why, "misuse");
  }

  /** What the start needed goes, and what the first connection will need comes. */
  async #settleDown(policy: Policy): Promise<void> {
    const began = performance.now();
    const verdicts = await warmUp(policy);
    const bytes = giveBackMemory();
    await warmUp(policy, 1);
    const tookMs = Math.round(performance.now() - began);
    this.#log.debug({ verdicts, bytes, tookMs }, "warmed up");
  }

  async #openGate(policy: Policy): Promise<void> {
    const { respond, stateDirectory, dryRun } = this.#call;
    const ladder = rungsOf(policy, respond);
    if ("refused" in ladder) throw new WatchRefused(ladder.refused, "misuse");
    const instance = instanceName();
    const fence = openFence(
      { instance, policySha256: policy.sha256, bypassable: this.#sentry.bypassable },
      policy.mode === "enforce" && ladder.rungs.size > 0 && !dryRun,
      this.#log,
    );
    if (fence !== undefined) {
      const opened = fence;
      // Without a workload an open gate's rules hold nothing back, and nobody would remove them.
      this.#closers.push(async () => {
        if ((await workloadSeen()) === undefined) opened.remove();
        else opened.close();
      });
      const changes = opened.onChange(() => {
        this.#lookAtFence();
        this.#sentry.soon();
      });
      this.#closers.push(() => changes.stop());
      this.#standing.fence = opened;
    }
    const gate = await openGatekeeper(join(stateDirectory, "journal"), {
      instance,
      ...(fence !== undefined && { fence }),
      rungs: ladder.rungs,
      dryRun,
      policy: () => this.#standing.keeper?.policy ?? policy,
      nowUs: () => this.#standing.pipeline?.state.nowUs ?? nowUs(),
      write: (line) => this.#write(line),
      keep: (flows) => this.#evidence?.keep(flows),
      fenced: (seconds) => this.#metrics.fenced(seconds),
    }).catch((error: Error) => {
      throw new WatchRefused(`the journal: ${error.message}`, "machine");
    });
    this.#closers.push(() => gate.journal.close());
    this.#standing.rungs = ladder.rungs;
    this.#standing.journal = gate.journal;
    this.#standing.gatekeeper = gate.keeper;
    gate.keeper.start();
  }

  #openEvidence(policy: Policy): void {
    const evidence = openEvidence({
      directory: join(this.#call.stateDirectory, "evidence"),
      policy: () => this.#standing.keeper?.policy ?? policy,
      nowUs,
      write: (line) => this.#write(line),
      log: this.#log,
    });
    this.#evidence = evidence;
    this.#closers.push(() => evidence?.close(DRAIN_MS));
  }

  #capture(policy: Policy): void {
    const { gatekeeper } = this.#standing;
    const recorder = this.#evidence?.recorder;
    try {
      const pipeline = LivePipeline.open(
        {
          policy,
          // Evidence needs them: they say what is secret where.
          observations: true,
          ...(recorder !== undefined && { recorder }),
          onVerdict: (judged) => {
            gatekeeper?.judged(judged);
            this.#recent.judged(judged);
          },
          onEnd: (why) => {
            this.#standing.ended = why;
            // Whoever restarts us may do better; a watcher that sees nothing is none.
            const how = this.#standing.pipeline?.state.why ?? "the capture";
            this.#stop.now(`nothing is captured any more: ${why} (${how})`);
          },
        },
        (line) => this.#write(line),
      );
      this.#standing.pipeline = pipeline;
      this.#closers.push(() => pipeline.close());
    } catch (error) {
      if (!(error instanceof KernelRefused)) throw error;
      throw new WatchRefused(error.message, "machine");
    }
  }

  async #openMetrics(): Promise<void> {
    const { metrics } = this.#call;
    if (metrics === undefined) return;
    const text = () => this.#metrics.text();
    const port = new MetricsPort(metrics, text, (finding) => {
      this.#write(findingLine({ ...finding, atUs: nowUs() }, undefined));
    });
    await port.open();
    this.#closers.push(() => port.close());
  }

  /** What is looked at now and then. */
  #look(): void {
    this.#sentry.watch();
    const timer = setInterval(() => {
      const step = this.#clock.look();
      if (step !== undefined) this.#clockLine(step.seconds);
      this.#lookAtFence();
      if (this.#standing.pipeline?.state.failed === true) this.#stop.now("too many faults");
    }, LOOK_EVERY_MS).unref();
    this.#closers.push(
      () => clearInterval(timer),
      () => this.#sentry.stop(),
    );
  }

  #lookAtFence(): void {
    for (const finding of this.#standing.fence?.look() ?? []) {
      this.#write(findingLine({ ...finding, atUs: nowUs() }, undefined));
    }
  }

  /** Whatever is decided where packets can pass unseen says so. */
  #write(line: Line): void {
    const isVerdict = line.kind === "verdict" && this.#sentry.bypassable;
    const told: Line = isVerdict ? { ...line, coverage: [...line.coverage, "bypassable"] } : line;
    this.#evidence?.line(told);
    if (this.#call.observations || !isSeenOnly(told)) this.#lines.write(told);
  }

  #clockLine(seconds: number): void {
    this.#log.warn({ seconds }, "the clock was set");
    const after = `${seconds > 0 ? "+" : ""}${seconds} s`;
    const what = { source: "clock", subject: "wall clock", change: "stepped", after };
    this.#write({ kind: "host", atUs: nowUs(), ...what });
  }
}

/** What `--observations` adds; what is told of the host is about the gate itself here. */
function isSeenOnly(line: Line): boolean {
  return line.kind !== "host" && isObservation(line);
}

/** Microseconds since 1970. */
function nowUs(): number {
  return Date.now() * 1000;
}

/** Undefined where the kernel grants none and nothing needs it. Throws `WatchRefused` where something does. */
function openFence(options: FenceOptions, isNeeded: boolean, log: Log): Fence | undefined {
  try {
    return Fence.open(options);
  } catch (error) {
    if (!(error instanceof KernelRefused)) throw error;
    if (isNeeded) throw new WatchRefused(`no fence: ${error.message}`, "machine");
    log.warn({ why: error.message }, "no fence: nothing can be cut, not even by hand");
    return undefined;
  }
}

function mkdirOwn(directory: string): void {
  try {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new WatchRefused(`--state ${directory}: ${why}`, "machine");
  }
}

const DRAIN_MS = 2000;
const LOOK_EVERY_MS = 5000;
