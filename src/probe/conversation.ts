/**
 * What a probe says and hears, without a socket: bytes in, bytes out.
 *
 *     ours     ClientHello  [ClientHello again]                     user_canceled close_notify
 *     server             [HelloRetryRequest]  ServerHello .. Finished
 *
 * What the server says is read by the same reader that reads captures, as hostile as those: it is given
 * the secrets that this end of the connection works out. So a probe checks CertificateVerify and Finished
 * in the way in which a key log's are checked, and has the sizes of the flight for comparison.
 */
import type { Flow } from "../flow/event.ts";
import { CLIENT_HANDSHAKE, KeyLog, SERVER_HANDSHAKE } from "../inspect/keys/key-log.ts";
import { type Suite, tls13Suite } from "../inspect/keys/suite.ts";
import { Transcript } from "../inspect/keys/transcript.ts";
import type { TlsObservation } from "../inspect/observation.ts";
import { TlsConnection } from "../inspect/tls/connection.ts";
import { Direction } from "../inspect/tls/direction.ts";
import { readServerHello } from "../inspect/tls/server-hello.ts";
import { type Clone, cloneOf, retryOf } from "./clone.ts";
import { farewell, record, sealedFarewell } from "./farewell.ts";
import { RecordCutter } from "./record-cutter.ts";
import { type HandshakeSecrets, handshakeSecrets } from "./schedule.ts";
import { serverShare } from "./server-share.ts";

export interface Heard {
  /** The server's flight came whole, and its Finished is right (TLS 1.3); to TLS 1.2, its HelloDone. */
  readonly complete: boolean;
  /** Why not; absent when complete. */
  readonly why?: string;
  /** What was seen, as of a connection that was captured. Only when complete: half of it proves nothing. */
  readonly seen?: TlsObservation;
  /** A HelloRetryRequest was answered. */
  readonly retried: boolean;
  /** What of the workload's hello was not said. */
  readonly leftOut: readonly string[];
}

export class Conversation {
  /** Nothing more needs to come. */
  done = false;
  /** Gets its secrets once the ServerHello has come. */
  readonly #keys = new KeyLog(true);
  readonly #tls: TlsConnection;
  readonly #server: Direction;
  readonly #cutter = new RecordCutter();
  readonly #transcript = new Transcript();
  readonly #offsets: [number, number] = [0, 0];
  #clone: Clone;
  #suite: Suite | undefined;
  #secrets: HandshakeSecrets | undefined;
  #retried = false;
  #why: string | undefined;
  #toSend: Uint8Array[] = [];
  readonly #unheard: Uint8Array[] = [];

  constructor(clone: Clone, flow: Flow) {
    this.#clone = clone;
    this.#tls = new TlsConnection(flow, this.#keys, true);
    const silent = () => {};
    this.#server = new Direction(SERVER, {
      message: (_side, type, bytes, from, to) => this.#message(type, bytes, from, to),
      malformedAt: (_side, _at, reason) => this.#fail(reason),
      sealed: silent,
      changeCipherSpec: silent,
      sealedBytes: silent,
      alert: silent,
    });
  }

  /**
   * For the hello of a workload; text says why it cannot be cloned.
   *
   * @param fresh so many bytes at random
   */
  static of(hello: Uint8Array, flow: Flow, fresh: (bytes: number) => Uint8Array) {
    const clone = cloneOf(hello, fresh);
    return typeof clone === "string" ? clone : new Conversation(clone, flow);
  }

  /** What to say first. */
  opening(): Uint8Array {
    this.#hello(FIRST_VERSION);
    return this.#sending();
  }

  /** What the server said, in any pieces, and what to say to it; nothing once it is done. */
  push(bytes: Uint8Array): Uint8Array {
    for (const piece of this.#cutter.cut(bytes)) {
      if (this.done) break;
      this.#server.push(piece, 0, piece.length, 0);
      this.#hear(SERVER, piece);
      for (const said of this.#unheard.splice(0)) this.#hear(CLIENT, said);
      // A record that begins well may end badly, and then nothing of it is believed.
      if (this.#cutter.aligned) this.#decide();
    }
    return this.#sending();
  }

  /** What the probe ends with, and what came of it. `why`: it was ended, and not done. */
  end(why?: string): { readonly farewell: Uint8Array; readonly heard: Heard } {
    this.#why ??= this.done ? undefined : (why ?? "the server ended the connection");
    this.done = true;
    const seen = this.#tls.result();
    const { leftOut } = this.#clone;
    const complete = this.#why === undefined;
    const heard = { complete, retried: this.#retried, leftOut };
    const sealed =
      this.#suite && this.#secrets && sealedFarewell(this.#suite, this.#secrets.client);
    return {
      farewell: sealed ?? farewell(),
      heard: complete ? { ...heard, ...(seen && { seen }) } : { ...heard, why: this.#why! },
    };
  }

  #hello(version: number): void {
    const { body } = this.#clone;
    this.#transcript.add(CLIENT_HELLO, body, 0, body.length);
    const head = [CLIENT_HELLO, body.length >> 16, (body.length >> 8) & 0xff, body.length & 0xff];
    const said = record(HANDSHAKE, Buffer.concat([Uint8Array.from(head), body]), version);
    this.#toSend.push(said);
    // The reader hears an answer behind what it answers.
    if (this.#retried) this.#unheard.push(said);
    else this.#hear(CLIENT, said);
  }

  #sending(): Uint8Array {
    const said = Buffer.concat(this.#toSend);
    this.#toSend = [];
    return said;
  }

  #hear(side: 0 | 1, bytes: Uint8Array): void {
    const offset = this.#offsets[side];
    this.#offsets[side] += bytes.length;
    this.#tls.push({ kind: "bytes", side, bytes, from: 0, to: bytes.length, offset, atUs: 0 });
  }

  #message(type: number, bytes: Uint8Array, from: number, to: number): void {
    if (type !== SERVER_HELLO || this.#secrets !== undefined) return;
    const hello = readServerHello(bytes, from, to);
    if (typeof hello === "string") return this.#fail(hello);
    const suite = tls13Suite(hello.cipher);
    // To TLS 1.2 the rest comes in clear.
    if (suite === undefined || hello.version !== TLS13) return;
    const answer = serverShare(bytes, from, to);
    if (hello.retry) {
      if (this.#retried) return this.#fail("a second HelloRetryRequest");
      this.#transcript.retry(suite.hash);
      this.#transcript.add(type, bytes, from, to);
      const clone = retryOf(this.#clone, answer);
      if (typeof clone === "string") return this.#fail(clone);
      this.#retried = true;
      this.#clone = clone;
      return this.#hello(LATER_VERSION);
    }
    this.#transcript.choose(suite.hash);
    this.#transcript.add(type, bytes, from, to);
    const share = this.#clone.shares.find(({ group }) => group === answer.group);
    if (share === undefined) return this.#fail(`a share of group ${answer.group}, not offered`);
    const shared = answer.share && share.agree(answer.share);
    if (shared === undefined) return this.#fail(`a share of group ${answer.group} that is none`);
    this.#suite = suite;
    this.#secrets = handshakeSecrets(suite.hash, shared, this.#transcript.digest());
    this.#keys.keep(SERVER_HANDSHAKE, this.#random, this.#secrets.server);
    this.#keys.keep(CLIENT_HANDSHAKE, this.#random, this.#secrets.client);
  }

  get #random(): Uint8Array {
    return this.#clone.body.subarray(2, 34);
  }

  #decide(): void {
    const { malformed } = this.#tls;
    const seen = this.#tls.result();
    if (malformed.length > 0) this.#fail(malformed[0]!.reason);
    const fatal = seen?.alerts.find(({ side, level }) => side === "server" && level === "fatal");
    if (fatal !== undefined) this.#fail(`the server refused: ${fatal.name}`);
    if (seen?.finished === "failed") this.#fail("the server's Finished does not fit");
    const { version, finished, steps = [] } = seen ?? {};
    if (version === undefined) return;
    if (finished === "verified" || steps.includes("server-hello-done")) this.done = true;
  }

  #fail(why: string): void {
    this.#why ??= why;
    this.done = true;
  }
}

const CLIENT = 0;
const SERVER = 1;
const CLIENT_HELLO = 1;
const SERVER_HELLO = 2;
const HANDSHAKE = 22;
const TLS13 = 0x0304;
/** RFC 8446 §5.1: of records before and behind the server's first answer. */
const FIRST_VERSION = 0x0301;
const LATER_VERSION = 0x0303;
