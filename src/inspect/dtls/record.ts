/**
 * DTLS records, of which a datagram holds one or several.
 *
 *     to 1.2    type 1 | version 2 | epoch 2 | sequence 6 | length 2 | body      (RFC 6347 §4.1)
 *     with id   25     | version 2 | epoch 2 | sequence 6 | id | length 2 | ..   (RFC 9146 §4)
 *     1.3       001CSLEE | id | sequence 1 or 2 | length 2 | body                 (RFC 9147 §4)
 *
 * In the header of 1.3, C, S and L say which parts are there and how long, EE are the last bits of the
 * epoch. How long a connection id is only its receiver knows: such a record takes the rest of the
 * datagram here. Its body is sealed, so all that is missed is how many records follow it.
 */
import { u16 } from "../tls/bytes.ts";
import { CHANGE_CIPHER_SPEC } from "../tls/direction.ts";
import { hex } from "../tls/names.ts";

export interface DtlsRecord {
  /** TLS ContentType; of a sealed record of 1.3, which hides it, `UNIFIED`. */
  readonly type: number;
  /** Of a unified header, its last two bits. */
  readonly epoch: number;
  /** 48 bits; of a unified header, 0: the number itself is sealed. */
  readonly sequence: number;
  /** The body is [from, to). */
  readonly from: number;
  readonly to: number;
  /** Bytes of the body that were not captured. */
  readonly cut: number;
}

/**
 * Reads the record that begins at `at`, in a datagram that ends at `end` and of which `cut` more bytes
 * were not captured. Text says why it cannot be right.
 */
export function readRecord(
  bytes: Uint8Array,
  at: number,
  end: number,
  cut: number,
): DtlsRecord | string {
  const type = bytes[at]!;
  if (type >> 5 === 1) return readUnified(bytes, at, end, cut);
  if (at + HEADER_BYTES > end) {
    return cut > 0 ? CUT_HEADER : `record header in ${end - at} bytes, expected ${HEADER_BYTES}`;
  }
  if (type < CHANGE_CIPHER_SPEC || type > ACK) return `record type ${type}, expected 20 to 26`;
  const version = u16(bytes, at + 1);
  if (!isVersion(version)) return `record version ${hex(version)}, expected 0xfeff or 0xfefd`;
  const epoch = u16(bytes, at + 3);
  const sequence = u16(bytes, at + 5) * 2 ** 32 + u16(bytes, at + 7) * 2 ** 16 + u16(bytes, at + 9);
  const from = at + HEADER_BYTES;
  if (type === CONNECTION_ID) return { type, epoch, sequence, from: from - 2, to: end, cut };
  return body({ type, epoch, sequence, from }, u16(bytes, at + 11), end, cut);
}

/**
 * Whether a conversation may begin with this datagram as DTLS does: what is sealed from the start shows
 * nothing, so a unified header does not count.
 */
export function beginsDtls(bytes: Uint8Array, from: number, end: number, cut = 0): boolean {
  if (bytes[from]! >> 5 === 1) return false;
  const record = readRecord(bytes, from, end, cut);
  if (typeof record === "string") return false;
  if (record.type !== HANDSHAKE || record.epoch > 0) return true;
  // Type, and a fragment within its message (RFC 6347 §4.2.2).
  const { from: at, to } = record;
  return to - at >= 12 && bytes[at]! <= 24 && bytes[at + 1]! <= 3;
}

/**
 * Whether a datagram begins with the beginning of a ClientHello whose random is another one than `random`,
 * as far as it is there: a hello that is cut into crumbs begins something, too.
 */
export function beginsAnother(
  bytes: Uint8Array,
  from: number,
  to: number,
  random: Uint8Array | undefined,
): boolean {
  const record = beginsDtls(bytes, from, to) ? readRecord(bytes, from, to, 0) : "";
  if (typeof record === "string" || record.type !== HANDSHAKE || record.epoch > 0) return false;
  const { from: at } = record;
  // Its type, and a fragment that begins at 0.
  if (bytes[at] !== 1 || u16(bytes, at + 6) !== 0 || bytes[at + 8] !== 0) return false;
  const start = at + RANDOM_AT;
  const there = bytes.subarray(start, Math.min(record.to, start + 32));
  if (random === undefined || start >= record.to) return true;
  return Buffer.compare(there, random.subarray(0, there.length)) !== 0;
}

function readUnified(
  bytes: Uint8Array,
  start: number,
  end: number,
  cut: number,
): DtlsRecord | string {
  const flags = bytes[start]!;
  const head = { type: UNIFIED, epoch: flags & 3, sequence: 0 };
  if ((flags & WITH_ID) !== 0) return { ...head, from: start + 1, to: end, cut };
  let at = start + ((flags & LONG_SEQUENCE) !== 0 ? 3 : 2);
  if ((flags & WITH_LENGTH) === 0) return { ...head, from: Math.min(at, end), to: end, cut };
  if (at + 2 > end) return cut > 0 ? CUT_HEADER : `record header in ${end - start} bytes`;
  const length = u16(bytes, at);
  at += 2;
  return body({ ...head, from: at }, length, end, cut);
}

function body(
  head: Omit<DtlsRecord, "to" | "cut">,
  length: number,
  end: number,
  cut: number,
): DtlsRecord | string {
  const there = end - head.from;
  if (length <= there) return { ...head, to: head.from + length, cut: 0 };
  if (length > there + cut) return `record of ${length} bytes in ${there + cut}`;
  return { ...head, to: end, cut: length - there };
}

/** 0x0100 is what OpenSSL before 0.9.8f called DTLS 1.0, and some VPNs still do. */
function isVersion(version: number): boolean {
  return (version >= 0xfefc && version <= 0xfeff) || version === 0x0100;
}

/** What `readRecord` says of a header that was not captured whole: nobody's fault. */
export const CUT_HEADER = "record header was not captured";
/** No ContentType: the header of 1.3 hides it. */
export const UNIFIED = -1;
const HANDSHAKE = 22;
/** RFC 9146 §3. */
export const CONNECTION_ID = 25;
/** RFC 9147 §7. */
export const ACK = 26;
const HEADER_BYTES = 13;
/** Behind a message's header and version. */
const RANDOM_AT = 12 + 2;
const WITH_ID = 0x10;
const LONG_SEQUENCE = 0x08;
const WITH_LENGTH = 0x04;
