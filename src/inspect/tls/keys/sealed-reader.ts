/**
 * One side's sealed records, where keys open them: gathers each, opens it, and tells the handshake
 * messages and alerts inside. Messages in clear never mix with these: they are put together apart.
 */
import { Gather } from "../../gather.ts";
import { HandshakeMessages } from "../../keys/handshake-messages.ts";
import type { Opener } from "./opener.ts";

/** What it tells. */
export interface SealedListener {
  /** A handshake message. Lent: [from, to) only until this returns. */
  unsealed(
    side: 0 | 1,
    type: number,
    bytes: Uint8Array,
    from: number,
    to: number,
    atUs: number,
  ): void;
  /** A ChangeCipherSpec under the keys in use (TLS 1.2): the next records have others. */
  cipherChanged(side: 0 | 1): void;
  alert(side: 0 | 1, level: number, description: number): void;
  /** A record that was sealed with another key. */
  sealed(side: 0 | 1, type: number): void;
  /** Nothing more of this side will be opened. Its record began at `offset`. */
  unopened(side: 0 | 1, type: number, reason: string, offset: number): void;
}

export class SealedReader {
  readonly #side: 0 | 1;
  readonly #opener: Opener;
  readonly #listener: SealedListener;
  readonly #messages = new HandshakeMessages();
  #record: Gather | undefined;
  #type = 0;
  #version = 0;
  #offset = 0;
  #records = 0;
  #closed = false;

  constructor(side: 0 | 1, opener: Opener, listener: SealedListener) {
    this.#side = side;
    this.#opener = opener;
    this.#listener = listener;
  }

  /** Within a record that it gathers. */
  get underway(): boolean {
    return this.#record !== undefined;
  }

  /** A record begins. False: its body is not asked for, and the record is counted all the same. */
  begin(type: number, version: number, length: number, offset: number): boolean {
    if (!this.#opener.wants(type)) return false;
    this.#offset = offset;
    this.#type = type;
    if (++this.#records > RECORDS_MAX) {
      this.#stop(`more than ${RECORDS_MAX} sealed records of handshake`);
      return false;
    }
    this.#version = version;
    this.#record = new Gather(length);
    return true;
  }

  push(bytes: Uint8Array, from: number, to: number, atUs: number): void {
    const record = this.#record!;
    record.take(bytes, from, to);
    if (!record.full) return;
    this.#record = undefined;
    const body = record.bytes.subarray(0, record.wanted);
    const opened = this.#opener.open(this.#type, this.#version, body);
    record.release();
    if (opened === "passed") return this.#listener.sealed(this.#side, this.#type);
    if (opened === "sealed") return this.#stop("a sealed record that its secret does not open");
    const { type, text } = opened;
    if (type === HANDSHAKE) return this.#handshake(text, atUs);
    if (type === CHANGE_CIPHER_SPEC && this.#type === type && this.#messages.aligned) {
      return this.#listener.cipherChanged(this.#side);
    }
    if (type !== ALERT || !this.#messages.aligned) {
      return this.#stop(`record of type ${type} sealed inside a handshake`);
    }
    for (let at = 0; at + 1 < text.length; at += 2) {
      this.#listener.alert(this.#side, text[at]!, text[at + 1]!);
    }
  }

  /** Bytes of the record underway will not come. */
  lose(): void {
    this.#stop("bytes of a sealed record are missing");
  }

  /** Gives memory back: nothing more is opened. */
  close(): void {
    this.#closed = true;
    this.#messages.close();
    this.#record?.release();
    this.#record = undefined;
  }

  #handshake(text: Uint8Array, atUs: number): void {
    const problem = this.#messages.push(text, 0, text.length, (type, bytes, from, to) => {
      // What comes behind a Finished, or behind a message that cannot be right, is not read.
      if (!this.#closed) this.#listener.unsealed(this.#side, type, bytes, from, to, atUs);
    });
    if (problem !== undefined && !this.#closed) this.#stop(problem);
  }

  #stop(reason: string): void {
    this.close();
    this.#listener.unopened(this.#side, this.#type, reason, this.#offset);
  }
}

const CHANGE_CIPHER_SPEC = 20;
const ALERT = 21;
const HANDSHAKE = 22;
/** Flights are a handful of records; one cut into pieces of 64 bytes, RFC 8449's least, fits. */
const RECORDS_MAX = 1024;
