/**
 * Domain names as messages hold them (RFC 1035 §3.1, §4.1.4):
 *
 *     3 w w w  7 e x a m p l e  0          labels, each behind its length
 *     4 m a i l  c0 10                     .. and the rest of another name, at offset 0x010
 *
 * A pointer only ever leads back, so a name ends after at most as many steps as the message has bytes;
 * the 255 bytes that a name may have end it sooner.
 */
import { latin1 } from "../tls/bytes.ts";

export interface DnsName {
  /**
   * As sent, labels joined by dots, a character a byte, without the dot of the root. Dots and backslashes
   * inside a label stand behind a backslash, so that no two names have one text.
   */
  readonly text: string;
  /** Where in the message what follows the name begins. */
  readonly end: number;
}

/** The name at `at` of the message in [from, to). Text says why it cannot be right. */
export function readName(
  bytes: Uint8Array,
  at: number,
  from: number,
  to: number,
): DnsName | string {
  const labels: string[] = [];
  let length = 1;
  let end = -1;
  let here = at;
  let first = at;
  for (;;) {
    if (here >= to) return "name runs over the end";
    const size = bytes[here]!;
    if (size === 0) break;
    if (size >= POINTER) {
      if (here + 2 > to) return "name runs over the end";
      if (end < 0) end = here + 2;
      const target = from + (((size & 0x3f) << 8) | bytes[here + 1]!);
      // Every jump leads before where the last one went: no loops.
      if (target >= first) return "compression pointer that does not lead back";
      here = target;
      first = target;
      continue;
    }
    if (size > LABEL_BYTES_MAX) return `label type ${size >> 6}, expected 0 or 3`;
    if (here + 1 + size > to) return "name runs over the end";
    length += 1 + size;
    if (length > NAME_BYTES_MAX) return `name of more than ${NAME_BYTES_MAX} bytes`;
    labels.push(latin1(bytes, here + 1, here + 1 + size).replace(/[.\\]/g, "\\$&"));
    here += 1 + size;
  }
  return { text: labels.join("."), end: end < 0 ? here + 1 : end };
}

/** How DNS compares names: ASCII letters without case (RFC 4343). */
export function folded(name: string): string {
  return name.replace(/[A-Z]+/g, (letters) => letters.toLowerCase());
}

const POINTER = 0xc0;
/** RFC 1035 §2.3.4. */
const LABEL_BYTES_MAX = 63;
const NAME_BYTES_MAX = 255;
