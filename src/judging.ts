/**
 * What a replay does with each connection: gives it an inspector, and when it ends, judges what
 * was seen and makes its lines. What goes wrong in our own code ends here too, as a `fault` line for
 * the connection concerned; past a small number of those nothing more is read, since a watcher that
 * half works must not look as if it works.
 */
import { Assessments } from "./assessments.ts";
import { CertificateSights } from "./certificate-sights.ts";
import type { PacketView } from "./decode/packet-view.ts";
import { clientOf } from "./flow/client.ts";
import type { Flow, Inspector, Side } from "./flow/event.ts";
import type { Above } from "./flow/table.ts";
import { Guarded } from "./guarded.ts";
import { Connection } from "./inspect/connection.ts";
import type { DatagramConnection } from "./inspect/datagram.ts";
import type { KeyLog } from "./inspect/keys/key-log.ts";
import type { LinkActivity } from "./inspect/link/activity.ts";
import type {
  OpaqueObservation,
  PlaintextObservation,
  TlsObservation,
} from "./inspect/observation.ts";
import { type Inspectors, inspectors } from "./inspectors.ts";
import { LocalNetworks } from "./judge/direction.ts";
import type { Vantage } from "./judge/expectation.ts";
import { HsmWatch, type Used } from "./judge/hsm-watch.ts";
import { KeyReuse } from "./judge/key-reuse.ts";
import { LinkWatch, type Outside } from "./judge/link-watch.ts";
import type { Policy } from "./judge/policy/policy.ts";
import type { FirstSession } from "./judge/resumption.ts";
import type { WorkloadEntry } from "./judge/workloads.ts";
import { LineWriter, type Overlap } from "./line-writer.ts";
import { LinkPairs } from "./link-pairs.ts";
import type { Line, Severity } from "./report/lines.ts";
import type { Malformed } from "./stage.ts";
import type { Verify } from "./trust/possession-checks.ts";

export interface JudgingOptions {
  readonly policy: Policy;
  /** Addresses and CIDRs of the hosts that are ours; empty: every direction is unknown. */
  readonly local: readonly string[];
  /** Whose address it is; absent: nobody's. */
  readonly workloads?: readonly WorkloadEntry[] | undefined;
  /** Where the capture was taken; absent: what depends on it is unknown. */
  readonly vantage?: Vantage | undefined;
  /** Also the lines that only say what was seen, and verdicts that are `pass`. */
  readonly observations: boolean;
  /** Of which handshakes the server's signature is checked. Default: a sample. */
  readonly verify?: Verify;
  /** Secrets that open what is sealed. */
  readonly keys?: KeyLog | undefined;
  /** Also how long the sealed records of TLS 1.3 servers' flights are. */
  readonly flightSizes?: boolean;
  /** Which connections wait to be asked about: `takeWaiting` has them, `resolve` goes on with each. */
  readonly waits?: ((observation: TlsObservation) => boolean) | undefined;
}

/** A handshake that is judged once more is known of it. */
export interface Waiting {
  readonly observation: TlsObservation;
  readonly isEvaded: boolean;
}

export class Judging implements Above {
  /** Connections that showed TLS. */
  handshakes = 0;
  readonly #assessments: Assessments;
  readonly #inspectors: Inspectors;
  readonly #lines: LineWriter;
  readonly #keyReuse = new KeyReuse();
  readonly #sights: CertificateSights;
  readonly #overlaps = new Map<Flow, Overlap[]>();
  readonly #links = new LinkPairs();
  /** Tunnels over UDP, whose flows are over. */
  readonly #tunnels: LinkActivity[] = [];
  readonly #linkWatch: LinkWatch<Outside & { readonly flow: Flow; readonly client: Side }>;
  readonly #hsmWatch: HsmWatch<Used & { readonly flow: Flow; readonly client: Side }>;
  /** Of the last packet of any connection that has ended. */
  #endUs = Number.NEGATIVE_INFINITY;
  readonly #losses = new Map<string, Loss>();
  readonly #waits: JudgingOptions["waits"];
  readonly #waiting: Waiting[] = [];
  /** Resumed connections whose first one may still be open, and was not seen to end. */
  readonly #unlinked: { readonly observation: TlsObservation; readonly isEvaded: boolean }[] = [];

  constructor(options: JudgingOptions, write: (line: Line) => void) {
    const local = new LocalNetworks(options.local);
    this.#linkWatch = new LinkWatch(options.policy);
    this.#hsmWatch = new HsmWatch(options.policy);
    this.#assessments = new Assessments({
      policy: options.policy,
      directionOf: ({ ends }, client) =>
        local.direction(ends[client].ip, ends[client === 0 ? 1 : 0].ip),
      workloads: options.workloads,
      vantage: options.vantage,
      verify: options.verify,
    });
    this.#inspectors = inspectors({
      keys: options.keys,
      flightSizes: options.flightSizes === true || options.waits !== undefined,
      hellos: options.waits !== undefined,
      hear: (answer) => this.#assessments.hear(answer),
    });
    this.#waits = options.waits;
    this.#lines = new LineWriter(options.observations, write);
    this.#sights = new CertificateSights((certificate, atUs, place) => {
      this.#keyReuse.see(certificate, atUs);
      this.#lines.certificate(certificate, atUs, place);
    });
  }

  /** Distinct certificates seen. */
  get certificates(): number {
    return this.#sights.count;
  }

  get findings(): Readonly<Record<Severity, number>> {
    return this.#lines.findings;
  }

  /** Too many faults of our own: stop reading. */
  get failed(): boolean {
    return this.#lines.failed;
  }

  get worst(): Severity | undefined {
    return this.#lines.worst;
  }

  open(flow: Flow): Inspector {
    return new Guarded(this.#inspectors(flow), flow, this);
  }

  close(flow: Flow, inspector: Inspector): void {
    try {
      if (!(inspector instanceof Guarded)) return;
      const { inner, lastAtUs } = inspector;
      if (lastAtUs > this.#endUs) this.#endUs = lastAtUs;
      if (inner instanceof Connection) this.#closed(flow, inner, lastAtUs);
      else this.#closedDatagrams(flow, inner, lastAtUs);
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

  link(view: PacketView): void {
    this.#links.packet(view);
    if (view.atUs > this.#endUs) this.#endUs = view.atUs;
  }

  loss(what: string, flow: Flow | undefined, atUs: number): void {
    const known = this.#losses.get(what);
    if (known !== undefined) known.count++;
    else this.#losses.set(what, { count: 1, atUs, flow });
  }

  /** Something in our own code went wrong. */
  fault(where: string, error: unknown, atUs: number, flow?: Flow): void {
    this.#lines.fault(where, error, atUs, flow);
  }

  /** No more connections will come: writes what was held back. */
  end(): void {
    for (const { observation, isEvaded } of this.#unlinked.splice(0)) {
      try {
        this.#judge(observation, isEvaded, this.#assessments.firstOf(observation));
      } catch (error) {
        this.fault("judge", error, observation.atUs, observation.flow);
      }
    }
    this.#sights.end();
    for (const { finding, atUs } of this.#keyReuse.findings()) this.#lines.finding(finding, atUs);
    if (this.#keyReuse.uncounted > 0) this.loss("key-reuse", undefined, this.#keyReuse.lostAtUs);
    this.#vanished();
    const { forgotten } = this.#assessments;
    if (forgotten.count > 0) this.loss("baseline", undefined, forgotten.atUs);
    for (const [what, { count, atUs, flow }] of this.#losses) {
      this.#lines.loss(what, count, atUs, flow);
    }
  }

  #closed(flow: Flow, connection: Connection, untilUs: number): void {
    const seen = connection.result();
    const overlaps = this.#overlaps.get(flow) ?? NO_OVERLAPS;
    this.#oddities(flow, seen.tls?.client, connection.tls.malformed, overlaps);
    this.#outside(flow, seen.tls?.client ?? clientOf(flow), untilUs, seen.tls !== undefined);
    const layers = seen.opaque === undefined ? seen.plaintext : [...seen.plaintext, seen.opaque];
    this.#inClear(layers, overlaps.length > 0, seen.tls !== undefined);
    if (seen.tls !== undefined) this.#handshake(seen.tls, overlaps.length > 0);
    for (const inner of seen.renegotiated ?? []) this.#handshake(inner, overlaps.length > 0);
  }

  /** Two ports may carry several connections of QUIC, one beside the other. */
  #closedDatagrams(flow: Flow, conversation: DatagramConnection, untilUs: number): void {
    const seen = conversation.results();
    const { malformed, overlaps, unreadVersion } = conversation;
    this.#oddities(flow, seen[0]?.client, malformed, overlaps);
    if (unreadVersion !== undefined) this.loss("quic-version", flow, flow.openedAtUs);
    for (const observation of seen) this.#handshake(observation, overlaps.length > 0);
    const { link, opaque, plaintext } = conversation;
    if (link === undefined) this.#outside(flow, seen[0]?.client ?? clientOf(flow), untilUs);
    else if (this.#tunnels.length < TUNNELS_MAX) this.#tunnels.push(link);
    this.#inClear(opaque === undefined ? plaintext : [opaque], overlaps.length > 0, false);
  }

  /** Said outside of any link: perhaps one should have carried it (B02); or to an HSM, or without (B16). */
  #outside(flow: Flow, client: Side, untilUs: number, isTls = false): void {
    const meeting = () => this.#assessments.meetingOf(flow, client);
    const of = { flow, client, meeting, fromUs: flow.openedAtUs, untilUs, isTls };
    this.#linkWatch.see(of);
    this.#hsmWatch.see(of);
  }

  #vanished(): void {
    const links = [...this.#links.activities, ...this.#tunnels];
    for (const { outside, findings, verdict } of this.#linkWatch.vanished(links, this.#endUs)) {
      const { flow, client, fromUs } = outside;
      const place = this.#assessments.placeOf(flow, client);
      for (const finding of findings) this.#lines.finding(finding, fromUs, place);
      this.#lines.verdict(verdict, fromUs, place, { clear: [] });
    }
    for (const { of, findings, verdict } of this.#hsmWatch.silenced()) {
      const place = this.#assessments.placeOf(of.flow, of.client);
      for (const finding of findings) this.#lines.finding(finding, of.fromUs, place);
      this.#lines.verdict(verdict, of.fromUs, place, { clear: [] });
    }
    const { unwatched: hsmUnwatched, unwatchedAtUs: hsmUnwatchedAtUs } = this.#hsmWatch;
    if (hsmUnwatched > 0) this.loss("hsm-watch", undefined, hsmUnwatchedAtUs);
    const { unwatched, unwatchedAtUs } = this.#linkWatch;
    if (links.length > 0 && unwatched > 0) this.loss("link-watch", undefined, unwatchedAtUs);
    if (this.#links.unplaced > 0) this.loss("link-pairs", undefined, this.#links.unplacedAtUs);
  }

  #oddities(
    flow: Flow,
    said: Side | undefined,
    faults: readonly Malformed[],
    overlaps: readonly Overlap[],
  ): void {
    this.#lines.malformed(flow, faults);
    if (overlaps.length === 0) return;
    const client = said ?? clientOf(flow);
    this.#lines.overlaps(overlaps, client, this.#assessments.placeOf(flow, client));
  }

  /** Those that wait, once each. */
  takeWaiting(): Waiting[] {
    return this.#waiting.splice(0);
  }

  /** Goes on with one, whatever has become known of it. */
  resolve({ observation, isEvaded }: Waiting): void {
    try {
      this.#judge(observation, isEvaded, this.#assessments.firstOf(observation));
    } catch (error) {
      this.fault("judge", error, observation.atUs, observation.flow);
    }
  }

  /** @param isEvaded some of it was sent twice, and not the same */
  #handshake(seen: TlsObservation, isEvaded: boolean): void {
    const observation = this.#assessments.hidden(seen);
    if (this.#waits?.(observation) === true && this.#waiting.length < WAITING_MAX) {
      this.#waiting.push({ observation, isEvaded });
      return;
    }
    const first = this.#assessments.firstOf(observation);
    const isUnlinked = observation.resumed !== false && first === undefined;
    if (isUnlinked && this.#unlinked.length < UNLINKED_MAX) {
      this.#unlinked.push({ observation, isEvaded });
    } else {
      this.#judge(observation, isEvaded, first);
    }
  }

  #judge(observation: TlsObservation, isEvaded: boolean, first: FirstSession | undefined): void {
    this.handshakes++;
    const assessed = this.#assessments.handshake(observation, isEvaded, first);
    this.#assessments.remember(assessed);
    const { place, judgement, verdict, chain, clientChain } = assessed;
    const { atUs } = observation;
    for (const finding of judgement.findings) this.#lines.finding(finding, atUs, place);
    this.#sights.see(chain, atUs, place);
    this.#sights.see(clientChain, atUs, place);
    this.#lines.tls(assessed);
    const presented = chain?.certificates ?? [];
    this.#lines.verdict(verdict, atUs, place, { presented, clear: [] });
  }

  /**
   * What was said without TLS, the outermost layer first. The innermost is judged, unless TLS follows:
   * an envelope is not what it carries.
   */
  #inClear(layers: readonly InClear[], isEvaded: boolean, tlsFollows: boolean): void {
    const inner = layers.at(-1);
    if (inner === undefined) return;
    const { place, findings, verdict, expected } = this.#assessments.inClear(inner, isEvaded);
    for (const seen of layers) {
      this.#lines.inClear(seen, this.#assessments.placeOf(seen.flow, seen.client), expected);
    }
    if (tlsFollows) return;
    for (const finding of findings) this.#lines.finding(finding, inner.atUs, place);
    this.#lines.verdict(verdict, inner.atUs, place, { clear: layers });
  }
}

type InClear = PlaintextObservation | OpaqueObservation;

interface Loss {
  count: number;
  readonly atUs: number;
  readonly flow: Flow | undefined;
}

const NO_OVERLAPS: readonly Overlap[] = [];
/** Their lines wait for the end; beyond that they are judged by what has ended. */
const UNLINKED_MAX = 4096;
/** Connections that somebody is asked about; those beyond are judged as they were seen. */
const WAITING_MAX = 4096;
const TUNNELS_MAX = 4096;
