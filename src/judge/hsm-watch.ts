/**
 * B16: workloads whose connections to an HSM ended while they opened new TLS connections.
 *
 * Where an HSM answers, a line of `expect` says: `hardware: {kind: hsm}` without an `identity`. When a long
 * connection was last used is known when it is over, so the question is asked when no more will come.
 * Without such a line nothing is kept.
 */
import { askable } from "./case.ts";
import { placeName } from "./destination.ts";
import { type Expectation, expectationFor } from "./expectation.ts";
import type { Finding } from "./finding.ts";
import type { Meeting } from "./meeting.ts";
import type { Policy } from "./policy/policy.ts";
import { hsmSilentFinding } from "./rules/hsm-silent.ts";
import type { Answer, Verdict } from "./verdict.ts";
import { settledOf } from "./with-answers.ts";

export interface Used {
  readonly meeting: () => Meeting;
  readonly fromUs: number;
  /** Of its last packet. */
  readonly untilUs: number;
  readonly isTls: boolean;
}

export interface Silenced<Of extends Used> {
  /** The first TLS connection without the HSM. */
  readonly of: Of;
  readonly findings: readonly Finding[];
  readonly verdict: Verdict;
}

export class HsmWatch<Of extends Used> {
  readonly #policy: Policy;
  readonly #asks: boolean;
  readonly #used: Of[] = [];
  /** Connections that found no room, and when the first of them began. */
  unwatched = 0;
  unwatchedAtUs = Number.NaN;

  constructor(policy: Policy) {
    this.#policy = policy;
    this.#asks = policy.expect?.some(isHsm) === true;
  }

  /** Is over. */
  see(of: Of): void {
    if (!this.#asks) return;
    if (this.#used.length < USED_MAX) this.#used.push(of);
    else if (this.unwatched++ === 0) this.unwatchedAtUs = of.fromUs;
  }

  /** One a workload, at its first TLS connection after five minutes without its HSM. */
  silenced(): Silenced<Of>[] {
    const workloads = new Map<string, Workload<Of>>();
    for (const one of this.#used.toSorted((a, b) => a.fromUs - b.fromUs))
      this.#sort(one, workloads);
    return [...workloads].flatMap(([name, workload]) => this.#silence(name, workload) ?? []);
  }

  #sort(of: Of, workloads: Map<string, Workload<Of>>): void {
    const meeting = of.meeting();
    const { destination, isNamed } = meeting;
    const line = expectationFor(this.#policy.expect, destination, isNamed);
    const name = meeting.workload ?? meeting.client;
    const workload = workloads.get(name) ?? { hsm: [], tls: [] };
    workloads.set(name, workload);
    if (line !== undefined && isHsm(line)) workload.hsm.push({ of, meeting, line });
    else if (of.isTls) workload.tls.push({ of, meeting });
  }

  #silence(name: string, { hsm, tls }: Workload<Of>): Silenced<Of> | undefined {
    // Both in the order of their first packets: each is looked at once.
    let next = 0;
    let last: Workload<Of>["hsm"][number] | undefined;
    for (const { of, meeting } of tls) {
      for (; next < hsm.length && hsm[next]!.of.fromUs <= of.fromUs; next++) {
        if (last === undefined || hsm[next]!.of.untilUs > last.of.untilUs) last = hsm[next]!;
      }
      if (last === undefined) continue;
      const silentUs = of.fromUs - last.of.untilUs;
      if (silentUs < SILENCE_US) continue;
      const { line, otherwise } = last.line;
      const asks = askable(meeting, otherwise ?? "report");
      const hsmPlace = placeName(last.meeting.destination);
      const silentSeconds = Math.round(silentUs / 1e6);
      const place = placeName(meeting.destination);
      const seen = { workload: name, hsm: hsmPlace, place, silentSeconds, line };
      const finding = hsmSilentFinding(asks, { ...seen, lastAtUs: last.of.untilUs });
      const says = `${asks}: the HSM ${hsmPlace} has been silent for ${silentSeconds} s, and TLS goes on`;
      const answer: Answer = { step: "expect", ...(line !== undefined && { line }), says, asks };
      const answers = [otherwise === "pass" ? answer : { ...answer, finding }];
      return { of, ...settledOf(answers, [], { policy: this.#policy, atUs: of.fromUs }) };
    }
    return undefined;
  }
}

/** `to` of such a line is the HSM itself. */
function isHsm({ hardware }: Expectation): boolean {
  return hardware?.kind === "hsm" && hardware.identity === undefined;
}

interface Workload<Of> {
  readonly hsm: { readonly of: Of; readonly meeting: Meeting; readonly line: Expectation }[];
  readonly tls: { readonly of: Of; readonly meeting: Meeting }[];
}

/** DETECTIONS, B16. */
const SILENCE_US = 300_000_000;
/** Connections of policies that declare an HSM. */
const USED_MAX = 65_536;
