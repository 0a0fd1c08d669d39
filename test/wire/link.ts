/** Link headers around an IP packet. The payload's first nibble says whether it is IPv4 or IPv6. */
import { concat, type Endian, hex, uint } from "./bytes.ts";

/** Puts one link header in front of one IP packet. */
export type Framer = (packet: Uint8Array) => Uint8Array;

export interface VlanTag {
  readonly id: number;
  /** 0x8100 (802.1Q) if absent; 0x88a8 (802.1ad) for the outer tag of QinQ. */
  readonly tpid?: number;
}

/** Ethernet II, with any number of VLAN tags, outermost first. */
export function ethernet(
  packet: Uint8Array,
  shape: { vlans?: readonly VlanTag[]; etherType?: number; padTo?: number } = {},
): Uint8Array {
  const tags = (shape.vlans ?? []).map(({ id, tpid = 0x8100 }) =>
    concat(uint(tpid, 2), uint(id, 2)),
  );
  const type = uint(shape.etherType ?? etherTypeOf(packet), 2);
  const frame = concat(hex("02005e000002 02005e000001"), ...tags, type, packet);
  const missing = Math.max(0, (shape.padTo ?? 0) - frame.length);
  return concat(frame, new Uint8Array(missing));
}

/** Linux cooked v1 (LINKTYPE_LINUX_SLL). */
export function sll(packet: Uint8Array): Uint8Array {
  return concat(hex("0004 0001 0006 02005e0000010000"), uint(etherTypeOf(packet), 2), packet);
}

/** Linux cooked v2 (LINKTYPE_LINUX_SLL2): the protocol comes first. */
export function sll2(packet: Uint8Array): Uint8Array {
  const rest = hex("0000 00000002 0001 04 06 02005e0000010000");
  return concat(uint(etherTypeOf(packet), 2), rest, packet);
}

/** Raw IP has no header. */
export function raw(packet: Uint8Array): Uint8Array {
  return packet;
}

/** BSD loopback: the address family in the writing host's own byte order. */
export function loopback(packet: Uint8Array, endian: Endian = "little", inet6 = 30): Uint8Array {
  return concat(uint(isIpv6(packet) ? inet6 : 2, 4, endian), packet);
}

/** OpenBSD loopback (LINKTYPE_LOOP): the same in network byte order. */
export function loop(packet: Uint8Array): Uint8Array {
  return loopback(packet, "big", 24);
}

function etherTypeOf(packet: Uint8Array): number {
  return isIpv6(packet) ? 0x86dd : 0x0800;
}

function isIpv6(packet: Uint8Array): boolean {
  return packet[0]! >> 4 === 6;
}

/** LINKTYPE_ numbers (tcpdump.org/linktypes.html). */
export const LINK = {
  null: 0,
  ethernet: 1,
  raw: 101,
  loop: 108,
  sll: 113,
  ipv4: 228,
  ipv6: 229,
  sll2: 276,
} as const;
