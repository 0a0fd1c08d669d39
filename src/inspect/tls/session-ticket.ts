/** Session tickets to TLS 1.2 (RFC 5077 §3.3): opaque bytes that a server gives and a client returns. */
import { hash } from "node:crypto";
import { latin1, u16 } from "./bytes.ts";

/** The same text for the same ticket: its bytes, or a hash of those that are many. */
export function ticketIdOf(bytes: Uint8Array, from: number, to: number): string {
  const short = to - from <= ID_BYTES_MAX;
  return short ? latin1(bytes, from, to) : hash("sha256", bytes.subarray(from, to), "base64");
}

/** Of a NewSessionTicket message in [from, to): lifetime 4 | ticket 2 + n. Absent: none, or malformed. */
export function readSessionTicket(bytes: Uint8Array, from: number, to: number): string | undefined {
  if (to - from <= 6 || from + 6 + u16(bytes, from + 4) !== to) return undefined;
  return ticketIdOf(bytes, from + 6, to);
}

/** OpenSSL's have 160 to 208 bytes. With a client's certificate inside they have thousands. */
const ID_BYTES_MAX = 256;
