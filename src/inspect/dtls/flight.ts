/**
 * The handshake messages of one side, put in order (RFC 6347 §4.2.2, RFC 9147 §5.2).
 *
 *     type 1 | length 3 | message_seq 2 | fragment_offset 3 | fragment_length 3 | fragment
 *
 * Datagrams get lost, come twice and in any order; `message_seq` counts the messages of a side, so they
 * are told in that order, each once. What was told is kept until the handshake is over: a sender that
 * repeats it with other bytes lets two readers understand two different handshakes.
 */
import { u16 } from "../tls/bytes.ts";
import { Message } from "./message.ts";

/** What a flight tells its reader. */
export interface FlightListener {
  /** Lent until the flight is closed. */
  told(type: number, body: Uint8Array): void;
  /** The same place of message `sequence` came with other bytes. */
  differs(sequence: number): void;
  malformed(reason: string): void;
  /** A named limit was reached, and something was not read. */
  full(reason: string): void;
}

export class Flight {
  /** Bytes of messages that came for the first time. */
  placed = 0;
  readonly #listener: FlightListener;
  /** By message_seq: fragments that wait, and messages that were told. */
  readonly #messages = new Map<number, Message>();
  /** The message to be told next; absent before the first hello. */
  #next: number | undefined;
  /** Random of the ServerHello of a handshake that was given up: what belongs to it is passed over. */
  readonly #stale: Uint8Array | undefined;

  constructor(listener: FlightListener, stale?: Uint8Array) {
    this.#listener = listener;
    this.#stale = stale;
  }

  /** Of the hello that was told last. */
  get random(): Uint8Array | undefined {
    const hellos = [...this.#messages.values()].filter(({ type }) => type <= SERVER_HELLO);
    return hellos.at(-1)?.read().slice(RANDOM_AT, RANDOM_END);
  }

  /** Messages wait for one that did not come. */
  get waiting(): boolean {
    for (const sequence of this.#messages.keys()) if (!this.#isTold(sequence)) return true;
    return false;
  }

  /**
   * The body of a handshake record in clear, of which `cut` bytes at the end were not captured. Returns
   * where in it a ClientHello of another handshake begins, which was not read; else -1.
   */
  push(bytes: Uint8Array, from: number, to: number, cut: number): number {
    for (let at = from; at < to; ) {
      if (at + HEADER_BYTES > to) {
        if (cut === 0)
          this.#listener.malformed(`handshake header in ${to - at} bytes, expected 12`);
        return -1;
      }
      const header = readHeader(bytes, at);
      at += HEADER_BYTES;
      const end = at + header.fragmentBytes;
      if (header.length > MESSAGE_BYTES_MAX) {
        const expected = `expected at most ${MESSAGE_BYTES_MAX}`;
        this.#listener.malformed(`${header.length} byte message, ${expected}`);
        return -1;
      }
      if (header.offset + header.fragmentBytes > header.length || end > to + cut) {
        const where = `${header.fragmentBytes} bytes at ${header.offset} of ${header.length}`;
        this.#listener.malformed(`fragment of ${where}, ${to + cut - at} in its record`);
        return -1;
      }
      const until = Math.min(end, to);
      if (this.#isAnother(header, bytes, at, until)) return at - HEADER_BYTES;
      if (!this.#isStale(header, bytes, at, until)) this.#fragment(header, bytes, at, until);
      at = end;
    }
    return -1;
  }

  /** Tells what waits, in order, although something before it is missing. True if anything did. */
  flush(): boolean {
    const late = [...this.#messages].filter(([sequence]) => !this.#isTold(sequence));
    for (const [sequence, message] of late.sort(([a], [b]) => a - b)) {
      this.#next = sequence + 1;
      if (message.whole) this.#listener.told(message.type, message.read());
    }
    return late.length > 0;
  }

  /** Gives memory back. */
  close(): void {
    for (const message of this.#messages.values()) message.release();
    this.#messages.clear();
  }

  #fragment(header: Header, bytes: Uint8Array, from: number, to: number): void {
    const { sequence, type, length, offset } = header;
    // Servers that kept no state while they asked for a cookie may count from 0 again.
    if (type === SERVER_HELLO && this.#messages.get(sequence)?.type === HELLO_VERIFY_REQUEST) {
      this.close();
      this.#next = undefined;
    }
    if (this.#next !== undefined && sequence >= this.#next + AHEAD_MAX) {
      return this.#listener.full(`message ${sequence} is too far ahead of message ${this.#next}`);
    }
    let message = this.#messages.get(sequence);
    if (message === undefined) {
      // One that was missed, and comes after its successors were told.
      if (this.#isTold(sequence)) return;
      if (this.#messages.size >= MESSAGES_MAX) {
        return this.#listener.full(`more than ${MESSAGES_MAX} messages of a handshake`);
      }
      message = new Message(type, length);
      this.#messages.set(sequence, message);
    }
    if (message.type !== type || message.length !== length) return this.#listener.differs(sequence);
    const { filled } = message;
    const taken = message.add(offset, bytes, from, to);
    this.placed += message.filled - filled;
    if (taken === "full") this.#listener.full("no memory for more fragments of handshakes");
    // A cookie may be made anew each time it is asked for.
    else if (taken === "differs" && type !== HELLO_VERIFY_REQUEST) this.#listener.differs(sequence);
    if (isHello(type)) this.#next ??= sequence;
    this.#tell();
  }

  /** Tells messages as long as they are whole and next. */
  #tell(): void {
    while (this.#next !== undefined) {
      const message = this.#messages.get(this.#next);
      if (message === undefined || !message.whole) return;
      this.#next++;
      this.#listener.told(message.type, message.read());
    }
  }

  #isTold(sequence: number): boolean {
    return this.#next !== undefined && sequence < this.#next;
  }

  /** A ClientHello in the place of one that was told, and not a repetition of it. */
  #isAnother({ sequence, type, offset }: Header, bytes: Uint8Array, from: number, to: number) {
    const told = this.#isTold(sequence) ? this.#messages.get(sequence) : undefined;
    if (type !== CLIENT_HELLO || told?.type !== CLIENT_HELLO) return false;
    if (offset > 0 || to - from < RANDOM_END) return false;
    return !sameRandom(bytes, from, told.read().subarray(RANDOM_AT, RANDOM_END));
  }

  #isStale({ type, offset }: Header, bytes: Uint8Array, from: number, to: number): boolean {
    if (this.#stale === undefined) return false;
    if (type === SERVER_HELLO && offset === 0 && to - from >= RANDOM_END) {
      return sameRandom(bytes, from, this.#stale);
    }
    return this.#next === undefined && !isHello(type);
  }
}

interface Header {
  readonly type: number;
  readonly length: number;
  readonly sequence: number;
  readonly offset: number;
  readonly fragmentBytes: number;
}

function readHeader(bytes: Uint8Array, at: number): Header {
  return {
    type: bytes[at]!,
    length: u24(bytes, at + 1),
    sequence: u16(bytes, at + 4),
    offset: u24(bytes, at + 6),
    fragmentBytes: u24(bytes, at + 9),
  };
}

function isHello(type: number): boolean {
  return type === CLIENT_HELLO || type === SERVER_HELLO || type === HELLO_VERIFY_REQUEST;
}

/** Whether the hello that begins at `from` has this random. */
function sameRandom(bytes: Uint8Array, from: number, random: Uint8Array): boolean {
  return Buffer.compare(bytes.subarray(from + RANDOM_AT, from + RANDOM_END), random) === 0;
}

function u24(bytes: Uint8Array, at: number): number {
  return (bytes[at]! << 16) | u16(bytes, at + 1);
}

const CLIENT_HELLO = 1;
const SERVER_HELLO = 2;
const HELLO_VERIFY_REQUEST = 3;
const HEADER_BYTES = 12;
/** In a hello, behind the version. */
const RANDOM_AT = 2;
const RANDOM_END = 34;
/** As of TLS over TCP: a chain of certificates with room to spare. */
const MESSAGE_BYTES_MAX = 262_144;
/** A whole handshake has ten messages a side. */
const MESSAGES_MAX = 32;
const AHEAD_MAX = 16;
