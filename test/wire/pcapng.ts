/**
 * Writes pcapng files block by block (draft-ietf-opsawg-pcapng).
 *
 *     pcapng([section({ endian: "big" }), iface(), enhanced(packet), secrets(TLS_KEY_LOG, bytes)])
 *
 * A block is a function of the byte order that its section set, so a file is one list.
 */
import { concat, type Endian, latin1, uint } from "./bytes.ts";
import { LINK } from "./link.ts";
import type { WirePacket } from "./packet.ts";

export type Block = (endian: Endian) => Uint8Array;
export interface SectionBlock {
  readonly endian: Endian;
  readonly block: Block;
}

/** `code` 0 is never needed: the end of options is written after the last one. */
export interface Option {
  readonly code: number;
  readonly value: Uint8Array;
}

export interface Clock {
  /** The raw `if_tsresol` byte: 6 is microseconds, 9 nanoseconds, 0x80 | n is 2^-n seconds. */
  readonly resolution?: number;
  /** `if_tsoffset`, seconds. */
  readonly offsetSeconds?: number;
}

/** A whole file, or a part of one; a `section` sets the byte order of what follows it. */
export function pcapng(blocks: readonly (Block | SectionBlock)[]): Uint8Array {
  let endian: Endian = "little";
  return concat(
    ...blocks.map((block) => {
      if (typeof block === "function") return block(endian);
      endian = block.endian;
      return block.block(endian);
    }),
  );
}

/** The usual file: one section, one interface, an enhanced block a packet. */
export function simplePcapng(
  packets: readonly WirePacket[],
  shape: { endian?: Endian; linkType?: number; clock?: Clock } = {},
): Uint8Array {
  const clock = shape.clock ?? {};
  const { linkType = LINK.ethernet, endian = "little" } = shape;
  const opening = [section({ endian }), iface({ linkType, ...clock })];
  return pcapng([...opening, ...packets.map((packet) => enhanced(packet, { clock }))]);
}

export function section(
  shape: { endian?: Endian; options?: readonly Option[]; major?: number; bytes?: bigint } = {},
): SectionBlock {
  const { endian = "little", options = [], major = 1, bytes = -1n } = shape;
  const body: Block = (order) =>
    concat(
      uint(0x1a2b3c4d, 4, order),
      uint(major, 2, order),
      uint(0, 2, order),
      uint(bytes, 8, order),
      writeOptions(options, order),
    );
  return { endian, block: (order) => block(0x0a0d0d0a, body(order))(order) };
}

/** Interface description block. */
export function iface(
  shape: { linkType?: number; snapBytes?: number; options?: readonly Option[] } & Clock = {},
): Block {
  return (endian) => {
    const options = [...(shape.options ?? [])];
    const { resolution, offsetSeconds } = shape;
    if (resolution !== undefined) options.push({ code: 9, value: uint(resolution, 1) });
    if (offsetSeconds !== undefined)
      options.push({ code: 14, value: uint(BigInt(offsetSeconds), 8, endian) });
    const body = concat(
      uint(shape.linkType ?? LINK.ethernet, 2, endian),
      uint(0, 2, endian),
      uint(shape.snapBytes ?? 0, 4, endian),
      writeOptions(options, endian),
    );
    return block(1, body)(endian);
  };
}

/** Enhanced packet block; `clock` must be what the interface said. */
export function enhanced(
  packet: WirePacket,
  shape: { clock?: Clock; options?: readonly Option[] } = {},
): Block {
  return (endian) => {
    const ticks = ticksOf(packet, shape.clock ?? {});
    const body = concat(
      uint(packet.interfaceId ?? 0, 4, endian),
      uint(ticks >> 32n, 4, endian),
      uint(ticks, 4, endian),
      uint(packet.bytes.length, 4, endian),
      uint(packet.originalBytes ?? packet.bytes.length, 4, endian),
      padded(packet.bytes),
      writeOptions(shape.options ?? [], endian),
    );
    return block(6, body)(endian);
  };
}

/** Simple packet block: interface 0, no time; cut where the interface's snap length says. */
export function simple(packet: WirePacket): Block {
  return (endian) => {
    const original = uint(packet.originalBytes ?? packet.bytes.length, 4, endian);
    return block(3, concat(original, padded(packet.bytes)))(endian);
  };
}

/** Obsolete packet block (type 2). */
export function obsolete(packet: WirePacket, clock: Clock = {}): Block {
  return (endian) => {
    const ticks = ticksOf(packet, clock);
    const body = concat(
      uint(packet.interfaceId ?? 0, 2, endian),
      uint(0xffff, 2, endian),
      uint(ticks >> 32n, 4, endian),
      uint(ticks, 4, endian),
      uint(packet.bytes.length, 4, endian),
      uint(packet.originalBytes ?? packet.bytes.length, 4, endian),
      padded(packet.bytes),
    );
    return block(2, body)(endian);
  };
}

/** Decryption secrets block. */
export function secrets(type: number, bytes: Uint8Array): Block {
  return (endian) =>
    block(10, concat(uint(type, 4, endian), uint(bytes.length, 4, endian), padded(bytes)))(endian);
}

/** Any block: unknown types, or known ones with a body that lies. */
export function block(type: number, body: Uint8Array, shape: { length?: number } = {}): Block {
  return (endian) => {
    const whole = padded(body);
    const length = uint(shape.length ?? whole.length + 12, 4, endian);
    return concat(uint(type, 4, endian), length, whole, length);
  };
}

export function comment(text: string): Option {
  return { code: 1, value: latin1(text) };
}

function writeOptions(options: readonly Option[], endian: Endian): Uint8Array {
  if (options.length === 0) return new Uint8Array(0);
  const written = options.map(({ code, value }) =>
    concat(uint(code, 2, endian), uint(value.length, 2, endian), padded(value)),
  );
  return concat(...written, uint(0, 4, endian));
}

function ticksOf(packet: WirePacket, clock: Clock): bigint {
  const resolution = clock.resolution ?? 6;
  const nanos = BigInt(packet.atUs) * 1000n + BigInt(packet.nanos ?? 0);
  const sinceOffset = nanos - BigInt(clock.offsetSeconds ?? 0) * 1_000_000_000n;
  const perSecond = resolution & 128 ? 1n << BigInt(resolution & 127) : 10n ** BigInt(resolution);
  return (sinceOffset * perSecond) / 1_000_000_000n;
}

function padded(bytes: Uint8Array): Uint8Array {
  return concat(bytes, new Uint8Array((4 - (bytes.length % 4)) % 4));
}

/** "TLSK": an NSS key log (draft-ietf-opsawg-pcapng, secrets types). */
export const TLS_KEY_LOG = 0x544c534b;
