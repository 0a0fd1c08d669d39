/** TCP segments and UDP datagrams, with the IP packet around them. */
import { concat, uint } from "./bytes.ts";
import { address, checksum, type Extension, ipv4, ipv6, PROTOCOL } from "./ip.ts";

/** `ip:port`, IPv6 in brackets. */
export type Place = string;

export interface SegmentShape {
  readonly from: Place;
  readonly to: Place;
  /** Absolute, modulo 2^32. */
  readonly sequence: number;
  readonly acknowledgment?: number;
  /** Letters of `FSRPAU` (FIN SYN RST PSH ACK URG); `A` if absent. */
  readonly flags?: string;
  /** Raw option bytes, a multiple of 4. */
  readonly options?: Uint8Array;
  readonly network?: NetworkShape;
}

/** What the IP header around it looks like. */
export interface NetworkShape {
  readonly id?: number;
  readonly ipOptions?: Uint8Array;
  readonly extensions?: readonly Extension[];
  /** IPv4 total length or IPv6 payload length of 0, as segmentation offload writes it. */
  readonly zeroLength?: boolean;
  /** A checksum that cannot be right, as checksum offload leaves it. */
  readonly badChecksum?: boolean;
}

/** An IP packet with one TCP segment. */
export function tcp(shape: SegmentShape, payload: Uint8Array = new Uint8Array(0)): Uint8Array {
  const from = place(shape.from);
  const to = place(shape.to);
  const options = shape.options ?? new Uint8Array(0);
  const segment = concat(
    uint(from.port, 2),
    uint(to.port, 2),
    uint(shape.sequence, 4),
    uint(shape.acknowledgment ?? 0, 4),
    uint(((20 + options.length) / 4) << 4, 1),
    uint(flagBits(shape.flags ?? "A"), 1),
    uint(65_535, 2),
    uint(0, 4),
    options,
    payload,
  );
  segment.set(transportChecksum(from.ip, to.ip, PROTOCOL.tcp, segment, shape.network), 16);
  return inIp(from.ip, to.ip, PROTOCOL.tcp, segment, shape.network);
}

/** An IP packet with one UDP datagram. */
export function udp(
  shape: { from: Place; to: Place; network?: NetworkShape; length?: number },
  payload: Uint8Array,
): Uint8Array {
  const from = place(shape.from);
  const to = place(shape.to);
  const length = shape.length ?? payload.length + 8;
  const ports = concat(uint(from.port, 2), uint(to.port, 2));
  const datagram = concat(ports, uint(length, 2), uint(0, 2), payload);
  datagram.set(transportChecksum(from.ip, to.ip, PROTOCOL.udp, datagram, shape.network), 6);
  return inIp(from.ip, to.ip, PROTOCOL.udp, datagram, shape.network);
}

export function place(text: Place): { ip: string; port: number } {
  const colon = text.lastIndexOf(":");
  return { ip: text.slice(0, colon).replace(/[[\]]/g, ""), port: Number(text.slice(colon + 1)) };
}

function inIp(
  source: string,
  target: string,
  protocol: number,
  payload: Uint8Array,
  network: NetworkShape = {},
): Uint8Array {
  if (source.includes(":")) {
    const { extensions = [] } = network;
    const length = network.zeroLength ? { payloadLength: 0 } : {};
    return ipv6({ source, target, protocol, extensions, ...length }, payload);
  }
  const length = network.zeroLength ? { totalLength: 0 } : {};
  const options = network.ipOptions ? { options: network.ipOptions } : {};
  return ipv4({ source, target, protocol, id: network.id ?? 0, ...length, ...options }, payload);
}

function transportChecksum(
  source: string,
  target: string,
  protocol: number,
  segment: Uint8Array,
  network: NetworkShape = {},
): Uint8Array {
  const widths = source.includes(":") ? 4 : 2;
  const pseudo = concat(uint(segment.length, widths), uint(protocol, widths));
  const sum = checksum(concat(address(source), address(target), pseudo, segment));
  return uint(network.badChecksum ? sum ^ 0x5a5a : sum || 0xffff, 2);
}

function flagBits(letters: string): number {
  return [...letters].reduce((bits, letter) => bits | (1 << "FSRPAU".indexOf(letter)), 0);
}
