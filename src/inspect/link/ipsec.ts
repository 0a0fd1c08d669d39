/**
 * IPsec's two protocols above IP: ESP (RFC 4303 §2, IP protocol 50) and AH (RFC 4302 §2, 51).
 *
 *     ESP  | SPI (4) | sequence (4) | encrypted: IV, payload, padding | check value |
 *     AH   | next | length | 0 0 | SPI (4) | sequence (4) | check value | payload in clear
 *
 * That ESP encrypts is taken on trust: with the NULL cipher (RFC 2410) its header is the same, and only
 * what stands behind it would tell (RFC 5879). AH encrypts nothing. SPI 0 is never sent; those up to 255 are
 * reserved (RFC 4303 §2.1), and hand-made configurations use them all the same.
 */
import { bigEndian32, type LinkEncryption, type Packet } from "./link-encryption.ts";

/** @param packet what follows the IP header, or the UDP header of an encapsulated one (RFC 3948) */
export function esp({ bytes, from, to, cut }: Packet): LinkEncryption | undefined {
  if (to - from < HEADER_BYTES || to - from + cut < ESP_BYTES_MIN) return undefined;
  const index = bigEndian32(bytes, from);
  if (index === 0) return undefined;
  const sequence = bigEndian32(bytes, from + 4);
  return { by: "ipsec", carries: "payload", message: "esp", index, sequence };
}

/** @param packet what follows the IP header */
export function ah({ bytes, from, to }: Packet): LinkEncryption | undefined {
  if (to - from < AH_BYTES_MIN) return undefined;
  const headerBytes = (bytes[from + 1]! + 2) * 4;
  const reserved = (bytes[from + 2]! << 8) | bytes[from + 3]!;
  const index = bigEndian32(bytes, from + 4);
  if (headerBytes < AH_BYTES_MIN || reserved !== 0 || index === 0) return undefined;
  return {
    by: "ipsec",
    carries: "clear",
    message: "ah",
    index,
    sequence: bigEndian32(bytes, from + 8),
  };
}

const HEADER_BYTES = 8;
/** The header, two bytes of padding length and next header, and those are padded to a multiple of 4. */
const ESP_BYTES_MIN = 12;
const AH_BYTES_MIN = 12;
