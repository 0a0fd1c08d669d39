/**
 * SSL 2.0 (the Netscape specification of 1995): only its two hellos, which are in clear. What follows
 * them is never read.
 *
 *     message  1 length 15 bits | type 1 | ...
 */
import { u16 } from "./bytes.ts";

export interface V2ServerHello {
  /** X.509, DER. */
  readonly certificate: Uint8Array | undefined;
}

/** What the first six bytes of a direction announce, if it is one of the two hellos. */
export function v2Kind(bytes: Uint8Array, at: number): "client-hello" | "server-hello" | undefined {
  if ((bytes[at]! & 0x80) === 0) return undefined;
  const length = u16(bytes, at) & 0x7fff;
  const version = u16(bytes, at + 3);
  const known = version === 0x0002 || (version >= 0x0300 && version <= 0x0303);
  if (bytes[at + 2] === 1 && known && length >= 9 + 3) return "client-hello";
  const hit = bytes[at + 3]! <= 1 && bytes[at + 4]! <= 1 && bytes[at + 5] === 0;
  return bytes[at + 2] === 4 && hit && length >= 11 ? "server-hello" : undefined;
}

/** Length of the message that begins here, its two header bytes included. */
export function v2MessageBytes(bytes: Uint8Array, at: number): number {
  return 2 + (u16(bytes, at) & 0x7fff);
}

/** A SERVER-HELLO with its header. Text says why it cannot be right. */
export function readV2ServerHello(bytes: Uint8Array): V2ServerHello | string {
  if (bytes.length < 13) return `SSLv2 server hello of ${bytes.length} bytes, expected at least 13`;
  const certificateBytes = u16(bytes, 7);
  const specBytes = u16(bytes, 9);
  const idBytes = u16(bytes, 11);
  const whole = 13 + certificateBytes + specBytes + idBytes;
  if (whole !== bytes.length) {
    return `SSLv2 server hello of ${bytes.length} bytes, whose parts are ${whole}`;
  }
  const x509 = bytes[4] === 1 && certificateBytes > 0;
  return { certificate: x509 ? bytes.slice(13, 13 + certificateBytes) : undefined };
}
