/**
 * A TCP connection, read as TLS: from its bytes to what the handshake said.
 *
 * Whether it is TLS at all is told by the first bytes of each direction, on any port; a direction that
 * begins with something else is searched for a hello a little further. From then on two `Direction`s read records and messages, and this class keeps what they tell: hellos, chains,
 * when encryption began, how it ended. The opinion about it is the judge's.
 *
 * Reading stops as early as it may: when both sides have finished their handshakes, only records that
 * are not application data are asked for (event.ts, `Wants`); when nothing readable can come, nothing.
 */
import type { Flow, FlowEvent, Inspector, Side, Wants } from "../../flow/event.ts";
import type { Malformed } from "../../stage.ts";
import { Gather } from "../gather.ts";
import type { Alert, SeenCertificates, TlsObservation, Unseen } from "../observation.ts";
import { readChain, releaseChain } from "./certificate-message.ts";
import { cipherSuiteName } from "./cipher-suites.ts";
import { type ClientHello, readClientHello, readV2ClientHello } from "./client-hello.ts";
import {
  APPLICATION_DATA,
  CHANGE_CIPHER_SPEC,
  Direction,
  HANDSHAKE,
  type Listener,
} from "./direction.ts";
import { alertName, groupName, versionName } from "./names.ts";
import { HelloSearch } from "./search.ts";
import { readServerHello, type ServerHello } from "./server-hello.ts";
import { readKeyExchangeGroup } from "./server-key-exchange.ts";
import { readV2ServerHello, type V2ServerHello, v2Kind, v2MessageBytes } from "./ssl2.ts";
import { NO_STEPS } from "./steps.ts";

export class TlsConnection implements Inspector, Listener {
  wants: Wants = "bytes";
  /** Bounded: the first few of each connection. */
  readonly malformed: (Malformed & { readonly side: Side })[] = [];
  readonly #flow: Flow;
  readonly #sides: readonly [Direction, Direction];
  readonly #states: [SideState, SideState] = [UNDECIDED, UNDECIDED];
  /** First bytes of a side that do not tell yet what they are. */
  readonly #first: [Gather | undefined, Gather | undefined] = [undefined, undefined];
  readonly #searches: [HelloSearch | undefined, HelloSearch | undefined] = [undefined, undefined];
  /** TLS began behind something else. */
  readonly #upgraded: [boolean, boolean] = [false, false];
  #hello: ClientHello | undefined;
  #helloSide: Side | undefined;
  #helloAtUs = 0;
  #server: ServerHello | undefined;
  #v2: V2ServerHello | undefined;
  #serverSide: Side | undefined;
  #curve: number | undefined;
  #echRefused = false;
  /** Application data records that the client sent before the ServerHello. */
  #earlyRecords = 0;
  #certificateRequested = false;
  #serverHelloDone = false;
  #handshakeSeen = false;
  #steps = NO_STEPS;
  readonly #alerts: Alert[] = [];
  readonly #alertSides: Side[] = [];
  #lost = false;
  #cut = false;
  #midstream = false;

  constructor(flow: Flow) {
    this.#flow = flow;
    this.#sides = [new Direction(0, this), new Direction(1, this)];
  }

  get nextRecord(): readonly [number, number] {
    const [first, second] = this.#sides;
    return [first.offset + first.skip, second.offset + second.skip];
  }

  get idle(): boolean {
    return !this.#handshakeSeen && !this.#states.includes(TLS) && !this.#states.includes(V2);
  }

  /** Certificates and version will not change any more. */
  get settled(): boolean {
    return this.#established || this.wants !== "bytes";
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
          this.malformedAt(event.side, "tls-record", reason, event.offset);
          this.#sides[event.side].broken = true;
        }
        break;
      case "closed":
        this.wants = "nothing";
        for (const side of SIDES) {
          releaseChain(this.#sides[side].chain);
          this.#sides[side].close();
          this.#first[side]?.release();
          this.#first[side] = undefined;
        }
        return;
    }
    this.#decideWants();
  }

  /** What was seen so far; absent when it was no TLS handshake. */
  result(): TlsObservation | undefined {
    if (!this.#handshakeSeen) return undefined;
    const client = this.#client();
    const server: Side = client === 0 ? 1 : 0;
    const hello = this.#hello;
    const answer = this.#server;
    const group = answer?.group ?? this.#curve;
    const resumed = this.#resumed(client);
    const version = this.#version();
    const cipher = answer === undefined ? undefined : cipherSuiteName(answer.cipher);
    const clientCertificates = this.#clientCertificates(client);
    const renegotiations = Math.max(this.#sides[client].changes, this.#sides[server].changes) - 1;
    const tls13 = answer !== undefined && isTls13(answer.version);
    const ech = this.#ech();
    return {
      kind: "tls",
      flow: this.#flow,
      client,
      atUs: hello === undefined ? this.#flow.openedAtUs : this.#helloAtUs,
      transport: "tcp",
      ...(version !== undefined && { version }),
      ...(cipher !== undefined && { cipher }),
      ...(group !== undefined && { group: groupName(group) }),
      ...(hello?.serverName !== undefined && { serverName: hello.serverName }),
      ...(answer?.alpn !== undefined && { alpn: answer.alpn }),
      alpnOffered: hello?.shape.alpnOffered ?? NO_NAMES,
      ...(hello !== undefined && { ja3: hello.shape.ja3 }),
      ...(answer !== undefined && { ja3s: answer.ja3s }),
      ...(hello !== undefined && { ja4: hello.shape.ja4 }),
      steps: this.#steps.names,
      established: this.#established,
      resumed,
      ...(ech !== undefined && { ech }),
      ...(renegotiations > 0 && !tls13 && { renegotiations }),
      alerts: this.#alerts.map((alert, i) => ({
        side: this.#alertSides[i] === client ? ("client" as const) : ("server" as const),
        level: alert.level,
        name: alert.name,
      })),
      certificates: this.#serverCertificates(server, resumed),
      ...(clientCertificates !== undefined && { clientCertificates }),
      coverage: this.#coverage(),
    };
  }

  // What the directions tell (`Listener`).

  message(
    side: Side,
    type: number,
    bytes: Uint8Array,
    from: number,
    to: number,
    atUs: number,
  ): void {
    if (this.#mustBeSealed(side, type)) {
      const name = MESSAGE_NAMES.get(type) ?? `handshake-${type}`;
      return this.#malformedMessage(side, "handshake", `${name} in clear within TLS 1.3`);
    }
    switch (type) {
      case CLIENT_HELLO:
        return this.#clientHello(side, readClientHello(bytes, from, to), atUs);
      case SERVER_HELLO:
        return this.#serverHello(side, readServerHello(bytes, from, to));
      case CERTIFICATE: {
        this.#step("certificate");
        this.#handshakeSeen = true;
        if (this.#sides[side].chain !== undefined) {
          return this.#malformedMessage(side, "handshake", "a second Certificate message");
        }
        const chain = readChain(bytes, from, to);
        if (typeof chain !== "string") this.#sides[side].chain = chain;
        else {
          this.#lost = true;
          this.#malformedMessage(side, "certificate", chain);
        }
        return;
      }
      case SERVER_KEY_EXCHANGE:
        this.#serverSide ??= side;
        this.#curve = readKeyExchangeGroup(bytes, from, to, this.#server?.cipher);
        break;
      case CERTIFICATE_REQUEST:
        this.#serverSide ??= side;
        this.#certificateRequested = true;
        break;
      case SERVER_HELLO_DONE:
        this.#serverSide ??= side;
        this.#serverHelloDone ||= from === to;
        break;
      case CLIENT_KEY_EXCHANGE:
        this.#helloSide ??= side;
        break;
    }
    if (type >= CERTIFICATE && type <= SERVER_HELLO_DONE) this.#handshakeSeen = true;
    this.#step(MESSAGE_NAMES.get(type) ?? `handshake-${type}`);
  }

  sealed(side: Side, type: number): void {
    if (type === APPLICATION_DATA) {
      // As part of a handshake only: what comes behind it may be shunted, and is no step either way.
      const first = this.#sides[side].applicationRecords++ === 0;
      if (first && !this.#established) this.#step("application-data");
      this.#tls13Finished(side);
    } else if (type === HANDSHAKE) {
      if (!this.#sides[side].finished) this.#step("encrypted-handshake");
      this.#sides[side].finished = true;
    } else if (type === CHANGE_CIPHER_SPEC) {
      // Sent under the keys in use: a renegotiation changes to the next ones.
      this.#sides[side].changes++;
    }
  }

  changeCipherSpec(side: Side, offset: number): void {
    if (this.#flow.opener !== undefined && this.#sides[side].messages === 0) {
      const reason = "change cipher spec before any handshake message";
      return this.malformedAt(side, "tls-record", reason, offset);
    }
    if (this.#sides[side].changes++ === 0) this.#step("change-cipher-spec");
    if (this.#server !== undefined && isTls13(this.#server.version)) return;
    this.#sides[side].encrypted = true;
  }

  alert(side: Side, level: number, description: number): void {
    if (this.#alerts.length >= ALERTS_MAX) return;
    const name = alertName(description);
    const how = level === 1 ? "warning" : level === 2 ? "fatal" : `0x${level.toString(16)}`;
    this.#alerts.push({ side: "client", level: how, name });
    this.#alertSides.push(side);
    this.#step("alert");
  }

  malformedAt(side: Side, at: string, reason: string, offset: number): void {
    if (this.malformed.length >= MALFORMED_MAX) return;
    this.malformed.push({ kind: "malformed", side, at, reason, offset });
  }

  // Bytes.

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
      this.#midstream ||= bytes[from] !== HANDSHAKE;
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
    this.#upgraded[side] = direction.offset > 0;
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
      this.#clientHello(side, readV2ClientHello(whole, 2, whole.length), atUs);
      if (at < to) this.#sides[side].push(bytes, at, to, atUs);
    } else {
      // Whatever either side says next is SSLv2, too.
      this.#states.fill(OTHER);
      const hello = readV2ServerHello(whole);
      if (typeof hello === "string") return this.#malformedMessage(side, "server-hello", hello);
      this.#step("server-hello");
      this.#handshakeSeen = true;
      this.#v2 = hello;
      this.#serverSide ??= side;
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
      this.#midstream = true;
    } else if (this.#sides[side].broken || this.#sides[side].lose(count)) return;
    if (this.#established) return;
    if (why === "snaplen") this.#cut = true;
    else this.#lost = true;
  }

  // Messages.

  #clientHello(side: Side, hello: ClientHello | string, atUs: number): void {
    this.#step("client-hello");
    if (typeof hello === "string") return this.#malformedMessage(side, "client-hello", hello);
    this.#handshakeSeen = true;
    if (hello.oddity !== undefined) this.#malformedMessage(side, "client-hello", hello.oddity);
    if (this.#hello !== undefined) {
      // The answer to a HelloRetryRequest repeats the first one, which is the one that counts.
      if (this.#server?.retry === true || this.#lost || this.#cut) return;
      return this.#malformedMessage(side, "handshake", "a second ClientHello nobody asked for");
    }
    this.#hello = hello;
    this.#helloSide = side;
    this.#helloAtUs = atUs;
  }

  #serverHello(side: Side, hello: ServerHello | string): void {
    if (typeof hello === "string") {
      this.#step("server-hello");
      return this.#malformedMessage(side, "server-hello", hello);
    }
    this.#handshakeSeen = true;
    this.#serverSide ??= side;
    this.#step(hello.retry ? "hello-retry-request" : "server-hello");
    if (hello.oddity !== undefined) this.#malformedMessage(side, "server-hello", hello.oddity);
    if (this.#server !== undefined && (hello.retry || !this.#server.retry)) {
      return this.#malformedMessage(side, "handshake", "a second ServerHello");
    }
    this.#echRefused ||= hello.retry && !hello.ech;
    this.#server = hello;
    this.#earlyRecords = this.#sides[side === 0 ? 1 : 0].applicationRecords;
    // A type 20 record that a client with early data sent first changed nothing (RFC 8446 §D.4).
    if (isTls13(hello.version)) this.#sides[side === 0 ? 1 : 0].encrypted = false;
  }

  /** In TLS 1.3 only hellos are in clear: anything else in clear is nothing a peer would believe. */
  #mustBeSealed(side: Side, type: number): boolean {
    const answer = this.#server;
    if (answer === undefined || !isTls13(answer.version)) return false;
    return type !== (side === this.#serverSide ? SERVER_HELLO : CLIENT_HELLO);
  }

  /**
   * Whether an encrypted ClientHello was accepted only its sender can tell, but for two answers that
   * refuse it (RFC 9849 §6.1.4, §6.1.6). A refused one may as well have been GREASE.
   */
  #ech(): TlsObservation["ech"] {
    if (this.#hello?.ech !== true) return undefined;
    const answer = this.#server;
    const old = answer !== undefined && !isTls13(answer.version);
    return old || this.#echRefused ? "rejected" : "offered";
  }

  /** TLS 1.3: the server's sealed flight, and the client's first sealed record behind it. */
  #tls13Finished(side: Side): void {
    const answer = this.#server;
    if (answer === undefined || !isTls13(answer.version) || answer.retry) return;
    if (side === this.#serverSide) this.#sides[side].finished = true;
    else if (this.#serverSide !== undefined && this.#sides[this.#serverSide].finished) {
      this.#sides[side].finished = true;
    }
  }

  #malformedMessage(side: Side, message: string, reason: string): void {
    const direction = this.#sides[side];
    this.malformedAt(side, `tls-${message}`, reason, direction.offset);
  }

  #step(name: string): void {
    this.#steps = this.#steps.after(name);
  }

  // What it comes to.

  get #established(): boolean {
    return this.#sides[0].finished && this.#sides[1].finished;
  }

  #client(): Side {
    if (this.#hello !== undefined) return this.#helloSide!;
    if (this.#serverSide !== undefined) return this.#serverSide === 0 ? 1 : 0;
    if (this.#helloSide !== undefined) return this.#helloSide;
    const { opener, ends } = this.#flow;
    return opener ?? (ends[1].port > ends[0].port ? 1 : 0);
  }

  #version(): string | undefined {
    if (this.#server !== undefined) return versionName(this.#server.version);
    return this.#v2 === undefined ? undefined : "SSL2";
  }

  #resumed(client: Side): TlsObservation["resumed"] {
    const answer = this.#server;
    if (answer === undefined || this.#v2 !== undefined) return false;
    if (isTls13(answer.version)) return answer.psk ? "psk" : false;
    const server: Side = client === 0 ? 1 : 0;
    const abbreviated =
      this.#sides[server].changes > 0 &&
      this.#sides[server].chain === undefined &&
      !this.#serverHelloDone;
    const hello = this.#hello;
    if (!abbreviated || hello === undefined) return false;
    if (hello.ticket) return "ticket";
    const { sessionId } = hello;
    const same = sessionId.length > 0 && sessionId === answer.sessionId;
    return same ? "session-id" : false;
  }

  #serverCertificates(server: Side, resumed: TlsObservation["resumed"]): SeenCertificates {
    const chain = this.#sides[server].chain;
    const whole = this.#serverHelloDone || this.#inOnePiece(server);
    if (chain !== undefined && chain.length > 0 && whole) return { seen: "wire", chain };
    return { seen: "no", why: this.#whyUnseen(server, resumed), chain: NO_CHAIN };
  }

  /**
   * Whether nothing can have come between a side's messages. Behind another protocol that is only
   * known once the handshake's end stands where it must: OpenVPN or WebSocket go on framing their
   * own packets, and a certificate with such headers in it is not the one that was sent.
   */
  #inOnePiece(side: Side): boolean {
    return !this.#upgraded[side] || this.#sides[side].finished;
  }

  #whyUnseen(server: Side, resumed: TlsObservation["resumed"]): Unseen {
    if (resumed !== false) return "resumed";
    const answer = this.#server;
    if (answer !== undefined && !answer.retry && isTls13(answer.version)) return "encrypted";
    if (this.#sides[server].chain?.length === 0 || this.#serverHelloDone) return "none-sent";
    return this.#lost || this.#cut ? "loss" : "cut-short";
  }

  #clientCertificates(client: Side): SeenCertificates | undefined {
    const chain = this.#sides[client].chain;
    const whole = this.#inOnePiece(client);
    if (chain !== undefined && chain.length > 0 && whole) return { seen: "wire", chain };
    if (chain !== undefined && whole) return { seen: "no", why: "none-sent", chain };
    if (!this.#certificateRequested) return undefined;
    return { seen: "no", why: this.#lost || this.#cut ? "loss" : "cut-short", chain: NO_CHAIN };
  }

  #coverage(): TlsObservation["coverage"] {
    const missing: TlsObservation["coverage"][number][] = [];
    if (this.#lost) missing.push("loss");
    if (this.#cut) missing.push("snaplen");
    if (this.#midstream || (this.#hello === undefined && this.#flow.opener === undefined)) {
      missing.push("midstream");
    }
    return missing;
  }

  #decideWants(): void {
    if (this.wants === "nothing") return;
    const [first, second] = this.#sides;
    const done = [this.#unreadable(0), this.#unreadable(1)];
    const states = this.#states;
    const begun = states.includes(TLS) || states.includes(V2);
    if ((done[0] && done[1]) || (!begun && (done[0] || done[1]))) {
      this.wants = "nothing";
      return;
    }
    if (this.#established) {
      // A side that can no longer be followed would only be guessed at.
      if (first.broken || second.broken) this.wants = "nothing";
      else this.wants = first.aligned && second.aligned ? "records" : "bytes";
      return;
    }
    // Before the ServerHello they may be early data (RFC 8446 §2.3), of which there is no such limit.
    const records = first.applicationRecords + second.applicationRecords - this.#earlyRecords;
    const unfollowed = this.#server !== undefined && records > APPLICATION_RECORDS_UNREAD_MAX;
    if (
      unfollowed ||
      (first.broken && this.#serverSide === 0) ||
      (second.broken && this.#serverSide === 1)
    ) {
      this.wants = "nothing";
    }
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

/** RFC 8446, its drafts (0x7f..), and the experiments of Facebook (0xfb..). */
function isTls13(version: number): boolean {
  return version === 0x0304 || version >> 8 === 0x7f || version >> 8 === 0xfb;
}

/** Enough of a direction to tell a record with its message, and an SSLv2 message, from the rest. */
const TELLING_BYTES = 6;
const MALFORMED_MAX = 8;
const ALERTS_MAX = 16;
/** Records of application data after which a handshake that was not followed is given up. */
const APPLICATION_RECORDS_UNREAD_MAX = 64;

const SIDES: readonly Side[] = [0, 1];
const NO_NAMES: readonly string[] = [];
const NO_CHAIN: readonly Uint8Array[] = [];

const CLIENT_HELLO = 1;
const SERVER_HELLO = 2;
const CERTIFICATE = 11;
const SERVER_KEY_EXCHANGE = 12;
const CERTIFICATE_REQUEST = 13;
const SERVER_HELLO_DONE = 14;
const CLIENT_KEY_EXCHANGE = 16;

/** TLS HandshakeType registry, in kebab case. */
const MESSAGE_NAMES = new Map([
  [0, "hello-request"],
  [CLIENT_HELLO, "client-hello"],
  [SERVER_HELLO, "server-hello"],
  [4, "new-session-ticket"],
  [CERTIFICATE, "certificate"],
  [SERVER_KEY_EXCHANGE, "server-key-exchange"],
  [CERTIFICATE_REQUEST, "certificate-request"],
  [SERVER_HELLO_DONE, "server-hello-done"],
  [15, "certificate-verify"],
  [CLIENT_KEY_EXCHANGE, "client-key-exchange"],
  [20, "finished"],
  [21, "certificate-url"],
  [22, "certificate-status"],
  [23, "supplemental-data"],
]);
