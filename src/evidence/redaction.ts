/**
 * What of a connection's packets may be written down.
 *
 *     handshake   whole, but for the bytes that a detector has located as secret, and application data
 *                 that can be read inside its records (clear-records.ts)
 *     clear       the first 256 bytes of each direction, the located ones zeroed
 *     unknown     as many zeros: nobody can say where in it the secrets are
 *
 * Zeros stand where bytes stood, one for one; in a string that a zero byte ends, they are the digit, since
 * the byte would end the string where it did not end. A frame that is cut keeps the length that it had on
 * the wire, as with a snap length. So what is read again from the file is the same conversation, at the
 * same offsets, and gives the same verdict. Checksums no longer fit where bytes were zeroed.
 *
 * Every frame is decoded anew: a byte that was sent twice, or in pieces, is zeroed each time.
 */
import { Census } from "../decode/census.ts";
import { decodeFrame } from "../decode/link.ts";
import { FRAGMENT, PacketView, TCP_SYN, TRANSPORT } from "../decode/packet-view.ts";
import { TCP } from "../decode/transport.ts";
import { DirectionBytes } from "./clear-records.ts";
import { sourceOf, targetOf } from "./endpoint.ts";
import type { KeptPacket } from "./ring.ts";

export type Openness = "handshake" | "clear" | "unknown";

/** Located bytes that are secret, as `plaintext` lines have them. */
export interface Located {
  readonly side: "client" | "server";
  /** From the first byte of the side's direction; of UDP, of each datagram. */
  readonly offset: number;
  readonly bytes: number;
}

export interface Redaction {
  readonly openness: Openness;
  /** `ip:port`, which tells the directions apart. */
  readonly client: string;
  readonly server: string;
  readonly located: readonly Located[];
}

/** The packets as they may be written, in their order; those of which nothing may be are left out. */
export function redacted(packets: readonly KeptPacket[], redaction: Redaction): KeptPacket[] {
  const reader = new FrameReader();
  const origins = originsOf(packets, reader);
  const reading = { reader, origins, redaction };
  const filled: Filled[] = redaction.located.map((one) => {
    return { ...one, fill: isString(packets, one, reading) ? DIGIT_ZERO : 0 };
  });
  if (redaction.openness === "handshake") filled.push(...readableRecords(packets, reading));
  return packets.flatMap((packet) => {
    const what = reader.read(packet);
    if (what === FRAGMENT) return fragment(packet, reader.view, redaction);
    if (what !== TRANSPORT) return [];
    const view = reader.view;
    const from = sourceOf(view);
    if (!belongs(from, targetOf(view), redaction)) return [];
    return segment(packet, view, {
      ...redaction,
      filled: filled.filter((one) => sideOf(from, redaction) === one.side),
      offset: offsetOf(view, from, origins),
    });
  });
}

/** Sequence numbers of each direction's first byte: behind its SYN, else its first segment's. */
function originsOf(packets: readonly KeptPacket[], reader: FrameReader): Map<string, number> {
  const origins = new Map<string, number>();
  const certain = new Set<string>();
  for (const packet of packets) {
    if (reader.read(packet) !== TRANSPORT || reader.view.protocol !== TCP) continue;
    const { seq, flags, payload, end } = reader.view;
    const from = sourceOf(reader.view);
    if ((flags & TCP_SYN) !== 0 && !certain.has(from)) {
      certain.add(from);
      origins.set(from, (seq + 1) | 0);
    } else if (payload < end && !origins.has(from)) origins.set(from, seq);
  }
  return origins;
}

/** Whether the byte behind a secret is a zero that ends it. */
function isString(
  packets: readonly KeptPacket[],
  { side, offset, bytes }: Located,
  about: Reading,
): boolean {
  const { reader, origins, redaction } = about;
  return packets.some((packet) => {
    if (reader.read(packet) !== TRANSPORT) return false;
    const view = reader.view;
    const from = sourceOf(view);
    if (sideOf(from, redaction) !== side) return false;
    const at = view.payload + offset + bytes - offsetOf(view, from, origins);
    return at >= view.payload && at < view.end && view.bytes[at] === 0;
  });
}

/** Application data that stands in clear in records: digits, so that it can be read as before. */
function readableRecords(packets: readonly KeptPacket[], about: Reading): Filled[] {
  const { reader, origins, redaction } = about;
  const directions = { client: new DirectionBytes(), server: new DirectionBytes() };
  for (const packet of packets) {
    if (reader.read(packet) !== TRANSPORT || reader.view.protocol !== TCP) continue;
    const view = reader.view;
    const from = sourceOf(view);
    if (view.payload >= view.end || !belongs(from, targetOf(view), redaction)) continue;
    const offset = offsetOf(view, from, origins);
    directions[sideOf(from, redaction)].add(view.bytes, view.payload, view.end, offset);
  }
  return (["client", "server"] as const).flatMap((side) =>
    directions[side].readable().map((range) => ({ side, ...range, fill: DIGIT_ZERO })),
  );
}

/** Where a packet's first payload byte stands in its direction. */
function offsetOf(view: PacketView, from: string, origins: Map<string, number>): number {
  if (view.protocol !== TCP) return 0;
  const offset = (view.seq - (origins.get(from) ?? view.seq)) | 0;
  // A SYN's own data stands behind the SYN, which takes a number itself.
  return (view.flags & TCP_SYN) !== 0 ? offset + 1 : offset;
}

interface Reading {
  readonly reader: FrameReader;
  readonly origins: Map<string, number>;
  readonly redaction: Redaction;
}

/** Bytes to overwrite, and by what. */
interface Filled extends Located {
  readonly fill: number;
}

interface Segment extends Redaction {
  readonly filled: readonly Filled[];
  /** Where its payload's first byte stands in its direction. */
  readonly offset: number;
}

function segment(packet: KeptPacket, view: PacketView, about: Segment): KeptPacket | [] {
  const { openness, filled, offset: first } = about;
  const length = view.end - view.payload;
  if (length <= 0) return packet;
  const keeps = openness === "handshake" ? length : Math.min(length, CLEAR_BYTES_MAX - first);
  if (keeps <= 0) return [];
  const start = view.payload;
  const bytes = packet.bytes.slice(0, keeps < length ? start + keeps : packet.bytes.length);
  const zero = (from: number, to: number, fill = 0) => {
    const least = Math.max(from - first, 0);
    const most = Math.min(to - first, keeps);
    if (least < most) bytes.fill(fill, start + least, start + most);
  };
  // What stands before the first byte that is known to be this direction's was located by nobody.
  if (openness === "unknown") zero(first, first + length);
  else if (first < 0) zero(first, 0);
  for (const { offset, bytes: count, fill } of filled) zero(offset, offset + count, fill);
  // Behind the packet a frame may carry what happened to lie in somebody's memory.
  if (openness !== "handshake") bytes.fill(0, Math.min(view.end, bytes.length));
  return { ...packet, bytes };
}

/** Of a fragment nobody knows what it carries: its headers are kept, unless all may be. */
function fragment(packet: KeptPacket, view: PacketView, about: Redaction): KeptPacket {
  if (about.openness === "handshake" && about.located.length === 0) return packet;
  const bytes = packet.bytes.slice();
  const header = view.fragmentOffset > 0 ? 0 : view.protocol === TCP ? 20 : 8;
  bytes.fill(0, Math.min(view.start + header, view.end), view.end);
  return { ...packet, bytes };
}

function belongs(from: string, to: string, { client, server }: Redaction): boolean {
  return (from === client && to === server) || (from === server && to === client);
}

function sideOf(from: string, { client }: Redaction): "client" | "server" {
  return from === client ? "client" : "server";
}

class FrameReader {
  readonly view = new PacketView();
  readonly #census = new Census();

  read({ bytes, original, atUs, link }: KeptPacket): number {
    this.view.atUs = atUs;
    this.view.cut = Math.max(original - bytes.length, 0);
    return decodeFrame(this.view, bytes, 0, bytes.length, link, this.#census);
  }
}

const DIGIT_ZERO = 0x30;
/** Of each direction of what is in clear: enough to recognise every protocol that is recognised. */
export const CLEAR_BYTES_MAX = 256;
