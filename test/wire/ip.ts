/** IPv4 and IPv6 packets, and cutting them into fragments. */
import { concat, uint } from "./bytes.ts";

export interface Ipv4Shape {
  readonly source: string;
  readonly target: string;
  readonly protocol: number;
  readonly id?: number;
  /** Raw option bytes, a multiple of 4. */
  readonly options?: Uint8Array;
  /** In bytes, a multiple of 8. */
  readonly fragmentOffset?: number;
  readonly moreFragments?: boolean;
  /** What the total length field says: 0 is what segmentation offload writes. */
  readonly totalLength?: number;
}

export interface Ipv6Shape {
  readonly source: string;
  readonly target: string;
  readonly protocol: number;
  /** Outermost first. */
  readonly extensions?: readonly Extension[];
  /** What the payload length field says. */
  readonly payloadLength?: number;
}

/** `body` is what follows the next-header byte, so 8n + 7 bytes long (RFC 8200 §4). */
export interface Extension {
  readonly header: number;
  readonly body: Uint8Array;
}

export function ipv4(shape: Ipv4Shape, payload: Uint8Array): Uint8Array {
  const options = shape.options ?? new Uint8Array(0);
  const headerBytes = 20 + options.length;
  const fragment = (shape.fragmentOffset ?? 0) / 8 + (shape.moreFragments ? 0x2000 : 0);
  const header = concat(
    uint(0x40 + headerBytes / 4, 1),
    uint(0, 1),
    uint(shape.totalLength ?? headerBytes + payload.length, 2),
    uint(shape.id ?? 0, 2),
    uint(fragment, 2),
    uint(64, 1),
    uint(shape.protocol, 1),
    uint(0, 2),
    address(shape.source),
    address(shape.target),
    options,
  );
  header.set(uint(checksum(header), 2), 10);
  return concat(header, payload);
}

export function ipv6(shape: Ipv6Shape, payload: Uint8Array): Uint8Array {
  const extensions = shape.extensions ?? [];
  const next = [...extensions.map((extension) => extension.header), shape.protocol];
  const chain = extensions.map(({ body }, index) => concat(uint(next[index + 1]!, 1), body));
  const inner = concat(...chain, payload);
  return concat(
    uint(0x60000000, 4),
    uint(shape.payloadLength ?? inner.length, 2),
    uint(next[0]!, 1),
    uint(64, 1),
    address(shape.source),
    address(shape.target),
    inner,
  );
}

/** An empty hop-by-hop (0), routing (43) or destination options (60) header of 8 * `units` bytes. */
export function extension(header: number, units = 1): Extension {
  const body = new Uint8Array(units * 8 - 1);
  body[0] = units - 1;
  // PadN over the whole of it, so that an options header is also a valid one.
  if (header !== 43) body.set([1, units * 8 - 4], 1);
  return { header, body };
}

/**
 * The same packet in fragments of at most `size` payload bytes (rounded down to a multiple of 8).
 * IPv6 fragments repeat only the fixed header, so `packet` must not have extensions.
 */
export function fragments(packet: Uint8Array, size: number, id = 0x1234): Uint8Array[] {
  const six = packet[0]! >> 4 === 6;
  const headerBytes = six ? 40 : (packet[0]! & 15) * 4;
  const payload = packet.subarray(headerBytes);
  const step = size - (size % 8);
  const out: Uint8Array[] = [];
  for (let offset = 0; offset < payload.length; offset += step) {
    const part = payload.subarray(offset, offset + step);
    const more = offset + step < payload.length;
    out.push(
      six ? ipv6Fragment(packet, part, offset, more, id) : cut4(packet, part, offset, more, id),
    );
  }
  return out;
}

function cut4(
  packet: Uint8Array,
  part: Uint8Array,
  offset: number,
  more: boolean,
  id: number,
): Uint8Array {
  const header = packet.slice(0, (packet[0]! & 15) * 4);
  header.set(uint(header.length + part.length, 2), 2);
  header.set(uint(id, 2), 4);
  header.set(uint(offset / 8 + (more ? 0x2000 : 0), 2), 6);
  header.set(uint(0, 2), 10);
  header.set(uint(checksum(header), 2), 10);
  return concat(header, part);
}

function ipv6Fragment(
  packet: Uint8Array,
  part: Uint8Array,
  offset: number,
  more: boolean,
  id: number,
): Uint8Array {
  const header = packet.slice(0, 40);
  const next = header[6]!;
  header.set(uint(8 + part.length, 2), 4);
  header[6] = 44;
  return concat(
    header,
    uint(next, 1),
    uint(0, 1),
    uint(offset + (more ? 1 : 0), 2),
    uint(id, 4),
    part,
  );
}

/** An address as bytes: dotted IPv4, or IPv6 with `::` if any. */
export function address(text: string): Uint8Array {
  if (!text.includes(":")) return Uint8Array.from(text.split(".").map(Number));
  const [head = "", tail] = text.split("::");
  const left = head === "" ? [] : head.split(":");
  const right = tail === undefined || tail === "" ? [] : tail.split(":");
  const zeros = Array<string>(8 - left.length - right.length).fill("0");
  return concat(
    ...[...left, ...zeros, ...right].map((group) => uint(Number.parseInt(group, 16), 2)),
  );
}

/** The Internet checksum (RFC 1071). */
export function checksum(bytes: Uint8Array): number {
  let sum = 0;
  for (let index = 0; index < bytes.length; index += 2)
    sum += (bytes[index]! << 8) + (bytes[index + 1] ?? 0);
  while (sum > 0xffff) sum = (sum & 0xffff) + Math.floor(sum / 0x10000);
  return ~sum & 0xffff;
}

export const PROTOCOL = { icmp: 1, tcp: 6, udp: 17, icmpv6: 58 } as const;
