/**
 * The judge: one handshake in, what it is worth out (INTERFACE, "How a connection is decided").
 *
 * It is a pure function of the policy and its input, time included. Two facts shape it:
 *
 *   1. The same workload meets the same servers again and again. An equal handshake gets the very
 *      same frozen judgement, from a memo, while nothing that depends on time has changed.
 *   2. Every input is hostile. A key of the memo ends in the text that the wire chose, so that no
 *      name can spell another key; and names too long for DNS are judged each time, not kept.
 */
import type { TlsObservation, Unseen } from "../inspect/observation.ts";
import type { Anchors } from "../trust/anchors.ts";
import { canonical, type PeerName } from "../trust/host-name.ts";
import { ocspResponsesOf } from "../trust/ocsp.ts";
import type { Possession } from "../trust/possession.ts";
import type { RevocationList } from "../trust/revocation.ts";
import type { Chain } from "../trust/store.ts";
import { type Validation, type ValidationInput, validate } from "../trust/validate.ts";
import { anchorsOf, revocationListsOf } from "./anchors.ts";
import type { Binding } from "./binding.ts";
import type { Case, Direction, EvidenceClass, Presented } from "./case.ts";
import { turnOfMarks } from "./default-looking.ts";
import type { Destination } from "./destination.ts";
import type { Finding } from "./finding.ts";
import { Memo } from "./memo.ts";
import { looksAtAddresses, type Policy } from "./policy/policy.ts";
import type { FirstSession } from "./resumption.ts";
import { approvalTurns } from "./steps/approval.ts";
import { boundAnswers } from "./steps/bound.ts";
import { denyAnswers } from "./steps/deny.ts";
import { hygieneAnswers } from "./steps/hygiene.ts";
import { clientPathAnswers } from "./steps/path.ts";
import { possessionAnswers } from "./steps/possession.ts";
import { unseenAnswers } from "./steps/unseen.ts";
import { viewAnswers } from "./steps/view.ts";
import { windowTurns } from "./steps/window.ts";
import type { Answer, Verdict } from "./verdict.ts";
import { settledOf } from "./with-answers.ts";

export interface JudgeInput {
  readonly observation: TlsObservation;
  /** The server's, as `ChainStore.get` gives it; absent when none was seen. */
  readonly chain?: Chain | undefined;
  readonly clientChain?: Chain | undefined;
  readonly direction: Direction;
  readonly workload?: string | undefined;
  /** Of the leaf's key. Absent: nobody looked, or no certificate was seen. */
  readonly possession?: Possession | undefined;
  /** Of the server's name to its address. Absent: nobody looked, or it was called by no name. */
  readonly binding?: Binding | undefined;
  /** Of a resumed connection: the one in which its session began. Absent: not seen, or not resumed. */
  readonly first?: FirstSession | undefined;
}

/** Frozen, and shared between equal handshakes. */
export interface Judgement {
  readonly possession: Possession;
  readonly evidence: EvidenceClass;
  /** Worst first. */
  readonly findings: readonly Finding[];
  readonly verdict: Verdict;
  /** What its steps asked for, for step 7 to add to (with-answers.ts). */
  readonly asked: readonly Answer[];
}

/** A time span in which an answer stays the same, both ends included. */
type Span = readonly [fromUs: number, toUs: number];

export class Judge {
  readonly policy: Policy;
  readonly #turns: readonly number[];
  readonly #memo = new Memo<{ readonly judgement: Judgement; readonly span: Span }>(MEMO_MAX);
  readonly #isName = new Memo<boolean>(MEMO_MAX);
  readonly #byAddress: boolean;
  /** Of chains, and of what servers stapled to them. */
  readonly #ids = new WeakMap<object, number>();
  #idLast = 0;
  #anchors: Anchors | undefined;
  #rootsAlone: Anchors | undefined;
  #revocationLists: readonly RevocationList[] | undefined;

  /** Costs nothing yet: roots are parsed at the first chain. */
  constructor(policy: Policy) {
    this.policy = policy;
    this.#turns = [...approvalTurns(policy.issuers.allow), ...windowTurns(policy)].sort(ascending);
    this.#byAddress = looksAtAddresses(policy);
  }

  judge(input: JudgeInput): Judgement {
    const { atUs, serverName } = input.observation;
    if (serverName !== undefined && serverName.length > NAME_MAX)
      return this.#decide(input).judgement;
    const key = this.#keyOf(input);
    const known = this.#memo.get(key);
    if (known !== undefined && atUs >= known.span[0] && atUs <= known.span[1])
      return known.judgement;
    const decided = this.#decide(input);
    this.#memo.set(key, decided);
    return decided.judgement;
  }

  /**
   * Everything that a judgement depends on, but for the time. What most handshakes do not have is left
   * out, since making the key is most of what a repeated one costs; what the wire chose is last.
   */
  #keyOf(input: JudgeInput): string {
    const { flow, client, certificates, serverName } = input.observation;
    const { seen, why = "" } = certificates;
    const name = serverName === undefined ? "-" : `=${serverName}`;
    const { ip, port } = flow.ends[client === 0 ? 1 : 0];
    const place = this.#nameDecides(serverName) ? "" : `${ip} ${port}`;
    const proof = proofKey(input.possession);
    return `${this.#idOf(input.chain)} ${place} ${input.direction} ${seen}${why} ${proof} ${boundKey(input.binding, ip, port)}${resumedKey(input)}${this.#rareOf(input)}${name}`;
  }

  /** No line of the policy looks at addresses or ports, and the name is one: a server has many addresses. */
  #nameDecides(serverName: string | undefined): boolean {
    if (this.#byAddress || serverName === undefined) return false;
    const known = this.#isName.get(serverName);
    if (known !== undefined) return known;
    const isName = canonical({ kind: "dns", value: serverName }) !== undefined;
    this.#isName.set(serverName, isName);
    return isName;
  }

  /** Begins with a digit where it says anything: a name begins with `=` or `-`. */
  #rareOf({ observation, clientChain, workload }: JudgeInput): string {
    const { coverage, stapled, probed } = observation;
    const isPlain = clientChain === undefined && workload === undefined && stapled === undefined;
    if (isPlain && coverage.length === 0 && probed === undefined) return "";
    const ids = `${this.#idOf(clientChain)} ${this.#idOf(stapled)} ${probed ?? "-"}`;
    return `${ids} ${coverage.join()} ${workload?.length} ${workload} `;
  }

  #idOf(seen: object | undefined): number {
    if (seen === undefined) return 0;
    const known = this.#ids.get(seen);
    if (known !== undefined) return known;
    this.#idLast++;
    this.#ids.set(seen, this.#idLast);
    return this.#idLast;
  }

  /** The connection as the steps see it. `policy explain` asks them one by one. */
  caseOf(input: JudgeInput): Case {
    return this.#caseOf(input, []);
  }

  #decide(input: JudgeInput): { judgement: Judgement; span: Span } {
    const { atUs, coverage } = input.observation;
    const spans: Span[] = [spanBetween(this.#turns, atUs)];
    const judgement = freeze(judgementOf(this.#caseOf(input, spans), coverage));
    const from = Math.max(...spans.map((span) => span[0]));
    return { judgement, span: [from, Math.min(...spans.map((span) => span[1]))] };
  }

  /** `spans` gets the time in which each answer of the trust engine holds. */
  #caseOf(input: JudgeInput, spans: Span[]): Case {
    const { observation, chain, clientChain, direction } = input;
    const { atUs, certificates } = observation;
    // A copy: what goes out is frozen, and the caller's object is not ours to freeze.
    const possession = {
      ...(input.possession ?? unlooked(observation.early === true ? "0-rtt" : certificates.why)),
    };
    const destination = destinationOf(input);
    const present = (side: Presented["side"], sent: Chain | undefined) =>
      this.#present(side, sent, { destination, observation, spans });
    const server = present("server", chain);
    return {
      policy: this.policy,
      destination,
      direction,
      atUs,
      evidence: server === undefined ? unseenEvidence(input) : evidenceOf(possession, input),
      possession,
      server,
      client: present("client", clientChain),
      unseen: certificates.why,
      binding: input.binding,
      resumption: resumptionOf(input),
      early: observation.early === true,
      ...(observation.probed !== undefined && { probed: observation.probed }),
    };
  }

  #present(
    side: Presented["side"],
    chain: Chain | undefined,
    {
      destination,
      observation: { atUs, stapled },
      spans,
    }: { destination: Destination; observation: TlsObservation; spans: Span[] },
  ): Presented | undefined {
    const certificates = chain?.certificates;
    const leaf = certificates?.[0];
    if (certificates === undefined || leaf === undefined) return undefined;
    this.#revocationLists ??= revocationListsOf(this.policy);
    spans.push(spanBetween([turnOfMarks(leaf)], atUs));
    const demand: Omit<ValidationInput, "anchors"> = {
      chain: certificates,
      purpose: side,
      atUs,
      ...(side === "server" && { name: peerName(destination) }),
      ...(this.#revocationLists.length > 0 && { revocationLists: this.#revocationLists }),
      ...(side === "server" && stapled !== undefined && { staples: ocspResponsesOf(stapled) }),
    };
    const ask = (anchors: Anchors): Validation => {
      const validation = validate({ ...demand, anchors });
      spans.push(validation.sameBetweenUs);
      return validation;
    };
    this.#anchors ??= anchorsOf(this.policy);
    return {
      side,
      certificates,
      leaf,
      validation: ask(this.#anchors),
      withRootsAlone: () => {
        this.#rootsAlone ??= anchorsOf(this.policy, { allow: false });
        return ask(this.#rootsAlone);
      },
    };
  }
}

/** Every step in its turn; no step skips an earlier one. */
export function answersOf(context: Case): Answer[] {
  const { server, client } = context;
  const asked: Answer[] = [];
  if (server !== undefined) asked.push(...denyAnswers(server, context));
  if (client !== undefined) asked.push(...denyAnswers(client, context));
  if (server !== undefined) {
    asked.push(...possessionAnswers(server, context), ...viewAnswers(server, context));
  }
  if (client !== undefined) {
    const { findings } = client.validation;
    asked.push(...clientPathAnswers(client, context));
    asked.push(...hygieneAnswers(client, { findings, tolerant: [] }, context));
  }
  asked.push(...unseenAnswers(context), ...boundAnswers(context));
  // Step 7 looks at what differs between equal handshakes, and is added behind the memo (expecting.ts).
  return asked;
}

function judgementOf(context: Case, coverage: TlsObservation["coverage"]): Judgement {
  const { evidence, possession } = context;
  const asked = answersOf(context);
  return { possession, evidence, asked, ...settledOf(asked, coverage, context) };
}

/** A finding names the address; otherwise it only matters whether it is bound, which a line says. */
function boundKey(binding: Binding | undefined, ip: string, port: number): string {
  if (binding === "bound") return "bound ";
  return binding === "elsewhere" ? `elsewhere ${ip} ${port} ` : "";
}

function destinationOf({ observation, workload }: JudgeInput): Destination {
  const { flow, client, serverName } = observation;
  const { ip, port } = flow.ends[client === 0 ? 1 : 0];
  const name = serverName === undefined ? undefined : canonical({ kind: "dns", value: serverName });
  return { serverName, name, ip, port, workload };
}

/** The name that the client asked for, else the address it connected to (DETECTIONS, C03). */
function peerName({ serverName, ip }: Destination): PeerName {
  if (serverName === undefined) return { kind: "ip", value: ip };
  // RFC 6066 §3 forbids addresses here; clients send them, and mean the address.
  const address = canonical({ kind: "ip", value: serverName });
  return address === undefined
    ? { kind: "dns", value: serverName }
    : { kind: "ip", value: address };
}

/** Between which two turns a time lies. An answer that holds until `t` includes `t`. */
function spanBetween(turns: readonly number[], atUs: number): Span {
  const next = turns.find((turn) => turn >= atUs) ?? Number.POSITIVE_INFINITY;
  const before = turns.findLast((turn) => turn < atUs) ?? Number.NEGATIVE_INFINITY;
  return [before + 1, next];
}

function ascending(a: number, b: number): number {
  return a - b;
}

/** A word of ours: never text from the wire. */
function proofKey(possession: Possession | undefined): string {
  if (possession === undefined) return "";
  return possession.state === "unverified" ? possession.why : possession.state;
}

function unlooked(why: Unseen | "0-rtt" | undefined): Possession {
  return { state: "unverified", why: why ?? "not-checked" };
}

function resumptionOf({ observation, first }: JudgeInput): Case["resumption"] {
  if (observation.resumed === false) return undefined;
  return first === undefined ? "unknown" : "known";
}

function resumedKey(input: JudgeInput): string {
  const { early, resumed } = input.observation;
  if (resumed === false && early !== true) return "";
  return `${resumptionOf(input)}${resumed}${early === true ? " early" : ""} `;
}

/** Without a certificate (VISIBILITY, "Evidence, confidence, verdict"). */
function unseenEvidence({ observation, first }: JudgeInput): EvidenceClass {
  const { early, resumed, certificates } = observation;
  if (certificates.why === "ech") return ECH_UNVERIFIABLE;
  if (early === true || resumed === false) return UNVERIFIABLE;
  if (first === undefined) return RESUMED_UNKNOWN;
  return resumed === "psk" ? RESUMED_BY_DESTINATION : RESUMED_KNOWN;
}

function evidenceOf(
  { state }: Possession,
  { observation: { probed }, binding }: JudgeInput,
): EvidenceClass {
  if (probed === "differs") return CERT_DIVERGENCE;
  if (probed !== undefined) {
    return probed === "equal" && binding === "bound" ? PROBE_CONSISTENT : PROBE_UNBOUND;
  }
  return state === "verified" ? VERIFIED : PRESENTED;
}

/** By hand: walking every object to find out what to freeze took longer than the rest of a decision. */
function freeze(judgement: Judgement): Judgement {
  const { findings, verdict, possession } = judgement;
  for (const finding of findings) {
    Object.freeze(finding.evidence);
    Object.freeze(finding.certificates);
    Object.freeze(finding);
  }
  for (const reason of verdict.reason) Object.freeze(reason);
  for (const list of [findings, verdict.reason, verdict.findings, verdict.coverage]) {
    Object.freeze(list);
  }
  Object.freeze(possession);
  Object.freeze(verdict);
  return Object.freeze(judgement);
}

const VERIFIED: EvidenceClass = Object.freeze({ class: "verified", confidence: "high" });
const PROBE_CONSISTENT: EvidenceClass = Object.freeze({
  class: "probe-consistent",
  confidence: "medium-high",
});
const PROBE_UNBOUND: EvidenceClass = Object.freeze({
  class: "probe-unbound",
  confidence: "low-medium",
});
const CERT_DIVERGENCE: EvidenceClass = Object.freeze({
  class: "cert-divergence",
  confidence: "high",
});
const PRESENTED: EvidenceClass = Object.freeze({ class: "presented", confidence: "medium" });
const UNVERIFIABLE: EvidenceClass = Object.freeze({ class: "unverifiable", confidence: "none" });
const RESUMED_KNOWN: EvidenceClass = Object.freeze({
  class: "resumed-known",
  confidence: "medium",
});
/** TLS 1.3: the destination is the same, and no more is known. */
const RESUMED_BY_DESTINATION: EvidenceClass = Object.freeze({
  class: "resumed-known",
  confidence: "low",
});
const RESUMED_UNKNOWN: EvidenceClass = Object.freeze({
  class: "resumed-unknown",
  confidence: "low",
});
const ECH_UNVERIFIABLE: EvidenceClass = Object.freeze({
  class: "ech-unverifiable",
  confidence: "none",
});
/** About 2 KB each; more distinct servers than a busy cluster's egress has at a time. */
const MEMO_MAX = 16_384;
/** RFC 1035 §2.3.4, and a trailing dot. */
const NAME_MAX = 254;
