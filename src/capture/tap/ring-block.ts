/**
 * One block of an AF_PACKET ring of version 3 (<linux/if_packet.h>): packets, each behind its header.
 *
 *     block     version 4 | private 4 | status 4 | packets 4 | first 4 | bytes 4 | number 8 | times 16
 *     packet    next 4 | seconds 4 | nanoseconds 4 | captured 4 | length 4 | status 4 | link 2 | network 2
 *               hash 4 | tag 4 | tag type 2 | 10 more, then at 48 the sockaddr_ll:
 *               family 2 | protocol 2 | interface 4 | hardware 2 | kind 1 | address length 1 | address 8
 *
 * Sockets of kind DGRAM get packets without their link header, on any kind of link. So a cooked header
 * (LINKTYPE_LINUX_SLL2) is written in front of each, into room that was reserved for it in the ring
 * itself: nothing is copied and nothing allocated.
 */
import type { PacketSink } from "../packet-sink.ts";
import type { LiveClock } from "./live-clock.ts";

/** Room in front of each packet, for `PACKET_RESERVE`. */
export const COOKED_BYTES = 20;

/** Whether the block is ours to read: the kernel has filled it, or its time was up. */
export function isFilled(words: Int32Array, blockAt: number): boolean {
  return (Atomics.load(words, (blockAt + STATUS) >> 2) & TP_STATUS_USER) !== 0;
}

/** Whether packets found no room before this block, of which the counters have not told yet. */
export function hasLost(words: Int32Array, blockAt: number): boolean {
  return (Atomics.load(words, (blockAt + STATUS) >> 2) & TP_STATUS_LOSING) !== 0;
}

/** Gives it back. */
export function giveBack(words: Int32Array, blockAt: number): void {
  Atomics.store(words, (blockAt + STATUS) >> 2, TP_STATUS_KERNEL);
}

/**
 * Hands on a block's packets.
 *
 * @param blockAt where the block begins in `bytes`, and `blockBytes` how long it is
 * @param nowUs packet time of reading it
 * @returns how many packets there were; negative: the block cannot be right, and was left off there
 */
export function readBlock(
  bytes: Uint8Array,
  { blockAt, blockBytes, nowUs }: { blockAt: number; blockBytes: number; nowUs: number },
  { sink, clock }: { sink: PacketSink; clock: LiveClock },
): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset + blockAt, blockBytes);
  const packets = view.getUint32(PACKETS, true);
  let at = view.getUint32(FIRST, true);
  for (let read = 0; read < packets; read++) {
    if (at + LINK_ADDRESS + 20 > blockBytes) return -read - 1;
    const captured = view.getUint32(at + 12, true);
    const network = view.getUint16(at + 26, true);
    const from = at + network - COOKED_BYTES;
    if (network < LINK_ADDRESS + COOKED_BYTES || at + network + captured > blockBytes)
      return -read - 1;
    if (!isSecondSight(view, at)) {
      cook(bytes, blockAt + from, view, at);
      const seconds = view.getUint32(at + 4, true);
      const wallUs = seconds * 1e6 + Math.floor(view.getUint32(at + 8, true) / 1000);
      sink.clock[0] = clock.stamped(wallUs, nowUs);
      const original = view.getUint32(at + 16, true) + COOKED_BYTES;
      sink.packet(bytes, blockAt + from, captured + COOKED_BYTES, original, LINUX_COOKED_2);
    }
    const next = view.getUint32(at, true);
    if (next === 0 && read + 1 < packets) return -read - 1;
    at += next;
  }
  return packets;
}

/** Loopback shows each packet as it leaves and again as it comes: once is enough. */
function isSecondSight(view: DataView, at: number): boolean {
  const isLoopback = view.getUint16(at + LINK_ADDRESS + 8, true) === ARPHRD_LOOPBACK;
  return isLoopback && view.getUint8(at + LINK_ADDRESS + 10) === PACKET_OUTGOING;
}

/** protocol 2 | zero 2 | interface 4 | hardware 2 | kind 1 | address length 1 | address 8, big-endian. */
function cook(bytes: Uint8Array, to: number, view: DataView, at: number): void {
  const link = at + LINK_ADDRESS;
  bytes[to] = view.getUint8(link + 2);
  bytes[to + 1] = view.getUint8(link + 3);
  bytes[to + 2] = 0;
  bytes[to + 3] = 0;
  const index = view.getInt32(link + 4, true);
  bytes[to + 4] = index >>> 24;
  bytes[to + 5] = (index >>> 16) & 0xff;
  bytes[to + 6] = (index >>> 8) & 0xff;
  bytes[to + 7] = index & 0xff;
  bytes[to + 8] = view.getUint8(link + 9);
  bytes[to + 9] = view.getUint8(link + 8);
  bytes[to + 10] = view.getUint8(link + 10);
  bytes[to + 11] = view.getUint8(link + 11);
  for (let byte = 0; byte < 8; byte++) bytes[to + 12 + byte] = view.getUint8(link + 12 + byte);
}

const STATUS = 8;
const PACKETS = 12;
const FIRST = 16;
/** Of the sockaddr_ll, behind a packet's header. */
const LINK_ADDRESS = 48;
const TP_STATUS_KERNEL = 0;
const TP_STATUS_USER = 1;
const TP_STATUS_LOSING = 4;
const ARPHRD_LOOPBACK = 772;
const PACKET_OUTGOING = 4;
const LINUX_COOKED_2 = 276;
