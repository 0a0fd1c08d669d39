/**
 * Step 7 with its memory: what a policy expects of each connection, and what its workload's own earlier
 * connections were like. The judge knows equal handshakes again; this comes after it, and adds to its
 * judgement what differs between them.
 */
import type {
  OpaqueObservation,
  PlaintextObservation,
  TlsObservation,
} from "../inspect/observation.ts";
import type { KeyKind } from "../trust/key.ts";
import type { Chain } from "../trust/store.ts";
import { Baseline } from "./baseline.ts";
import { askable } from "./case.ts";
import type { Judgement } from "./decide.ts";
import { placeName } from "./destination.ts";
import { type Expectation, expectationFor, type Vantage } from "./expectation.ts";
import type { Finding } from "./finding.ts";
import type { Meeting } from "./meeting.ts";
import type { Policy } from "./policy/policy.ts";
import { weakerThanBeforeFinding } from "./rules/below-floor.ts";
import { cipherOrderFinding } from "./rules/cipher-order.ts";
import { type Expected, expectAnswers } from "./steps/expect.ts";
import { identityAnswers, type Shown } from "./steps/identity.ts";
import { isAgreed, keyName } from "./strength.ts";
import type { Answer, Verdict } from "./verdict.ts";
import { settledOf, withAnswers } from "./with-answers.ts";

export interface ClearVerdict {
  readonly verdict: Verdict;
  readonly findings: readonly Finding[];
  readonly expected: Expected | undefined;
}

export class Expecting {
  #policy: Policy;
  readonly #vantage: Vantage | undefined;
  readonly #baseline = new Baseline();
  /** Of identities that hardware holds, by workload and place: the kind of the first key. */
  readonly #keyKinds = new Map<string, string>();

  constructor(policy: Policy, vantage?: Vantage) {
    this.#policy = policy;
    this.#vantage = vantage;
  }

  /** What workloads were like stays known. */
  adopt(policy: Policy): void {
    this.#policy = policy;
  }

  /** Baselines that found no room. */
  get forgotten(): number {
    return this.#baseline.forgotten;
  }

  /** When the first of them was. */
  get forgottenAtUs(): number {
    return this.#baseline.forgottenAtUs;
  }

  /** `key` of the server's leaf, where it was seen. */
  handshake(
    judgement: Judgement,
    tls: TlsObservation,
    {
      chain,
      clientChain,
    }: { readonly chain: Chain | undefined; readonly clientChain: Chain | undefined },
    met: Meeting,
  ): { judgement: Judgement; expected: Expected | undefined } {
    const policy = this.#policy;
    const key = chain?.certificates[0]?.key;
    const asked = { ...met, policy, vantage: this.#vantage, seen: { tls, key } };
    const { answers, expected, expectation } = expectAnswers(asked);
    const shown = { chain, clientChain, atUs: tls.atUs };
    const before = this.#keyKinds.get(keyKindOf(met));
    const identity =
      expectation?.hardware?.identity === undefined
        ? []
        : identityAnswers(expectation, shown, met, { policy, before });
    const all = [...answers, ...identity, ...this.#changes(tls, key, met, expectation)];
    return { judgement: withAnswers(judgement, all, { policy, atUs: tls.atUs }), expected };
  }

  /** Of an identity that hardware holds: the kind of its first key that led where it should. */
  rememberIdentity(meeting: Meeting, chains: Omit<Shown, "atUs">): void {
    const { destination, isNamed } = meeting;
    const identity = expectationFor(this.#policy.expect, destination, isNamed)?.hardware?.identity;
    if (identity === undefined) return;
    const leaf = (identity.of === "client" ? chains.clientChain : chains.chain)?.certificates[0];
    const key = keyKindOf(meeting);
    if (leaf === undefined || this.#keyKinds.has(key) || this.#keyKinds.size >= KINDS_MAX) return;
    this.#keyKinds.set(key, keyName(leaf.key));
  }

  /** It is over: what it was like is part of its workload's baseline. Once a handshake. */
  remember(tls: TlsObservation, key: KeyKind | undefined, met: Meeting): void {
    if (hasBaseline(tls, met))
      this.#baseline.remember(whoOf(met), placeName(met.destination), tls, key);
  }

  /** Of a connection without TLS; `coverage` as its observation has it. */
  inClear(
    clear: PlaintextObservation | OpaqueObservation,
    coverage: Verdict["coverage"],
    met: Meeting,
  ): ClearVerdict {
    const policy = this.#policy;
    const { answers, expected } = expectAnswers({
      ...met,
      policy,
      vantage: this.#vantage,
      seen: { clear },
    });
    const asked = answers.length > 0 ? answers : [UNCOVERED];
    return { ...settledOf(asked, coverage, { policy, atUs: clear.atUs }), expected };
  }

  #changes(
    tls: TlsObservation,
    key: KeyKind | undefined,
    met: Meeting,
    expectation: Expectation | undefined,
  ): Answer[] {
    if (!hasBaseline(tls, met)) return [];
    const { destination } = met;
    const who = whoOf(met);
    const place = placeName(destination);
    const { line, otherwise, hardware } = expectation ?? {};
    const asks = askable(met, otherwise ?? "report");
    const answers: Answer[] = [];
    const lost = this.#baseline.compare(who, place, tls, key);
    if (lost.length > 0) {
      const says = `${asks}: weaker than before: ${lost.map(({ now }) => now).join(", ")}`;
      const finding = weakerThanBeforeFinding(asks, place, lost, who);
      answers.push({ step: "expect", ...(line !== undefined && { line }), says, asks, finding });
    }
    const turned = this.#baseline.order(who, tls);
    if (turned !== undefined) {
      const worth = hardware?.kind === "cpu-aes" ? asks : askable(met, "report");
      const set = tls.suiteOrder?.set ?? "";
      const finding = cipherOrderFinding(worth, { ...turned, workload: who, place, set, line });
      const says = `${worth}: the client orders its suites as without AES instructions`;
      answers.push({ step: "expect", says, asks: worth, finding });
    }
    return otherwise === "pass" ? [] : answers;
  }
}

/** Outsiders differ from each other; what they are offered is the workload's, and has its floor. */
function hasBaseline(tls: TlsObservation, { direction }: Meeting): boolean {
  return direction !== "ingress" && isAgreed(tls);
}

function keyKindOf(meeting: Meeting): string {
  return `${whoOf(meeting)} ${placeName(meeting.destination)}`;
}

function whoOf({ workload, client }: Meeting): string {
  return workload ?? client;
}

/** Identities that a policy declares, times the workloads that have them. */
const KINDS_MAX = 16_384;
const UNCOVERED: Answer = {
  step: "expect",
  says: "no expectation covers this connection",
  asks: "pass",
};
