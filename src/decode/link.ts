/**
 * The link layer: from a frame to where its IP header starts. Ethernet with VLAN tags, Linux
 * cooked v1 and v2, raw IP, and BSD null/loop; every other link is counted by name.
 */
import type { Census } from "./census.ts";
import { decodeIpv4, decodeIpv6 } from "./ip.ts";
import { BROKEN, LINK, OTHER, type PacketView } from "./packet-view.ts";

/**
 * @param link LINKTYPE_ value (tcpdump.org's registry)
 * @returns TRANSPORT, FRAGMENT, OTHER or BROKEN; with the first two, `view` is filled
 */
export function decodeFrame(
  view: PacketView,
  bytes: Uint8Array,
  from: number,
  to: number,
  link: number,
  census: Census,
): number {
  view.bytes = bytes;
  if (link === ETHERNET) {
    if (to - from < 14) return broken("Ethernet frame", to - from, 14, view, census);
    // Of MACsec, which is a link between hardware addresses; IP writes its own over them.
    view.target = from;
    view.source = from + 6;
    view.version = 0;
    return afterType(view, from + 14, to, (bytes[from + 12]! << 8) | bytes[from + 13]!, census);
  }
  // Not both hardware addresses are known: MACsec is only counted.
  view.version = 4;
  switch (link) {
    case RAW:
    case RAW_BSD:
    case RAW_OPENBSD:
    case IPV4_ONLY:
    case IPV6_ONLY:
      return afterNibble(view, from, to, census);
    case LINUX_COOKED: {
      if (to - from < 16) return broken("Linux cooked frame", to - from, 16, view, census);
      return afterType(view, from + 16, to, (bytes[from + 14]! << 8) | bytes[from + 15]!, census);
    }
    case LINUX_COOKED_2: {
      if (to - from < 20) return broken("Linux cooked v2 frame", to - from, 20, view, census);
      return afterType(view, from + 20, to, (bytes[from]! << 8) | bytes[from + 1]!, census);
    }
    case NULL:
    case LOOP:
      if (to - from < 4) return broken("null/loop frame", to - from, 4, view, census);
      // The family is in the recording host's byte order and its number for IPv6 differs by
      // system: the IP version that follows tells the same without guessing.
      return afterNibble(view, from + 4, to, census);
  }
  const name = LINK_NAMES.get(link);
  census.count("unread", `link type ${link}${name ? ` (${name})` : ""}`, view.atUs);
  return OTHER;
}

function afterType(
  view: PacketView,
  from: number,
  to: number,
  type: number,
  census: Census,
): number {
  if (type === 0x0800) return decodeIpv4(view, from, to, census);
  if (type === 0x86dd) return decodeIpv6(view, from, to, census);
  let at = from;
  let inner = type;
  for (let tags = 0; inner === 0x8100 || inner === 0x88a8 || inner === 0x9100; tags++) {
    if (tags === VLAN_TAGS_MAX) {
      census.count("broken", `more than ${VLAN_TAGS_MAX} VLAN tags`, view.atUs);
      return BROKEN;
    }
    if (to - at < 4) return broken("VLAN tag", to - at, 4, view, census);
    inner = (view.bytes[at + 2]! << 8) | view.bytes[at + 3]!;
    at += 4;
  }
  if (inner === 0x0800) return decodeIpv4(view, at, to, census);
  if (inner === 0x86dd) return decodeIpv6(view, at, to, census);
  if (inner === MACSEC && view.version === 0) {
    view.protocol = inner;
    view.start = at;
    view.end = to;
    view.missing = view.cut;
    return LINK;
  }
  const name = TYPE_NAMES.get(inner);
  if (name !== undefined) census.count("unread", name, view.atUs);
  return OTHER;
}

function afterNibble(view: PacketView, from: number, to: number, census: Census): number {
  const nibble = to > from ? view.bytes[from]! >> 4 : 0;
  if (nibble === 4) return decodeIpv4(view, from, to, census);
  if (nibble === 6) return decodeIpv6(view, from, to, census);
  return OTHER;
}

function broken(
  what: string,
  found: number,
  least: number,
  view: PacketView,
  census: Census,
): number {
  census.count("broken", `${what} of ${found} bytes, expected at least ${least}`, view.atUs);
  return BROKEN;
}

const NULL = 0;
const ETHERNET = 1;
const RAW_BSD = 12;
const RAW_OPENBSD = 14;
const RAW = 101;
const LOOP = 108;
const LINUX_COOKED = 113;
const IPV4_ONLY = 228;
const IPV6_ONLY = 229;
const LINUX_COOKED_2 = 276;

const VLAN_TAGS_MAX = 8;
/** IEEE 802.1AE. */
const MACSEC = 0x88e5;

/** Frames that may carry IP which we do not see: they are counted, unlike ARP and its kind. */
const TYPE_NAMES = new Map([
  [0x8847, "MPLS (EtherType 0x8847)"],
  [0x8848, "MPLS multicast (EtherType 0x8848)"],
  [0x8864, "PPPoE session (EtherType 0x8864)"],
  [0x88e5, "MACsec (EtherType 0x88e5)"],
  [0x88e7, "provider backbone bridge (EtherType 0x88e7)"],
  [0x8903, "Cisco FabricPath (EtherType 0x8903)"],
  [0x8926, "VN-Tag (EtherType 0x8926)"],
  [0x894f, "network service header (EtherType 0x894f)"],
]);

const LINK_NAMES = new Map([
  [6, "IEEE802_5"],
  [7, "ARCNET_BSD"],
  [8, "SLIP"],
  [9, "PPP"],
  [50, "PPP_HDLC"],
  [51, "PPP_ETHER"],
  [100, "ATM_RFC1483"],
  [104, "C_HDLC"],
  [105, "IEEE802_11"],
  [107, "FRELAY"],
  [119, "IEEE802_11_PRISM"],
  [122, "IP_OVER_FC"],
  [123, "SUNATM"],
  [127, "IEEE802_11_RADIOTAP"],
  [129, "ARCNET_LINUX"],
  [189, "USB_LINUX"],
  [192, "PPI"],
  [195, "IEEE802_15_4_WITHFCS"],
  [220, "USB_LINUX_MMAPPED"],
  [239, "NFLOG"],
  [242, "IPOIB"],
  [253, "NETLINK"],
  [258, "PKTAP"],
  [271, "VSOCK_MONITOR"],
]);
