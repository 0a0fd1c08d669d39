/**
 * ServerKeyExchange to TLS 1.2: the group of an elliptic curve exchange, and what the server signed.
 *
 *     [identity hint 2 + n]  parameters | [scheme 2]  signature 2 + n     (RFC 5246 §7.4.3, RFC 4279 §3)
 *
 *     ECDHE         curve type 1 = 3 | group 2 | point 1 + n              (RFC 8422 §5.4)
 *     DHE           p 2 + n | g 2 + n | Ys 2 + n
 *     RSA_EXPORT    modulus 2 + n | exponent 2 + n                        (RFC 2246 §7.4.3)
 *     SRP           N 2 + n | g 2 + n | s 1 + n | B 2 + n                 (RFC 5054 §2.5.3)
 *
 * The message does not say which exchange it belongs to: the cipher suite does. A Diffie-Hellman prime of
 * 6144 bits begins with the byte 3 as well (its length is 768), and a PSK suite puts a hint in front.
 */
import type { Proof, Unproved } from "../observation.ts";
import { u16 } from "./bytes.ts";
import { cipherSuiteName } from "./cipher-suites.ts";

/**
 * The group's number; absent where there is none. `cipher` is the suite of the ServerHello, absent if
 * that was not seen.
 */
export function readKeyExchangeGroup(
  bytes: Uint8Array,
  from: number,
  to: number,
  cipher: number | undefined,
): number | undefined {
  const suite = cipher === undefined ? "" : cipherSuiteName(cipher);
  // Numbers without a name, and a suite not seen, are judged by whether the point fits.
  const known = suite.startsWith("TLS_");
  if (known && !suite.startsWith("TLS_EC")) return undefined;
  const at =
    suite.startsWith("TLS_ECDHE_PSK") && from + 2 <= to ? from + 2 + u16(bytes, from) : from;
  if (at + 4 > to || bytes[at] !== NAMED_CURVE) return undefined;
  const pointBytes = bytes[at + 3]!;
  if (pointBytes === 0 || at + 4 + pointBytes > to) return undefined;
  return u16(bytes, at + 1);
}

/** What was agreed before a ServerKeyExchange: it says how to read that, and is signed with it. */
export interface Agreed {
  readonly version: number;
  readonly cipher: number;
  /** 32 bytes each. */
  readonly clientRandom: Uint8Array;
  readonly serverRandom: Uint8Array;
}

/**
 * What the server signed in the message of [from, to): a copy, to be given back to `releaseProof`. Else
 * why there is nothing to check; `malformed` when the message cannot be right.
 */
export function readProof(
  bytes: Uint8Array,
  from: number,
  to: number,
  agreed: Agreed,
): Proof | Unproved {
  const exchange = exchangeOf(agreed.cipher);
  if (typeof exchange === "string") return exchange;
  if (exchange === ECDHE && from < to && bytes[from] !== NAMED_CURVE) {
    // Curves written out (RFC 4492 §5.4) are nothing that anybody still speaks.
    return bytes[from] === 1 || bytes[from] === 2 ? "unknown-exchange" : "malformed";
  }
  const end = endOfParameters(bytes, from, to, exchange);
  const hasScheme = agreed.version === TLS_1_2 || agreed.version === DTLS_1_2;
  const signatureAt = end + (hasScheme ? 4 : 2);
  if (signatureAt > to || signatureAt + u16(bytes, signatureAt - 2) !== to) return "malformed";
  if (to - from > MESSAGE_BYTES_MAX) return "limit";
  const contentBytes = 2 * RANDOM_BYTES + end - from;
  const size = contentBytes + to - signatureAt;
  if (heldBytes + size > HELD_BYTES_MAX) return "limit";

  heldBytes += size;
  const content = Buffer.allocUnsafe(contentBytes);
  content.set(agreed.clientRandom, 0);
  content.set(agreed.serverRandom, RANDOM_BYTES);
  content.set(bytes.subarray(from, end), 2 * RANDOM_BYTES);
  const signature = Buffer.allocUnsafe(to - signatureAt);
  signature.set(bytes.subarray(signatureAt, to));
  return hasScheme ? { scheme: u16(bytes, end), content, signature } : { content, signature };
}

/** Once for each: the connection that had it is over, and nobody needs it any longer than this turn. */
export function releaseProof({ content, signature }: Proof): void {
  heldBytes -= content.length + signature.length;
}

/** Why no ServerKeyExchange of this suite is signed; absent when one has to come. */
export function unsignedExchange(cipher: number): Unproved | undefined {
  const exchange = exchangeOf(cipher);
  // A temporary key is sent only where the certificate's own is too long to be exported.
  if (exchange === RSA_EXPORT) return "static-rsa";
  return typeof exchange === "string" ? exchange : undefined;
}

/** Beyond `to` when they do not fit. */
function endOfParameters(bytes: Uint8Array, from: number, to: number, exchange: Exchange): number {
  let at = from + exchange.headBytes;
  for (const lengthBytes of exchange.lengths) {
    const valueAt = at + lengthBytes;
    if (valueAt > to) return to + 1;
    at = valueAt + (lengthBytes === 1 ? bytes[at]! : u16(bytes, at));
  }
  return at;
}

function exchangeOf(cipher: number): Exchange | Unproved {
  const known = EXCHANGES.get(cipher);
  if (known !== undefined) return known;
  const suite = cipherSuiteName(cipher);
  const exchange = KINDS.find(([kind]) => kind.test(suite))?.[1] ?? "unknown-exchange";
  EXCHANGES.set(cipher, exchange);
  return exchange;
}

/** Signed parameters: some bytes, then values with lengths of one or two bytes before them. */
interface Exchange {
  readonly headBytes: number;
  readonly lengths: readonly (1 | 2)[];
}

const ECDHE: Exchange = { headBytes: 3, lengths: [1] };
const DHE: Exchange = { headBytes: 0, lengths: [2, 2, 2] };
const RSA_EXPORT: Exchange = { headBytes: 0, lengths: [2, 2] };
const SRP: Exchange = { headBytes: 0, lengths: [2, 2, 1, 2] };

/** By the names of suites; the first that fits. */
const KINDS: readonly (readonly [RegExp, Exchange | Unproved])[] = [
  [/_anon_/, "anonymous"],
  [/^TLS_((ECDHE|DHE|RSA)_)?PSK_/, "psk"],
  [/^TLS_ECDHE_(RSA|ECDSA)_/, ECDHE],
  [/^TLS_DHE_(RSA|DSS)_/, DHE],
  [/^TLS_RSA_EXPORT/, RSA_EXPORT],
  [/^TLS_SRP_SHA_(RSA|DSS)_/, SRP],
  [/^TLS_RSA_/, "static-rsa"],
  [/^TLS_(EC)?DH_/, "static-dh"],
];
/** By number: at most one for each of 65,536. */
const EXCHANGES = new Map<number, Exchange | Unproved>();

const NAMED_CURVE = 3;
const TLS_1_2 = 0x0303;
const DTLS_1_2 = 0xfefd;
const RANDOM_BYTES = 32;
/** Twice what a group of 8192 bits and a signature of as many take. */
const MESSAGE_BYTES_MAX = 8192;
/** Of all open connections: about 80,000 of them with keys of 2048 bits. */
const HELD_BYTES_MAX = 33_554_432;
let heldBytes = 0;
