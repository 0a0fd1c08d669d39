/** The Certificate message to TLS 1.2 (RFC 5246 §7.4.2): a list of counted DER certificates. */

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
  const key = sample(bytes, from, to);
  const known = CHAINS.get(key);
  if (known !== undefined && same(known.message, bytes, from, to)) {
    known.users++;
    return known.chain;
  }
  if (!makeRoom(to - from)) {
    return `${to - from} byte Certificate message, and ${HELD_BYTES_MAX} bytes of chains in use`;
  }
  const message = bytes.slice(from, to);
  const chain = split(message);
  if (typeof chain === "string") return chain;
  const entry: Known = { key, message, chain, users: 1 };
  heldBytes += message.length;
  IN_USE.set(chain, entry);
  // Another chain of the same sample is forgotten here, and kept by whoever uses it.
  if (known !== undefined && known.users === 0) forget(known);
  CHAINS.set(key, entry);
  return chain;
}

/** A connection that got this chain is over. Once nobody uses it, it may be forgotten. */
export function releaseChain(chain: readonly Uint8Array[] | undefined): void {
  const entry = chain && IN_USE.get(chain);
  if (entry === undefined) return;
  entry.users--;
  if (entry.users === 0 && CHAINS.get(entry.key) !== entry) forget(entry);
}

/** Forgets unused chains, oldest first, until `bytes` more fit. False when those in use fill it. */
function makeRoom(bytes: number): boolean {
  if (heldBytes + bytes <= HELD_BYTES_MAX && CHAINS.size < CHAINS_MAX) return true;
  for (const entry of CHAINS.values()) {
    if (entry.users > 0) continue;
    forget(entry);
    if (heldBytes + bytes <= HELD_BYTES_MAX / 2 && CHAINS.size < CHAINS_MAX / 2) break;
  }
  return heldBytes + bytes <= HELD_BYTES_MAX;
}

function forget(entry: Known): void {
  heldBytes -= entry.message.length;
  IN_USE.delete(entry.chain);
  if (CHAINS.get(entry.key) === entry) CHAINS.delete(entry.key);
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

/** A number that differs for most different messages: length and 64 bytes spread over it (FNV-1a). */
function sample(bytes: Uint8Array, from: number, to: number): number {
  let value = 0x811c9dc5 ^ (to - from);
  const step = Math.max(1, (to - from) >> 6);
  for (let at = from; at < to; at += step) value = Math.imul(value ^ bytes[at]!, 0x01000193);
  return value;
}

function same(message: Uint8Array, bytes: Uint8Array, from: number, to: number): boolean {
  if (message.length !== to - from) return false;
  return Buffer.prototype.compare.call(bytes, message, 0, message.length, from, to) === 0;
}

function u24(bytes: Uint8Array, at: number): number {
  return (bytes[at]! << 16) | (bytes[at + 1]! << 8) | bytes[at + 2]!;
}

interface Known {
  readonly key: number;
  readonly message: Uint8Array;
  readonly chain: readonly Uint8Array[];
  /** Open connections that have it. */
  users: number;
}

/** By sample. A chain whose sample another one has takes its place, and is no wrong answer. */
const CHAINS = new Map<number, Known>();
const IN_USE = new WeakMap<readonly Uint8Array[], Known>();
let heldBytes = 0;

const CERTIFICATES_MAX = 100;
const CHAINS_MAX = 4096;
/** Of messages remembered or in use by open connections, whatever arrives. */
const HELD_BYTES_MAX = 25_165_824;
