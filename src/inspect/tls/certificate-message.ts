/** The Certificate message to TLS 1.2 (RFC 5246 §7.4.2): a list of counted DER certificates. */
import { u24 } from "./bytes.ts";
import { Interned } from "./interned.ts";

/**
 * Reads the message body in [from, to). The same bytes give the same chain object, as long as it is
 * remembered, so that whatever follows from a chain can be remembered by it. Text says why it cannot
 * be right.
 */
export function readChain(
  bytes: Uint8Array,
  from: number,
  to: number,
): readonly Uint8Array[] | string {
  if (to - from < 3) return `Certificate message of ${to - from} bytes, expected at least 3`;
  return CHAINS.get(bytes, from, to);
}

/** A connection that got this chain is over. Once nobody uses it, it may be forgotten. */
export function releaseChain(chain: readonly Uint8Array[] | undefined): void {
  CHAINS.release(chain);
}

function split(message: Uint8Array): readonly Uint8Array[] | string {
  const listBytes = u24(message, 0);
  if (listBytes !== message.length - 3) {
    return `certificate list of ${listBytes} bytes in ${message.length - 3}`;
  }
  const chain: Uint8Array[] = [];
  for (let at = 3; at < message.length; ) {
    if (chain.length === CERTIFICATES_MAX) {
      return `more than ${CERTIFICATES_MAX} certificates in a chain`;
    }
    const length = at + 3 <= message.length ? u24(message, at) : -1;
    if (length < 0 || at + 3 + length > message.length) {
      return `certificate ${chain.length + 1} of ${length} bytes in ${message.length - at - 3}`;
    }
    chain.push(message.subarray(at + 3, at + 3 + length));
    at += 3 + length;
  }
  return Object.freeze(chain);
}

const CERTIFICATES_MAX = 100;
const CHAINS = new Interned<readonly Uint8Array[]>(
  { name: "Certificate", entriesMax: 4096, bytesMax: 25_165_824 },
  split,
);
