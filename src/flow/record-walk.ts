/**
 * Follows the record headers of a shunted direction and looks at nothing else (RFC 8446 §5.1):
 *
 *     type 1 = 23 (or 21, sealed) | version 2 = 03 xx | length 2 | body, skipped
 *
 * A header may come in two segments: what the first held of it stays in the row.
 */
import { PARTIAL_0, PARTIAL_BYTES_0, SKIP_0 } from "./rows.ts";

/**
 * Walks through [from, to), which begins inside or at the end of a record. `at` is the row's first
 * word.
 *
 * @returns where a header begins that is not one of a record to pass over, or WALKED. If the row
 * holds bytes of that header (`heldHeader`), it is where the rest of it begins.
 */
export function walkRecords(
  words: Int32Array,
  at: number,
  side: 0 | 1,
  bytes: Uint8Array,
  from: number,
  to: number,
): number {
  let next = from + words[at + SKIP_0 + side]!;
  let partial = words[at + PARTIAL_0 + side]!;
  if (partial > 0) {
    next = joinHeader(words, at, side, bytes, from, to, partial);
    if (next < 0) return from;
    partial = words[at + PARTIAL_0 + side]!;
  }
  while (to - next >= RECORD_HEADER_BYTES) {
    const length = (bytes[next + 3]! << 8) | bytes[next + 4]!;
    if (!isPassedOver(bytes[next]!, bytes[next + 1]!, length)) return next;
    next += RECORD_HEADER_BYTES + length;
  }
  if (next > to) {
    words[at + SKIP_0 + side] = next - to;
    return WALKED;
  }
  words[at + SKIP_0 + side] = 0;
  for (; next < to; next++, partial++) hold(words, at, side, partial, bytes[next]!);
  words[at + PARTIAL_0 + side] = partial;
  return WALKED;
}

/** What the row holds of a header underway, and lets go of. */
export function takeHeldHeader(words: Int32Array, at: number, side: 0 | 1): Uint8Array {
  const held = new Uint8Array(words[at + PARTIAL_0 + side]!);
  for (let byte = 0; byte < held.length; byte++) held[byte] = heldByte(words, at, side, byte);
  words[at + PARTIAL_0 + side] = 0;
  return held;
}

/** Completes a header that the last segment began. Where the next one is, or BAD_HEADER. */
function joinHeader(
  words: Int32Array,
  at: number,
  side: 0 | 1,
  bytes: Uint8Array,
  from: number,
  to: number,
  had: number,
): number {
  const need = RECORD_HEADER_BYTES - had;
  if (to - from < need) {
    let partial = had;
    for (let next = from; next < to; next++) hold(words, at, side, partial++, bytes[next]!);
    words[at + PARTIAL_0 + side] = partial;
    return to;
  }
  for (let byte = 0; byte < had; byte++) HEADER[byte] = heldByte(words, at, side, byte);
  for (let byte = had; byte < 5; byte++) HEADER[byte] = bytes[from + byte - had]!;
  const length = (HEADER[3]! << 8) | HEADER[4]!;
  if (!isPassedOver(HEADER[0]!, HEADER[1]!, length)) return BAD_HEADER;
  words[at + PARTIAL_0 + side] = 0;
  return from + need + length;
}

/**
 * Application data, and alerts too long to be in clear: nobody can read those either, and nearly every
 * connection ends with one a side.
 */
function isPassedOver(type: number, version: number, length: number): boolean {
  if (version !== 3 || length > RECORD_BYTES_MAX) return false;
  return type === APPLICATION_DATA || (type === ALERT && length > CLEAR_ALERT_BYTES);
}

/** Up to four bytes of a header, in one word. */
function hold(words: Int32Array, at: number, side: 0 | 1, index: number, byte: number): void {
  const word = at + PARTIAL_BYTES_0 + side;
  const shift = index * 8;
  words[word] = (words[word]! & ~(0xff << shift)) | (byte << shift);
}

function heldByte(words: Int32Array, at: number, side: 0 | 1, index: number): number {
  return (words[at + PARTIAL_BYTES_0 + side]! >>> (index * 8)) & 0xff;
}

export const WALKED = -1;
export const APPLICATION_DATA = 23;
const ALERT = 21;
/** Level and description (RFC 8446 §6). Sealing adds to them. */
const CLEAR_ALERT_BYTES = 2;
const BAD_HEADER = -1;
const RECORD_HEADER_BYTES = 5;
/** 2^14 bytes of text, and the most that TLS 1.2 lets encryption add (RFC 5246 §6.2.3). */
const RECORD_BYTES_MAX = 2 ** 14 + 2048;
/** Scratch for a header that came in two segments. */
const HEADER = new Uint8Array(RECORD_HEADER_BYTES);
