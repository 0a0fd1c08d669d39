/**
 * Long headers of QUIC packets (RFC 8999 §5.1 for every version, RFC 9000 §17.2 for what we read):
 *
 *     1 form 1 fixed 2 type 4 sealed | version 4 | length 1, DCID | length 1, SCID | ...
 *     Initial            ... token length, token, length, packet number and payload
 *     0-RTT, Handshake   ... length, packet number and payload
 *     Retry              ... token, tag of 16 bytes
 *     version 0          ... versions of 4 bytes each: version negotiation
 *
 * The fixed bit is one, but a server may grease it (RFC 9287): only what nobody knows yet must have it.
 *
 * A datagram may hold several packets (§12.2): each but the last says where it ends.
 */
import { Cursor } from "./varint.ts";
import { isUnreadVersion, type LongType, type QuicVersion, quicVersion } from "./version.ts";

export interface LongHeader {
  /** `unread`: of a version that is not read. */
  readonly type: LongType | "version-negotiation" | "unread";
  readonly number: number;
  /** Absent exactly with `version-negotiation` and `unread`. */
  readonly version: QuicVersion | undefined;
  /** Where the packet begins, and where it ends; both in the bytes it was read from. */
  readonly from: number;
  readonly end: number;
  /** Where its last byte would be, had the capture not cut it off. More than `end` when it did. */
  readonly promised: number;
  /** A character a byte: short, and compared more often than read. */
  readonly dcid: string;
  readonly scid: string;
  /** Packet number; with Retry the token, with version negotiation the list. */
  readonly body: number;
}

export function isLongHeader(first: number): boolean {
  return (first & 0x80) !== 0;
}

/** Whether the datagram [from, to), of which `cut` bytes more were sent, begins as QUIC does. */
export function beginsQuic(bytes: Uint8Array, from: number, to: number, cut: number): boolean {
  if (from >= to || (bytes[from]! & 0xc0) !== 0xc0) return false;
  const header = readLongHeader(bytes, from, to, cut);
  if (typeof header === "string" || header.version !== undefined) return typeof header !== "string";
  const { number, dcid, scid } = header;
  const fits = dcid.length >= 8 && dcid.length <= ID_BYTES_MAX && scid.length <= ID_BYTES_MAX;
  return fits && isUnreadVersion(number) && to + cut - from >= CLIENT_DATAGRAM_BYTES_MIN;
}

/** The versions that a version negotiation packet lists (RFC 9000 §17.2.1), or why it cannot be one. */
export function versionsOffered(bytes: Uint8Array, header: LongHeader): number[] | string {
  const length = header.promised - header.body;
  if (length === 0 || length % 4 !== 0) return `list of versions of ${length} bytes`;
  const offered: number[] = [];
  for (let at = header.body; at + 4 <= header.end; at += 4) offered.push(u32(bytes, at));
  return offered;
}

/**
 * Reads the long header at `from` of [from, to), behind which `cut` bytes were not captured. Text says
 * why it cannot be right.
 */
export function readLongHeader(
  bytes: Uint8Array,
  from: number,
  to: number,
  cut: number,
): LongHeader | string {
  if (to - from < LEAST_BYTES) return `long header in ${to - from} bytes`;
  const first = bytes[from]!;
  const number = u32(bytes, from + 1);
  const dcidAt = from + 6;
  const scidAt = dcidAt + bytes[from + 5]! + 1;
  const at = scidAt <= to ? scidAt + bytes[scidAt - 1]! : to + 1;
  if (at > to) return "connection ids run over the end";
  const dcid = latin1(bytes, dcidAt, scidAt - 1);
  const scid = latin1(bytes, scidAt, at);
  const version = quicVersion(number);
  const head = { number, version, from, dcid, scid };
  if (version === undefined) {
    const type = number === 0 ? "version-negotiation" : "unread";
    return { ...head, type, end: to, promised: to + cut, body: at };
  }
  if (dcid.length > ID_BYTES_MAX || scid.length > ID_BYTES_MAX) {
    return `connection ids of ${dcid.length} and ${scid.length} bytes, expected at most 20`;
  }
  const type = version.types[(first >> 4) & 3]!;
  if (type === "retry") return { ...head, type, end: to, promised: to + cut, body: at };
  return numbered(head, type, new Cursor(bytes, at, to), cut);
}

/** The rest of a header whose packet has a number. */
function numbered(
  head: Omit<LongHeader, "type" | "end" | "promised" | "body">,
  type: LongType,
  cursor: Cursor,
  cut: number,
): LongHeader | string {
  if (type === "initial") {
    const tokenBytes = cursor.varint();
    if (tokenBytes < 0 || tokenBytes > cursor.left + cut) return "token runs over the end";
    cursor.at += tokenBytes;
  }
  const length = cursor.varint();
  if (length < 0 && cut === 0) return "no length before the end";
  const body = cursor.at;
  const promised = length < 0 ? cursor.end + cut : body + length;
  if (promised > cursor.end + cut) {
    return `packet of ${length} bytes in ${cursor.end + cut - body}`;
  }
  return { ...head, type, body, promised, end: Math.min(promised, cursor.end) };
}

function u32(bytes: Uint8Array, at: number): number {
  const high = (bytes[at]! << 24) | (bytes[at + 1]! << 16);
  return (high | (bytes[at + 2]! << 8) | bytes[at + 3]!) >>> 0;
}

function latin1(bytes: Uint8Array, from: number, to: number): string {
  return Buffer.prototype.toString.call(bytes, "latin1", from, to);
}

/** Form, version and two empty ids. */
const LEAST_BYTES = 7;
/** RFC 9000 §17.2, for the versions that we read. */
const ID_BYTES_MAX = 20;
/** RFC 9000 §14.1: a client pads the datagrams that its Initial packets are in. */
const CLIENT_DATAGRAM_BYTES_MIN = 1200;
