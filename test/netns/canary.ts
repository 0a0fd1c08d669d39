/**
 * Sends canaries out of the namespace it runs in, by every way that a program with CAP_NET_RAW has:
 * 16 bytes each way, told from the seed, in several packets. One line a way on standard output: how
 * many were handed to the kernel, or why there is no such way here.
 *
 *     node canary.ts SEED      ->  packet 10 | xdp 10 | raw4 refused EPERM | ...
 */
import { ipBytes } from "../../src/kernel/ip-bytes.ts";
import {
  AF_INET,
  AF_INET6,
  AF_PACKET,
  errnoName,
  interfaceIndex,
  SOCK_DGRAM,
  SOCK_RAW,
  sendto,
  setsockopt,
  socket,
} from "../../src/kernel/libc.ts";
import { canaryOf, PACKETS, WAYS, type Way } from "./canaries.ts";
import { PEER, WORKLOAD } from "./pair.ts";
import { openXdp } from "./xdp.ts";

function send(way: Way, canary: Uint8Array): string {
  const sender = open(way, canary);
  if (typeof sender === "number") return `unavailable ${errnoName(sender)}`;
  let sent = 0;
  let refused = 0;
  for (let i = 0; i < PACKETS; i++) {
    const answer = sender();
    if (answer >= 0) sent++;
    else refused = answer;
  }
  return refused === 0 ? String(sent) : `${sent} refused ${errnoName(refused)}`;
}

function open(way: Way, canary: Uint8Array): (() => number) | number {
  if (way === "xdp") return openXdp(frame(0x88b6, canary));
  const [family, type, protocol] = SOCKETS[way];
  const fd = socket(family, type, protocol);
  if (fd < 0) return fd;
  if (way === "qdisc-bypass") {
    const set = setsockopt(fd, SOL_PACKET, PACKET_QDISC_BYPASS, 1);
    if (set < 0) return set;
  }
  if (way === "marked") setsockopt(fd, 1, SO_MARK, 0x7fffffff);
  const bytes = bytesOf(way, canary);
  const port = way === "udp4" || way === "udp6" ? 9 : 0;
  const address = family === AF_PACKET ? link() : internet(port, family);
  return () => sendto(fd, bytes, 0, address);
}

function bytesOf(way: Way, canary: Uint8Array): Uint8Array {
  if (way === "arp") return frame(0x0806, canary);
  if (way === "packet" || way === "qdisc-bypass" || way === "marked") return frame(0x88b6, canary);
  if (way === "icmp4") return Uint8Array.of(8, 0, 0, 0, 0, 1, 0, 1, ...canary);
  if (way === "icmp6") return Uint8Array.of(128, 0, 0, 0, 0, 1, 0, 1, ...canary);
  if (way !== "raw4") return canary;
  // An IPv4 header of our own (RFC 3692 gives protocol 253 to experiments); the kernel adds the sum.
  const header = [0x45, 0, 0, 20 + canary.length, 0, 0, 0, 0, 64, 253, 0, 0];
  return Uint8Array.from([
    ...header,
    ...ipBytes(WORKLOAD.ipv4)!,
    ...ipBytes(PEER.ipv4)!,
    ...canary,
  ]);
}

function frame(ethertype: number, canary: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(60);
  bytes.fill(0xff, 0, 6);
  bytes.set([2, 0, 0, 0, 0, 1], 6);
  new DataView(bytes.buffer).setUint16(12, ethertype);
  bytes.set(canary, 14);
  return bytes;
}

/** `struct sockaddr_ll` of eth0. */
function link(): Uint8Array {
  const address = new Uint8Array(20);
  const view = new DataView(address.buffer);
  view.setUint16(0, AF_PACKET, true);
  view.setInt32(4, interfaceIndex("eth0"), true);
  address[11] = 6;
  return address;
}

/** `struct sockaddr_in` or `sockaddr_in6` of the peer. */
function internet(port: number, family: number): Uint8Array {
  const address = new Uint8Array(family === AF_INET ? 16 : 28);
  const view = new DataView(address.buffer);
  view.setUint16(0, family, true);
  view.setUint16(2, port);
  address.set(ipBytes(family === AF_INET ? PEER.ipv4 : PEER.ipv6)!, family === AF_INET ? 4 : 8);
  return address;
}

/** Family, type and protocol of each way's socket. */
const SOCKETS: Readonly<Record<Exclude<Way, "xdp">, readonly [number, number, number]>> = {
  packet: [AF_PACKET, SOCK_RAW, 0],
  "qdisc-bypass": [AF_PACKET, SOCK_RAW, 0],
  marked: [AF_PACKET, SOCK_RAW, 0],
  arp: [AF_PACKET, SOCK_RAW, 0],
  raw4: [AF_INET, SOCK_RAW, 255],
  raw6: [AF_INET6, SOCK_RAW, 253],
  icmp4: [AF_INET, SOCK_RAW, 1],
  icmp6: [AF_INET6, SOCK_RAW, 58],
  udp4: [AF_INET, SOCK_DGRAM, 0],
  udp6: [AF_INET6, SOCK_DGRAM, 0],
};
const SOL_PACKET = 263;
const PACKET_QDISC_BYPASS = 20;
const SO_MARK = 36;

const seed = process.argv[2] ?? "";
for (const way of WAYS) process.stdout.write(`${way} ${send(way, canaryOf(seed, way))}\n`);
