/**
 * MACsec (IEEE 802.1AE-2018 §9.3): EtherType 0x88e5, and then the SecTAG.
 *
 *     | V ES SC SCB E C AN AN | 0 0 SL (6 bits) | packet number (4) | SCI (8, with SC) | data | ICV
 *
 * E says that the data is encrypted; with E and C both clear it can be read and is only authenticated.
 */
import { bigEndian32, type LinkEncryption, type Packet } from "./link-encryption.ts";

/** @param packet what follows EtherType 0x88e5 */
export function macsec({ bytes, from, to, cut }: Packet): LinkEncryption | undefined {
  if (to - from < TAG_BYTES) return undefined;
  const control = bytes[from]!;
  const shortBytes = bytes[from + 1]!;
  const sequence = bigEndian32(bytes, from + 2);
  const explicit = (control & SC) !== 0;
  if ((control & VERSION) !== 0 || shortBytes >= SHORT_BYTES_END || sequence === 0)
    return undefined;
  // An explicit identifier leaves nothing for the two other ways of telling the sender (§9.5).
  if (explicit && (control & (ES | SCB)) !== 0) return undefined;
  if (to - from + cut < TAG_BYTES + (explicit ? SCI_BYTES : 0) + ICV_BYTES) return undefined;
  return {
    by: "macsec",
    carries: (control & E) !== 0 ? "payload" : "clear",
    message: "macsec",
    index: control & ASSOCIATION,
    sequence,
  };
}

const VERSION = 0x80;
const ES = 0x40;
const SC = 0x20;
const SCB = 0x10;
const E = 0x08;
const ASSOCIATION = 0x03;

const TAG_BYTES = 6;
const SCI_BYTES = 8;
const ICV_BYTES = 16;
/** Data of 48 bytes and more has a short length of 0 (§9.7); the two bits above are reserved. */
const SHORT_BYTES_END = 48;
