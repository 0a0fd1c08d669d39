/**
 * Step 7 of an explanation: which line of `expect` covers the connection, what it asks for, and what
 * would be decided about the same connection in clear, encrypted as it asks, and encrypted too weakly.
 *
 * It is told as seen where ciphertext must be visible: elsewhere the answer is `unknown`, which is a case of
 * its own. What goes in clear carries no name, so a line that covers a name covers it by the DNS alone.
 */
import type { Chain } from "../../trust/store.ts";
import type { Direction } from "../case.ts";
import {
  type Expectation,
  expectationFor,
  isVisible,
  type MeshLeg,
  meshLegAt,
  type Vantage,
  visibleFrom,
} from "../expectation.ts";
import type { Policy } from "../policy/policy.ts";
import { type Encountered, expectAnswers } from "../steps/expect.ts";
import { identityAnswers } from "../steps/identity.ts";
import type { Answer } from "../verdict.ts";
import type { Question } from "./explain.ts";
import { CLIENT_IP, fallingShort, inClear, meeting, type Place } from "./explain-encounter.ts";

export interface CoveredBy {
  /** Of the `expect` or `mesh` entry; absent where no line covers it. */
  readonly line?: number;
  /** `name: what`, in the policy's own words. */
  readonly asks: readonly string[];
}

export interface ExpectCase {
  /** A clause. */
  readonly if: string;
  readonly answers: readonly Answer[];
  /** The steps before it speak as well: there is a certificate. */
  readonly isTls: boolean;
}

export interface ExpectWalk {
  readonly covered: CoveredBy;
  /** Of the connection in question, encrypted as the line asks. */
  readonly answers: readonly Answer[];
  readonly cases: readonly ExpectCase[];
}

/** `undefined` for a policy that expects nothing. Never throws. */
export function expectWalk(policy: Policy, question: Question): ExpectWalk | undefined {
  const { destination, chain } = question;
  const leg = meshLegAt(policy.mesh, destination.port);
  if ((policy.expect ?? []).length === 0 && leg === undefined) return undefined;
  const expectation = leg === undefined ? expectationFor(policy.expect, destination) : undefined;
  const place: Place = { ...question, key: chain?.certificates[0]?.key };
  const vantage = expectation && visibleFrom(expectation);
  const ask = (seen: Encountered, from: Vantage | undefined = vantage): Answer[] =>
    answersTo(seen, { policy, question, vantage: from });
  const clear = { if: clauseInClear(question), answers: ask(inClear(place)), isTls: false };
  if (expectation === undefined) {
    const answers = leg === undefined ? [UNCOVERED] : [];
    return { covered: uncovered(leg), answers, cases: [clear] };
  }
  const met = meeting(expectation, place);
  const cases: ExpectCase[] = [
    ...(met === undefined ? [] : [caseOf(met, ask(met))]),
    ...fallingShort(expectation, place).map((seen) => caseOf(seen, ask(seen))),
    clear,
  ];
  if (isVisible(expectation, undefined) === "unknown") {
    const says = "it is in clear, and no --vantage says where it was seen";
    const answers = answersTo(inClear(place), { policy, question, vantage: undefined });
    cases.push({ if: says, answers, isTls: false });
  }
  const answers = [
    ...(met === undefined ? [] : ask(met)),
    ...identityOf(expectation, chain, { policy, question }),
  ];
  return { covered: coveredBy(expectation), answers, cases };
}

interface Asking {
  readonly policy: Policy;
  readonly question: Question;
  readonly vantage?: Vantage | undefined;
}

function answersTo(seen: Encountered, { policy, question, vantage }: Asking): Answer[] {
  const { destination } = question;
  const { name } = destination;
  const isClear = "clear" in seen;
  const isPlain = isClear && seen.clear.kind === "plaintext";
  const to = isPlain ? { ...destination, name: undefined, serverName: undefined } : destination;
  const direction: Direction =
    meshLegAt(policy.mesh, destination.port) === undefined ? "egress" : "internal";
  const isNamed = (asked: string) => asked === name;
  const asked = { policy, destination: to, direction, vantage, isNamed, seen };
  const { answers } = expectAnswers(asked);
  return answers.length === 0 && isClear ? [UNCOVERED] : [...answers];
}

/** Of a certificate that was given; one that is supposed proves nothing about its key. */
function identityOf(
  expectation: Expectation,
  chain: Chain | undefined,
  { policy, question }: Asking,
): Answer[] {
  const { destination, atUs } = question;
  const isNamed = () => false;
  const { workload } = destination;
  const met = { destination, workload, direction: "egress", client: CLIENT_IP, isNamed } as const;
  const shown = { chain, clientChain: undefined, atUs };
  return identityAnswers(expectation, shown, met, { policy, before: undefined });
}

function caseOf(seen: Encountered, answers: Answer[]): ExpectCase {
  if ("clear" in seen) {
    const by = seen.clear.kind === "opaque" ? seen.clear.encryption : seen.clear.protocol;
    return { if: `it goes inside ${by}`, answers, isTls: false };
  }
  const { version, cipher, group } = seen.tls;
  return { if: `it is ${version}, ${cipher}, ${group}`, answers, isTls: true };
}

function clauseInClear({ destination: { name } }: Question): string {
  return name === undefined
    ? "it is in clear"
    : `it is in clear, to an address that the DNS bound to ${name}`;
}

function uncovered(leg: MeshLeg | undefined): CoveredBy {
  if (leg === undefined) return { asks: ["nothing: no line of `expect` covers this connection"] };
  const asks = ["mesh: in clear to a proxy, which encrypts it later"];
  return leg.line === undefined ? { asks } : { line: leg.line, asks };
}

function coveredBy(expectation: Expectation): CoveredBy {
  const { line, by, minVersion, ciphers, groups, keyTypes, otherwise, hardware } = expectation;
  const rows: [name: string, what: string | undefined][] = [
    ["by", by],
    ["minVersion", minVersion],
    ["ciphers", ciphers?.join(", ")],
    ["groups", groups?.join(", ")],
    ["keyTypes", keyTypes?.join(", ")],
    ["visibleAt", `${visibleFrom(expectation)}${expectation.visibleAt ? "" : " (the default)"}`],
    ["hardware", hardware && hardwareSays(hardware)],
    ["otherwise", otherwise ?? "cut what is in clear, report the rest (the default)"],
  ];
  const asks = rows.flatMap(([name, what]) => (what === undefined ? [] : [`${name}: ${what}`]));
  return { ...(line !== undefined && { line }), asks };
}

function hardwareSays({ kind, identity }: NonNullable<Expectation["hardware"]>): string {
  if (identity === undefined) {
    return kind === "hsm" ? "hsm, which answers there" : `${kind}, unknown from the wire alone`;
  }
  const { of, issuer, spki } = identity;
  const leads = [issuer && `"${issuer}"`, spki && `the key ${spki}`].filter(Boolean).join(" and ");
  return `${kind}, whose key the ${of}'s certificate has: it must lead to ${leads}`;
}

const UNCOVERED: Answer = {
  step: "expect",
  says: "no expectation covers this connection",
  asks: "pass",
};
