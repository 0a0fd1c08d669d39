/**
 * One connection whose ClientHello.random the key log knows: what its secrets open.
 *
 * The hellos are kept from the first one on, since signatures are made over all of the handshake;
 * the ServerHello says which keys the secrets make.
 */
import { keyBlock } from "../../keys/key-block.ts";
import { CLIENT_HANDSHAKE, type KeyLog, MASTER, SERVER_HANDSHAKE } from "../../keys/key-log.ts";
import { type Peer, SealedHandshake } from "../../keys/sealed-handshake.ts";
import { type Suite, tls13Suite } from "../../keys/suite.ts";
import { tls12Suite } from "../../keys/tls12-suite.ts";
import { Transcript } from "../../keys/transcript.ts";
import type { TlsObservation } from "../../observation.ts";
import { cipherSuiteName } from "../cipher-suites.ts";
import type { ServerHello } from "../server-hello.ts";
import type { Opener } from "./opener.ts";
import { Tls12Opener } from "./tls12-opener.ts";
import { Tls13Opener } from "./tls13-opener.ts";

/** For the sender of the ClientHello whose body begins at `from`, if the key log knows it. */
export function unsealingOf(
  keys: KeyLog,
  transport: Transport,
  bytes: Uint8Array,
  from: number,
  to: number,
): Unsealing | undefined {
  if (to - from < RANDOM_AT + RANDOM_BYTES) return undefined;
  if (!keys.growing && !keys.knows(bytes, from + RANDOM_AT)) return undefined;
  return new Unsealing(
    keys,
    transport,
    bytes.slice(from + RANDOM_AT, from + RANDOM_AT + RANDOM_BYTES),
  );
}

export class Unsealing {
  /** This, the suite and the secrets: once the ServerHello was read. */
  sealed: SealedHandshake | undefined;
  suite: Suite | undefined;
  /** Handshake traffic secrets, from which each transport makes its keys. */
  secrets: { readonly server: Uint8Array; readonly client?: Uint8Array } | undefined;
  readonly #keys: KeyLog;
  readonly #transport: Transport;
  readonly #clientRandom: Uint8Array;
  readonly #transcript = new Transcript();
  /** What the ServerHello said, while its secrets are not known. */
  #agreed: { readonly suite: Suite; readonly draft: number } | undefined;

  constructor(keys: KeyLog, transport: Transport, clientRandom: Uint8Array) {
    this.#keys = keys;
    this.#transport = transport;
    this.#clientRandom = clientRandom;
  }

  /** Every ClientHello of the handshake, the first one too. */
  clientHello(bytes: Uint8Array, from: number, to: number): void {
    if (this.sealed === undefined) this.#transcript.add(CLIENT_HELLO, bytes, from, to);
  }

  /** Also a HelloRetryRequest. What opens the two sides' records from here on, if anything does. */
  serverHello(
    hello: ServerHello,
    bytes: Uint8Array,
    from: number,
    to: number,
  ): Openers | undefined {
    const suite = tls13Suite(hello.cipher);
    const draft = draftOf(hello.version);
    if (suite === undefined || draft === undefined || this.sealed !== undefined) return undefined;
    const transcript = this.#transcript;
    if (hello.retry) transcript.retry(suite.hash);
    else transcript.choose(suite.hash);
    transcript.add(SERVER_HELLO, bytes, from, to);
    if (hello.retry || transcript.overflown) return undefined;
    this.#agreed = { suite, draft };
    const openers = this.open();
    if (!this.#keys.growing) this.#agreed = undefined;
    return openers;
  }

  /** Its secrets may still come. */
  get waits(): boolean {
    return this.#agreed !== undefined;
  }

  /** What opens the records behind the hellos, if that is known by now, and was not before. */
  open(): Openers | undefined {
    const agreed = this.#agreed;
    const server = this.#keys.secret(SERVER_HANDSHAKE, this.#clientRandom);
    const client = this.#keys.secret(CLIENT_HANDSHAKE, this.#clientRandom);
    if (agreed === undefined || server === undefined) return undefined;
    this.#agreed = undefined;
    const { suite, draft } = agreed;
    const { hash } = suite;
    const transcript = this.#transcript;
    const secrets = { server, ...(client !== undefined && { client }) };
    const protocol = this.#transport === "tcp" ? "tls" : this.#transport;
    this.sealed = new SealedHandshake({ hash, transcript, secrets, protocol });
    this.suite = suite;
    this.secrets = secrets;
    return {
      server: new Tls13Opener(suite, server, draft, false),
      client: client && new Tls13Opener(suite, client, draft, true),
    };
  }

  /** What came is all that will be asked for. */
  giveUp(): void {
    this.#agreed = undefined;
  }

  /** What opens the records behind a side's ChangeCipherSpec (TLS 1.2), if anything does. */
  changed(peer: Peer, hello: ServerHello, serverRandom: Uint8Array): Opener | undefined {
    const master = this.#keys.secret(MASTER, this.#clientRandom);
    if (master === undefined || hello.version !== TLS12) return undefined;
    const suite = tls12Suite(cipherSuiteName(hello.cipher));
    if (suite === undefined) return undefined;
    const clientRandom = this.#clientRandom;
    const block = keyBlock({ suite, master, clientRandom, serverRandom });
    return new Tls12Opener(suite, block[peer], hello.macLast);
  }

  close(): void {
    this.sealed?.close();
  }
}

/** The draft of TLS 1.3, 28 for RFC 8446; absent when keys were made in another way then. */
function draftOf(version: number): number | undefined {
  if (version === 0x0304 || version === DTLS13) return 28;
  const draft = version >> 8 === 0x7f ? version & 0xff : 0;
  return draft >= DRAFT_OF_LABELS ? draft : undefined;
}

export interface Openers {
  readonly server: Opener;
  readonly client: Opener | undefined;
}

type Transport = TlsObservation["transport"];

const TLS12 = 0x0303;
const DTLS13 = 0xfefc;
const RANDOM_AT = 2;
const RANDOM_BYTES = 32;
const CLIENT_HELLO = 1;
const SERVER_HELLO = 2;
/** Since draft-ietf-tls-tls13-20 labels begin with `tls13`. */
const DRAFT_OF_LABELS = 20;
