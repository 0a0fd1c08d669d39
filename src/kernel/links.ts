/**
 * The network interfaces of this namespace: which there are, what they sent, and their way down and
 * up again.
 *
 * Taking a link down makes the kernel forget its routes, and its IPv6 addresses. `settingsOf` keeps
 * them, as the very messages that the kernel listed them in, and `restore` sends those back.
 */
import {
  type Answer,
  type NetlinkSocket,
  NLM_F_ACK,
  NLM_F_CREATE,
  NLM_F_DUMP,
  NLM_F_REQUEST,
} from "./netlink.ts";
import {
  attributeMap,
  MessageWriter,
  type NetlinkMessage,
  numberLe,
  textOf,
} from "./netlink-message.ts";

export interface Link {
  readonly index: number;
  readonly name: string;
  readonly up: boolean;
  readonly loopback: boolean;
  /** Packets that its driver took over from the kernel. */
  readonly sentPackets: number;
  readonly sentBytes: number;
}

/** One message to send again: an address, or a route. */
export interface Setting {
  readonly type: number;
  readonly body: Uint8Array;
}

export function listLinks(route: NetlinkSocket): { listed: readonly Link[]; failed?: string } {
  const { error, says, messages } = dump(route, RTM_GETLINK, new Uint8Array(IFINFOMSG_BYTES));
  const listed = messages.flatMap((message) => linkIn(message) ?? []);
  return error === 0 ? { listed } : { listed, failed: says ?? "unknown" };
}

/** Undefined when all went well, else why not. It takes CAP_NET_ADMIN. */
export function setLinkUp(route: NetlinkSocket, index: number, up: boolean): string | undefined {
  const fixed = new Uint8Array(IFINFOMSG_BYTES);
  const view = new DataView(fixed.buffer);
  view.setInt32(4, index, true);
  view.setUint32(8, up ? IFF_UP : 0, true);
  view.setUint32(12, IFF_UP, true);
  const sequence = route.nextSequence();
  const flags = NLM_F_REQUEST | NLM_F_ACK;
  const writer = new MessageWriter(64).begin(RTM_SETLINK, flags, sequence, fixed).end();
  return route.request(writer.bytes, sequence, sequence).says;
}

/** The addresses and routes of an interface that the kernel does not make by itself. */
export function settingsOf(route: NetlinkSocket, index: number): readonly Setting[] {
  const addresses = dump(route, RTM_GETADDR, new Uint8Array(IFADDRMSG_BYTES)).messages.filter(
    ({ body }) =>
      body.length >= IFADDRMSG_BYTES &&
      body[0] === AF_INET6 &&
      body[3] === RT_SCOPE_UNIVERSE &&
      new DataView(body.buffer, body.byteOffset).getUint32(4, true) === index,
  );
  const routes = dump(route, RTM_GETROUTE, new Uint8Array(RTMSG_BYTES)).messages.filter(
    ({ body }) =>
      body.length >= RTMSG_BYTES &&
      body[5] !== RTPROT_KERNEL &&
      numberLe(attributeMap(body, RTMSG_BYTES).get(RTA_OIF)) === index,
  );
  return [...addresses, ...routes].map(({ type, body }) => ({ type, body }));
}

/** Puts addresses and routes back; what is there already is no failure. The first failure, if any. */
export function restore(route: NetlinkSocket, settings: readonly Setting[]): string | undefined {
  let failed: string | undefined;
  for (const { type, body } of settings) {
    if (type !== RTM_NEWADDR && type !== RTM_NEWROUTE) continue;
    const sequence = route.nextSequence();
    const flags = NLM_F_REQUEST | NLM_F_ACK | NLM_F_CREATE;
    const writer = new MessageWriter(16 + body.length + 3);
    const { error, says } = route.request(
      writer.begin(type, flags, sequence, body).end().bytes,
      sequence,
      sequence,
    );
    if (error !== 0 && error !== -EEXIST) failed ??= says;
  }
  return failed;
}

/** What a message of the kernel's tells of an interface; undefined when it tells of none. */
export function linkIn({ type, body }: NetlinkMessage): Link | undefined {
  if (type !== RTM_NEWLINK || body.length < IFINFOMSG_BYTES) return undefined;
  const view = new DataView(body.buffer, body.byteOffset, body.byteLength);
  const all = attributeMap(body, IFINFOMSG_BYTES);
  const name = textOf(all.get(IFLA_IFNAME));
  if (name === undefined) return undefined;
  const counted = all.get(IFLA_STATS64) ?? NOTHING;
  const count = (at: number) => numberLe(counted.subarray(at * 8, at * 8 + 8)) ?? 0;
  const flags = view.getUint32(8, true);
  return {
    index: view.getInt32(4, true),
    name,
    up: (flags & IFF_UP) !== 0,
    loopback: (flags & IFF_LOOPBACK) !== 0,
    sentPackets: count(1),
    sentBytes: count(3),
  };
}

function dump(route: NetlinkSocket, type: number, fixed: Uint8Array): Answer {
  const sequence = route.nextSequence();
  const flags = NLM_F_REQUEST | NLM_F_DUMP;
  const writer = new MessageWriter(64).begin(type, flags, sequence, fixed).end();
  return route.request(writer.bytes, sequence, sequence);
}

/** Multicast group of changes to interfaces (RTNLGRP_LINK). */
export const LINK_GROUP = 1;

const NOTHING = new Uint8Array(0);
/** From <linux/rtnetlink.h>, <linux/if_link.h> and <linux/if.h>. */
const RTM_NEWLINK = 16;
const RTM_GETLINK = 18;
const RTM_SETLINK = 19;
const RTM_NEWADDR = 20;
const RTM_GETADDR = 22;
const RTM_NEWROUTE = 24;
const RTM_GETROUTE = 26;
const IFINFOMSG_BYTES = 16;
const IFADDRMSG_BYTES = 8;
const RTMSG_BYTES = 12;
const IFLA_IFNAME = 3;
const IFLA_STATS64 = 23;
const RTA_OIF = 4;
const IFF_UP = 1;
const IFF_LOOPBACK = 8;
const AF_INET6 = 10;
const RT_SCOPE_UNIVERSE = 0;
const RTPROT_KERNEL = 2;
const EEXIST = 17;
