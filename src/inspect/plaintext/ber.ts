/** BER as LDAP and SNMP restrict it (RFC 4511 §5.1): definite lengths, tags of one byte. */

export interface Element {
  readonly tag: number;
  /** Where its value begins and would end; `end` may lie beyond what was captured. */
  readonly from: number;
  readonly end: number;
}

/** @returns undefined if it cannot be right, `short` if its header is not all there */
export function elementAt(bytes: Uint8Array, at: number): Element | "short" | undefined {
  const tag = bytes[at];
  const first = bytes[at + 1];
  if (tag === undefined) return "short";
  if ((tag & LONG_TAG) === LONG_TAG) return undefined;
  if (first === undefined) return "short";
  if (first < 0x80) return { tag, from: at + 2, end: at + 2 + first };
  const count = first & 0x7f;
  if (count === 0 || count > LENGTH_BYTES_MAX) return undefined;
  if (at + 2 + count > bytes.length) return "short";
  let length = 0;
  for (let next = at + 2; next < at + 2 + count; next++) length = length * 256 + bytes[next]!;
  return length > ELEMENT_BYTES_MAX
    ? undefined
    : { tag, from: at + 2 + count, end: at + 2 + count + length };
}

/** The elements one after the other in [at, end), as far as they are there and right; at most `max`. */
export function elementsIn(bytes: Uint8Array, at: number, end: number, max: number): Element[] {
  const elements: Element[] = [];
  for (let next = at; next < end && elements.length < max; ) {
    const element = elementAt(bytes, next);
    if (element === undefined || element === "short" || element.end > end) break;
    elements.push(element);
    next = element.end;
  }
  return elements;
}

export const INTEGER = 0x02;
export const OCTET_STRING = 0x04;
export const ENUMERATED = 0x0a;
export const SEQUENCE = 0x30;

const LONG_TAG = 0x1f;
const LENGTH_BYTES_MAX = 4;
/** More than any directory or agent takes in one message. */
const ELEMENT_BYTES_MAX = 2 ** 26;
