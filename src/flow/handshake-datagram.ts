/**
 * Which datagrams of a conversation whose inspector wants `records` are told all the same.
 *
 *     22           a DTLS handshake record
 *     192 to 255   a long header of QUIC (RFC 8999 §5.1), its fixed bit set as a client's first must be
 *
 * Bulk QUIC (64 to 127), bulk DTLS (23, 32 to 63) and media (RTP, 128 to 191) are neither.
 */
export function mayBeginHandshake(first: number): boolean {
  return first >= QUIC_LONG || first === DTLS_HANDSHAKE;
}

const DTLS_HANDSHAKE = 22;
/** Form and fixed bit. */
const QUIC_LONG = 192;
