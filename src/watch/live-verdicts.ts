/**
 * Judges what a watched connection has shown so far, and tells what is new of it: acting comes first, so
 * a verdict is handed to `onVerdict` before any line of it is written.
 */
import type { Assessment, Assessments } from "../assessments.ts";
import type { Flow, Side } from "../flow/event.ts";
import { Connection } from "../inspect/connection.ts";
import type { DatagramConnection } from "../inspect/datagram.ts";
import type {
  OpaqueObservation,
  PlaintextObservation,
  TlsObservation,
} from "../inspect/observation.ts";
import type { Finding } from "../judge/finding.ts";
import type { Verdict } from "../judge/verdict.ts";
import type { LineWriter } from "../line-writer.ts";
import type { Place } from "../report/build.ts";
import type { Chain } from "../trust/store.ts";
import { LiveSights } from "./live-sights.ts";
import { isMidstream, withUncaptured } from "./uncaptured.ts";
import type { Watched } from "./watched.ts";

/** A verdict, and whom it is about. */
export interface Judged {
  readonly flow: Flow;
  readonly client: Side;
  readonly place: Place;
  readonly verdict: Verdict;
  readonly findings: readonly Finding[];
  /** As the server sent it; absent when it was not seen. */
  readonly chain: Chain | undefined;
  /** Of the packet with which this became known. */
  readonly atUs: number;
}

/** How far a connection is when it is looked at. */
export interface Moment {
  /** Of the packet, or the tick, that brought this about. */
  readonly atUs: number;
  /** Its handshake is over: the `tls` line is written, and its sessions are remembered. */
  readonly isWhole: boolean;
  /** A proof that has not come is no longer waited for. */
  readonly isOver: boolean;
}

export interface LiveVerdictOptions {
  readonly assessments: Assessments;
  readonly lines: LineWriter;
  /** Only the first 64 KiB of a connection are captured. */
  readonly isFirstBytesOnly: () => boolean;
  readonly onVerdict: ((judged: Judged) => void) | undefined;
}

export class LiveVerdicts {
  /** Handshakes whose line was written. */
  handshakes = 0;
  readonly #assessments: Assessments;
  readonly #lines: LineWriter;
  readonly #sights: LiveSights;
  readonly #isFirstBytesOnly: () => boolean;
  readonly #onVerdict: LiveVerdictOptions["onVerdict"];

  constructor({ assessments, lines, isFirstBytesOnly, onVerdict }: LiveVerdictOptions) {
    this.#assessments = assessments;
    this.#lines = lines;
    this.#sights = new LiveSights(lines);
    this.#isFirstBytesOnly = isFirstBytesOnly;
    this.#onVerdict = onVerdict;
  }

  /** Distinct certificates seen. */
  get certificates(): number {
    return this.#sights.count;
  }

  handshake(watched: Watched, seen: TlsObservation, moment: Moment): void {
    const told = watched.toldOf(keyOf(seen));
    const hidden = this.#assessments.hidden(seen);
    const first = this.#assessments.firstOf(hidden);
    const isEvaded = watched.overlaps.length > 0;
    const assessed = this.#assessments.handshake(hidden, isEvaded, first);
    const isUnproven = moment.isOver && watched.proven === 0;
    const verdict = isUnproven ? this.#uncertain(watched, assessed.verdict) : assessed.verdict;
    this.#say(watched, assessed, { verdict, atUs: moment.atUs });
    if (!moment.isWhole || told.whole) return;
    told.whole = true;
    this.handshakes++;
    this.#assessments.remember(assessed);
    this.#sights.see(assessed.clientChain, hidden.atUs, assessed.place);
    this.#lines.tls(assessed);
  }

  /** @param seen the innermost of what is said without a handshake */
  inClear(
    watched: Watched,
    seen: PlaintextObservation | OpaqueObservation,
    { atUs, isOver }: Moment,
  ): void {
    const { flow } = watched;
    const assessed = this.#assessments.inClear(seen, watched.overlaps.length > 0);
    const { place } = assessed;
    // Bytes that never came may be lost in capturing, before anybody has counted it.
    const hasGap = seen.kind === "opaque" && seen.why === "gap";
    const mayHaveLost = hasGap || (watched.mayHaveLost && (isOver || isMidstream(flow)));
    const missing = { mayHaveLost, firstBytesOnly: this.#isFirstBytesOnly() };
    const verdict = withUncaptured(assessed.verdict, missing);
    const { client } = seen;
    const told = watched.toldOf("clear");
    const findings = told.fresh(assessed.findings);
    const isNews = told.isNews(verdict);
    if (isNews)
      this.#onVerdict?.({ flow, client, place, verdict, findings, chain: undefined, atUs });
    for (const finding of findings) this.#lines.finding(finding, seen.atUs, place);
    if (isNews) {
      this.#lines.verdict(verdict, seen.atUs, place, { clear: clearOf(watched.inner) });
    }
    this.overlaps(watched, client);
  }

  /** What was seen in clear, as far as it goes, the outermost layer first. */
  seenInClear(layers: readonly (PlaintextObservation | OpaqueObservation)[]): void {
    const inner = layers.at(-1);
    if (inner === undefined) return;
    const { expected } = this.#assessments.inClear(inner, false);
    for (const seen of layers) {
      this.#lines.inClear(seen, this.#assessments.placeOf(seen.flow, seen.client), expected);
    }
  }

  /** Bytes that were sent twice and differ, each place once. */
  overlaps(watched: Watched, client: Side): void {
    const fresh = watched.overlaps.slice(watched.overlapsTold);
    if (fresh.length === 0) return;
    watched.overlapsTold = watched.overlaps.length;
    this.#lines.overlaps(fresh, client, this.#assessments.placeOf(watched.flow, client));
  }

  #say(
    watched: Watched,
    { observation, place, chain, judgement }: Assessment,
    { verdict, atUs }: { verdict: Verdict; atUs: number },
  ): void {
    const { client, flow } = observation;
    const told = watched.toldOf(keyOf(observation));
    const findings = told.fresh(judgement.findings);
    const isNews = told.isNews(verdict);
    if (isNews) this.#onVerdict?.({ flow, client, place, verdict, findings, chain, atUs });
    for (const finding of findings) this.#lines.finding(finding, observation.atUs, place);
    this.overlaps(watched, client);
    this.#sights.see(chain, observation.atUs, place);
    if (!isNews) return;
    const presented = chain?.certificates ?? [];
    const clear = clearOf(watched.inner);
    this.#lines.verdict(verdict, observation.atUs, place, { presented, clear });
  }

  #uncertain({ mayHaveLost }: Watched, verdict: Verdict): Verdict {
    return withUncaptured(verdict, { mayHaveLost, firstBytesOnly: this.#isFirstBytesOnly() });
  }
}

/** A connection may hold several handshakes: of QUIC or DTLS, or one inside the protection of another. */
function keyOf({ transport, client, atUs, serverName, renegotiated }: TlsObservation): string {
  const isOnly = transport === "tcp" && renegotiated !== true;
  return isOnly ? "tls" : `${client} ${atUs} ${serverName}`;
}

/** All that a connection has shown so far, in the words that a replay has for it. */
export function seenOf(inner: Connection | DatagramConnection): {
  handshakes: readonly TlsObservation[];
  clear: readonly (PlaintextObservation | OpaqueObservation)[];
  malformed: DatagramConnection["malformed"];
} {
  if (!(inner instanceof Connection)) {
    return { handshakes: inner.results(), clear: clearOf(inner), malformed: inner.malformed };
  }
  const { tls, renegotiated = [] } = inner.result();
  return {
    handshakes: tls === undefined ? renegotiated : [tls, ...renegotiated],
    clear: clearOf(inner),
    malformed: inner.tls.malformed,
  };
}

/** What was said without a handshake so far, the outermost layer first. */
function clearOf(
  inner: Connection | DatagramConnection,
): readonly (PlaintextObservation | OpaqueObservation)[] {
  const { plaintext, opaque } = inner instanceof Connection ? inner.result() : inner;
  return opaque === undefined ? plaintext : [...plaintext, opaque];
}
