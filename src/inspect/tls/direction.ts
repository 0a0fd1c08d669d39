/**
 * One direction of a TLS connection: records, and the handshake messages inside them.
 *
 *     record    type 1 | version 2 | length 2 | body           (RFC 8446 §5.1)
 *     message   type 1 | length 3 | body                        (RFC 8446 §4)
 *
 * Neither respects TCP's pieces nor the other's borders: a message may span records, a record may
 * hold several messages, and however it is sliced, the answer is the same. A message that lies whole
 * in what was handed in is read where it lies; only one that does not is copied together.
 *
 * A header that cannot be right ends the reader for good: we no longer know where records begin, and
 * guessing is how detectors get fooled. What is only forbidden is told and read on, since some peer
 * may take it: servers differ in which record versions they let a first hello have.
 */
import { Gather } from "../gather.ts";
import type { RecordsSampled } from "../observation.ts";
import type { HeldRecords } from "./keys/held-records.ts";
import type { SealedReader } from "./keys/sealed-reader.ts";
import { hex } from "./names.ts";
import { RecordSample } from "./record-sample.ts";

/** What a direction tells its connection. */
export interface Listener {
  /** A handshake message in clear. Lent: [from, to) only until this returns. */
  message(
    side: 0 | 1,
    type: number,
    bytes: Uint8Array,
    from: number,
    to: number,
    atUs: number,
  ): void;
  /** A record whose content is not read here: application data, or anything once encrypted. */
  sealed(side: 0 | 1, type: number): void;
  /** In clear; its record began at `offset`. */
  changeCipherSpec(side: 0 | 1, offset: number): void;
  /** The body of a record of application data, opened or not: only with `tellsSizes`. */
  sealedBytes(side: 0 | 1, bytes: number): void;
  alert(side: 0 | 1, level: number, description: number): void;
  malformedAt(side: 0 | 1, at: string, reason: string, offset: number): void;
}

/** What is known of one side, however its messages travel. */
export interface Spoken {
  encrypted: boolean;
  changes: number;
  finished: boolean;
  applicationRecords: number;
  readonly messages: number;
  readonly messageAt: number;
  chain: readonly Uint8Array[] | undefined;
  unsealer?: SealedReader | HeldRecords | undefined;
  /** Of its first records of application data; absent where nobody looked. */
  readonly sample?: RecordsSampled | undefined;
  readonly broken?: boolean;
  sampleRecords?(): void;
}

export class Direction implements Spoken {
  /** The type 20 record was seen (TLS <= 1.2), or the keys are on (TLS 1.3): records are sealed. */
  encrypted = false;
  /** Nothing further can be read. */
  broken = false;
  /** Where the next byte that comes stands in this direction. */
  offset = 0;
  /** Bytes of the record underway that are passed over. */
  skip = 0;
  /** Change cipher spec records, sealed handshake records' presence, application data records. */
  changes = 0;
  finished = false;
  applicationRecords = 0;
  /** Handshake messages told. */
  messages = 0;
  /** Where the message underway, or the last one, begins. */
  messageAt = 0;
  /** What the Certificate message held. */
  chain: readonly Uint8Array[] | undefined;
  /** Also tell how long the records of application data are. */
  tellsSizes = false;
  /** Reads what is sealed, where there are keys for it or may be. */
  unsealer: SealedReader | HeldRecords | undefined;
  /** Looks at the first records of application data; absent before the handshake is over. */
  sample: RecordSample | undefined;
  readonly #side: 0 | 1;
  readonly #listener: Listener;
  /** The header underway, big-endian, and how many of its five bytes have come. */
  #header = 0;
  #headerBytes = 0;
  #headerAt = 0;
  #type = 0;
  /** Bytes of the record underway that are still to be read. */
  #left = 0;
  #messageHeader = 0;
  #messageHeaderBytes = 0;
  #message: Gather | undefined;
  #alertLevel = -1;
  #begun = false;
  #oddVersionTold = false;

  constructor(side: 0 | 1, listener: Listener) {
    this.#side = side;
    this.#listener = listener;
  }

  /** Not within a record header: `offset + skip` is where the next one stands. */
  get aligned(): boolean {
    return this.#headerBytes === 0 && this.#left === 0;
  }

  /** Both sides have finished: records of application data from here on are what is protected. */
  sampleRecords(): void {
    this.sample ??= new RecordSample();
  }

  push(bytes: Uint8Array, from: number, to: number, atUs: number): void {
    let at = from;
    while (at < to && !this.broken) {
      const before = at;
      if (this.skip > 0) {
        at = Math.min(to, at + this.skip);
        this.skip -= at - before;
        if (this.sample?.isUnderway === true) this.sample.take(bytes, before, at);
      } else if (this.#left > 0) {
        at = Math.min(to, at + this.#left);
        this.#left -= at - before;
        this.#body(bytes, before, at, atUs);
      } else {
        at = this.#readHeader(bytes, at, to);
      }
      this.offset += at - before;
    }
  }

  /**
   * `count` bytes will not come; with 0, no more will be told at all. True if that loses nothing but
   * what is passed over anyway.
   */
  lose(count: number): boolean {
    this.offset += count;
    this.sample?.lose();
    if (count > 0 && count <= this.skip) {
      this.skip -= count;
      return true;
    }
    if (count > 0 && count <= this.#left && this.unsealer?.underway === true) {
      // Without keys it were passed over: with keys no less is read.
      this.skip = this.#left - count;
      this.#left = 0;
      this.unsealer.lose();
      return false;
    }
    this.broken = true;
    return false;
  }

  /** Bytes come again from here, which is where a record header stands. */
  resumeAt(offset: number): void {
    this.offset = offset;
    this.skip = 0;
    this.#left = 0;
    this.#headerBytes = 0;
    this.close();
    this.#messageHeaderBytes = 0;
  }

  #readHeader(bytes: Uint8Array, from: number, to: number): number {
    let at = from;
    if (this.#headerBytes === 0) this.#headerAt = this.offset;
    if (this.#headerBytes === 0 && to - at >= RECORD_HEADER_BYTES) {
      const version = (bytes[at + 1]! << 8) | bytes[at + 2]!;
      this.#open(bytes[at]!, version, (bytes[at + 3]! << 8) | bytes[at + 4]!);
      return at + RECORD_HEADER_BYTES;
    }
    while (at < to && this.#headerBytes < RECORD_HEADER_BYTES) {
      const byte = bytes[at++]!;
      if (this.#headerBytes === 0) this.#type = byte;
      else this.#header = ((this.#header << 8) | byte) >>> 0;
      this.#headerBytes++;
    }
    if (this.#headerBytes === RECORD_HEADER_BYTES) {
      this.#headerBytes = 0;
      this.#open(this.#type, this.#header >>> 16, this.#header & 0xffff);
    }
    return at;
  }

  #open(type: number, version: number, length: number): void {
    const offset = this.#headerAt;
    if (type < CHANGE_CIPHER_SPEC || type > HEARTBEAT) {
      return this.#break("tls-record", `record type ${type}, expected 20 to 24`, offset);
    }
    if (version < 0x0300 || version > 0x0304) {
      // RFC 8446 §5.1 has receivers ignore it, and some do while the first hello comes.
      const reason = `record version ${hex(version)}, expected 0x0300 to 0x0304`;
      if (version >> 8 !== 3 && this.messages > 0) return this.#break("tls-record", reason, offset);
      if (!this.#oddVersionTold) this.#tellMalformed("tls-record", reason, offset);
      this.#oddVersionTold = true;
    }
    if (length > RECORD_BYTES_MAX) {
      const reason = `${length} byte record, expected at most ${RECORD_BYTES_MAX}`;
      return this.#break("tls-record", reason, offset);
    }
    // Empty handshake records cost the sender nothing and could keep us waiting for a hello forever.
    if (length === 0 && type === HANDSHAKE) {
      return this.#break("tls-record", "empty handshake record", offset);
    }
    this.#type = type;
    // Joined behind the handshake: what else there is cannot be in clear.
    if (type === APPLICATION_DATA && !this.#begun) this.encrypted = true;
    this.#begun = true;
    if (type !== HANDSHAKE && this.#inMessage) this.#interleaved(type, offset);
    if (this.encrypted || type === APPLICATION_DATA || type === HEARTBEAT) {
      this.skip = length;
      if (this.tellsSizes && type === APPLICATION_DATA) {
        this.#listener.sealedBytes(this.#side, length);
      }
      if (type === CHANGE_CIPHER_SPEC && length === 1) {
        const reason = "change cipher spec in clear among sealed records";
        return this.#tellMalformed("tls-record", reason, offset);
      }
      if (length > 0 && this.#begins(type, version, length, offset)) {
        this.skip = 0;
        this.#left = length;
        this.messageAt = offset;
        return;
      }
      if (type === APPLICATION_DATA) this.sample?.begin(length);
      this.#listener.sealed(this.#side, type);
    } else if (type === CHANGE_CIPHER_SPEC) {
      this.skip = length;
      if (length === 1) return this.#listener.changeCipherSpec(this.#side, offset);
      const reason = `${length} byte change cipher spec, expected 1`;
      this.#tellMalformed("tls-record", reason, offset);
    } else {
      this.#left = length;
      this.#alertLevel = -1;
      if (type === ALERT && (length === 0 || length % 2 !== 0)) {
        this.#tellMalformed("tls-record", `${length} byte alert in clear, expected 2`, offset);
      }
    }
  }

  /** Whether the body of a sealed record is read. To ask may change who is asked: then that one is. */
  #begins(type: number, version: number, length: number, offset: number): boolean {
    for (let asked = this.unsealer; asked !== undefined; ) {
      if (asked.begin(type, version, length, offset)) return true;
      if (this.unsealer === asked) return false;
      asked = this.unsealer;
    }
    return false;
  }

  get #inMessage(): boolean {
    return this.#message !== undefined || this.#messageHeaderBytes > 0;
  }

  /** Another record inside a handshake message (RFC 8446 §5.1): told, and passed over if it can be. */
  #interleaved(type: number, offset: number): void {
    const reason = `record of type ${type} inside a handshake message`;
    this.#tellMalformed("tls-handshake", reason, offset);
    if (type !== CHANGE_CIPHER_SPEC) return;
    // The rest of the message would be read with other keys.
    this.#dropMessage();
    this.#messageHeaderBytes = 0;
  }

  /** A piece of the body of a record in clear: handshake or alert. */
  #body(bytes: Uint8Array, from: number, to: number, atUs: number): void {
    if (this.unsealer?.underway === true) return this.unsealer.push(bytes, from, to, atUs);
    if (this.#type === ALERT) return this.#alert(bytes, from, to);
    let at = from;
    while (at < to && !this.broken) {
      if (this.#message !== undefined) {
        at += this.#message.take(bytes, at, to);
        if (this.#message.full) {
          const whole = this.#message;
          this.#message = undefined;
          this.#tell(whole.bytes, 0, whole.wanted, atUs);
          whole.release();
        }
        continue;
      }
      at = this.#readMessageHeader(bytes, at, to, from);
      if (this.#messageHeaderBytes < MESSAGE_HEADER_BYTES || this.broken) return;
      const length = this.#messageHeader & 0xffffff;
      if (length > MESSAGE_BYTES_MAX) {
        const reason = `${length} byte message, expected at most ${MESSAGE_BYTES_MAX}`;
        return this.#break("tls-handshake", reason, this.messageAt);
      }
      if (length <= to - at) {
        this.#tell(bytes, at, at + length, atUs);
        at += length;
      } else {
        this.#message = new Gather(length);
      }
    }
  }

  /** `start` is where in `bytes` the piece begins, which stands at `offset`. */
  #readMessageHeader(bytes: Uint8Array, from: number, to: number, start: number): number {
    let at = from;
    if (this.#messageHeaderBytes === 0) this.messageAt = this.offset + (at - start);
    while (at < to && this.#messageHeaderBytes < MESSAGE_HEADER_BYTES) {
      this.#messageHeader = ((this.#messageHeader << 8) | bytes[at++]!) >>> 0;
      this.#messageHeaderBytes++;
    }
    return at;
  }

  #tell(bytes: Uint8Array, from: number, to: number, atUs: number): void {
    const type = this.#messageHeader >>> 24;
    this.#messageHeaderBytes = 0;
    this.messages++;
    this.#listener.message(this.#side, type, bytes, from, to, atUs);
  }

  #alert(bytes: Uint8Array, from: number, to: number): void {
    for (let at = from; at < to; at++) {
      if (this.#alertLevel < 0) this.#alertLevel = bytes[at]!;
      else {
        this.#listener.alert(this.#side, this.#alertLevel, bytes[at]!);
        this.#alertLevel = -1;
      }
    }
  }

  /** Gives memory back: no more will come. */
  close(): void {
    this.#dropMessage();
    this.unsealer?.close();
    this.unsealer = undefined;
  }

  #dropMessage(): void {
    this.#message?.release();
    this.#message = undefined;
  }

  #break(at: string, reason: string, offset: number): void {
    this.broken = true;
    this.#tellMalformed(at, reason, offset);
  }

  #tellMalformed(at: string, reason: string, offset: number): void {
    this.#listener.malformedAt(this.#side, at, reason, offset);
  }
}

export const CHANGE_CIPHER_SPEC = 20;
export const ALERT = 21;
export const HANDSHAKE = 22;
export const APPLICATION_DATA = 23;
const HEARTBEAT = 24;
const RECORD_HEADER_BYTES = 5;
const MESSAGE_HEADER_BYTES = 4;
/** 2^14 bytes of text, and the most that TLS 1.2 lets encryption add to it (RFC 5246 §6.2.3). */
export const RECORD_BYTES_MAX = 2 ** 14 + 2048;
/** A chain of certificates with room to spare; OpenSSL takes 100 KB by default. */
const MESSAGE_BYTES_MAX = 262_144;
