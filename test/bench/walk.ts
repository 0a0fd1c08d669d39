/**
 * A classic little-endian pcap file, walked record by record and no deeper: the bench's own count,
 * independent of the engine that is measured against it.
 *
 *     file header 24 bytes | seconds 4, fraction 4, captured 4, original 4 | captured bytes | ...
 */
import { closeSync, openSync, readSync } from "node:fs";

export interface Walked {
  readonly packets: number;
  readonly bytes: number;
  /** Length of the longest captured frame, in bytes. */
  readonly longest: number;
  /** For each of the counts asked for: where in the file that packet's record begins. */
  readonly offsets: readonly number[];
}

/**
 * Counts the records of `file`, and calls `frame` (if given) with each, in a buffer that is reused.
 * `at` are packet numbers from 0, ascending. Throws on a file that is not such a pcap, or is cut.
 */
export function walk(
  file: string,
  at: readonly number[] = [],
  frame?: (bytes: Buffer, from: number, to: number) => void,
): Walked {
  const input = openSync(file, "r");
  const chunk = Buffer.alloc(CHUNK_BYTES);
  const offsets: number[] = [];
  let [packets, longest, fileOffset, from, filled] = [0, 0, 0, 0, 0];

  /** Makes `count` bytes stand at `from`, or says that the file has no more. */
  const have = (count: number): boolean => {
    if (filled - from >= count) return true;
    chunk.copy(chunk, 0, from, filled);
    filled -= from;
    from = 0;
    while (filled < count) {
      const got = readSync(input, chunk, filled, chunk.length - filled, null);
      if (got === 0) return false;
      filled += got;
    }
    return true;
  };

  try {
    if (!have(FILE_HEADER_BYTES) || chunk.readUInt32LE(0) !== MAGIC_MICROSECONDS) {
      throw new Error(`${file}: not a little-endian microsecond pcap`);
    }
    from = fileOffset = FILE_HEADER_BYTES;
    while (have(RECORD_HEADER_BYTES)) {
      const length = RECORD_HEADER_BYTES + chunk.readUInt32LE(from + 8);
      if (length > CHUNK_BYTES || !have(length)) throw new Error(`${file}: cut at ${fileOffset}`);
      if (packets === at[offsets.length]) offsets.push(fileOffset);
      longest = Math.max(longest, length - RECORD_HEADER_BYTES);
      frame?.(chunk, from + RECORD_HEADER_BYTES, from + length);
      packets++;
      from += length;
      fileOffset += length;
    }
    if (from !== filled) throw new Error(`${file}: cut at ${fileOffset}`);
    return { packets, bytes: fileOffset, longest, offsets };
  } finally {
    closeSync(input);
  }
}

const CHUNK_BYTES = 1 << 20;
export const FILE_HEADER_BYTES = 24;
export const RECORD_HEADER_BYTES = 16;
export const MAGIC_MICROSECONDS = 0xa1b2c3d4;
