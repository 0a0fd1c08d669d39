/**
 * Writes a pcapng file (draft-ietf-opsawg-pcapng) of packets that are evidence.
 *
 *     section header | interface a link type | enhanced packet, with comments | ..
 *
 * There is no code here for custom blocks or secrets: what opens a conversation never leaves memory.
 * Comments hold text from the wire. Whoever opens the file sees them raw, so they are escaped like
 * everything that is printed (report/escape.ts).
 */
import { escapeText } from "../report/escape.ts";
import type { KeptPacket } from "./ring.ts";

export interface PcapngContent {
  readonly packets: readonly KeptPacket[];
  /** Of the file as a whole: one option each. */
  readonly comments: readonly string[];
  /** By index into `packets`. */
  readonly packetComments: ReadonlyMap<number, readonly string[]>;
  /** What wrote it. */
  readonly application: string;
}

export function pcapngFile(content: PcapngContent): Buffer {
  const links = [...new Set(content.packets.map(({ link }) => link))];
  const blocks = [
    sectionHeader(content),
    ...links.map((link) => interfaceDescription(link, content.packets)),
    ...content.packets.map((packet, index) =>
      enhancedPacket(packet, links.indexOf(packet.link), content.packetComments.get(index) ?? []),
    ),
  ];
  return Buffer.concat(blocks);
}

function sectionHeader({ comments, application }: PcapngContent): Buffer {
  const body = Buffer.alloc(16);
  body.writeUInt32LE(BYTE_ORDER_MAGIC, 0);
  body.writeUInt16LE(1, 4);
  // The section's length: not said, as everybody does.
  body.writeBigInt64LE(-1n, 8);
  const options = comments.map((text) => option(OPTION_COMMENT, text));
  return block(SECTION_HEADER, body, [...options, option(OPTION_USER_APPLICATION, application)]);
}

function interfaceDescription(link: number, packets: readonly KeptPacket[]): Buffer {
  const longest = packets.reduce((most, { bytes }) => Math.max(most, bytes.length), 0);
  const body = Buffer.alloc(8);
  body.writeUInt16LE(link, 0);
  body.writeUInt32LE(Math.max(SNAPLEN_LEAST, longest), 4);
  const says = "packets that a verdict was made of; what was in clear is cut or zeroed";
  const resolution = Buffer.from([6]);
  return block(INTERFACE_DESCRIPTION, body, [
    option(OPTION_DESCRIPTION, says),
    option(OPTION_RESOLUTION, resolution),
  ]);
}

function enhancedPacket(packet: KeptPacket, index: number, comments: readonly string[]): Buffer {
  const { bytes, atUs, original } = packet;
  const head = Buffer.alloc(20);
  head.writeUInt32LE(index, 0);
  head.writeUInt32LE(Math.floor(atUs / 2 ** 32), 4);
  head.writeUInt32LE(atUs % 2 ** 32, 8);
  head.writeUInt32LE(bytes.length, 12);
  head.writeUInt32LE(Math.max(original, bytes.length), 16);
  const body = Buffer.concat([head, bytes, padding(bytes.length)]);
  return block(
    ENHANCED_PACKET,
    body,
    comments.map((text) => option(OPTION_COMMENT, text)),
  );
}

/** @param body padded to four bytes */
function block(type: number, body: Buffer, options: readonly Buffer[]): Buffer {
  const all = options.length === 0 ? body : Buffer.concat([body, ...options, END_OF_OPTIONS]);
  const framed = Buffer.alloc(all.length + 12);
  framed.writeUInt32LE(type, 0);
  framed.writeUInt32LE(framed.length, 4);
  framed.set(all, 8);
  framed.writeUInt32LE(framed.length, framed.length - 4);
  return framed;
}

function option(code: number, value: string | Buffer): Buffer {
  const bytes = typeof value === "string" ? textBytes(value) : value;
  const head = Buffer.alloc(4);
  head.writeUInt16LE(code, 0);
  head.writeUInt16LE(bytes.length, 2);
  return Buffer.concat([head, bytes, padding(bytes.length)]);
}

/** Escaped, and cut between characters where it is longer than anybody reads. */
function textBytes(text: string): Buffer {
  const escaped = escapeText(text.slice(0, COMMENT_CHARACTERS_MAX));
  const bytes = Buffer.from(escaped);
  if (bytes.length <= COMMENT_BYTES_MAX) return bytes;
  // An escape that is cut in two is harmless text; a character that is cut in two is none.
  const kept = new TextDecoder().decode(bytes.subarray(0, COMMENT_BYTES_MAX), { stream: true });
  return Buffer.from(kept);
}

function padding(length: number): Buffer {
  return Buffer.alloc((4 - (length % 4)) % 4);
}

const SECTION_HEADER = 0x0a0d0d0a;
const BYTE_ORDER_MAGIC = 0x1a2b3c4d;
const INTERFACE_DESCRIPTION = 1;
const ENHANCED_PACKET = 6;
const OPTION_COMMENT = 1;
const OPTION_DESCRIPTION = 3;
const OPTION_USER_APPLICATION = 4;
const OPTION_RESOLUTION = 9;
const END_OF_OPTIONS = Buffer.alloc(4);
/** What libpcap captures at most unless told otherwise (MAXIMUM_SNAPLEN). */
const SNAPLEN_LEAST = 262_144;
const COMMENT_CHARACTERS_MAX = 2000;
const COMMENT_BYTES_MAX = 4000;
