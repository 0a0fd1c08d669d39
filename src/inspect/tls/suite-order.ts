/**
 * How a client orders its cipher suites. Libraries that ask the processor put AES-GCM first where it has
 * instructions for it and ChaCha20 first where it has not: Go's crypto/tls and BoringSSL do, OpenSSL,
 * GnuTLS and the JDK have one order for all.
 *
 * JA4 sorts the list and cannot tell; JA3 keeps the order and hides it in a hash.
 */
import type { SuiteFamily, SuiteOrder } from "../observation.ts";

/**
 * @param ciphers IANA numbers in the order of the hello, without GREASE
 * @param set the same for every order of them
 */
export function suiteOrderOf(ciphers: readonly number[], set: string): SuiteOrder {
  const tls13 = firstOf(ciphers, AES_13, CHACHA_13);
  const tls12 = firstOf(ciphers, AES_12, CHACHA_12);
  return {
    ...(tls13 !== undefined && { tls13 }),
    ...(tls12 !== undefined && { tls12 }),
    aead: ciphers.some(isAead),
    set,
  };
}

function firstOf(
  ciphers: readonly number[],
  aes: ReadonlySet<number>,
  chacha: ReadonlySet<number>,
): SuiteFamily | undefined {
  const aesAt = ciphers.findIndex((one) => aes.has(one));
  const chachaAt = ciphers.findIndex((one) => chacha.has(one));
  if (aesAt < 0 || chachaAt < 0) return undefined;
  return aesAt < chachaAt ? "aes-gcm" : "chacha20";
}

/** GCM, CCM and ChaCha20-Poly1305, as IANA has numbered them. */
function isAead(cipher: number): boolean {
  return (
    (cipher >= 0x1301 && cipher <= 0x1305) ||
    (cipher >= 0x009c && cipher <= 0x00ad) ||
    (cipher >= 0xc02b && cipher <= 0xc032) ||
    (cipher >= 0xc09c && cipher <= 0xc0af) ||
    (cipher >= 0xcca8 && cipher <= 0xccae) ||
    (cipher >= 0xd001 && cipher <= 0xd005)
  );
}

const AES_13 = new Set([0x1301, 0x1302]);
const CHACHA_13 = new Set([0x1303]);
/** ECDHE with AES-GCM, and with ChaCha20-Poly1305 (RFC 5289, RFC 7905). */
const AES_12 = new Set([0xc02b, 0xc02c, 0xc02f, 0xc030]);
const CHACHA_12 = new Set([0xcca8, 0xcca9]);
