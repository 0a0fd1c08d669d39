/**
 * OpenVPN (draft-openvpn-openvpn-wire-format): a datagram, or over TCP a message behind its length.
 *
 *     | opcode (5 bits), key (3 bits) | session (8) | [tls-auth or tls-crypt] | acknowledged | packet ...
 *
 * Control messages carry a TLS handshake of their own, in pieces; data is encrypted with what it agreed on,
 * unless the `none` cipher was chosen, which its header does not tell.
 */
import { bigEndian32, type LinkEncryption, type Packet } from "./link-encryption.ts";

/** @param packet a UDP payload, or what follows the two bytes of length over TCP */
export function openvpn({ bytes, from, to, cut }: Packet): LinkEncryption | undefined {
  if (to - from < 1) return undefined;
  const kind = KINDS[bytes[from]! >> 3];
  if (kind === undefined) return undefined;
  const length = to - from + cut;
  if (length < kind.bytesMin || length > kind.bytesMax) return undefined;
  // A first key has number 0, and only resets begin one anew.
  if (kind.resets && (bytes[from]! & KEY) !== 0) return undefined;
  if (kind.resets && sessionOf({ bytes, from, to, cut }) === undefined) return undefined;
  return { by: "openvpn", carries: kind.carries, message: kind.message };
}

/** The sender's session, as a number to compare; of control messages only. */
export function sessionOf({ bytes, from, to }: Packet): number | undefined {
  if (to - from < 1 + SESSION_BYTES) return undefined;
  let session = 0;
  // 48 bits of 64 are as good as all, and exact in a number.
  for (let at = from + 1; at < from + 7; at++) session = session * 256 + bytes[at]!;
  return session === 0 ? undefined : session;
}

/** Whether a datagram quotes the other side's session, as an acknowledgement that can be read does. */
export function quotes({ bytes, from, to }: Packet, session: number): boolean {
  const end = Math.min(to, from + QUOTE_OFFSET_MAX);
  for (let at = from + 1 + SESSION_BYTES; at + SESSION_BYTES <= end; at++) {
    let found = 0;
    for (let next = at; next < at + 6; next++) found = found * 256 + bytes[next]!;
    if (found === session) return true;
  }
  return false;
}

/**
 * The sender's time behind session and packet number, in seconds since 1970, where tls-crypt hides what
 * follows. Without tls-crypt these are other bytes.
 */
export function timeOf({ bytes, from, to }: Packet): number | undefined {
  return to - from < TIME_AT + 4 ? undefined : bigEndian32(bytes, from + TIME_AT);
}

interface Kind {
  readonly message: string;
  readonly carries: "keys" | "payload";
  readonly resets?: boolean;
  readonly bytesMin: number;
  readonly bytesMax: number;
}

const KEY = 0x07;
const SESSION_BYTES = 8;
const TIME_AT = 1 + SESSION_BYTES + 4;
/** Behind the session: an HMAC of at most 64 bytes, 8 of replay protection, 1 of count, 8 numbers. */
const QUOTE_OFFSET_MAX = 1 + 8 + 64 + 8 + 1 + 32 + 8;
/** Opcode, session, no acknowledgement, packet number. */
const RESET_BYTES_MIN = 14;
/** A reset has no payload but, in version 3, a wrapped client key of at most a kilobyte. */
const RESET_BYTES_MAX = 14 + 64 + 8 + 40;
const RESET_KEY_BYTES_MAX = RESET_BYTES_MAX + 1_024;
const ACK_BYTES_MIN = 22;
const DATAGRAM_BYTES_MAX = 65_535;
/** Opcode, peer, packet number, and the shortest authentication tag. */
const DATA_BYTES_MIN = 16;

/** By opcode. */
const KINDS: Record<number, Kind> = {
  4: control("control-v1", DATAGRAM_BYTES_MAX),
  5: { message: "ack-v1", carries: "keys", bytesMin: ACK_BYTES_MIN, bytesMax: 256 },
  6: data("data-v1"),
  7: { ...control("hard-reset-client-v2", RESET_BYTES_MAX), resets: true },
  8: { ...control("hard-reset-server-v2", RESET_BYTES_MAX), resets: true },
  9: data("data-v2"),
  10: { ...control("hard-reset-client-v3", RESET_KEY_BYTES_MAX), resets: true },
  11: control("control-wkc-v1", DATAGRAM_BYTES_MAX),
};

function control(message: string, bytesMax: number): Kind {
  return { message, carries: "keys", bytesMin: RESET_BYTES_MIN, bytesMax };
}

function data(message: string): Kind {
  return { message, carries: "payload", bytesMin: DATA_BYTES_MIN, bytesMax: DATAGRAM_BYTES_MAX };
}
