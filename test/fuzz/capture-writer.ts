/**
 * Segments to a capture file, fast: one buffer for all mutants, no checksums (nobody trusts them),
 * nothing allocated a packet. test/wire writes the same in readable form, at a tenth of the speed.
 */
import { LINK } from "../wire/link.ts";
import type { Random } from "./random.ts";
import type { Segment } from "./segments.ts";

export interface WrittenCapture {
  /** Lent: the next capture is written over it. */
  readonly bytes: Uint8Array;
  /** Where each packet begins (its link header), and where it ends. */
  readonly packets: readonly { readonly from: number; readonly to: number }[];
  /** Where a length or a time of the file format stands, each 4 bytes. */
  readonly fields: readonly number[];
  readonly linkBytes: number;
}

export function writeCapture(segments: readonly Segment[], random: Random): WrittenCapture {
  const shape = chooseShape(random);
  const file = new Writer(shape.littleEndian);
  const packets: { from: number; to: number }[] = [];
  const fields: number[] = [];
  if (shape.blocks) openBlocks(file, shape);
  else openPcap(file, shape);
  let atUs = START_US;
  for (const segment of segments) {
    atUs += 1000;
    if (file.at + segment.bytes.length + ROOM > file.bytes.length) break;
    const header = file.at;
    file.at += shape.blocks ? 28 : 16;
    const from = file.at;
    writePacket(file, segment, shape);
    const full = file.at - from;
    const captured = Math.min(full, shape.snapBytes);
    file.at = from + captured;
    packets.push({ from, to: file.at });
    if (shape.blocks) closeBlock(file, { header, captured, full, atUs, fields });
    else closeRecord(file, { header, captured, full, atUs, fields });
  }
  const linkBytes = shape.link.header.length;
  return { bytes: file.bytes.subarray(0, file.at), packets, fields, linkBytes };
}

interface Shape {
  readonly littleEndian: boolean;
  readonly blocks: boolean;
  readonly six: boolean;
  readonly link: Link;
  readonly snapBytes: number;
  readonly sequences: readonly [number, number];
  readonly zeroLength: boolean;
}

function chooseShape(random: Random): Shape {
  const six = random.chance(20);
  const near = (): number => (random.chance(30) ? 2 ** 32 - random.below(3000) : random.word());
  return {
    littleEndian: random.chance(75),
    blocks: random.chance(30),
    six,
    link: random.chance(60) ? (six ? ETHERNET_6 : ETHERNET) : random.pick(six ? LINKS_6 : LINKS),
    snapBytes: random.chance(4) ? 40 + random.below(400) : 262_144,
    sequences: [near(), near()],
    zeroLength: random.chance(5),
  };
}

class Writer {
  readonly bytes = BUFFER;
  readonly littleEndian: boolean;
  at = 0;

  constructor(littleEndian: boolean) {
    this.littleEndian = littleEndian;
  }

  /** In the file's own byte order. */
  u32(value: number): void {
    VIEW.setUint32(this.at, value, this.littleEndian);
    this.at += 4;
  }

  u16(value: number): void {
    VIEW.setUint16(this.at, value, this.littleEndian);
    this.at += 2;
  }

  net32(value: number): void {
    VIEW.setUint32(this.at, value);
    this.at += 4;
  }

  net16(value: number): void {
    VIEW.setUint16(this.at, value);
    this.at += 2;
  }

  put(bytes: Uint8Array): void {
    this.bytes.set(bytes, this.at);
    this.at += bytes.length;
  }
}

function writePacket(file: Writer, segment: Segment, shape: Shape): void {
  const { side, bytes, offset, flags, heard } = segment;
  file.put(shape.link.header);
  const transport = 20 + bytes.length;
  const length = shape.zeroLength ? 0 : shape.six ? transport : 20 + transport;
  if (shape.six) {
    file.net32(0x60000000);
    file.net16(length);
    file.net16(0x0640);
    file.put(side === 0 ? SIX_A : SIX_B);
    file.put(side === 0 ? SIX_B : SIX_A);
  } else {
    file.net16(0x4500);
    file.net16(length);
    file.net32(0);
    file.net32(0x40060000);
    file.net32(side === 0 ? 0x0a000001 : 0xc0000207);
    file.net32(side === 0 ? 0xc0000207 : 0x0a000001);
  }
  file.net16(side === 0 ? 40_000 : 443);
  file.net16(side === 0 ? 443 : 40_000);
  file.net32(shape.sequences[side] + 1 + offset);
  file.net32(shape.sequences[side === 0 ? 1 : 0] + 1 + heard);
  file.net16(0x5000 | flags);
  file.net32(0xffff0000);
  file.net16(0);
  file.put(bytes);
}

interface Close {
  readonly header: number;
  readonly captured: number;
  readonly full: number;
  readonly atUs: number;
  readonly fields: number[];
}

function openPcap(file: Writer, shape: Shape): void {
  file.at = 0;
  file.u32(0xa1b2c3d4);
  file.u16(2);
  file.u16(4);
  for (const value of [0, 0, 262_144, shape.link.type]) file.u32(value);
}

function closeRecord(file: Writer, { header, captured, full, atUs, fields }: Close): void {
  const end = file.at;
  file.at = header;
  file.u32(Math.floor(atUs / 1_000_000));
  file.u32(atUs % 1_000_000);
  file.u32(captured);
  file.u32(full);
  fields.push(header, header + 4, header + 8, header + 12);
  file.at = end;
}

function openBlocks(file: Writer, shape: Shape): void {
  file.at = 0;
  for (const value of [0x0a0d0d0a, 28, 0x1a2b3c4d]) file.u32(value);
  file.u16(1);
  file.u16(0);
  for (const value of [0xffffffff, 0xffffffff, 28, 1, 20]) file.u32(value);
  file.u16(shape.link.type);
  file.u16(0);
  file.u32(0);
  file.u32(20);
}

function closeBlock(file: Writer, { header, captured, full, atUs, fields }: Close): void {
  while ((file.at - header) % 4 !== 0) file.bytes[file.at++] = 0;
  const total = file.at - header + 4;
  file.u32(total);
  const end = file.at;
  file.at = header;
  for (const value of [6, total, 0, Math.floor(atUs / 2 ** 32), atUs, captured, full])
    file.u32(value);
  for (let field = 0; field < 28; field += 4) fields.push(header + field);
  fields.push(end - 4);
  file.at = end;
}

interface Link {
  readonly type: number;
  readonly header: Uint8Array;
}

const link = (type: number, header: string): Link => ({
  type,
  header: Uint8Array.from(Buffer.from(header.replaceAll(" ", ""), "hex")),
});
const ETHERNET = link(LINK.ethernet, "02005e000002 02005e000001 0800");
const ETHERNET_6 = link(LINK.ethernet, "02005e000002 02005e000001 86dd");
const EITHER = [link(LINK.raw, ""), link(LINK.null, "02000000"), link(LINK.loop, "00000002")];
const LINKS = [
  ...EITHER,
  link(LINK.ethernet, "02005e000002 02005e000001 8100 0005 0800"),
  link(LINK.ethernet, "02005e000002 02005e000001 88a8 0005 8100 0006 0800"),
  link(LINK.sll, "0004 0001 0006 02005e0000010000 0800"),
  link(LINK.sll2, "0800 0000 00000002 0001 04 06 02005e0000010000"),
];
const LINKS_6 = [
  ...EITHER,
  link(LINK.ethernet, "02005e000002 02005e000001 8100 0005 86dd"),
  link(LINK.sll, "0004 0001 0006 02005e0000010000 86dd"),
  link(LINK.sll2, "86dd 0000 00000002 0001 04 06 02005e0000010000"),
];
const SIX_A = Uint8Array.from(Buffer.from("20010db8000000000000000000000001", "hex"));
const SIX_B = Uint8Array.from(Buffer.from("20010db8000000000000000000000002", "hex"));
const START_US = 1_795_132_800_000_000;
const BUFFER = new Uint8Array(4 * 1024 * 1024);
const VIEW = new DataView(BUFFER.buffer);
/** Headers of one packet, with all that a block adds. */
const ROOM = 256;
