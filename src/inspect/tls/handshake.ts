/**
 * What a connection's two directions told of its handshakes: hellos, chains, when encryption began and
 * how it ended. Kept as it was said; observe.ts makes an observation of it.
 */
import type { Flow, Side } from "../../flow/event.ts";
import type { Malformed } from "../../stage.ts";
import type { KeyLog } from "../keys/key-log.ts";
import { FINISHED } from "../keys/sealed-handshake.ts";
import type { Alert, Proof, TlsObservation, Unproved } from "../observation.ts";
import { readChain } from "./certificate-message.ts";
import {
  keepTimestamps,
  readCertificateStatus,
  releaseCertificateStatus,
  releaseTimestamps,
} from "./certificate-status.ts";
import { type ClientHello, readClientHello } from "./client-hello.ts";
import {
  APPLICATION_DATA,
  CHANGE_CIPHER_SPEC,
  HANDSHAKE,
  type Listener,
  type Spoken,
} from "./direction.ts";
import { type HeldListener, HeldRecords } from "./keys/held-records.ts";
import type { Opener } from "./keys/opener.ts";
import { OpenedSide, Renegotiations } from "./keys/renegotiations.ts";
import { type SealedListener, SealedReader } from "./keys/sealed-reader.ts";
import { type Openers, type Unsealing, unsealingOf } from "./keys/unsealing.ts";
import { alertName } from "./names.ts";
import { readServerHello, type ServerHello } from "./server-hello.ts";
import { readKeyExchangeGroup, readProof, releaseProof } from "./server-key-exchange.ts";
import { readSessionTicket } from "./session-ticket.ts";
import type { V2ServerHello } from "./ssl2.ts";
import { NO_STEPS } from "./steps.ts";

/** `Of` reads one side: records of a stream, or of datagrams. */
export class Handshake<Of extends Spoken = Spoken>
  implements Listener, SealedListener, HeldListener
{
  readonly flow: Flow;
  readonly transport: TlsObservation["transport"];
  readonly sides: readonly [Of, Of];
  /** Bounded: the first few of each connection. */
  readonly malformed: (Malformed & { readonly side: Side })[];
  /** By side: where TLS began; behind something else, if that is not 0. */
  readonly upgradedAt: [number, number] = [0, 0];
  /** The first one. */
  hello: ClientHello | undefined;
  /** Whoever sent it, or else what only a client sends. */
  helloSide: Side | undefined;
  helloAtUs = 0;
  /** The ServerHello, or a HelloRetryRequest as long as there is none. */
  server: ServerHello | undefined;
  v2: V2ServerHello | undefined;
  serverSide: Side | undefined;
  /** Group of ServerKeyExchange. */
  curve: number | undefined;
  /** What ServerKeyExchange had of it. */
  proof: Proof | Unproved | undefined;
  echRefused = false;
  /** A DTLS server asked for its cookie first (RFC 6347 §4.2.1). */
  verifyRequested = false;
  /** Application data records that the client sent before the ServerHello. */
  earlyRecords = 0;
  certificateRequested = false;
  serverHelloDone = false;
  clientKeyExchanged = false;
  /** What the ticket is known by that the server gave in clear. */
  ticketGiven: string | undefined;
  /** Something showed that this is TLS, and not only framed like it. */
  handshakeSeen = false;
  steps = NO_STEPS;
  /** `side` is not known before the client is: `alertSides` has who sent them. */
  readonly alerts: Alert[] = [];
  readonly alertSides: Side[] = [];
  /** Bytes of a handshake were lost, or cut off by the snap length. */
  lost = false;
  cut = false;
  midstream = false;
  /** Bytes of the sealed records of a TLS 1.3 server's flight, the first few; only where asked for. */
  flight: number[] | undefined;
  /** The first hello's body; only where `keepsHello` asks for it. */
  keepsHello = false;
  helloBody: Uint8Array | undefined;
  /** Secrets that open what is sealed: absent without a key log, and then nothing is kept for it. */
  keys: KeyLog | undefined;
  /** Once the key log knew this client's random. */
  unsealing: Unsealing | undefined;
  /** Handshakes inside this one's protection: once one was opened (TLS 1.2). */
  renegotiations: Renegotiations | undefined;
  /** By side: also one that could not be read, whose place no other takes. */
  readonly #certificateSent: [boolean, boolean] = [false, false];
  /** OCSP responses that the server stapled, and timestamps of its hello. */
  stapled: readonly Uint8Array[] | undefined;
  timestamps: Uint8Array | undefined;
  #flightOver = false;
  /** Of the ServerHello that counts, to TLS 1.2. */
  #serverRandom: Uint8Array | undefined;

  constructor(
    flow: Flow,
    transport: TlsObservation["transport"],
    Of: new (side: Side, listener: Listener) => Of,
    malformed: (Malformed & { readonly side: Side })[] = [],
  ) {
    this.malformed = malformed;
    this.flow = flow;
    this.transport = transport;
    this.sides = [new Of(0, this), new Of(1, this)];
  }

  /** Both Finished, or the places of encrypted ones, were seen. */
  get established(): boolean {
    return this.sides[0].finished && this.sides[1].finished;
  }

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
      return this.malformedMessage(side, "handshake", `${name} in clear within TLS 1.3`);
    }
    switch (type) {
      case CLIENT_HELLO:
        if (this.keepsHello) this.helloBody ??= bytes.slice(from, to);
        if (this.keys !== undefined) {
          this.unsealing ??= unsealingOf(this.keys, this.transport, bytes, from, to);
          this.unsealing?.clientHello(bytes, from, to);
        }
        return this.clientHello(side, readClientHello(bytes, from, to, this.transport), atUs);
      case SERVER_HELLO: {
        const before = this.server;
        this.#serverHello(side, readServerHello(bytes, from, to));
        if (this.server !== undefined && this.server !== before) {
          this.#keepTimestamps(this.server, bytes);
        }
        if (this.server !== before && this.unsealing !== undefined) {
          this.#unseal(this.unsealing, side, bytes, from, to);
        }
        // A proof of TLS 1.3 is made of all messages.
        if (this.server !== undefined && this.server !== before && !isTls13(this.server.version)) {
          this.#serverRandom = bytes.slice(from + 2, from + 34);
        }
        return;
      }
      case HELLO_VERIFY_REQUEST:
        this.serverSide ??= side;
        this.verifyRequested = this.transport === "dtls";
        break;
      case CERTIFICATE: {
        this.step("certificate");
        this.handshakeSeen = true;
        if (this.#certificateSent[side]) {
          return this.malformedMessage(side, "handshake", "a second Certificate message");
        }
        this.#certificateSent[side] = true;
        const chain = readChain(bytes, from, to);
        if (typeof chain !== "string") this.sides[side].chain = chain;
        else {
          this.lost = true;
          this.malformedMessage(side, "certificate", chain);
        }
        return;
      }
      case SERVER_KEY_EXCHANGE:
        this.serverSide ??= side;
        this.curve = readKeyExchangeGroup(bytes, from, to, this.server?.cipher);
        this.#keyExchange(side, bytes, from, to);
        break;
      case CERTIFICATE_REQUEST:
        this.serverSide ??= side;
        this.certificateRequested = true;
        break;
      case SERVER_HELLO_DONE:
        this.serverSide ??= side;
        this.serverHelloDone ||= from === to;
        break;
      case CERTIFICATE_STATUS:
        this.#certificateStatus(side, readCertificateStatus(bytes, from, to));
        break;
      case NEW_SESSION_TICKET:
        this.ticketGiven = readSessionTicket(bytes, from, to);
        break;
      case CLIENT_KEY_EXCHANGE:
        this.helloSide ??= side;
        this.clientKeyExchanged = true;
        break;
    }
    if (type >= CERTIFICATE && type <= SERVER_HELLO_DONE) this.handshakeSeen = true;
    this.step(MESSAGE_NAMES.get(type) ?? `handshake-${type}`);
  }

  sealed(side: Side, type: number): void {
    if (type === APPLICATION_DATA) {
      // As part of a handshake only: what comes behind it may be shunted, and is no step either way.
      const first = this.sides[side].applicationRecords++ === 0;
      if (first && !this.established) this.step("application-data");
      if (this.sides[side].unsealer === undefined) this.#tls13Finished(side);
    } else if (type === HANDSHAKE) {
      if (!this.sides[side].finished) this.step("encrypted-handshake");
      this.sides[side].finished = true;
      this.renegotiations?.finished(side);
    } else if (type === CHANGE_CIPHER_SPEC) {
      // Sent under the keys in use: a renegotiation changes to the next ones.
      this.sides[side].changes++;
    }
    if (this.established) for (const each of this.sides) each.sampleRecords?.();
  }

  unsealed(
    side: Side,
    type: number,
    bytes: Uint8Array,
    from: number,
    to: number,
    atUs = this.helloAtUs,
  ): void {
    const name = MESSAGE_NAMES.get(type) ?? `handshake-${type}`;
    const sealed = this.unsealing?.sealed;
    if (sealed === undefined) return this.#unsealed12(side, type, bytes, from, to, atUs);
    this.step(name);
    const peer = side === this.serverSide ? "server" : "client";
    const problem = sealed.message(peer, type, bytes, from, to);
    if (problem !== undefined) this.malformedMessage(side, name, problem);
    if (problem !== undefined || type === FINISHED) this.#stopUnsealing(side);
  }

  sealedBytes(side: Side, bytes: number): void {
    const answer = this.server;
    if (answer === undefined || answer.retry || !isTls13(answer.version)) return;
    // Its flight is over when the client has answered it.
    if (side !== this.serverSide) this.#flightOver = true;
    if (this.#flightOver) return;
    this.flight ??= [];
    if (this.flight.length < FLIGHT_MAX) this.flight.push(bytes);
  }

  unopened(side: Side, type: number, reason: string, offset: number): void {
    this.malformedAt(side, "tls-record", reason, offset);
    this.#stopUnsealing(side);
    if (this.server !== undefined && !isTls13(this.server.version)) this.sealed(side, type);
  }

  cipherChanged(side: Side): void {
    this.sides[side].changes++;
    this.#unsealWith(side, this.renegotiations?.changed(side));
  }

  /** What opens the records behind a side's ChangeCipherSpec (TLS 1.2), if anything does. */
  openerOf(side: Side): Opener | undefined {
    const { server, unsealing } = this;
    if (server === undefined || this.#serverRandom === undefined) return undefined;
    const peer = side === this.serverSide ? "server" : "client";
    return unsealing?.changed(peer, server, this.#serverRandom);
  }

  changeCipherSpec(side: Side, offset: number): void {
    if (this.flow.opener !== undefined && this.sides[side].messages === 0) {
      const reason = "change cipher spec before any handshake message";
      return this.malformedAt(side, "tls-record", reason, offset);
    }
    if (this.sides[side].changes++ === 0) this.step("change-cipher-spec");
    if (this.server !== undefined && isTls13(this.server.version)) return;
    this.sides[side].encrypted = true;
    if (this.transport === "tcp") this.#unsealWith(side, this.openerOf(side));
  }

  alert(side: Side, level: number, description: number): void {
    if (this.alerts.length >= ALERTS_MAX) return;
    const name = alertName(description);
    const how = level === 1 ? "warning" : level === 2 ? "fatal" : `0x${level.toString(16)}`;
    this.alerts.push({ side: "client", level: how, name });
    this.alertSides.push(side);
    this.step("alert");
  }

  malformedAt(side: Side, at: string, reason: string, offset: number): void {
    if (this.malformed.length >= MALFORMED_MAX) return;
    this.malformed.push({ kind: "malformed", side, at, reason, offset });
  }

  clientHello(side: Side, hello: ClientHello | string, atUs: number): void {
    this.step("client-hello");
    if (typeof hello === "string") return this.malformedMessage(side, "client-hello", hello);
    this.handshakeSeen = true;
    if (hello.oddity !== undefined) this.malformedMessage(side, "client-hello", hello.oddity);
    if (this.hello !== undefined) {
      // The answer to a HelloRetryRequest, or to a HelloVerifyRequest, repeats the first one, which is
      // the one that counts.
      if (this.server?.retry === true || this.verifyRequested || this.lost || this.cut) return;
      return this.malformedMessage(side, "handshake", "a second ClientHello nobody asked for");
    }
    this.hello = hello;
    this.helloSide = side;
    this.helloAtUs = atUs;
  }

  #keyExchange(side: Side, bytes: Uint8Array, from: number, to: number): void {
    const { hello, server, proof } = this;
    if (proof !== undefined) {
      // Its signature may be over either of them.
      if (typeof proof === "object") releaseProof(proof);
      this.proof = "malformed";
      return this.malformedMessage(side, "handshake", "a second ServerKeyExchange message");
    }
    const serverRandom = this.#serverRandom;
    if (hello === undefined || server === undefined || serverRandom === undefined) {
      this.proof = this.lost ? "loss" : "midstream";
    } else if (side !== this.serverSide || side === this.helloSide) {
      this.proof = "malformed";
    } else {
      const { version, cipher } = server;
      const agreed = { version, cipher, clientRandom: hello.random, serverRandom };
      this.proof = readProof(bytes, from, to, agreed);
    }
    if (this.proof !== "malformed") return;
    const reason = `parameters and signature do not fill ${to - from} bytes, or come from the client`;
    this.malformedMessage(side, "server-key-exchange", reason);
  }

  #serverHello(side: Side, hello: ServerHello | string): void {
    if (typeof hello === "string") {
      this.step("server-hello");
      return this.malformedMessage(side, "server-hello", hello);
    }
    this.handshakeSeen = true;
    this.serverSide ??= side;
    this.step(hello.retry ? "hello-retry-request" : "server-hello");
    if (hello.oddity !== undefined) this.malformedMessage(side, "server-hello", hello.oddity);
    if (this.server !== undefined && (hello.retry || !this.server.retry)) {
      return this.malformedMessage(side, "handshake", "a second ServerHello");
    }
    this.echRefused ||= hello.retry && !hello.ech;
    this.server = hello;
    this.earlyRecords = this.sides[side === 0 ? 1 : 0].applicationRecords;
    // A type 20 record that a client with early data sent first changed nothing (RFC 8446 §D.4).
    if (isTls13(hello.version)) this.sides[side === 0 ? 1 : 0].encrypted = false;
  }

  #unseal(unsealing: Unsealing, side: Side, bytes: Uint8Array, from: number, to: number): void {
    const openers = unsealing.serverHello(this.server!, bytes, from, to);
    // QUIC and DTLS have packets of their own, and whoever reads those opens them.
    if (this.transport !== "tcp") return;
    if (openers !== undefined) this.#openWith(openers, side);
    else if (unsealing.waits) {
      for (const each of SIDES) this.sides[each].unsealer = new HeldRecords(each, this.keys!, this);
    }
  }

  #openWith({ server, client }: Openers, side: Side): void {
    this.#unsealWith(side, server);
    this.#unsealWith(side === 0 ? 1 : 0, client);
  }

  held(side: Side, records: number, full: boolean): void {
    const openers = this.unsealing?.open();
    const late = side !== this.serverSide && records >= LATE_RECORDS_MAX;
    if (openers !== undefined || full || late) this.#settleHeld(openers);
  }

  /** No more will come: what is held for secrets is opened with those that there are. */
  settle(): void {
    if (this.unsealing?.waits === true) this.#settleHeld(this.unsealing.open());
  }

  #settleHeld(openers: Openers | undefined): void {
    const serverSide = this.serverSide!;
    const held = this.sides.map(({ unsealer }) =>
      unsealer instanceof HeldRecords ? unsealer.records.splice(0) : [],
    );
    for (const side of SIDES) this.#unsealWith(side, undefined);
    this.unsealing?.giveUp();
    if (openers !== undefined) this.#openWith(openers, serverSide);
    // What a client signs covers all of its server's messages.
    for (const side of serverSide === 0 ? SIDES : [...SIDES].reverse()) {
      for (const { type, version, body, offset, atUs } of held[side] ?? []) {
        const { unsealer } = this.sides[side];
        if (unsealer?.begin(type, version, body.length, offset) === true) {
          unsealer.push(body, 0, body.length, atUs);
        } else this.sealed(side, type);
      }
    }
  }

  /** Behind the Finished of TLS 1.2 comes what a renegotiation says. */
  #unsealed12(
    side: Side,
    type: number,
    bytes: Uint8Array,
    from: number,
    to: number,
    atUs: number,
  ): void {
    const spoken = this.sides[side];
    if (!spoken.finished) {
      if (type !== FINISHED) return this.#beforeFinished(side, type);
      spoken.finished = true;
      return this.step("finished");
    }
    this.renegotiations ??= new Renegotiations(() => {
      const inner = new Handshake(this.flow, this.transport, OpenedSide, this.malformed);
      inner.keys = this.keys;
      return inner;
    });
    const { renegotiations: inner } = this;
    const before = inner.dropped;
    inner.message(side, type, bytes, from, to, atUs, spoken.messageAt);
    if (inner.dropped > before) {
      const reason = `more than ${inner.handshakes.length} renegotiated handshakes`;
      this.malformedMessage(side, "handshake", reason);
    }
  }

  #beforeFinished(side: Side, type: number): void {
    const reason = `message of type ${type} behind ChangeCipherSpec, expected Finished`;
    this.malformedMessage(side, "handshake", reason);
    this.#stopUnsealing(side);
    this.sealed(side, HANDSHAKE);
  }

  #unsealWith(side: Side, opener: Opener | undefined): void {
    this.sides[side].unsealer?.close();
    this.sides[side].unsealer = opener && new SealedReader(side, opener, this);
  }

  /** Its handshake is over, or can be read no further: what follows is sealed as without keys. */
  #stopUnsealing(side: Side): void {
    this.sides[side].unsealer?.close();
    this.sides[side].unsealer = undefined;
    this.#tls13Finished(side);
  }

  /** The first one of the server's, ahead of its Done: a client has none, and no second one counts. */
  #certificateStatus(side: Side, responses: readonly Uint8Array[] | string): void {
    this.serverSide ??= side;
    if (typeof responses === "string") {
      return this.malformedMessage(side, "certificate-status", responses);
    }
    const counts = side === this.serverSide && !this.serverHelloDone && this.stapled === undefined;
    if (counts) this.stapled = responses;
    else releaseCertificateStatus(responses);
  }

  #keepTimestamps({ timestampsFrom, timestampsTo }: ServerHello, bytes: Uint8Array): void {
    if (timestampsTo === 0) return;
    releaseTimestamps(this.timestamps);
    this.timestamps = keepTimestamps(bytes, timestampsFrom, timestampsTo);
  }

  /** Gives back what other connections may have as well. Once, when nobody asks any more. */
  release(): void {
    if (typeof this.proof === "object") releaseProof(this.proof);
    releaseCertificateStatus(this.stapled);
    releaseTimestamps(this.timestamps);
    this.renegotiations?.close();
  }

  /** In TLS 1.3 only hellos are in clear: anything else in clear is nothing a peer would believe. */
  #mustBeSealed(side: Side, type: number): boolean {
    const answer = this.server;
    if (answer === undefined || !isTls13(answer.version)) return false;
    return type !== (side === this.serverSide ? SERVER_HELLO : CLIENT_HELLO);
  }

  /** TLS 1.3: the server's sealed flight, and the client's first sealed record behind it. */
  #tls13Finished(side: Side): void {
    const answer = this.server;
    if (answer === undefined || !isTls13(answer.version) || answer.retry) return;
    if (side === this.serverSide) this.sides[side].finished = true;
    else if (this.serverSide !== undefined && this.sides[this.serverSide].finished) {
      this.sides[side].finished = true;
    }
  }

  /** Of the message underway on that side. */
  malformedMessage(side: Side, message: string, reason: string): void {
    this.malformedAt(side, `tls-${message}`, reason, this.sides[side].messageAt);
  }

  step(name: string): void {
    this.steps = this.steps.after(name);
  }
}

/** RFC 8446, its drafts (0x7f..), the experiments of Facebook (0xfb..), and DTLS 1.3. */
export function isTls13(version: number): boolean {
  return version === 0x0304 || version >> 8 === 0x7f || version >> 8 === 0xfb || version === 0xfefc;
}

const SIDES: readonly Side[] = [0, 1];
/** Of a client: it had written its secrets before the first of them, but for early data. */
const LATE_RECORDS_MAX = 16;
const MALFORMED_MAX = 8;
const ALERTS_MAX = 16;
/** Real flights are one to five records (VISIBILITY, "Flight size"). */
const FLIGHT_MAX = 16;

const CLIENT_HELLO = 1;
const SERVER_HELLO = 2;
const HELLO_VERIFY_REQUEST = 3;
const NEW_SESSION_TICKET = 4;
const CERTIFICATE = 11;
const SERVER_KEY_EXCHANGE = 12;
const CERTIFICATE_REQUEST = 13;
const SERVER_HELLO_DONE = 14;
const CLIENT_KEY_EXCHANGE = 16;
const CERTIFICATE_STATUS = 22;

/** TLS HandshakeType registry, in kebab case. */
const MESSAGE_NAMES = new Map([
  [0, "hello-request"],
  [CLIENT_HELLO, "client-hello"],
  [SERVER_HELLO, "server-hello"],
  [HELLO_VERIFY_REQUEST, "hello-verify-request"],
  [NEW_SESSION_TICKET, "new-session-ticket"],
  [5, "end-of-early-data"],
  [8, "encrypted-extensions"],
  [CERTIFICATE, "certificate"],
  [SERVER_KEY_EXCHANGE, "server-key-exchange"],
  [CERTIFICATE_REQUEST, "certificate-request"],
  [SERVER_HELLO_DONE, "server-hello-done"],
  [15, "certificate-verify"],
  [CLIENT_KEY_EXCHANGE, "client-key-exchange"],
  [20, "finished"],
  [21, "certificate-url"],
  [CERTIFICATE_STATUS, "certificate-status"],
  [23, "supplemental-data"],
  [24, "key-update"],
  [25, "compressed-certificate"],
]);
