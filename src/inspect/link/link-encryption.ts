/** What a packet says of the encryption below the transport layer that it belongs to. */
export interface LinkEncryption {
  /** As `expect: encryption: by:` of the policy names it; `openvpn` is not among those. */
  readonly by: "ipsec" | "wireguard" | "macsec" | "openvpn";
  /**
   * - `keys`: keys are agreed on; without payload that follows, nothing is carried yet.
   * - `payload`: encrypted payload.
   * - `clear`: what it carries is authenticated and can be read (AH, MACsec without its E bit).
   */
  readonly carries: "keys" | "payload" | "clear";
  /** The message's name in its RFC or protocol document, as `esp` or `handshake-initiation`. */
  readonly message: string;
  /**
   * Which of a peer's tunnels: the SPI of ESP and AH, WireGuard's receiver index (of an initiation, its
   * sender's), MACsec's association number. An unsigned 32-bit number; absent where there is none.
   */
  readonly index?: number;
  /** ESP's, AH's and MACsec's sequence or packet number. An unsigned 32-bit number. */
  readonly sequence?: number;
}

/** Captured bytes [from, to) of a packet of which `cut` more were sent and not captured. */
export interface Packet {
  readonly bytes: Uint8Array;
  readonly from: number;
  readonly to: number;
  readonly cut: number;
}

export function bigEndian32(bytes: Uint8Array, at: number): number {
  return (
    ((bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!) >>> 0
  );
}

export function littleEndian32(bytes: Uint8Array, at: number): number {
  return (
    ((bytes[at + 3]! << 24) | (bytes[at + 2]! << 16) | (bytes[at + 1]! << 8) | bytes[at]!) >>> 0
  );
}
