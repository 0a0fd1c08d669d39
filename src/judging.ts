/**
 * What the pipeline does with each connection: gives it an inspector, and when it ends, judges what
 * was seen and makes its lines. What goes wrong in our own code ends here too, as a `fault` line for
 * the connection concerned; past a small number of those nothing more is read, since a watcher that
 * half works must not look as if it works.
 */
import type { Flow, FlowEvent, Inspector, Side } from "./flow/event.ts";
import type { Above } from "./flow/table.ts";
import { Connection } from "./inspect/connection.ts";
import type { DatagramConnection } from "./inspect/datagram.ts";
import type { DnsAnswer } from "./inspect/dns/answer.ts";
import type { KeyLog } from "./inspect/keys/key-log.ts";
import type {
  OpaqueObservation,
  PlaintextObservation,
  SeenCertificates,
  TlsObservation,
} from "./inspect/observation.ts";
import { KnownIds } from "./inspect/quic/known-ids.ts";
import { type Binding, Bindings, bindingOf } from "./judge/binding.ts";
import { Judge, type JudgeInput, type Judgement } from "./judge/decide.ts";
import { LocalNetworks } from "./judge/direction.ts";
import { EchRecords } from "./judge/ech-records.ts";
import type { Finding } from "./judge/finding.ts";
import { KeyReuse } from "./judge/key-reuse.ts";
import { type Policy, strictness } from "./judge/policy.ts";
import { type FirstSession, Sessions } from "./judge/resumption.ts";
import { evasionFinding } from "./judge/rules/evasion.ts";
import type { Verdict } from "./judge/verdict.ts";
import { lazily } from "./lazily.ts";
import {
  certificateLine,
  certificatesOf,
  faultLine,
  findingLine,
  lossLine,
  malformedLine,
  opaqueLine,
  type Place,
  placeOf,
  plaintextLine,
  tlsLine,
  verdictLine,
} from "./report/build.ts";
import { type Certificates, type Line, SEVERITIES, type Severity } from "./report/lines.ts";
import { timestampsBeside } from "./report/timestamps.ts";
import type { Malformed } from "./stage.ts";
import type { Certificate } from "./trust/certificate.ts";
import type { Possession } from "./trust/possession.ts";
import { BUDGET, PossessionChecks, type Verify } from "./trust/possession-checks.ts";
import { type Chain, ChainStore } from "./trust/store.ts";

export interface JudgingOptions {
  readonly policy: Policy;
  /** Addresses and CIDRs of the hosts that are ours; empty: every direction is unknown. */
  readonly local: readonly string[];
  /** Also the lines that only say what was seen, and verdicts that are `pass`. */
  readonly observations: boolean;
  /** Of which handshakes the server's signature is checked. Default: a sample. */
  readonly verify?: Verify;
  /** Secrets that open what is sealed. */
  readonly keys?: KeyLog | undefined;
  /** Also how long the sealed records of TLS 1.3 servers' flights are. */
  readonly flightSizes?: boolean;
}

export class Judging implements Above {
  /** Connections that showed TLS. */
  handshakes = 0;
  /** Distinct certificates seen. */
  certificates = 0;
  readonly findings: Record<Severity, number> = { note: 0, warning: 0, breach: 0, critical: 0 };
  readonly #judge: Judge;
  readonly #local: LocalNetworks;
  readonly #keys: KeyLog | undefined;
  readonly #flightSizes: boolean;
  readonly #ids = new KnownIds();
  readonly #observations: boolean;
  readonly #write: (line: Line) => void;
  readonly #chains = new ChainStore();
  readonly #keyReuse = new KeyReuse();
  readonly #proofs: PossessionChecks;
  readonly #shown = new WeakMap<Chain, Certificates>();
  /** First of each kind of handshake that got a judgement. */
  readonly #judged = new WeakMap<Judgement, TlsObservation[]>();
  readonly #sights = new Map<string, Sight>();
  readonly #printed = new Set<string>();
  readonly #overlaps = new Map<Flow, Overlap[]>();
  readonly #losses = new Map<string, Loss>();
  readonly #bindings: Bindings;
  readonly #sessions = new Sessions();
  /** Resumed connections whose first one may still be open, and was not seen to end. */
  readonly #unlinked: { readonly observation: TlsObservation; readonly isEvaded: boolean }[] = [];
  readonly #echRecords = new EchRecords();
  readonly #hear = (answer: DnsAnswer): void => {
    this.#bindings.add(answer);
    this.#echRecords.add(answer);
  };
  #faults = 0;

  constructor(options: JudgingOptions, write: (line: Line) => void) {
    this.#judge = new Judge(options.policy);
    this.#bindings = new Bindings(options.policy.resolvers);
    this.#local = new LocalNetworks(options.local);
    this.#keys = options.keys;
    this.#flightSizes = options.flightSizes ?? false;
    this.#observations = options.observations;
    this.#proofs = new PossessionChecks(options.verify ?? "sample");
    this.#write = write;
  }

  /** Too many faults of our own: stop reading. */
  get failed(): boolean {
    return this.#faults > FAULTS_MAX;
  }

  get worst(): Severity | undefined {
    return SEVERITIES.findLast((severity) => this.findings[severity] > 0);
  }

  open(flow: Flow): Inspector {
    const inner =
      flow.transport === "udp"
        ? new (datagram().DatagramConnection)(flow, {
            keys: this.#keys,
            ids: this.#ids,
            answers: this.#hear,
          })
        : new Connection(flow, this.#keys, this.#hear, this.#flightSizes);
    return new Guarded(inner, flow, this);
  }

  close(flow: Flow, inspector: Inspector): void {
    try {
      if (!(inspector instanceof Guarded)) return;
      const { inner } = inspector;
      if (inner instanceof Connection) this.#closed(flow, inner);
      else this.#closedDatagrams(flow, inner);
    } catch (error) {
      this.fault("judge", error, flow.openedAtUs, flow);
    }
    this.#overlaps.delete(flow);
  }

  overlap(flow: Flow, side: Side, offset: number, atUs: number): void {
    const known = this.#overlaps.get(flow);
    if (known !== undefined) known.push({ side, offset, atUs });
    else this.#overlaps.set(flow, [{ side, offset, atUs }]);
  }

  loss(what: string, flow: Flow | undefined, atUs: number): void {
    const known = this.#losses.get(what);
    if (known !== undefined) known.count++;
    else this.#losses.set(what, { count: 1, atUs, flow });
  }

  /** Something in our own code went wrong. */
  fault(where: string, error: unknown, atUs: number, flow?: Flow): void {
    this.#faults++;
    if (this.#faults > FAULTS_MAX) return;
    const stack = error instanceof Error ? (error.stack ?? error.message) : String(error);
    this.#write(faultLine({ atUs, flow: flow && String(flow.id), where, stack }));
  }

  /** No more connections will come: writes what was held back. */
  end(): void {
    for (const { observation, isEvaded } of this.#unlinked.splice(0)) {
      try {
        this.#judgeHandshake(observation, isEvaded, this.#sessions.firstOf(observation));
      } catch (error) {
        this.fault("judge", error, observation.atUs, observation.flow);
      }
    }
    for (const sight of this.#sights.values()) this.#printSight(sight);
    this.#sights.clear();
    for (const { finding, atUs } of this.#keyReuse.findings()) this.#finding(finding, atUs);
    if (this.#keyReuse.uncounted > 0) this.loss("key-reuse", undefined, this.#keyReuse.lostAtUs);
    for (const [what, { count, atUs, flow }] of this.#losses) {
      const why = `${LOSSES[what] ?? what} (${count} times)`;
      this.#write(
        lossLine({ atUs, flow: flow && String(flow.id), packetsDropped: 0, where: what, why }),
      );
    }
  }

  #closed(flow: Flow, connection: Connection): void {
    const seen = connection.result();
    const overlaps = this.#overlaps.get(flow) ?? NO_OVERLAPS;
    this.#oddities(flow, seen.tls?.client, connection.tls.malformed, overlaps);
    for (const clear of seen.plaintext) this.#inClear(clear);
    if (seen.opaque !== undefined) this.#inClear(seen.opaque);
    const clear = seen.plaintext[0] ?? seen.opaque;
    if (seen.tls !== undefined) this.#handshake(seen.tls, overlaps.length > 0);
    else if (clear !== undefined) this.#passed(clear, overlaps.length > 0);
  }

  /** Two ports may carry several connections of QUIC, one beside the other. */
  #closedDatagrams(flow: Flow, conversation: DatagramConnection): void {
    const seen = conversation.results();
    const { malformed, overlaps, unreadVersion } = conversation;
    this.#oddities(flow, seen[0]?.client, malformed, overlaps);
    if (unreadVersion !== undefined) this.loss("quic-version", flow, flow.openedAtUs);
    for (const observation of seen) this.#handshake(observation, overlaps.length > 0);
    const { plaintext } = conversation;
    for (const clear of plaintext) this.#inClear(clear);
    const [clear] = plaintext;
    if (clear !== undefined) this.#passed(clear, overlaps.length > 0);
  }

  #oddities(
    flow: Flow,
    said: Side | undefined,
    faults: readonly (Malformed & { readonly side: Side })[],
    overlaps: readonly Overlap[],
  ): void {
    for (const malformed of faults) {
      this.#write(malformedLine(malformed, { atUs: flow.openedAtUs, flow: String(flow.id) }));
    }
    if (overlaps.length === 0) return;
    const client = said ?? clientOf(flow);
    const server = flow.ends[client === 0 ? 1 : 0];
    const place = placeOf(flow, client, this.#local.direction(flow.ends[client].ip, server.ip));
    for (const { side, offset, atUs } of overlaps) {
      const who = side === client ? "client" : "server";
      this.#finding(evasionFinding({ side: who, offset, bytes: 1 }), atUs, place);
    }
  }

  /** @param isEvaded some of it was sent twice, and not the same */
  #handshake(seen: TlsObservation, isEvaded: boolean): void {
    const observation = this.#echRecords.hidden(seen);
    const first = this.#sessions.firstOf(observation);
    const isUnlinked = observation.resumed !== false && first === undefined;
    if (isUnlinked && this.#unlinked.length < UNLINKED_MAX) {
      this.#unlinked.push({ observation, isEvaded });
    } else {
      this.#judgeHandshake(observation, isEvaded, first);
    }
  }

  #judgeHandshake(
    observation: TlsObservation,
    isEvaded: boolean,
    first: FirstSession | undefined,
  ): void {
    const { flow, client } = observation;
    const server = flow.ends[client === 0 ? 1 : 0];
    const direction = this.#local.direction(flow.ends[client].ip, server.ip);
    const place = placeOf(flow, client, direction);
    this.handshakes++;
    const chain = this.#chain(observation.certificates);
    const clientChain = this.#chain(observation.clientCertificates);
    const binding = bindingOf(observation, this.#bindings);
    const judgement = this.#decide({ observation, chain, clientChain, direction, binding, first });
    this.#sessions.add(observation, judgement, binding);
    for (const finding of judgement.findings) this.#finding(finding, observation.atUs, place);
    const verdict = isEvaded ? evaded(judgement.verdict) : judgement.verdict;
    this.#see(chain, observation.atUs, place);
    this.#see(clientChain, observation.atUs, place);
    if (this.#observations) {
      this.#tls(observation, place, { judgement, chain, clientChain, binding, first });
    }
    if (this.#observations || verdict.decision !== "pass") {
      this.#write(verdictLine({ ...verdict, atUs: observation.atUs }, place, verdict));
    }
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
        : seen.observation.certificates.seen === "decrypted"
          ? // Opening it has cost more than the signature does.
            this.#proofs.checked(proof, leaf, ip, port)
          : this.#proofs.sampled(proof, leaf, ip, port);
    const judgement = this.#judge.judge({ ...seen, possession });
    if (possession !== BUDGET || proof === undefined || !isRefused(judgement.verdict)) {
      return judgement;
    }
    return this.#judge.judge({ ...seen, possession: this.#proofs.checked(proof, leaf, ip, port) });
  }

  /** What is normal stays quiet: alone, that something is in clear or unknown is no finding. */
  #inClear(seen: PlaintextObservation | OpaqueObservation): void {
    if (!this.#observations) return;
    const place = this.#placeOf(seen);
    const plaintext = seen.kind === "plaintext";
    this.#write(plaintext ? plaintextLine(seen, place) : opaqueLine(seen, place));
  }

  /** The verdict on a connection without TLS. Step `expect` has no say yet. */
  #passed(seen: PlaintextObservation | OpaqueObservation, isEvaded: boolean): void {
    const verdict: Verdict = {
      decision: "pass",
      wouldCut: false,
      reason: [{ step: "expect", says: "no expectation covers this connection" }],
      findings: [],
      coverage: isMidstream(seen.flow) ? MIDSTREAM : WHOLE,
      policySha256: this.#judge.policy.sha256,
    };
    if (!this.#observations && !isEvaded) return;
    const said = isEvaded ? evaded(verdict) : verdict;
    this.#write(verdictLine({ ...said, atUs: seen.atUs }, this.#placeOf(seen)));
  }

  #placeOf({ flow, client }: { readonly flow: Flow; readonly client: Side }): Place {
    const server = flow.ends[client === 0 ? 1 : 0];
    return placeOf(flow, client, this.#local.direction(flow.ends[client].ip, server.ip));
  }

  #tls(
    observation: TlsObservation,
    place: Place,
    { judgement, chain, clientChain, binding, first }: Judged,
  ): void {
    const possession = judgement.possession;
    const mine = observation.clientCertificates;
    this.#write(
      tlsLine(observation, place, {
        certificates: this.#certificates(observation.certificates, chain),
        clientCertificates: mine && this.#certificates(mine, clientChain),
        possession: possession.state,
        why: possession.state === "unverified" ? possession.why : undefined,
        evidence:
          first === undefined
            ? judgement.evidence
            : { ...judgement.evidence, first: String(first.flow) },
        bound: binding === undefined ? undefined : binding === "bound",
        scts: timestampsBeside(observation),
        shared: first === undefined ? this.#alike(judgement, observation) : undefined,
      }),
    );
  }

  /** The same object for all connections whose `tls` lines differ in time, flow and ends alone. */
  #alike(judgement: Judgement, observation: TlsObservation): object | undefined {
    if (observation.alerts.length > 0 || observation.clientCertificates !== undefined)
      return undefined;
    if (observation.flight !== undefined) return undefined;
    let known = this.#judged.get(judgement);
    if (known === undefined) {
      known = [];
      this.#judged.set(judgement, known);
    }
    const same = known.find((one) => printsAlike(one, observation));
    if (same !== undefined) return same;
    if (known.length < ALIKE_MAX) known.push(observation);
    return observation;
  }

  #finding(finding: Finding, atUs: number, place?: Place): void {
    this.findings[finding.severity]++;
    this.#write(findingLine({ ...finding, atUs }, place, finding));
  }

  #chain(seen: SeenCertificates | undefined): Chain | undefined {
    return seen === undefined || seen.chain.length === 0 ? undefined : this.#chains.get(seen.chain);
  }

  /** How a chain's hashes are printed: the same object for the same chain. */
  #certificates(seen: SeenCertificates, chain: Chain | undefined): Certificates {
    if (chain === undefined) return certificatesOf(seen, [], []);
    const known = this.#shown.get(chain);
    if (known !== undefined && known.seen === seen.seen && known.why === seen.why) return known;
    const sha256 = chain.certificates.map((certificate) => certificate.sha256);
    const spki = chain.certificates.map((certificate) => certificate.spkiSha256);
    const shown = certificatesOf(seen, sha256, spki);
    this.#shown.set(chain, shown);
    return shown;
  }

  /**
   * Remembers a certificate's earliest sight. Connections end in another order than they begin, so
   * lines wait for the end, as long as memory allows.
   */
  #see(chain: Chain | undefined, atUs: number, place: Place): void {
    if (chain === undefined) return;
    for (const certificate of chain.certificates) {
      const known = this.#sights.get(certificate.sha256);
      if (known === undefined) {
        if (this.#printed.has(certificate.sha256)) continue;
        this.certificates++;
        this.#sights.set(certificate.sha256, { certificate, atUs, place });
        if (this.#sights.size > SIGHTS_MAX) this.#printOldest();
      } else if (earlier(atUs, place, known)) {
        known.atUs = atUs;
        known.place = place;
      }
    }
  }

  #printOldest(): void {
    for (const [sha256, sight] of this.#sights) {
      this.#printSight(sight);
      this.#sights.delete(sha256);
      if (this.#printed.size < PRINTED_MAX) this.#printed.add(sha256);
      return;
    }
  }

  #printSight({ certificate, atUs, place }: Sight): void {
    this.#keyReuse.see(certificate, atUs);
    if (this.#observations) this.#write(certificateLine(certificate, atUs, place));
  }
}

/** Keeps a fault of one connection's inspector from the others: it is reported, and reads no more. */
class Guarded implements Inspector {
  readonly inner: Connection | DatagramConnection;
  readonly #flow: Flow;
  readonly #judging: Judging;
  #broken = false;

  constructor(inner: Connection | DatagramConnection, flow: Flow, judging: Judging) {
    this.inner = inner;
    this.#flow = flow;
    this.#judging = judging;
  }

  push(event: FlowEvent): void {
    if (this.#broken) return;
    try {
      this.inner.push(event);
    } catch (error) {
      this.#broken = true;
      this.#judging.fault("inspect", error, event.atUs, this.#flow);
    }
  }

  get wants(): Inspector["wants"] {
    return this.#broken ? "nothing" : this.inner.wants;
  }

  get idle(): boolean {
    return this.inner.idle;
  }

  get nextRecord(): Inspector["nextRecord"] {
    return this.inner.nextRecord;
  }
}

/** With the same judgement: whether nothing that a `tls` line says of them differs. */
function printsAlike(a: TlsObservation, b: TlsObservation): boolean {
  return (
    a.certificates.chain === b.certificates.chain &&
    a.certificates.why === b.certificates.why &&
    a.steps === b.steps &&
    a.version === b.version &&
    a.cipher === b.cipher &&
    a.group === b.group &&
    a.serverName === b.serverName &&
    a.alpn === b.alpn &&
    a.alpnOffered === b.alpnOffered &&
    a.ja3 === b.ja3 &&
    a.ja3s === b.ja3s &&
    a.ja4 === b.ja4 &&
    a.established === b.established &&
    a.resumed === b.resumed &&
    a.ech === b.ech &&
    a.renegotiations === b.renegotiations &&
    a.stapled === b.stapled &&
    a.timestamps === b.timestamps &&
    a.transport === b.transport &&
    a.starttls === b.starttls
  );
}

interface Overlap {
  readonly side: Side;
  readonly offset: number;
  readonly atUs: number;
}

interface Loss {
  count: number;
  readonly atUs: number;
  readonly flow: Flow | undefined;
}

interface Sight {
  readonly certificate: Certificate;
  atUs: number;
  place: Place;
}

function earlier(atUs: number, place: Place, than: Sight): boolean {
  if (atUs !== than.atUs) return atUs < than.atUs;
  return Number(place.flow) < Number(than.place.flow);
}

/** Of one handshake: what its `tls` line says beside what was seen. */
interface Judged {
  readonly judgement: Judgement;
  readonly chain: Chain | undefined;
  readonly clientChain: Chain | undefined;
  readonly binding: Binding | undefined;
  readonly first: FirstSession | undefined;
}

/** Who a client is where no hello says so: who sent the SYN, else the side with the higher port. */
function clientOf(flow: Flow): Side {
  return flow.opener ?? (flow.ends[1].port > flow.ends[0].port ? 1 : 0);
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

const NO_OVERLAPS: readonly Overlap[] = [];
const WHOLE: TlsObservation["coverage"] = [];
const MIDSTREAM: TlsObservation["coverage"] = ["midstream"];

const datagram = lazily<typeof import("./inspect/datagram.ts")>(
  import.meta.url,
  "./inspect/datagram.ts",
);

const LOSSES: Record<string, string> = {
  "key-reuse":
    "more certificates than memory for their keys: whether others share one is not known",
  "quic-version": "QUIC of a version whose first packets nobody can read: not seen",
  "flow-table": "more connections at once than the table holds: the stalest was given up",
  "tcp-pending": "more bytes came early than memory for them: what was missing before was given up",
  "tcp-before-start": "bytes from before a connection's first known one: not read",
  "tcp-reassembly": "more bytes of unread handshakes than memory for them: given up unread",
};

/** A fault is a bug. A few may hit one odd connection; more mean that nothing can be relied on. */
const FAULTS_MAX = 100;
/** Their lines wait for the end; beyond that they are judged by what has ended. */
const UNLINKED_MAX = 4096;
/** Kinds of handshakes remembered a judgement: clients, versions, endings. */
const ALIKE_MAX = 8;
/** Distinct certificates whose line waits for the end, and whose line has been written early. */
const SIGHTS_MAX = 20_000;
const PRINTED_MAX = 1_000_000;
