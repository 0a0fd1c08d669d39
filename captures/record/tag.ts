/**
 * Puts VLAN tags into the frames of a capture, for kernels without VLAN devices.
 *
 *     before    target (6)  source (6)  type (2) ..
 *     after     target (6)  source (6)  tag (4) [tag (4)]  type (2) ..
 *
 * A tag is its own type (0x8100 for 802.1Q, 0x88a8 for 802.1ad), then priority and VLAN id. Takes the
 * files that tcpdump writes here: pcap, microseconds, little-endian, Ethernet.
 */
import { readFile, writeFile } from "node:fs/promises";

export interface Tag {
  readonly type: number;
  /** VLAN id, 1 to 4094. */
  readonly id: number;
}

/** Writes `kept` with `tags`, outermost first, in every frame of `captured`. */
export async function tag(captured: string, kept: string, tags: readonly Tag[]): Promise<void> {
  const input = await readFile(captured);
  if (input.readUInt32LE(0) !== MAGIC || input.readUInt32LE(20) !== ETHERNET) {
    throw new Error(`${captured}: expected a little-endian microsecond pcap of Ethernet`);
  }
  const added = Buffer.alloc(4 * tags.length);
  for (const [at, { type, id }] of tags.entries()) {
    added.writeUInt16BE(type, 4 * at);
    added.writeUInt16BE(id, 4 * at + 2);
  }
  const out = [input.subarray(0, FILE_HEADER_BYTES)];
  for (let at = FILE_HEADER_BYTES; at < input.length; ) {
    const header = Buffer.from(input.subarray(at, at + RECORD_HEADER_BYTES));
    const frame = at + RECORD_HEADER_BYTES;
    const end = frame + header.readUInt32LE(8);
    for (const length of [8, 12]) {
      header.writeUInt32LE(header.readUInt32LE(length) + added.length, length);
    }
    const addresses = frame + ADDRESSES_BYTES;
    out.push(header, input.subarray(frame, addresses), added, input.subarray(addresses, end));
    at = end;
  }
  await writeFile(kept, Buffer.concat(out));
}

export const DOT1Q = 0x8100;
export const DOT1AD = 0x88a8;

const MAGIC = 0xa1b2c3d4;
const ETHERNET = 1;
const FILE_HEADER_BYTES = 24;
const RECORD_HEADER_BYTES = 16;
/** Both hardware addresses. */
const ADDRESSES_BYTES = 12;
