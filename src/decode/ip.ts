/**
 * IPv4 (RFC 791) and IPv6 (RFC 8200): to the transport header, or to a fragment. Lengths are
 * believed only as far as the capture goes; checksums not at all, since offloading leaves them
 * wrong in good packets. Tunnels are counted by name: reading them is a later step.
 */
import type { Census } from "./census.ts";
import { BROKEN, FRAGMENT, OTHER, type PacketView } from "./packet-view.ts";
import { decodeTransport } from "./transport.ts";

export function decodeIpv4(view: PacketView, from: number, to: number, census: Census): number {
  const bytes = view.bytes;
  if (to - from < 20) return short("IPv4 header", to - from, 20, view, census);
  const first = bytes[from]!;
  const headerBytes = (first & 0x0f) << 2;
  if (first >> 4 !== 4) return odd(`IP version ${first >> 4}, expected 4`, view, census);
  if (headerBytes < 20) {
    return odd(`IPv4 header of ${headerBytes} bytes, expected at least 20`, view, census);
  }
  let total = (bytes[from + 2]! << 8) | bytes[from + 3]!;
  // Zero: the sending host left segmentation to its network card, and the frame is the length.
  if (total === 0) total = to - from + view.cut;
  if (total < headerBytes) {
    return odd(`IPv4 packet of ${total} bytes with a ${headerBytes} byte header`, view, census);
  }
  if (to - from < headerBytes) return short("IPv4 options", to - from, headerBytes, view, census);

  const last = from + total;
  view.version = 4;
  view.source = from + 12;
  view.target = from + 16;
  view.protocol = bytes[from + 9]!;
  view.start = from + headerBytes;
  view.end = last < to ? last : to;
  view.missing = last - view.end;
  const fragment = (bytes[from + 6]! << 8) | bytes[from + 7]!;
  if ((fragment & 0x3fff) === 0) return decodeTransport(view, census);
  view.fragmentId = (bytes[from + 4]! << 8) | bytes[from + 5]!;
  view.fragmentOffset = (fragment & 0x1fff) << 3;
  view.moreFragments = (fragment & 0x2000) !== 0;
  return FRAGMENT;
}

export function decodeIpv6(view: PacketView, from: number, to: number, census: Census): number {
  const bytes = view.bytes;
  if (to - from < 40) return short("IPv6 header", to - from, 40, view, census);
  if (bytes[from]! >> 4 !== 6) {
    return odd(`IP version ${bytes[from]! >> 4}, expected 6`, view, census);
  }
  const length = (bytes[from + 4]! << 8) | bytes[from + 5]!;
  // Zero: a jumbogram (RFC 2675), or segmentation left to the network card.
  const last = length === 0 ? to + view.cut : from + 40 + length;
  view.version = 6;
  view.source = from + 8;
  view.target = from + 24;
  view.end = last < to ? last : to;
  view.missing = last - view.end;

  let next = bytes[from + 6]!;
  let at = from + 40;
  for (let count = 0; ; count++) {
    const isFragment = next === FRAGMENT_HEADER;
    if (!isFragment && !isExtension(next)) break;
    if (count === EXTENSION_HEADERS_MAX) {
      return odd(`more than ${EXTENSION_HEADERS_MAX} IPv6 extension headers`, view, census);
    }
    if (view.end - at < 8) return short("IPv6 extension header", view.end - at, 8, view, census);
    const following = bytes[at]!;
    if (isFragment) {
      const word = (bytes[at + 2]! << 8) | bytes[at + 3]!;
      const atomic = (word & 0xfff9) === 0;
      if (!atomic) {
        view.protocol = following;
        view.start = at + 8;
        view.fragmentId =
          (bytes[at + 4]! << 24) | (bytes[at + 5]! << 16) | (bytes[at + 6]! << 8) | bytes[at + 7]!;
        view.fragmentOffset = word & 0xfff8;
        view.moreFragments = (word & 1) !== 0;
        return FRAGMENT;
      }
      at += 8;
    } else {
      at += next === AUTHENTICATION_HEADER ? (bytes[at + 1]! + 2) << 2 : (bytes[at + 1]! + 1) << 3;
    }
    next = following;
  }
  if (at > view.end)
    return short("IPv6 extension headers", view.end - from, at - from, view, census);
  view.protocol = next;
  view.start = at;
  return decodeTransport(view, census);
}

/** Extension headers that have their own length and lead on (IANA, RFC 7045). */
function isExtension(next: number): boolean {
  return (
    next === 0 ||
    next === 43 ||
    next === 60 ||
    next === AUTHENTICATION_HEADER ||
    next === 135 ||
    next === 139 ||
    next === 140
  );
}

function short(
  what: string,
  found: number,
  least: number,
  view: PacketView,
  census: Census,
): number {
  return odd(`${what}: ${Math.max(found, 0)} bytes, expected at least ${least}`, view, census);
}

function odd(reason: string, view: PacketView, census: Census): number {
  census.count("broken", reason, view.atUs);
  return BROKEN;
}

/** Protocols that carry other packets, by IANA number. */
export function unreadProtocol(view: PacketView, census: Census): number {
  const name = PROTOCOL_NAMES.get(view.protocol);
  if (name !== undefined) {
    census.count("unread", `${name} (IP protocol ${view.protocol})`, view.atUs);
  }
  return OTHER;
}

const FRAGMENT_HEADER = 44;
const AUTHENTICATION_HEADER = 51;
const EXTENSION_HEADERS_MAX = 16;

const PROTOCOL_NAMES = new Map([
  [4, "IPv4 in IP"],
  [33, "DCCP"],
  [41, "IPv6 in IP"],
  [47, "GRE"],
  [97, "Ethernet in IP"],
  [115, "L2TPv3"],
  [132, "SCTP"],
  [137, "MPLS in IP"],
]);
