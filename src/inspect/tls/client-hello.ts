/**
 * ClientHello (RFC 8446 §4.1.2, RFC 5246 §7.4.1.2; the old form: RFC 5246 appendix E.2).
 *
 * A client sends the same hello to everybody, but for the random, the session, the key shares and
 * the name. What stays the same is its *shape*: fingerprints and protocol lists depend on it alone,
 * so they are worked out once a shape.
 */
import type { TlsObservation } from "../observation.ts";
import { latin1, textOf, u16 } from "./bytes.ts";
import {
  ALPN,
  CIPHERS,
  GROUPS,
  type HelloShape,
  POINT_FORMATS,
  SIGNATURE_ALGORITHMS,
  SUPPORTED_VERSIONS,
  shapeOf,
  TRANSPORTS,
  TYPES,
} from "./fingerprint.ts";
import { type OuterEch, readOuterEch } from "./outer-ech.ts";
import { ticketIdOf } from "./session-ticket.ts";

export interface ClientHello {
  readonly shape: HelloShape;
  /** 32 bytes. */
  readonly random: Uint8Array;
  /** A character a byte; non-empty when the client names a session. */
  readonly sessionId: string;
  /** A session ticket of at least one byte (RFC 5077 §3.2). */
  readonly ticket: boolean;
  /** What the ticket is known by; absent without one. */
  readonly ticketId: string | undefined;
  readonly serverName: string | undefined;
  /** The encrypted_client_hello extension, outer form (RFC 9849 §5). */
  readonly ech: OuterEch | undefined;
  /** early_data: what follows may be application data (RFC 8446 §4.2.10). */
  readonly early: boolean;
  /** What is wrong with it, though it could be read. */
  readonly oddity: string | undefined;
}

/**
 * Reads the message body in [from, to). Text says why it cannot be right. Over DTLS a cookie stands
 * behind the session id (RFC 6347 §4.2.1, RFC 9147 §5.3).
 */
export function readClientHello(
  bytes: Uint8Array,
  from: number,
  to: number,
  over: TlsObservation["transport"] = "tcp",
): ClientHello | string {
  let at = from + 34;
  if (to < at + 1) return `ClientHello of ${to - from} bytes, expected at least 38`;
  const sessionBytes = bytes[at]!;
  const sessionAt = at + 1;
  at = sessionAt + sessionBytes;
  if (sessionBytes > 32 || at + 2 > to) return `session id of ${sessionBytes} bytes`;
  if (over === "dtls") {
    at += 1 + bytes[at]!;
    if (at + 2 > to) return "cookie runs over the end";
  }
  const ciphersAt = at + 2;
  const cipherBytes = u16(bytes, at);
  at = ciphersAt + cipherBytes;
  if (cipherBytes % 2 !== 0 || cipherBytes === 0 || at + 1 > to) {
    return `cipher suites of ${cipherBytes} bytes in ${to - ciphersAt}`;
  }
  at += 1 + bytes[at]!;
  if (at > to) return "compression methods run over the end";

  const shape = new ShapeBytes(over, u16(bytes, from), bytes, ciphersAt, cipherBytes);
  const found: Found = {
    ticketId: undefined,
    ech: undefined,
    early: false,
    serverName: undefined,
    oddity: undefined,
  };
  const problem = at < to ? readExtensions(bytes, at, to, shape, found) : undefined;
  if (problem !== undefined) return problem;
  const { ticketId, ech, early, serverName } = found;
  const random = bytes.slice(from + 2, from + 2 + RANDOM_BYTES);
  const sessionId = latin1(bytes, sessionAt, sessionAt + sessionBytes);
  const known = shapeOf(shape.taken());
  const oddity = found.oddity ?? known.oddity;
  const ticket = ticketId !== undefined;
  return { shape: known, random, sessionId, ticket, ticketId, ech, early, serverName, oddity };
}

/** An SSLv2 hello: three-byte ciphers, of which those beginning with zero are TLS ones. */
export function readV2ClientHello(
  bytes: Uint8Array,
  from: number,
  to: number,
): ClientHello | string {
  if (to - from < 9) return `SSLv2 hello of ${to - from} bytes, expected at least 9`;
  const cipherBytes = u16(bytes, from + 3);
  const sessionBytes = u16(bytes, from + 5);
  const challengeBytes = u16(bytes, from + 7);
  if (cipherBytes % 3 !== 0 || from + 9 + cipherBytes + sessionBytes + challengeBytes !== to) {
    return `SSLv2 hello of ${to - from} bytes, whose parts are ${9 + cipherBytes + sessionBytes + challengeBytes}`;
  }
  const suites: number[] = [];
  for (let at = from + 9; at < from + 9 + cipherBytes; at += 3) {
    if (bytes[at] === 0) suites.push(bytes[at + 1]!, bytes[at + 2]!);
  }
  const shape = new ShapeBytes(
    "tcp",
    u16(bytes, from + 1),
    Uint8Array.from(suites),
    0,
    suites.length,
  );
  return {
    shape: shapeOf(shape.taken()),
    random: randomOf(bytes.subarray(to - challengeBytes, to)),
    sessionId: "",
    ticket: false,
    ticketId: undefined,
    ech: undefined,
    early: false,
    serverName: undefined,
    oddity: undefined,
  };
}

/** The challenge of an SSLv2 hello, right-justified (RFC 5246 appendix E.2). */
function randomOf(challenge: Uint8Array): Uint8Array {
  const random = new Uint8Array(RANDOM_BYTES);
  const last = challenge.subarray(-RANDOM_BYTES);
  random.set(last, RANDOM_BYTES - last.length);
  return random;
}

interface Found {
  ticketId: string | undefined;
  ech: OuterEch | undefined;
  early: boolean;
  serverName: string | undefined;
  oddity: string | undefined;
}

function readExtensions(
  bytes: Uint8Array,
  start: number,
  to: number,
  shape: ShapeBytes,
  found: Found,
): string | undefined {
  if (start + 2 > to) return "extensions without a length";
  const end = start + 2 + u16(bytes, start);
  if (end !== to) return `extensions of ${u16(bytes, start)} bytes in ${to - start - 2}`;
  for (let at = start + 2; at < end; ) {
    if (at + 4 > end) return `extension header in ${end - at} bytes, expected 4`;
    const type = u16(bytes, at);
    const length = u16(bytes, at + 2);
    const body = at + 4;
    if (body + length > end) return `extension ${type} of ${length} bytes in ${end - body}`;
    shape.type(type);
    switch (type) {
      case SERVER_NAME:
        found.oddity ??= serverNameOddity(bytes, body, length);
        found.serverName ??= hostName(bytes, body, body + length);
        break;
      case GROUPS:
      case POINT_FORMATS:
      case SIGNATURE_ALGORITHMS:
      case ALPN:
      case SUPPORTED_VERSIONS:
        shape.body(type, bytes, body, length);
        break;
      case SESSION_TICKET:
        if (length > 0) found.ticketId = ticketIdOf(bytes, body, body + length);
        break;
      case EARLY_DATA:
        found.early = true;
        break;
      case ENCRYPTED_CLIENT_HELLO:
        if (length > 0 && bytes[body] === 0) found.ech = readOuterEch(bytes, body, body + length);
        break;
    }
    at = body + length;
  }
  return undefined;
}

/** Whether it is anything but a list of one host name, which is all that RFC 6066 §3 leaves. */
function serverNameOddity(bytes: Uint8Array, at: number, length: number): string | undefined {
  const fits =
    length > 5 &&
    u16(bytes, at) === length - 2 &&
    bytes[at + 2] === 0 &&
    u16(bytes, at + 3) === length - 5;
  return fits ? undefined : `server_name of ${length} bytes is no list of one host name`;
}

/** The host_name of server_name (RFC 6066 §3); other kinds of name are passed over. */
function hostName(bytes: Uint8Array, from: number, to: number): string | undefined {
  for (let at = from + 2; at + 3 <= to; ) {
    const length = u16(bytes, at + 1);
    if (at + 3 + length > to) return undefined;
    if (bytes[at] === 0) return textOf(bytes, at + 3, at + 3 + length);
    at += 3 + length;
  }
  return undefined;
}

/**
 * The bytes of a hello that its shape depends on, one after the other in a buffer that all hellos
 * share: transport, version, suites, extension types, and the bodies of those that fingerprints read.
 */
class ShapeBytes {
  #at = 0;
  readonly #types: number[] = [];

  constructor(
    over: TlsObservation["transport"],
    version: number,
    bytes: Uint8Array,
    from: number,
    length: number,
  ) {
    SCRATCH[0] = TRANSPORTS[over];
    SCRATCH[1] = version >> 8;
    SCRATCH[2] = version & 0xff;
    this.#at = 3;
    this.#put(CIPHERS, bytes, from, length);
  }

  type(type: number): void {
    this.#types.push(type);
  }

  body(type: number, bytes: Uint8Array, from: number, length: number): void {
    this.#put(type, bytes, from, length);
  }

  /** The buffer up to what was put; good until the next hello. */
  taken(): Buffer {
    const types = this.#types;
    this.#room(4 + types.length * 2);
    this.#head(TYPES, types.length * 2);
    for (const type of types) {
      SCRATCH[this.#at++] = type >> 8;
      SCRATCH[this.#at++] = type & 0xff;
    }
    return SCRATCH.subarray(0, this.#at);
  }

  #put(type: number, bytes: Uint8Array, from: number, length: number): void {
    this.#room(4 + length);
    this.#head(type, length);
    for (let byte = 0; byte < length; byte++) SCRATCH[this.#at++] = bytes[from + byte]!;
  }

  #head(type: number, length: number): void {
    SCRATCH[this.#at++] = type >> 8;
    SCRATCH[this.#at++] = type & 0xff;
    SCRATCH[this.#at++] = length >> 8;
    SCRATCH[this.#at++] = length & 0xff;
  }

  /** A hello is at most 2^24 bytes; the scratch grows to what really came. */
  #room(bytes: number): void {
    if (this.#at + bytes <= SCRATCH.length) return;
    const wider = Buffer.alloc((this.#at + bytes) * 2);
    SCRATCH.copy(wider, 0, 0, this.#at);
    SCRATCH = wider;
  }
}

const RANDOM_BYTES = 32;
const SERVER_NAME = 0;
const SESSION_TICKET = 35;
const EARLY_DATA = 42;
const ENCRYPTED_CLIENT_HELLO = 0xfe0d;

let SCRATCH = Buffer.alloc(4096);
