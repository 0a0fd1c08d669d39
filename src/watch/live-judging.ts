/**
 * Judges connections while they are open: each when its proof is there, and not when it closes.
 *
 *     proof        the server's identity is shown and proved, or it is known that it will not be seen
 *                  (inspect/tls/proven.ts); or something is in clear and stays so
 *     settled      both sides have finished: the client's certificate is known, the `tls` line is written
 *     over         closed, reset, idle: what never came to a proof is judged as it is
 *
 * At each of these the same is asked that a replay asks once (assessments.ts), so that the strictest
 * verdict said of a connection is the one that a replay of its packets gives. Whoever waits for the end of
 * a handshake that never ends is judged after a while by what there is.
 */
import { Assessments } from "../assessments.ts";
import { clientOf } from "../flow/client.ts";
import type { Flow, Inspector, Side } from "../flow/event.ts";
import type { Above } from "../flow/table.ts";
import { Connection } from "../inspect/connection.ts";
import type { DatagramConnection } from "../inspect/datagram.ts";
import type { KeyLog } from "../inspect/keys/key-log.ts";
import { type Inspectors, inspectors } from "../inspectors.ts";
import type { Direction } from "../judge/case.ts";
import type { Policy } from "../judge/policy/policy.ts";
import { LineWriter } from "../line-writer.ts";
import type { Line, Severity } from "../report/lines.ts";
import type { Verify } from "../trust/possession-checks.ts";
import { type Judged, LiveVerdicts, type Moment, seenOf } from "./live-verdicts.ts";
import { Losses } from "./losses.ts";
import { isMidstream } from "./uncaptured.ts";
import { Watched, type Watcher } from "./watched.ts";

export interface LiveJudgingOptions {
  readonly policy: Policy;
  readonly directionOf: (flow: Flow, client: Side) => Direction;
  /** Also the lines that only say what was seen, and verdicts that are `pass`. */
  readonly observations: boolean;
  /** Default: every server's signature is checked. */
  readonly verify?: Verify;
  /** Secrets that open what is sealed. */
  readonly keys?: KeyLog | undefined;
  /** Whether only the first 64 KiB of a connection are captured. Default: all of it is. */
  readonly isFirstBytesOnly?: () => boolean;
  /** Called for each verdict, `pass` too, before its lines are written. */
  readonly onVerdict?: (judged: Judged) => void;
}

export class LiveJudging implements Above, Watcher {
  readonly #assessments: Assessments;
  readonly #inspectors: Inspectors;
  readonly #lines: LineWriter;
  readonly #verdicts: LiveVerdicts;
  readonly #losses: Losses;
  readonly #open = new Map<Flow, Watched>();
  /** Not judged yet, in the order in which they began. */
  readonly #waiting = new Set<Watched>();
  #hasLost = false;

  constructor(options: LiveJudgingOptions, write: (line: Line) => void) {
    const assessments = new Assessments({ verify: "all", ...options });
    const lines = new LineWriter(options.observations, write);
    const { keys, onVerdict, isFirstBytesOnly = () => false } = options;
    this.#assessments = assessments;
    this.#inspectors = inspectors({
      keys,
      flightSizes: false,
      hear: (answer) => assessments.hear(answer),
    });
    this.#lines = lines;
    this.#verdicts = new LiveVerdicts({ assessments, lines, isFirstBytesOnly, onVerdict });
    this.#losses = new Losses(lines);
  }

  /** Connections that showed TLS and were read to the end of their handshake. */
  get handshakes(): number {
    return this.#verdicts.handshakes;
  }

  /** Distinct certificates seen. */
  get certificates(): number {
    return this.#verdicts.certificates;
  }

  get findings(): Readonly<Record<Severity, number>> {
    return this.#lines.findings;
  }

  /** Connections that are being read, and how many of them were not judged yet. */
  get underway(): { readonly connections: number; readonly waiting: number } {
    return { connections: this.#open.size, waiting: this.#waiting.size };
  }

  /** Too many faults of our own: whoever relies on this must not go on. */
  get failed(): boolean {
    return this.#lines.failed;
  }

  open(flow: Flow): Inspector {
    const watched = new Watched(this.#inspectors(flow), flow, this);
    // Its beginning may have been among what was lost.
    watched.mayHaveLost = this.#hasLost && isMidstream(flow);
    this.#open.set(flow, watched);
    this.#waiting.add(watched);
    return watched;
  }

  look(watched: Watched, atUs: number): void {
    if (Number.isNaN(watched.sinceUs)) watched.sinceUs = atUs;
    try {
      const { inner } = watched;
      if (inner instanceof Connection) this.#lookAtStream(watched, inner, atUs);
      else this.#lookAtDatagrams(watched, inner, atUs);
    } catch (error) {
      this.fault("judge", error, atUs, watched.flow);
    }
  }

  close(flow: Flow, inspector: Inspector): void {
    this.#open.delete(flow);
    if (!(inspector instanceof Watched)) return;
    this.#waiting.delete(inspector);
    try {
      this.#close(flow, inspector);
    } catch (error) {
      this.fault("judge", error, flow.openedAtUs, flow);
    }
  }

  overlap(flow: Flow, side: Side, offset: number, atUs: number): void {
    const watched = this.#open.get(flow);
    if (watched === undefined) return;
    watched.overlaps.push({ side, offset, atUs });
    if (watched.told.size > 0) this.#again(watched, atUs);
  }

  loss(what: string, flow: Flow | undefined, atUs: number): void {
    this.#losses.add(what, flow, atUs);
  }

  fault(where: string, error: unknown, atUs: number, flow?: Flow): void {
    this.#lines.fault(where, error, atUs, flow);
  }

  /** Packets were lost before they came here: whatever is not judged yet may miss some. */
  packetsLost(packets: number, why: string, atUs: number): void {
    this.#lines.lost(packets, why, atUs);
    this.#hasLost = true;
    for (const watched of this.#waiting) watched.mayHaveLost = true;
  }

  /** Time has passed, whether packets came or not. */
  tick(atUs: number): void {
    for (const watched of this.#waiting) {
      if (atUs - watched.sinceUs <= HANDSHAKE_US) break;
      this.#waiting.delete(watched);
      this.#again(watched, atUs);
    }
    this.#losses.tell();
  }

  /** The clock was set: everything remembered was `byUs` later than it seemed. */
  shift(byUs: number): void {
    for (const watched of this.#waiting) watched.sinceUs += byUs;
  }

  /** Another policy holds from here on, for the connections that are open as well. */
  adopt(policy: Policy, atUs: number): void {
    this.#assessments.adopt(policy);
    for (const watched of this.#open.values()) {
      if (watched.told.size > 0) this.#again(watched, atUs);
    }
  }

  /** No more packets will come, and all connections are closed. */
  end(): void {
    this.#losses.tell();
  }

  #lookAtStream(watched: Watched, inner: Connection, atUs: number): void {
    const { tls } = inner;
    if (watched.settled) return this.#lookInside(watched, inner, atUs);
    if (tls.proven) {
      const isWhole = tls.settled;
      if (watched.proven > 0 && !isWhole) return;
      watched.proven = 1;
      watched.settled = isWhole;
      const seen = inner.result().tls;
      if (seen === undefined) return;
      this.#waiting.delete(watched);
      this.#verdicts.handshake(watched, seen, { atUs, isWhole, isOver: false });
    } else if (watched.told.size === 0) {
      this.#evidence(watched, inner, atUs);
    }
  }

  /** Handshakes inside the protection of the first, where keys open them. */
  #lookInside(watched: Watched, { tls }: Connection, atUs: number): void {
    const proven = tls.renegotiationsProven;
    if (proven <= watched.renegotiated) return;
    watched.renegotiated = proven;
    for (const seen of tls.renegotiated(true)) {
      this.#verdicts.handshake(watched, seen, { atUs, isWhole: false, isOver: false });
    }
  }

  #lookAtDatagrams(watched: Watched, inner: DatagramConnection, atUs: number): void {
    const { proven, settled } = inner;
    const isWhole = settled;
    if (proven > watched.proven || (isWhole && watched.isUntold)) {
      watched.proven = proven;
      this.#waiting.delete(watched);
      for (const seen of inner.results(true)) {
        this.#verdicts.handshake(watched, seen, { atUs, isWhole, isOver: false });
      }
    } else if (watched.told.size === 0) {
      this.#evidence(watched, inner, atUs);
    }
  }

  #evidence(watched: Watched, inner: Connection | DatagramConnection, atUs: number): void {
    const clear = inner.evidence()?.at(-1);
    if (clear === undefined) return;
    this.#waiting.delete(watched);
    this.#verdicts.inClear(watched, clear, { atUs, isWhole: false, isOver: false });
  }

  /** Everything is known that ever will be. */
  #close(flow: Flow, watched: Watched): void {
    const { inner, overlaps } = watched;
    if (!(inner instanceof Connection)) {
      overlaps.push(...inner.overlaps);
      if (inner.unreadVersion !== undefined) this.loss("quic-version", flow, flow.openedAtUs);
    }
    const { malformed, clear } = seenOf(inner);
    this.#lines.malformed(flow, malformed);
    this.#verdicts.seenInClear(clear);
    const atUs = overlaps.at(-1)?.atUs ?? flow.openedAtUs;
    // What is settled was judged when it was, and again when bytes turned out to differ.
    if (!watched.settled || (inner instanceof Connection && inner.tls.renegotiationsProven > 0))
      this.#judge(watched, { atUs, isWhole: true, isOver: true });
    this.#verdicts.overlaps(watched, clientOf(flow));
  }

  /** Something changed that may make a verdict stricter, or it took too long. */
  #again(watched: Watched, atUs: number): void {
    try {
      this.#judge(watched, { atUs, isWhole: false, isOver: watched.proven === 0 });
    } catch (error) {
      this.fault("judge", error, atUs, watched.flow);
    }
  }

  #judge(watched: Watched, moment: Moment): void {
    const { handshakes, clear } = seenOf(watched.inner);
    const inner = clear.at(-1);
    for (const seen of handshakes) this.#verdicts.handshake(watched, seen, moment);
    if (handshakes.length === 0 && inner !== undefined) {
      this.#verdicts.inClear(watched, inner, moment);
    }
  }
}

/**
 * OpenSSL, Go and browsers give up a handshake after 10 to 60 seconds; a peer that holds its last message
 * back gains no more time than this.
 */
const HANDSHAKE_US = 30_000_000;
