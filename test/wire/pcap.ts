/**
 * Writes classic pcap files: 24 bytes of header, then 16 bytes before each packet
 * (draft-ietf-opsawg-pcap).
 */
import { concat, type Endian, uint } from "./bytes.ts";
import { LINK } from "./link.ts";
import type { WirePacket } from "./packet.ts";

export interface PcapShape {
  readonly endian?: Endian;
  readonly nanoseconds?: boolean;
  /** LINKTYPE_ number, Ethernet if absent. */
  readonly linkType?: number;
  readonly snapBytes?: number;
}

/** A whole file. */
export function pcap(packets: readonly WirePacket[], shape: PcapShape = {}): Uint8Array {
  return concat(pcapHeader(shape), ...packets.map((packet) => pcapRecord(packet, shape)));
}

export function pcapHeader(shape: PcapShape = {}): Uint8Array {
  const { endian = "little", nanoseconds = false, linkType = LINK.ethernet } = shape;
  return concat(
    uint(nanoseconds ? MAGIC_NANOSECONDS : MAGIC_MICROSECONDS, 4, endian),
    uint(2, 2, endian),
    uint(4, 2, endian),
    uint(0, 8, endian),
    uint(shape.snapBytes ?? 262_144, 4, endian),
    uint(linkType, 4, endian),
  );
}

export function pcapRecord(packet: WirePacket, shape: PcapShape = {}): Uint8Array {
  const { endian = "little", nanoseconds = false } = shape;
  const micros = packet.atUs % 1_000_000;
  const fraction = nanoseconds ? micros * 1000 + (packet.nanos ?? 0) : micros;
  return concat(
    uint(Math.floor(packet.atUs / 1_000_000), 4, endian),
    uint(fraction, 4, endian),
    uint(packet.bytes.length, 4, endian),
    uint(packet.originalBytes ?? packet.bytes.length, 4, endian),
    packet.bytes,
  );
}

const MAGIC_MICROSECONDS = 0xa1b2c3d4;
const MAGIC_NANOSECONDS = 0xa1b23c4d;
