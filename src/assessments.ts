/**
 * What a connection comes to: everything that is known of it put together, and judged. Nothing is
 * written here, and nothing but what later connections need is remembered: the DNS answers, the HTTPS
 * records and the sessions that came before. A replay asks once, when a connection has ended; who
 * watches live asks when the proof is there, and again when the handshake is over (watch/).
 */
import type { Flow, Side } from "./flow/event.ts";
import type { DnsAnswer } from "./inspect/dns/answer.ts";
import type {
  OpaqueObservation,
  PlaintextObservation,
  SeenCertificates,
  TlsObservation,
} from "./inspect/observation.ts";
import { type Binding, Bindings, bindingOf } from "./judge/binding.ts";
import { Judge, type JudgeInput, type Judgement } from "./judge/decide.ts";
import { EchRecords } from "./judge/ech-records.ts";
import type { Vantage } from "./judge/expectation.ts";
import { Expecting } from "./judge/expecting.ts";
import type { Finding } from "./judge/finding.ts";
import { type DirectionOf, type Meeters, type Meeting, Meetings } from "./judge/meeting.ts";
import { type Policy, strictness } from "./judge/policy/policy.ts";
import { type FirstSession, Sessions } from "./judge/resumption.ts";
import type { Expected } from "./judge/steps/expect.ts";
import type { Verdict } from "./judge/verdict.ts";
import type { WorkloadEntry } from "./judge/workloads.ts";
import { type Place, placeOf } from "./report/build.ts";
import type { Possession } from "./trust/possession.ts";
import { BUDGET, PossessionChecks, type Verify } from "./trust/possession-checks.ts";
import { type Chain, ChainStore } from "./trust/store.ts";

/** Of one handshake. */
export interface Assessment {
  readonly observation: TlsObservation;
  readonly place: Place;
  readonly chain: Chain | undefined;
  readonly clientChain: Chain | undefined;
  readonly binding: Binding | undefined;
  readonly first: FirstSession | undefined;
  readonly judgement: Judgement;
  readonly meeting: Meeting;
  /** The line of the policy that expects something of it. */
  readonly expected: Expected | undefined;
  /** The judgement's, or a stricter one where bytes were sent twice and differ. */
  readonly verdict: Verdict;
}

/** Of a connection without TLS. */
export interface ClearAssessment {
  readonly place: Place;
  readonly findings: readonly Finding[];
  readonly verdict: Verdict;
  readonly expected: Expected | undefined;
}

export interface AssessmentOptions {
  readonly policy: Policy;
  /** Which way a connection goes, seen from the hosts that are ours. */
  readonly directionOf: DirectionOf;
  /** Whose address it is; absent: nobody's. */
  readonly workloads?: readonly WorkloadEntry[] | undefined;
  /** Where packets are seen; absent: what depends on it is unknown. */
  readonly vantage?: Vantage | undefined;
  /** Of which handshakes the server's signature is checked. Default: a sample. */
  readonly verify?: Verify | undefined;
}

export class Assessments {
  #judge: Judge;
  readonly #meetings: Meetings;
  readonly #expecting: Expecting;
  readonly #chains = new ChainStore();
  readonly #proofs: PossessionChecks;
  #bindings: Bindings;
  readonly #sessions = new Sessions();
  readonly #echRecords = new EchRecords();

  constructor(options: AssessmentOptions) {
    const { policy, directionOf, workloads = [], vantage, verify = "sample" } = options;
    this.#judge = new Judge(policy);
    this.#proofs = new PossessionChecks(verify);
    this.#bindings = new Bindings(policy.resolvers);
    this.#meetings = new Meetings(policy, directionOf, workloads, this.#bindings);
    this.#expecting = new Expecting(policy, vantage);
  }

  /** Workloads of which memory did not hold what they were like, and when that began. */
  get forgotten(): { readonly count: number; readonly atUs: number } {
    return { count: this.#expecting.forgotten, atUs: this.#expecting.forgottenAtUs };
  }

  get policy(): Policy {
    return this.#judge.policy;
  }

  /** Judges by another policy from here on. What resolvers said counts anew when there are others. */
  adopt(policy: Policy): void {
    const before = this.policy.resolvers?.join();
    if (policy.resolvers?.join() !== before) this.#bindings = new Bindings(policy.resolvers);
    this.#judge = new Judge(policy);
    this.#meetings.adopt(policy, this.#bindings);
    this.#expecting.adopt(policy);
  }

  /** A DNS answer that counts: who connects after it may be bound by it. */
  hear(answer: DnsAnswer): void {
    this.#bindings.add(answer);
    this.#echRecords.add(answer);
  }

  /** The same handshake, with what HTTPS records tell of an encrypted hello. */
  hidden(seen: TlsObservation): TlsObservation {
    return this.#echRecords.hidden(seen);
  }

  /** Of a resumed connection: the one in which its session began, as far as that was seen. */
  firstOf(observation: TlsObservation): FirstSession | undefined {
    return this.#sessions.firstOf(observation);
  }

  /** Its sessions may be resumed later. Once a handshake, when it is over. */
  remember(assessed: Assessment): void {
    const { observation, judgement, binding, chain, clientChain, meeting } = assessed;
    this.#sessions.add(observation, judgement, binding);
    this.#expecting.remember(observation, chain?.certificates[0]?.key, meeting);
    this.#expecting.rememberIdentity(meeting, { chain, clientChain });
  }

  /**
   * @param observation as `hidden` gave it
   * @param isEvaded some of it was sent twice, and not the same
   */
  handshake(
    observation: TlsObservation,
    isEvaded: boolean,
    first: FirstSession | undefined,
  ): Assessment {
    const meeting = this.#meetings.of(observation);
    const place = placeIn(meeting, observation);
    const { direction, workload } = meeting;
    const chain = this.#chain(observation.certificates);
    const clientChain = this.#chain(observation.clientCertificates);
    const binding = bindingOf(observation, this.#bindings);
    const seen = { observation, chain, clientChain, direction, workload, binding, first };
    const { judgement, expected } = this.#expecting.handshake(
      this.#decide(seen),
      observation,
      { chain, clientChain },
      meeting,
    );
    const verdict = isEvaded ? evaded(judgement.verdict) : judgement.verdict;
    const known = { observation, place, meeting, chain, clientChain, binding, first };
    return { ...known, judgement, expected, verdict };
  }

  /** A connection without TLS, or what was said before it; of several layers the innermost. */
  inClear(seen: PlaintextObservation | OpaqueObservation, isEvaded: boolean): ClearAssessment {
    const meeting = this.#meetings.of(seen);
    const coverage = isMidstream(seen.flow) ? MIDSTREAM : WHOLE;
    const { verdict, findings, expected } = this.#expecting.inClear(seen, coverage, meeting);
    const place = placeIn(meeting, seen);
    return { place, findings, expected, verdict: isEvaded ? evaded(verdict) : verdict };
  }

  meetingOf(flow: Flow, client: Side): Meeting {
    return this.#meetings.of({ flow, client, atUs: flow.openedAtUs });
  }

  placeOf(flow: Flow, client: Side): Place {
    const meeters = { flow, client, atUs: flow.openedAtUs };
    return placeIn(this.#meetings.of(meeters), meeters);
  }

  /** With the server's signature, which is always checked where a connection is refused or cut. */
  #decide(seen: Omit<JudgeInput, "possession">): Judgement {
    const { chain, observation } = seen;
    const leaf = chain?.certificates[0];
    if (leaf === undefined) return this.#judge.judge(seen);
    const { proof, unproved = "cut-short", flow, client } = observation;
    if (observation.finished === "failed") {
      return this.#judge.judge({ ...seen, possession: { state: "failed" } });
    }
    const { ip, port } = flow.ends[client === 0 ? 1 : 0];
    const possession: Possession =
      proof === undefined
        ? { state: "unverified", why: unproved }
        : seen.observation.certificates.seen !== "wire"
          ? // Opening it has cost more than the signature does.
            this.#proofs.checked(proof, leaf, ip, port)
          : this.#proofs.sampled(proof, leaf, ip, port);
    const judgement = this.#judge.judge({ ...seen, possession });
    if (possession !== BUDGET || proof === undefined || !isRefused(judgement.verdict)) {
      return judgement;
    }
    return this.#judge.judge({ ...seen, possession: this.#proofs.checked(proof, leaf, ip, port) });
  }

  #chain(seen: SeenCertificates | undefined): Chain | undefined {
    return seen === undefined || seen.chain.length === 0 ? undefined : this.#chains.get(seen.chain);
  }
}

function placeIn({ direction, workload }: Meeting, { flow, client }: Meeters): Place {
  return placeOf(flow, client, direction, workload);
}

/**
 * What is really refused, and not what a policy in audit would have: in a capture of unknown issuers that
 * is every handshake, and checking them all would take five times as long as everything else.
 */
function isRefused({ decision }: Verdict): boolean {
  return strictness(decision) >= strictness("refuse");
}

/** Nobody saw it begin. UDP has no beginning that could be told. */
function isMidstream({ transport, opener }: Flow): boolean {
  return transport === "tcp" && opener === undefined;
}

/** Two conversations may have been read from these packets: nothing about it is called clean. */
function evaded(verdict: Verdict): Verdict {
  const says = "bytes were sent twice and differ, so the receiver may have read something else";
  return {
    ...verdict,
    decision: verdict.decision === "pass" ? "report" : verdict.decision,
    reason: [...verdict.reason, { step: "hygiene", says }],
    findings: [...verdict.findings, "C08"],
  };
}

const WHOLE: TlsObservation["coverage"] = [];
const MIDSTREAM: TlsObservation["coverage"] = ["midstream"];
