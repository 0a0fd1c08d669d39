/**
 * The one way out of a cut workload: the sidecar's own connection to its agent or controller, where
 * that is not a Unix socket.
 *
 * It is bound to its destination **and** to the sidecar's cgroup: the workload, which has the same
 * address, has no part in it. A packet's socket is known only in inet hooks, and raw frames are seen
 * only in netdev's. So the inet rule, which knows destination and cgroup, marks the packet, and the
 * netdev rule wants that mark as well as the destination. The mark is random and told to no one.
 *
 * Somebody must say where the next hop is: ARP, or neighbour discovery, stays open with the channel,
 * at its exact length on the way out. A workload that may send raw frames can still tell a neighbour on
 * the segment what fits into one; without a channel there is no such gap.
 */
import { randomInt } from "node:crypto";
import { readFileSync, statSync } from "node:fs";
import { ipBytes } from "../../kernel/ip-bytes.ts";
import { u16be, u32le } from "../../kernel/netlink-message.ts";
import {
  accept,
  compare,
  counter,
  type Expression,
  meta,
  payload,
  setMark,
  socketCgroup,
} from "../../kernel/nft-expression.ts";

export interface Channel {
  readonly ip: string;
  /** Of TCP. */
  readonly port: number;
  /** A directory of the cgroup v2 file system; absent: the one that this process is in. */
  readonly cgroup?: string;
}

/** A channel as the rules need it. */
export interface OpenChannel {
  /** 4 or 16 bytes. */
  readonly address: Uint8Array;
  readonly port: number;
  /** The kernel's number of the cgroup. */
  readonly cgroup: bigint;
  /** How many levels below the root it lies, as this process sees the root. */
  readonly level: number;
  readonly mark: number;
}

/** Finds the channel's cgroup. Why it has none is said, and then there is no channel. */
export function openChannel({ ip, port, cgroup }: Channel): OpenChannel | { denied: string } {
  const address = ipBytes(ip);
  if (address === undefined) return { denied: `${ip} is no IP address` };
  if (!Number.isInteger(port) || port < 1 || port > 65535) return { denied: `port ${port}` };
  try {
    const root = cgroupRoot();
    if (root === undefined) return { denied: "no cgroup v2 file system is mounted" };
    const own = /^0::(?<path>\/.*)$/m.exec(readFileSync("/proc/self/cgroup", "utf8"))?.groups?.path;
    const path = cgroup ?? `${root}${own ?? ""}`.replace(/\/$/, "");
    if (path !== root && !path.startsWith(`${root}/`))
      return { denied: `${path} is not in ${root}` };
    const number = statSync(path, { bigint: true }).ino;
    // Everything is in the root: a channel of the root's would be the workload's too.
    if (number === ROOT_CGROUP) return { denied: "its cgroup is the root, which everything is in" };
    const level = path.slice(root.length).split("/").filter(Boolean).length;
    // 0 would let packets through in netdev hooks that no one has marked.
    return { address, port, cgroup: number, level, mark: randomInt(1, 2 ** 32) };
  } catch (error) {
    return { denied: `its cgroup cannot be read: ${(error as Error).message}` };
  }
}

/** What a cut lets out of local sockets. */
export function channelOut(channel: OpenChannel | undefined): Expression[][] {
  if (channel === undefined) return [];
  const bound = [...familyOf(channel), ...isAt(channel, "target"), ...isOurs(channel)];
  return [[...bound, setMark(channel.mark), accept], ...discovery(channel)];
}

/** What a cut lets in to local sockets. */
export function channelIn(channel: OpenChannel | undefined): Expression[][] {
  if (channel === undefined) return [];
  const bound = [...familyOf(channel), ...isAt(channel, "source"), ...isOurs(channel)];
  return [[...bound, accept], ...discovery(channel)];
}

/** What a cut lets out of interfaces. */
export function wireOut(channel: OpenChannel | undefined): Expression[][] {
  if (channel === undefined) return [];
  const own = [...protocolOf(channel), ...isAt(channel, "target")];
  const marked = [...own, meta("mark"), compare(u32le(channel.mark)), counter, accept];
  const lengths = channel.address.length === 4 ? ARP_LENGTHS : DISCOVERY_LENGTHS;
  const found = wireDiscovery(channel).flatMap((one) =>
    lengths.map((length) => [...one, meta("length"), compare(u32le(length)), counter, accept]),
  );
  return [marked, ...found];
}

/** What a cut lets in from interfaces. What comes in may be padded to any length. */
export function wireIn(channel: OpenChannel | undefined): Expression[][] {
  if (channel === undefined) return [];
  const own = [...protocolOf(channel), ...isAt(channel, "source"), accept];
  return [own, ...wireDiscovery(channel).map((one) => [...one, accept])];
}

/** Of which family a packet is, in inet hooks. */
export function isFamily(family: number): Expression[] {
  return [meta("family"), compare(Uint8Array.of(family))];
}

/** Of which protocol a frame is, as its sender has said and as its header says. */
export function isProtocol(ethertype: number): Expression[] {
  const bytes = u16be(ethertype);
  return [meta("protocol"), compare(bytes), payload("link", 12, 2), compare(bytes)];
}

function familyOf({ address }: OpenChannel): Expression[] {
  return isFamily(address.length === 4 ? NFPROTO.ipv4 : NFPROTO.ipv6);
}

function protocolOf({ address }: OpenChannel): Expression[] {
  return isProtocol(address.length === 4 ? ETHERTYPES.ipv4 : ETHERTYPES.ipv6);
}

function isAt({ address, port }: OpenChannel, end: "source" | "target"): Expression[] {
  const target = end === "target";
  const at = address.length === 4 ? (target ? 16 : 12) : target ? 24 : 8;
  return [
    payload("network", at, address.length),
    compare(address),
    meta("transport"),
    compare(Uint8Array.of(IPPROTO_TCP)),
    payload("transport", target ? 2 : 0, 2),
    compare(u16be(port)),
  ];
}

function isOurs({ cgroup, level }: OpenChannel): Expression[] {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigUint64(0, cgroup, true);
  return [socketCgroup(level), compare(bytes)];
}

/** Neighbour discovery in inet hooks; ARP passes none of them. */
function discovery({ address }: OpenChannel): Expression[][] {
  if (address.length === 4) return [];
  return isDiscovery().map((one) => [...isFamily(NFPROTO.ipv6), ...one, accept]);
}

function wireDiscovery({ address }: OpenChannel): Expression[][] {
  if (address.length === 4) return [isProtocol(ETHERTYPES.arp)];
  return isDiscovery().map((one) => [...isProtocol(ETHERTYPES.ipv6), ...one]);
}

/** Neighbour solicitation and advertisement, with the hop limit that no router lets by (RFC 4861). */
function isDiscovery(): Expression[][] {
  return [135, 136].map((type) => [
    payload("network", 7, 1),
    compare(Uint8Array.of(255)),
    meta("transport"),
    compare(Uint8Array.of(IPPROTO_ICMPV6)),
    payload("transport", 0, 1),
    compare(Uint8Array.of(type)),
  ]);
}

function cgroupRoot(): string | undefined {
  const mounts = readFileSync("/proc/self/mountinfo", "utf8");
  return /^(?:\S+ ){4}(?<at>\S+) .* - cgroup2 /m.exec(mounts)?.groups?.at;
}

export const ETHERTYPES = { ipv4: 0x0800, arp: 0x0806, ipv6: 0x86dd } as const;
/** From <linux/netfilter.h>. */
export const NFPROTO = { ipv4: 2, ipv6: 10 } as const;
const IPPROTO_TCP = 6;
const IPPROTO_ICMPV6 = 58;
const ROOT_CGROUP = 1n;
/** Ethernet header and ARP for IPv4. */
const ARP_LENGTHS = [14 + 28];
/** Ethernet and IPv6 headers, the message, with and without one link-layer address. */
const DISCOVERY_LENGTHS = [14 + 40 + 24, 14 + 40 + 24 + 8];
