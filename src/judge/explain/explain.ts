/**
 * `policy explain`: which line decides about one connection, and the walk there.
 *
 * Little needs to be given. What is not is assumed and listed, and for each assumption that a line of
 * the policy turns on, what would be decided otherwise. A chain is judged as in a replay; without one the
 * trust engine's answer is supposed (explain-suppose.ts). The decision is always the judge's own steps'.
 */
import type { TlsObservation } from "../../inspect/observation.ts";
import type { Chain } from "../../trust/store.ts";
import type { Case } from "../case.ts";
import { answersOf, Judge } from "../decide.ts";
import type { Destination } from "../destination.ts";
import type { Decision, Policy } from "../policy/policy.ts";
import { settle } from "../steps/mode.ts";
import type { Answer, Reason } from "../verdict.ts";
import { type Given, questionOf } from "./explain-assume.ts";
import { CLIENT_IP } from "./explain-encounter.ts";
import { type CoveredBy, type ExpectWalk, expectWalk } from "./explain-expect.ts";
import { otherSuppositions } from "./explain-otherwise.ts";
import { type Supposition, supposedServer } from "./explain-suppose.ts";

export interface Outcome {
  readonly decision: Decision;
  /** Before audit lowered it; absent when nothing did. */
  readonly would?: Decision;
  /** The step, and the line where there is one, that the decision is made by. */
  readonly decided: Reason;
  readonly walk: readonly Reason[];
}

export interface Explanation {
  readonly outcome: Outcome;
  /** Step 7; absent where the policy expects nothing. */
  readonly expect?: Expected;
  /** Sentences without a full stop. */
  readonly assumed: readonly string[];
  readonly otherwise: readonly { readonly if: string; readonly outcome: Outcome }[];
  /** Further ones that would be decided in another way, beyond the limit. */
  readonly more: number;
}

/** The line that covers the connection, what it asks for, and what it would decide. */
export interface Expected extends CoveredBy {
  readonly cases: readonly { readonly if: string; readonly outcome: Outcome }[];
}

/** What is asked once everything is assumed. */
export interface Question {
  readonly destination: Destination;
  readonly atUs: number;
  /** Judged as it is; else `suppose` is. */
  readonly chain?: Chain | undefined;
  readonly suppose: Supposition;
}

/** Never throws: what is given was checked by the caller. */
export function explain(policy: Policy, given: Given): Explanation {
  const { question, assumed } = questionOf(policy, given);
  const walk = expectWalk(policy, question);
  const outcome = outcomeOf(caseOf(policy, question), walk?.answers);
  const expect = walk && { expect: expectedOf(walk, caseOf(policy, question)) };
  if (walk?.answers.some(({ line }) => line !== undefined)) {
    assumed.push("encryption: as the line of `expect` asks, seen where it must be visible");
  }
  const basis = { outcome, ...expect, assumed };
  if (given.chain !== undefined) return { ...basis, otherwise: [], more: 0 };
  const told = (other: Question, context: Case) =>
    outcomeOf(context, expectWalk(policy, other)?.answers);
  const others = otherSuppositions(policy, given, question)
    .map(({ says, ...other }) => ({ if: says, outcome: told(other, caseOf(policy, other)) }))
    .filter((other) => !isSame(other.outcome, outcome));
  others.push({ if: NOT_SEEN, outcome: told(question, unseenCase(policy, question)) });
  const otherwise = others.slice(0, OTHERWISE_MAX);
  return { ...basis, otherwise, more: others.length - otherwise.length };
}

function expectedOf({ covered, cases }: ExpectWalk, context: Case): Expected {
  const outcomes = cases.map(({ if: clause, answers, isTls }) => ({
    if: clause,
    outcome: isTls ? outcomeOf(context, answers) : settledOutcome(answers, context),
  }));
  return { ...covered, cases: outcomes };
}

/** `more`: what step 7 says, which comes behind the steps that a certificate has. */
function outcomeOf(context: Case, more: readonly Answer[] = []): Outcome {
  return settledOutcome([...answersOf(context), ...more], context);
}

function settledOutcome(asked: readonly Answer[], context: Case): Outcome {
  const { decision, would, answers } = settle(asked, context);
  const before = would ?? decision;
  return {
    decision,
    ...(would === undefined ? {} : { would }),
    decided: reasonOf(deciding(asked, before)),
    walk: [...asked, ...answers].map(reasonOf),
  };
}

/**
 * The first that asked for what was decided; a pass is the approval's, which is the last of those that
 * ask about a certificate.
 */
function deciding(asked: readonly Answer[], decision: Decision): Answer {
  const same = asked.filter(({ asks }) => asks === decision);
  const approval = same.filter(({ step }) => step !== "expect").at(-1);
  const answer = decision === "pass" ? (approval ?? same.at(-1)) : same[0];
  return answer ?? { step: "path", says: "nothing was asked", asks: decision };
}

function caseOf(policy: Policy, question: Question): Case {
  const { chain, suppose, destination } = question;
  if (chain !== undefined) return realCase(policy, question, chain);
  return {
    ...unseenCase(policy, question),
    ...SEEN,
    server: supposedServer({ ...suppose, name: destination.name }, policy),
  };
}

/** The same connection, whose certificate TLS 1.3 encrypts. */
function unseenCase(policy: Policy, { destination, atUs }: Question): Case {
  return {
    policy,
    destination,
    direction: "egress",
    atUs,
    evidence: { class: "unverifiable", confidence: "none" },
    possession: { state: "verified" },
    server: undefined,
    client: undefined,
    unseen: "encrypted",
    binding: undefined,
    resumption: undefined,
    early: false,
  };
}

/** Through the judge's own door, so that nothing here can differ from a replay. */
function realCase(policy: Policy, { destination, atUs }: Question, chain: Chain): Case {
  const { serverName, ip, port, workload } = destination;
  const observation: TlsObservation = {
    kind: "tls",
    flow: {
      id: 1,
      transport: "tcp",
      ends: [
        { ip: CLIENT_IP, port: 0 },
        { ip, port },
      ],
      openedAtUs: atUs,
    },
    client: 0,
    atUs,
    transport: "tcp",
    ...(serverName === undefined ? {} : { serverName }),
    alpnOffered: [],
    steps: [],
    established: true,
    resumed: false,
    alerts: [],
    certificates: { seen: "wire", chain: chain.certificates.map(({ der }) => der) },
    coverage: [],
  };
  const possession = SEEN.possession;
  const input = { observation, chain, direction: "egress" as const, workload, possession };
  return new Judge(policy).caseOf(input);
}

function isSame(a: Outcome, b: Outcome): boolean {
  const key = ({ decision, would, decided }: Outcome) =>
    [decision, would, decided.step, decided.line].join();
  return key(a) === key(b);
}

function reasonOf({ step, line, says }: Answer): Reason {
  return { step, ...(line === undefined ? {} : { line }), says };
}

const SEEN = {
  evidence: { class: "presented", confidence: "medium" },
  possession: { state: "verified" },
  unseen: undefined,
} as const;
const NOT_SEEN = "the certificate is not seen, since TLS 1.3 encrypts it";
/** A screen; the policy's own lines come first. */
const OTHERWISE_MAX = 12;
