/**
 * IKE: the key exchange of IPsec, version 2 (RFC 7296 §3.1) and version 1 (RFC 2408 §3.1), over UDP.
 *
 *     | initiator SPI (8) | responder SPI (8) | next | version | exchange | flags |
 *     | message (4) | length (4) | payloads
 *
 * On port 4500 four zero bytes stand before it, where ESP has its SPI, which is never zero (RFC 3948 §2.2).
 */
import { bigEndian32, type LinkEncryption, type Packet } from "./link-encryption.ts";

/** @param packet a UDP payload, with the marker of four zeros or without */
export function ike(packet: Packet): LinkEncryption | undefined {
  const { bytes, to, cut } = packet;
  const hasMarker = packet.to - packet.from >= 4 && bigEndian32(bytes, packet.from) === 0;
  const from = packet.from + (hasMarker ? 4 : 0);
  if (to - from < HEADER_BYTES || isZero(bytes, from, from + 8)) return undefined;
  const version = bytes[from + 17]! >> 4;
  const exchanges = EXCHANGES[version];
  if (exchanges === undefined) return undefined;
  const message = exchanges.get(bytes[from + 18]!);
  if (message === undefined || !isPayload(version, bytes[from + 16]!)) return undefined;
  if ((bytes[from + 19]! & ~FLAGS[version]!) !== 0) return undefined;
  if (bigEndian32(bytes, from + 24) !== to + cut - from) return undefined;
  return { by: "ipsec", carries: "keys", message };
}

/** Of the first payload: none, those of the RFCs and IANA's registries, and private ones in version 1. */
function isPayload(version: number, next: number): boolean {
  if (version === 2) return next === 0 || (next >= 33 && next <= 54);
  return next <= 21 || (next >= 128 && next <= 132);
}

function isZero(bytes: Uint8Array, from: number, to: number): boolean {
  for (let at = from; at < to; at++) if (bytes[at] !== 0) return false;
  return true;
}

const HEADER_BYTES = 28;

/** By major version: IANA's exchange types. */
const EXCHANGES: Record<number, ReadonlyMap<number, string>> = {
  1: new Map([
    [1, "base"],
    [2, "identity-protection"],
    [3, "authentication-only"],
    [4, "aggressive"],
    [5, "informational"],
    [6, "transaction"],
    [32, "quick-mode"],
    [33, "new-group-mode"],
  ]),
  2: new Map([
    [34, "ike-sa-init"],
    [35, "ike-auth"],
    [36, "create-child-sa"],
    [37, "informational"],
    [38, "ike-session-resume"],
    [39, "gsa-auth"],
    [40, "gsa-registration"],
    [41, "gsa-rekey"],
    [43, "ike-intermediate"],
    [44, "ike-followup-ke"],
  ]),
};

/** The flags that each version defines: encryption, commit, authentication only; response, version, initiator. */
const FLAGS: Record<number, number> = { 1: 0x07, 2: 0x38 };
