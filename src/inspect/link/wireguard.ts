/**
 * WireGuard's four messages, each a UDP datagram (WireGuard's white paper, §5.4).
 *
 *     handshake-initiation  1 | 0 0 0 | sender (4) | ephemeral, static, timestamp, MACs      148 bytes
 *     handshake-response    2 | 0 0 0 | sender (4) | receiver (4) | ephemeral, nothing, MACs   92
 *     cookie-reply          3 | 0 0 0 | receiver (4) | nonce (24) | cookie (32)                64
 *     transport-data        4 | 0 0 0 | receiver (4) | counter (8) | packet, padded to 16     >= 32
 *
 * Numbers are little-endian. One datagram may look like it by chance; whoever decides wants two that fit
 * each other (LinkFlow).
 */
import { type LinkEncryption, littleEndian32, type Packet } from "./link-encryption.ts";

/** @param packet a UDP payload */
export function wireguard({ bytes, from, to, cut }: Packet): LinkEncryption | undefined {
  const length = to - from + cut;
  if (to - from < HEADER_BYTES) return undefined;
  if ((bytes[from + 1]! | bytes[from + 2]! | bytes[from + 3]!) !== 0) return undefined;
  const by = "wireguard";
  const carries = "keys";
  const index = littleEndian32(bytes, from + 4);
  switch (bytes[from]) {
    case 1:
      if (length !== INITIATION_BYTES) return undefined;
      return { by, carries, message: "handshake-initiation", index };
    case 2:
      if (length !== RESPONSE_BYTES) return undefined;
      return {
        by,
        carries,
        message: "handshake-response",
        index: littleEndian32(bytes, from + 8),
      };
    case 3:
      if (length !== COOKIE_BYTES) return undefined;
      return { by, carries, message: "cookie-reply", index };
    case 4:
      if (length < DATA_BYTES_MIN || length % PADDING_BYTES !== 0) return undefined;
      // No key outlives 2^60 messages (§6.1), and none that was captured has seen 2^40.
      if ((bytes[from + 13]! | bytes[from + 14]! | bytes[from + 15]!) !== 0) return undefined;
      // An empty one is a keepalive, and says that the tunnel is up.
      return { by, carries: "payload", message: "transport-data", index };
  }
  return undefined;
}

/** As far as this reads. */
const HEADER_BYTES = 16;
const INITIATION_BYTES = 148;
const RESPONSE_BYTES = 92;
const COOKIE_BYTES = 64;
/** Header and the authentication tag of an empty packet. */
const DATA_BYTES_MIN = 32;
const PADDING_BYTES = 16;
