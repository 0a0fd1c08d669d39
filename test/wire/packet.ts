/** What a capture file holds: one packet, as the test writers pass it on. */

export interface WirePacket {
  /** Integer microseconds since 1970. */
  readonly atUs: number;
  /** 0 to 999, on top of `atUs`; only files with nanoseconds can hold it. */
  readonly nanos?: number;
  /** From the link header on, as far as it was captured. */
  readonly bytes: Uint8Array;
  /** Length on the wire; `bytes.length` if absent. */
  readonly originalBytes?: number;
  /** pcapng: which interface of the section, 0 if absent. */
  readonly interfaceId?: number;
}

/** The packet as a capture with this snap length would hold it. */
export function snap(packet: WirePacket, snapBytes: number): WirePacket {
  return {
    ...packet,
    bytes: packet.bytes.subarray(0, snapBytes),
    originalBytes: packet.originalBytes ?? packet.bytes.length,
  };
}

/** 2026-11-20T00:00:00Z: where packet time begins unless a test says otherwise. */
export const EPOCH_US = 1_795_132_800_000_000;
