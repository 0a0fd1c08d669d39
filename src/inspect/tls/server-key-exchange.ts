/**
 * ServerKeyExchange to TLS 1.2: only the group of an elliptic curve exchange (RFC 8422 §5.4).
 *
 *     [identity hint 2 + n]  curve type 1 = 3 | group 2 | point 1 + n | ...
 *
 * The message does not say which exchange it belongs to: the cipher suite does. A Diffie-Hellman prime of
 * 6144 bits begins with the byte 3 as well (its length is 768), and a PSK suite puts a hint in front.
 */
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

const NAMED_CURVE = 3;
