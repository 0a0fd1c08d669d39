/**
 * A UDP conversation, read as DTLS 1.0, 1.2 and 1.3 (RFC 4347, RFC 6347, RFC 9147).
 *
 * Records and fragments are DTLS's own; the messages inside them are those of TLS, so a `Handshake` keeps
 * what they tell. Three facts shape what is here:
 *
 *   1. Datagrams are lost, repeated and turned round. What is waited for too long counts as lost.
 *   2. The same two ports may carry other things before and beside DTLS, as in WebRTC (RFC 7983): a
 *      first byte of 20 to 63 is DTLS, anything else is passed over.
 *   3. A client may begin again on the same ports (RFC 6347 §4.2.8). Before both have finished, the
 *      handshake that the server answered last is the one that counts; behind that, each is told, so
 *      that none hides behind a good one.
 *
 * Reading stops when both sides have finished, but for a ClientHello of another handshake.
 */
import type { Flow, FlowEvent, Inspector, Side, Wants } from "../../flow/event.ts";
import type { Malformed } from "../../stage.ts";
import type { TlsObservation } from "../observation.ts";
import { u16 } from "../tls/bytes.ts";
import { releaseChain } from "../tls/certificate-message.ts";
import {
  ALERT,
  APPLICATION_DATA,
  CHANGE_CIPHER_SPEC,
  HANDSHAKE,
  type Listener,
  type Spoken,
} from "../tls/direction.ts";
import { Handshake, isTls13 } from "../tls/handshake.ts";
import { observe } from "../tls/observe.ts";
import { isProven } from "../tls/proven.ts";
import { Flight, type FlightListener } from "./flight.ts";
import {
  ACK,
  beginsAnother,
  beginsDtls,
  CONNECTION_ID,
  CUT_HEADER,
  type DtlsRecord,
  readRecord,
  UNIFIED,
} from "./record.ts";

export class DtlsConnection implements Inspector {
  wants: Wants = "bytes";
  readonly nextRecord: readonly [number, number] = [0, 0];
  /** Places where a side sent different bytes for the same part of a message (C08); one a side. */
  readonly overlaps: { readonly side: Side; readonly offset: number; readonly atUs: number }[] = [];
  readonly #flow: Flow;
  #handshake: Handshake<DtlsSide>;
  /** The one that the client gave up for this, as long as the server has not answered this. */
  #before: Handshake<DtlsSide> | undefined;
  /** Handshakes that are over, each with its own line, the oldest first. */
  readonly #over: Handshake<DtlsSide>[] = [];
  readonly #malformedBefore: Told[] = [];
  #handshakes = 1;
  /** Datagrams since something was learned. */
  #idleDatagrams = 0;
  #seen = false;
  /** That there were too many handshakes. */
  #told = false;
  /** STUN was spoken: DTLS may follow once a path was found. */
  #checksPaths = false;

  constructor(flow: Flow) {
    this.#flow = flow;
    this.#handshake = new Handshake(flow, "dtls", DtlsSide);
  }

  get idle(): boolean {
    return !this.#seen;
  }

  /** Certificates and version will not change any more. */
  get settled(): boolean {
    return this.#handshake.established || this.wants === "nothing";
  }

  /** How many handshakes have shown and proved their server's identity, as far as they will. */
  get proven(): number {
    return this.#over.length + (isProven(this.#counting) ? 1 : 0);
  }

  /** Bounded: the first few of each handshake. */
  get malformed(): readonly Told[] {
    return [...this.#malformedBefore, ...this.#handshake.malformed];
  }

  push(event: FlowEvent): void {
    if (event.kind === "closed") return this.#close();
    if (event.kind !== "datagram") return;
    if (this.wants === "nothing" && !this.#goesOn(event)) return;
    const { side, bytes, from, to, cut, atUs } = event;
    const { steps } = this.#handshake;
    const { placed } = this.#handshake.sides[side].flight;
    this.#datagram(side, bytes, from, to, cut, atUs);
    this.#tellOverlap(this.#handshake.sides[side], atUs);
    this.#handshake.lost ||= this.#handshake.sides[side].overfull;
    this.#handshake.sides[side].offset += to - from + cut;
    const learned =
      this.#handshake.steps !== steps || this.#handshake.sides[side].flight.placed !== placed;
    if (learned) this.#idleDatagrams = 0;
    else this.#idleDatagrams++;
    this.#decideWants();
  }

  /**
   * The handshakes that were seen so far, in the order in which they began.
   *
   * @param onlyProven leave out the one of which more must be seen first
   */
  results(onlyProven = false): readonly TlsObservation[] {
    const last = this.#counting;
    const told = onlyProven && !isProven(last) ? this.#over : [...this.#over, last];
    return told.flatMap((handshake) => observe(handshake) ?? []);
  }

  /** Of those that the client began before one was finished, the one that counts. */
  get #counting(): Handshake<DtlsSide> {
    return this.#handshake.server === undefined
      ? (this.#before ?? this.#handshake)
      : this.#handshake;
  }

  /** Whether this begins another handshake, of which there may only be so many. */
  #goesOn({ side, bytes, from, to }: Datagram): boolean {
    if (!beginsAnother(bytes, from, to, this.#handshake.hello?.random)) return false;
    if (this.#over.length >= OVER_MAX) {
      const reason = `more than ${OVER_MAX + 1} handshakes on one pair of ports: not read`;
      if (this.#told) return false;
      this.#told = true;
      this.#handshake.malformedAt(
        side,
        "dtls-handshake",
        reason,
        this.#handshake.sides[side].offset,
      );
      return false;
    }
    const given = this.#counting;
    if (given !== this.#handshake) release(this.#handshake);
    else if (this.#before !== undefined) release(this.#before);
    this.#before = undefined;
    this.#over.push(given);
    this.#keepMalformed(given);
    this.#begin(given);
    this.#handshakes = 1;
    this.#idleDatagrams = 0;
    this.wants = "bytes";
    return true;
  }

  #keepMalformed({ malformed }: Handshake): void {
    if (this.#malformedBefore.length < MALFORMED_MAX) this.#malformedBefore.push(...malformed);
  }

  /** A handshake behind `given`, on the same ports. */
  #begin(given: Handshake<DtlsSide>): void {
    this.#handshake = new Handshake(this.#flow, "dtls", DtlsSide);
    for (const one of SIDES) this.#handshake.sides[one].offset = given.sides[one].offset;
  }

  #datagram(
    side: Side,
    bytes: Uint8Array,
    from: number,
    to: number,
    cut: number,
    atUs: number,
  ): void {
    if (from === to || bytes[from]! < DTLS_FIRST || bytes[from]! > DTLS_LAST) {
      this.#checksPaths ||= isStun(bytes, from, to);
      return;
    }
    // Until then it is somebody else's datagram, and nothing in it is malformed.
    if (!this.#seen && !beginsDtls(bytes, from, to, cut)) return;
    this.#seen = true;
    for (let at = from; at < to; ) {
      const record = readRecord(bytes, at, to, cut);
      if (typeof record === "string") {
        if (record === CUT_HEADER) return;
        const offset = this.#handshake.sides[side].offset + (at - from);
        return this.#handshake.malformedAt(side, "dtls-record", record, offset);
      }
      this.#record(side, record, bytes, from, atUs);
      at = record.to;
    }
  }

  #record(side: Side, record: DtlsRecord, bytes: Uint8Array, start: number, atUs: number): void {
    const speaker = this.#handshake.sides[side];
    if (record.type === UNIFIED) return this.#unified(side, record);
    if (record.epoch > 0 || record.type === APPLICATION_DATA || record.type === CONNECTION_ID) {
      return this.#sealed(side, record);
    }
    switch (record.type) {
      case HANDSHAKE: {
        if (record.cut > 0) this.#handshake.cut = true;
        speaker.messageAt = speaker.offset + (record.from - start);
        speaker.atUs = atUs;
        const { from, to, cut } = record;
        const anew = speaker.flight.push(bytes, from, to, cut);
        if (anew < 0) return;
        this.#anew(side);
        this.#handshake.sides[side].atUs = atUs;
        this.#handshake.sides[side].flight.push(bytes, anew, to, cut);
        return;
      }
      case CHANGE_CIPHER_SPEC:
        // It comes again whenever its flight does.
        if (speaker.changes === 0) this.#handshake.changeCipherSpec(side, speaker.offset);
        return;
      case ALERT:
        if (record.to - record.from !== 2 || speaker.alertSequence === record.sequence) return;
        speaker.alertSequence = record.sequence;
        return this.#handshake.alert(side, bytes[record.from]!, bytes[record.from + 1]!);
      case ACK:
        return;
    }
  }

  #sealed(side: Side, { type, epoch }: DtlsRecord): void {
    const speaker = this.#handshake.sides[side];
    if (type === CHANGE_CIPHER_SPEC) {
      if (epoch <= speaker.changeEpoch) return;
      speaker.changeEpoch = epoch;
    }
    // Its type is sealed as well: the first one behind a change of keys is Finished.
    const hidden = speaker.finished ? APPLICATION_DATA : HANDSHAKE;
    this.#handshake.sealed(side, type === CONNECTION_ID ? hidden : type);
  }

  /** DTLS 1.3: epoch 1 is early data, 2 the rest of the handshake, 3 application data (RFC 9147 §6.1). */
  #unified(side: Side, { epoch }: DtlsRecord): void {
    const { server } = this.#handshake;
    if (server !== undefined && !isTls13(server.version)) {
      const offset = this.#handshake.sides[side].offset;
      const reason = "unified header of DTLS 1.3 in an older version";
      return this.#handshake.malformedAt(side, "dtls-record", reason, offset);
    }
    // Without a ServerHello nobody knows whether it is this protocol at all.
    if (server === undefined && epoch !== EARLY_EPOCH) return;
    this.#handshake.sealed(side, epoch === HANDSHAKE_EPOCH ? HANDSHAKE : APPLICATION_DATA);
  }

  /** The client begins again, with another random. */
  #anew(side: Side): void {
    const given = this.#handshake;
    const stale = given.server === undefined ? undefined : given.sides[other(side)].flight.random;
    if (given.server !== undefined) {
      const reason = "another ClientHello before the handshake was finished";
      given.malformedMessage(side, "handshake", reason);
    }
    this.#keepMalformed(given);
    for (const one of given.sides) one.flight.close();
    if (given.server === undefined) release(given);
    else {
      if (this.#before !== undefined) release(this.#before);
      this.#before = given;
    }
    this.#handshakes++;
    this.#begin(given);
    this.#handshake.sides[other(side)].ignore(stale);
  }

  #tellOverlap(side: DtlsSide, atUs: number): void {
    if (side.differsAt === undefined) return;
    if (!this.overlaps.some((known) => known.side === side.side)) {
      this.overlaps.push({ side: side.side, offset: side.differsAt, atUs });
    }
    side.differsAt = undefined;
  }

  #decideWants(): void {
    const handshake = this.#handshake;
    const patience = this.#seen || this.#checksPaths ? DATAGRAMS_IDLE_MAX : DATAGRAMS_OTHER_MAX;
    const waiting = handshake.sides.some(({ flight }) => flight.waiting);
    const done = handshake.established && (!waiting || this.#idleDatagrams > DATAGRAMS_LATE_MAX);
    if (!done && this.#idleDatagrams <= patience && this.#handshakes <= HANDSHAKES_MAX) return;
    this.#flush();
    this.wants = "nothing";
  }

  #flush(): void {
    for (const { flight } of this.#handshake.sides) {
      if (flight.flush()) this.#handshake.lost = true;
      flight.close();
    }
  }

  #close(): void {
    if (this.wants !== "nothing") this.#flush();
    this.wants = "nothing";
    release(this.#handshake);
    if (this.#before !== undefined) release(this.#before);
    for (const handshake of this.#over) release(handshake);
  }
}

/** One side: its messages in order, and what the handshake wants to know of it. */
class DtlsSide implements Spoken, FlightListener {
  encrypted = false;
  changes = 0;
  finished = false;
  applicationRecords = 0;
  messages = 0;
  messageAt = 0;
  chain: readonly Uint8Array[] | undefined;
  /** Bytes of this side's datagrams before the one at work. */
  offset = 0;
  /** Of the datagram at work. */
  atUs = 0;
  alertSequence = -1;
  /** Epoch of the last change cipher spec among sealed records. */
  changeEpoch = 0;
  differsAt: number | undefined;
  /** Something could not be kept, and so was not read. */
  overfull = false;
  flight: Flight;
  readonly side: Side;
  readonly #listener: Listener;

  constructor(side: Side, listener: Listener) {
    this.side = side;
    this.#listener = listener;
    this.flight = new Flight(this);
  }

  /** Passes over what belongs to the ServerHello with this random. */
  ignore(stale: Uint8Array | undefined): void {
    this.flight = new Flight(this, stale);
  }

  told(type: number, body: Uint8Array): void {
    this.messages++;
    this.#listener.message(this.side, type, body, 0, body.length, this.atUs);
  }

  differs(sequence: number): void {
    this.differsAt ??= this.messageAt;
    this.malformed(`message ${sequence} came again with other bytes`);
  }

  malformed(reason: string): void {
    this.#listener.malformedAt(this.side, "dtls-handshake", reason, this.messageAt);
  }

  full(reason: string): void {
    if (this.overfull) return;
    this.overfull = true;
    this.malformed(reason);
  }
}

function release(handshake: Handshake<DtlsSide>): void {
  handshake.release();
  for (const { chain, flight } of handshake.sides) {
    releaseChain(chain);
    flight.close();
  }
}

/** RFC 8489 §5: a fixed cookie stands behind type and length. */
function isStun(bytes: Uint8Array, from: number, to: number): boolean {
  return (
    to - from >= 20 &&
    bytes[from]! <= 3 &&
    u16(bytes, from + 4) === 0x2112 &&
    u16(bytes, from + 6) === 0xa442
  );
}

function other(side: Side): Side {
  return side === 0 ? 1 : 0;
}

type Datagram = Extract<FlowEvent, { kind: "datagram" }>;
type Told = Malformed & { readonly side: Side };

const SIDES: readonly Side[] = [0, 1];
/** RFC 7983 §7, widened to 63 by RFC 9147 §4.1. */
const DTLS_FIRST = 20;
const DTLS_LAST = 63;
const EARLY_EPOCH = 1;
const HANDSHAKE_EPOCH = 2;
/** Without a DTLS record: what does not begin with it seldom comes to it. */
const DATAGRAMS_OTHER_MAX = 32;
/**
 * Without anything new in a handshake underway: retransmissions, and media that runs beside it. And
 * while ICE looks for a path, which it checks every 50 ms (RFC 8445 §14.2) for some seconds.
 */
const DATAGRAMS_IDLE_MAX = 512;
/** After both Finished: what was overtaken has come by then, or was lost. */
const DATAGRAMS_LATE_MAX = 16;
/** Beginnings on one pair of ports, of which each is read: a client that gets no answer gives up sooner. */
const HANDSHAKES_MAX = 64;
/** Handshakes that were over before another began on the same ports. */
const OVER_MAX = 16;
const MALFORMED_MAX = 16;
