/** TCP (RFC 9293 §3.1) and UDP (RFC 768) headers. */
import type { Census } from "./census.ts";
import { unreadProtocol } from "./ip.ts";
import { BROKEN, LINK, type PacketView, TRANSPORT } from "./packet-view.ts";

export const TCP = 6;
export const UDP = 17;
/** RFC 4303, RFC 4302. In IPv6 AH is passed over as an extension header, and what follows is read. */
const ESP = 50;
const AH = 51;

/** Reads the header at `view.start`. Also called for datagrams put together from fragments. */
export function decodeTransport(view: PacketView, census: Census): number {
  if (view.protocol === TCP) return decodeTcp(view, census);
  if (view.protocol === UDP) return decodeUdp(view, census);
  if (view.protocol === ESP || view.protocol === AH) return LINK;
  return unreadProtocol(view, census);
}

function decodeTcp(view: PacketView, census: Census): number {
  const bytes = view.bytes;
  const at = view.start;
  const room = view.end - at;
  if (room < 20) {
    census.count("broken", `TCP header: ${room} bytes, expected at least 20`, view.atUs);
    return BROKEN;
  }
  const headerBytes = (bytes[at + 12]! >> 4) << 2;
  if (headerBytes < 20) {
    const reason = `TCP header of ${headerBytes} bytes, expected at least 20`;
    census.count("broken", reason, view.atUs);
    return BROKEN;
  }
  view.sourcePort = (bytes[at]! << 8) | bytes[at + 1]!;
  view.targetPort = (bytes[at + 2]! << 8) | bytes[at + 3]!;
  view.seq =
    (bytes[at + 4]! << 24) | (bytes[at + 5]! << 16) | (bytes[at + 6]! << 8) | bytes[at + 7]!;
  view.ack =
    (bytes[at + 8]! << 24) | (bytes[at + 9]! << 16) | (bytes[at + 10]! << 8) | bytes[at + 11]!;
  view.flags = bytes[at + 13]!;
  if (headerBytes > room) {
    if (view.missing === 0) {
      const reason = `TCP header of ${headerBytes} bytes, expected at most ${room}`;
      census.count("broken", reason, view.atUs);
      return BROKEN;
    }
    // Cut within the options by the snap length: the rest of them was not captured either.
    view.missing -= headerBytes - room;
    view.payload = view.end;
    return view.missing < 0 ? BROKEN : TRANSPORT;
  }
  view.payload = at + headerBytes;
  return TRANSPORT;
}

function decodeUdp(view: PacketView, census: Census): number {
  const bytes = view.bytes;
  const at = view.start;
  const room = view.end - at;
  if (room < 8) {
    census.count("broken", `UDP header: ${room} bytes, expected 8`, view.atUs);
    return BROKEN;
  }
  view.sourcePort = (bytes[at]! << 8) | bytes[at + 1]!;
  view.targetPort = (bytes[at + 2]! << 8) | bytes[at + 3]!;
  view.payload = at + 8;
  // What stands behind the datagram is not its payload; 0 says nothing (RFC 2675 §4).
  const length = (bytes[at + 4]! << 8) | bytes[at + 5]!;
  if (length >= 8 && length < room) {
    view.end = at + length;
    view.missing = 0;
  }
  const tunnel = TUNNEL_PORTS.get(view.targetPort);
  if (tunnel !== undefined) census.count("unread", tunnel, view.atUs);
  return TRANSPORT;
}

/** UDP ports that carry other packets by convention (IANA; 8472 is Linux's old VXLAN default). */
const TUNNEL_PORTS = new Map([
  [1701, "L2TP (UDP port 1701)"],
  [2152, "GTP-U (UDP port 2152)"],
  [3544, "Teredo (UDP port 3544)"],
  [4789, "VXLAN (UDP port 4789)"],
  [6081, "Geneve (UDP port 6081)"],
  [6635, "MPLS in UDP (UDP port 6635)"],
  [8472, "VXLAN (UDP port 8472)"],
]);
