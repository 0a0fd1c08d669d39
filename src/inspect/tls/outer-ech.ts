/**
 * encrypted_client_hello in the hello that everybody sees (RFC 9849 §5):
 *
 *     type 1 = outer | KDF 2 | AEAD 2 | config id 1 | enc 2 + n | payload 2 + n
 *
 * Clients that have no configuration send the same with random content (GREASE, §6.2), and are told to
 * choose what a real one could have. So nobody can call one real; what no key could ever open is not.
 */
import { u16 } from "./bytes.ts";

export interface OuterEch {
  readonly configId: number;
  /** Whether a server could open it, as far as its lengths and algorithms tell. */
  readonly plausible: boolean;
}

/** Reads the extension in [from, to), whose first byte says that it is the outer form. */
export function readOuterEch(bytes: Uint8Array, from: number, to: number): OuterEch {
  const encBytes = from + 8 <= to ? u16(bytes, from + 6) : -1;
  const payload = from + 8 + encBytes;
  const configId = from + 6 <= to ? bytes[from + 5]! : -1;
  if (encBytes < 0 || payload + 2 > to) return { configId, plausible: false };
  const payloadBytes = u16(bytes, payload);
  const plausible =
    payload + 2 + payloadBytes === to &&
    isHpke(u16(bytes, from + 1), u16(bytes, from + 3)) &&
    ENC_BYTES.has(encBytes) &&
    payloadBytes >= PAYLOAD_BYTES_MIN;
  return { configId, plausible };
}

/** Registered for HPKE (RFC 9180 §7.2, §7.3): HKDF with SHA-256, -384, -512; AES-GCM and ChaCha20. */
function isHpke(kdf: number, aead: number): boolean {
  return kdf >= 1 && kdf <= 3 && aead >= 1 && aead <= 3;
}

/**
 * Encapsulated keys of HPKE's KEMs (RFC 9180 §7.1): P-256, P-384, P-521, X25519, X448, and X-Wing; none
 * in the second hello behind a HelloRetryRequest (RFC 9849 §6.1.5).
 */
const ENC_BYTES = new Set([0, 65, 97, 133, 32, 56, 1120]);
/** A hello without anything, and the tag of the AEAD. */
const PAYLOAD_BYTES_MIN = 42 + 16;
