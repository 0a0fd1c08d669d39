/** The Certificate message to TLS 1.2 (RFC 5246 §7.4.2): a list of counted DER certificates. */

/**
 * Reads the message body in [from, to), and copies it once: the chain's pieces share that copy.
 * Text says why it cannot be right.
 */
export function readChain(bytes: Uint8Array, from: number, to: number): Uint8Array[] | string {
  if (to - from < 3) return `Certificate message of ${to - from} bytes, expected at least 3`;
  const listBytes = u24(bytes, from);
  if (listBytes !== to - from - 3) {
    return `certificate list of ${listBytes} bytes in ${to - from - 3}`;
  }
  const copy = bytes.slice(from + 3, to);
  const chain: Uint8Array[] = [];
  for (let at = 0; at < copy.length; ) {
    if (chain.length === CERTIFICATES_MAX) {
      return `more than ${CERTIFICATES_MAX} certificates in a chain`;
    }
    const length = at + 3 <= copy.length ? u24(copy, at) : -1;
    if (length < 0 || at + 3 + length > copy.length) {
      return `certificate ${chain.length + 1} of ${length} bytes in ${copy.length - at - 3}`;
    }
    chain.push(copy.subarray(at + 3, at + 3 + length));
    at += 3 + length;
  }
  return chain;
}

function u24(bytes: Uint8Array, at: number): number {
  return (bytes[at]! << 16) | (bytes[at + 1]! << 8) | bytes[at + 2]!;
}

const CERTIFICATES_MAX = 100;
