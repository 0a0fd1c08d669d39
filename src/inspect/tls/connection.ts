/**
 * A TCP connection, read as TLS: which bytes are, and how long they are wanted.
 *
 * Whether it is TLS at all is told by the first bytes of each direction, on any port; a direction that
 * begins with something else is searched for a hello a little further. From then on two `Direction`s
 * read records and messages, and a `Handshake` keeps what they tell.
 *
 * Reading stops as early as it may: when both sides have finished their handshakes, only records that
 * are not application data are asked for (event.ts, `Wants`); when nothing readable can come, nothing.
 */
import type { Flow, FlowEvent, Inspector, Side, Wants } from "../../flow/event.ts";
import type { Malformed } from "../../stage.ts";
import { Gather } from "../gather.ts";
import type { KeyLog } from "../keys/key-log.ts";
import type { TlsObservation } from "../observation.ts";
import { releaseChain } from "./certificate-message.ts";
import { readV2ClientHello } from "./client-hello.ts";
import { ALERT, APPLICATION_DATA, Direction, HANDSHAKE } from "./direction.ts";
import { Handshake } from "./handshake.ts";
import { observe, observeRenegotiated } from "./observe.ts";
import { isProven } from "./proven.ts";
import { HelloSearch } from "./search.ts";
import { readV2ServerHello, v2Kind, v2MessageBytes } from "./ssl2.ts";

export class TlsConnection implements Inspector {
  wants: Wants = "bytes";
  /** Bounded: the first few of each connection. */
  readonly malformed: readonly (Malformed & { readonly side: Side })[];
  readonly #handshake: Handshake<Direction>;
  readonly #sides: readonly [Direction, Direction];
  readonly #states: [SideState, SideState] = [UNDECIDED, UNDECIDED];
  /** First bytes of a side that do not tell yet what they are. */
  readonly #first: [Gather | undefined, Gather | undefined] = [undefined, undefined];
  readonly #searches: [HelloSearch | undefined, HelloSearch | undefined] = [undefined, undefined];

  /**
   * @param keys secrets that open what is sealed
   * @param flightSizes note how long the records of a sealed flight are
   */
  constructor(flow: Flow, keys?: KeyLog, flightSizes = false) {
    this.#handshake = new Handshake(flow, "tcp", Direction);
    this.#handshake.keys = keys;
    if (flightSizes) for (const side of this.#handshake.sides) side.tellsSizes = true;
    this.#sides = this.#handshake.sides;
    this.malformed = this.#handshake.malformed;
  }

  get nextRecord(): readonly [number, number] {
    return [this.#nextRecord(0), this.#nextRecord(1)];
  }

  #nextRecord(side: Side): number {
    const { sample, offset, skip } = this.#sides[side];
    // Until its first records have been looked at, a side is not shunted.
    return sample?.full === false ? -1 : offset + skip;
  }

  get idle(): boolean {
    return (
      !this.#handshake.handshakeSeen && !this.#states.includes(TLS) && !this.#states.includes(V2)
    );
  }

  /** Where TLS begins in a direction; absent as long as it has not. */
  begins(side: Side): number | undefined {
    const state = this.#states[side];
    return state === TLS || state === V2 ? this.#handshake.upgradedAt[side] : undefined;
  }

  /** The server's identity is shown and proved, as far as it will be (proven.ts). */
  get proven(): boolean {
    return isProven(this.#handshake);
  }

  /** Certificates and version will not change any more. */
  get settled(): boolean {
    return this.#handshake.established || this.wants !== "bytes";
  }

  push(event: FlowEvent): void {
    switch (event.kind) {
      case "bytes":
        this.#bytes(event.side, event.bytes, event.from, event.to, event.offset, event.atUs);
        break;
      case "gap":
        this.#gap(event.side, event.count, event.why);
        break;
      case "resumed":
        this.#sides[event.side].resumeAt(event.offset);
        if (event.why === "header") {
          const reason = "bytes that are no record header among application data";
          this.#handshake.malformedAt(event.side, "tls-record", reason, event.offset);
          this.#sides[event.side].broken = true;
        }
        break;
      case "closed":
        this.wants = "nothing";
        this.#handshake.settle();
        this.#handshake.release();
        for (const side of SIDES) {
          releaseChain(this.#sides[side].chain);
          this.#sides[side].close();
          this.#first[side]?.release();
          this.#first[side] = undefined;
        }
        this.#handshake.unsealing?.close();
        return;
    }
    this.#decideWants();
  }

  /** What was seen so far; absent when it was no TLS handshake. */
  result(): TlsObservation | undefined {
    return observe(this.#handshake);
  }

  /** Also keep the ClientHello as it was said: before its bytes come. */
  keepHello(): void {
    this.#handshake.keepsHello = true;
  }

  /**
   * Handshakes inside the protection of the first one, where keys opened them (TLS 1.2).
   *
   * @param onlyProven leave out those of which more must be seen first
   */
  renegotiated(onlyProven = false): TlsObservation[] {
    return observeRenegotiated(this.#handshake, onlyProven);
  }

  /** How many of them have shown and proved their server's identity. */
  get renegotiationsProven(): number {
    const { renegotiations } = this.#handshake;
    return renegotiations === undefined ? 0 : renegotiations.handshakes.filter(isProven).length;
  }

  #bytes(
    side: Side,
    bytes: Uint8Array,
    from: number,
    to: number,
    offset: number,
    atUs: number,
  ): void {
    const state = this.#states[side];
    if (state === TLS) return this.#sides[side].push(bytes, from, to, atUs);
    if (state === V2) return this.#v2Bytes(side, bytes, from, to, atUs);
    if (state === SEARCHING) return this.#search(side, bytes, from, to, atUs);
    if (state === OTHER) return;
    // Nearly always the first segment tells.
    if (this.#first[side] === undefined && to - from >= TELLING_BYTES) {
      this.#sides[side].offset = offset;
      return this.#begin(side, bytes, from, to, atUs);
    }
    let at = from;
    const first = this.#first[side] ?? new Gather(TELLING_BYTES);
    this.#first[side] = first;
    at += first.take(bytes, at, to);
    if (!first.full) return;
    this.#first[side] = undefined;
    this.#begin(side, first.bytes, 0, TELLING_BYTES, atUs);
    first.release();
    if (at < to) this.#bytes(side, bytes, at, to, offset + (at - from), atUs);
  }

  /** The first bytes of a direction: enough to tell what it is. */
  #begin(side: Side, bytes: Uint8Array, from: number, to: number, atUs: number): void {
    if (isRecord(bytes, from)) {
      this.#states[side] = TLS;
      this.#handshake.midstream ||= bytes[from] !== HANDSHAKE && bytes[from] !== ALERT;
      return this.#sides[side].push(bytes, from, to, atUs);
    }
    const kind = v2Kind(bytes, from);
    if (kind === undefined) {
      this.#states[side] = SEARCHING;
      return this.#search(side, bytes, from, to, atUs);
    }
    this.#states[side] = V2;
    this.#first[side] = new Gather(v2MessageBytes(bytes, from));
    this.#v2Bytes(side, bytes, from, to, atUs);
  }

  /** A direction that began with something else, as databases and proxies do before they upgrade. */
  #search(side: Side, bytes: Uint8Array, from: number, to: number, atUs: number): void {
    const direction = this.#sides[side];
    const search = this.#searches[side] ?? new HelloSearch();
    this.#searches[side] = search;
    const found = search.push(bytes, from, to);
    if (found === undefined) {
      direction.offset += to - from;
      if (search.exhausted) this.#states[side] = OTHER;
      return;
    }
    this.#searches[side] = undefined;
    this.#states[side] = TLS;
    direction.offset += found.at - from - found.carried.length;
    this.#handshake.upgradedAt[side] = direction.offset;
    direction.push(found.carried, 0, found.carried.length, atUs);
    direction.push(bytes, found.at, to, atUs);
  }

  /** An SSLv2 message: the client's may be followed by TLS records, the server's by nothing we read. */
  #v2Bytes(side: Side, bytes: Uint8Array, from: number, to: number, atUs: number): void {
    const message = this.#first[side]!;
    const at = from + message.take(bytes, from, to);
    if (!message.full) return;
    this.#sides[side].offset += message.wanted;
    const whole = message.bytes.slice(0, message.wanted);
    message.release();
    this.#first[side] = undefined;
    if (v2Kind(whole, 0) === "client-hello") {
      this.#states[side] = TLS;
      this.#handshake.clientHello(side, readV2ClientHello(whole, 2, whole.length), atUs);
      if (at < to) this.#sides[side].push(bytes, at, to, atUs);
    } else {
      // Whatever either side says next is SSLv2, too.
      this.#states.fill(OTHER);
      const hello = readV2ServerHello(whole);
      if (typeof hello === "string")
        return this.#handshake.malformedMessage(side, "server-hello", hello);
      this.#handshake.step("server-hello");
      this.#handshake.handshakeSeen = true;
      this.#handshake.v2 = hello;
      this.#handshake.serverSide ??= side;
      if (hello.certificate !== undefined) this.#sides[side].chain = [hello.certificate];
    }
  }

  #gap(side: Side, count: number, why: "loss" | "snaplen" | "limit"): void {
    if (this.#states[side] === UNDECIDED || this.#states[side] === SEARCHING) {
      // What this direction begins with was not captured, or not whole; a hello may still follow.
      this.#states[side] = SEARCHING;
      this.#sides[side].offset += (this.#first[side]?.filled ?? 0) + count;
      this.#first[side] = undefined;
      this.#searches[side]?.gap();
      this.#handshake.midstream = true;
    } else if (this.#sides[side].broken || this.#sides[side].lose(count)) return;
    if (this.#handshake.established) return;
    if (why === "snaplen") this.#handshake.cut = true;
    else this.#handshake.lost = true;
  }

  #decideWants(): void {
    if (this.wants === "nothing") return;
    const [first, second] = this.#sides;
    const one = this.#unreadable(0);
    const other = this.#unreadable(1);
    if ((one && other) || ((one || other) && !this.#begun)) {
      this.wants = "nothing";
      return;
    }
    if (this.#handshake.established) {
      // Every record counts in the next one's nonce, also those that are not opened.
      if (this.#sides.some(({ unsealer }) => unsealer !== undefined)) return;
      // A side that can no longer be followed would only be guessed at.
      if (first.broken || second.broken) this.wants = "nothing";
      else this.wants = first.aligned && second.aligned ? "records" : "bytes";
      return;
    }
    // Before the ServerHello they may be early data (RFC 8446 §2.3), of which there is no such limit.
    const records =
      first.applicationRecords + second.applicationRecords - this.#handshake.earlyRecords;
    const unfollowed =
      this.#handshake.server !== undefined && records > APPLICATION_RECORDS_UNREAD_MAX;
    if (
      unfollowed ||
      (first.broken && this.#handshake.serverSide === 0) ||
      (second.broken && this.#handshake.serverSide === 1)
    ) {
      this.wants = "nothing";
    }
  }

  get #begun(): boolean {
    return this.#states.includes(TLS) || this.#states.includes(V2);
  }

  /** Nothing more can be read from this side: it is something else, or lost. */
  #unreadable(side: Side): boolean {
    return this.#states[side] === OTHER || this.#sides[side].broken;
  }
}

type SideState = typeof UNDECIDED | typeof TLS | typeof V2 | typeof SEARCHING | typeof OTHER;
const UNDECIDED = 0;
const TLS = 1;
const V2 = 2;
const SEARCHING = 3;
const OTHER = 4;

/** A record header that begins a direction: handshake or alert, whole enough to be believed. */
function isRecord(bytes: Uint8Array, at: number): boolean {
  const length = (bytes[at + 3]! << 8) | bytes[at + 4]!;
  if (bytes[at + 1] !== 3 || bytes[at + 2]! > 4 || length > 18_432) return false;
  switch (bytes[at]) {
    case 22:
      return length > 0 && bytes[at + 5]! <= 24;
    case 21:
      return length === 2 && bytes[at + 5]! <= 2;
    case 20:
      return length === 1;
    case APPLICATION_DATA:
      return length > 0;
    default:
      return false;
  }
}

/** Enough of a direction to tell a record with its message, and an SSLv2 message, from the rest. */
const TELLING_BYTES = 6;
/** Records of application data after which a handshake that was not followed is given up. */
const APPLICATION_RECORDS_UNREAD_MAX = 64;

const SIDES: readonly Side[] = [0, 1];
