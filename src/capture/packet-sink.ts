/**
 * What a capture format hands on, a packet at a time. Millions a second: numbers only, and the
 * bytes are lent, as [offset, offset + captured) of a buffer that is overwritten later.
 */
export interface PacketSink {
  /**
   * @param captured bytes that the file holds of this packet
   * @param original bytes the packet had on the wire
   * @param link LINKTYPE_ value of the interface
   */
  packet(bytes: Uint8Array, offset: number, captured: number, original: number, link: number): void;
  /**
   * A Decryption Secrets Block, which stands before the packets that need it. Lent as packets are.
   *
   * @param type as in the block: `TLS_KEY_LOG`
   */
  secrets?(type: number, bytes: Uint8Array): void;
  /**
   * [0] is set before each `packet`: integer microseconds since 1970; finer clocks are cut off,
   * not rounded. In an array, because a double as an argument may cost an allocation.
   */
  readonly clock: Float64Array;
}

/** A capture format's reader: give it bytes, it takes whole records and says where it stopped. */
export interface CaptureFormat {
  /**
   * Reads the whole records in [from, to) and returns the offset of the first byte it has not
   * taken: the caller keeps those and gives them again in front of what comes next.
   *
   * @param fileOffset where `from` stands in the file, for messages
   */
  read(bytes: Uint8Array, from: number, to: number, fileOffset: number): number;
  /** Set once nothing further can be read: the file is damaged from here on. */
  readonly damage: Damage | undefined;
  /** The input ended and `left` bytes were not taken. Says what is missing, if anything is. */
  end(left: number, fileOffset: number): Damage | undefined;
}

export interface Damage {
  readonly atByte: number;
  /** What was found and what was expected. */
  readonly reason: string;
}

/** The longest packet that libpcap writes (MAXIMUM_SNAPLEN), and so the longest that is believed. */
export const CAPTURED_BYTES_MAX = 262_144;
