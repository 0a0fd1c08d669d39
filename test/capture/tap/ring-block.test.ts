/** Blocks of the ring: laid out as the kernel does, and as nobody should. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { PacketSink } from "../../../src/capture/packet-sink.ts";
import { LiveClock } from "../../../src/capture/tap/live-clock.ts";
import {
  COOKED_BYTES,
  giveBack,
  hasLost,
  isFilled,
  readBlock,
} from "../../../src/capture/tap/ring-block.ts";

const BLOCK_BYTES = 4096;
const NOW_US = 1_795_132_800_000_000;
const clock = new LiveClock({
  wallMs: () => NOW_US / 1000,
  sinceBootMs: () => 0,
  steadyMs: () => 0,
});

interface Frame {
  readonly payload: readonly number[];
  /** Length on the wire, if it was cut. */
  readonly length?: number;
  readonly hardware?: number;
  readonly kind?: number;
}

/** As tpacket_rcv lays them out: header, sockaddr_ll, reserved room, payload, aligned to 8. */
function block(frames: readonly Frame[]): Uint8Array {
  const bytes = new Uint8Array(BLOCK_BYTES);
  const view = new DataView(bytes.buffer);
  view.setUint32(8, 1, true);
  view.setUint32(12, frames.length, true);
  let at = 48;
  view.setUint32(16, at, true);
  for (const [index, { payload, length, hardware = 1, kind = 0 }] of frames.entries()) {
    const network = 48 + 20 + COOKED_BYTES + 8;
    const next = (network + payload.length + 7) & ~7;
    view.setUint32(at, index === frames.length - 1 ? 0 : next, true);
    view.setUint32(at + 4, NOW_US / 1e6, true);
    view.setUint32(at + 12, payload.length, true);
    view.setUint32(at + 16, length ?? payload.length, true);
    view.setUint16(at + 24, network, true);
    view.setUint16(at + 26, network, true);
    view.setUint16(at + 48, 17, true);
    view.setUint16(at + 50, 0x0800);
    view.setInt32(at + 52, 3, true);
    view.setUint16(at + 56, hardware, true);
    view.setUint8(at + 58, kind);
    bytes.set(payload, at + network);
    at += next;
  }
  return bytes;
}

class Sink implements PacketSink {
  readonly clock = new Float64Array(1);
  readonly packets: { bytes: number[]; original: number; link: number; atUs: number }[] = [];

  packet(all: Uint8Array, from: number, captured: number, original: number, link: number): void {
    const bytes = [...all.subarray(from, from + captured)];
    if (bytes.length !== captured) throw new Error("beyond the buffer");
    this.packets.push({ bytes, original, link, atUs: this.clock[0]! });
  }
}

function read(bytes: Uint8Array): { answer: number; packets: Sink["packets"] } {
  const sink = new Sink();
  const place = { blockAt: 0, blockBytes: BLOCK_BYTES, nowUs: NOW_US };
  return { answer: readBlock(bytes, place, { sink, clock }), packets: sink.packets };
}

describe("a block", () => {
  test("gives each packet behind a cooked header", () => {
    const frames = [{ payload: [0x45, 1, 2] }, { payload: [0x45, 3], length: 1500, kind: 4 }];
    const { answer, packets } = read(block(frames));
    expect(answer).toBe(2);
    const cooked = [8, 0, 0, 0, 0, 0, 0, 3, 0, 1];
    expect(packets[0]).toEqual({
      bytes: [...cooked, 0, 0, ...new Array(8).fill(0), 0x45, 1, 2],
      original: 3 + COOKED_BYTES,
      link: 276,
      atUs: NOW_US,
    });
    expect(packets[1]).toMatchObject({ original: 1500 + COOKED_BYTES });
    expect(packets[1]!.bytes[10]).toBe(4);
  });

  test("shows loopback once: not as it leaves", () => {
    const loopback = { payload: [0x45], hardware: 772 };
    const { packets } = read(
      block([
        { ...loopback, kind: 4 },
        { ...loopback, kind: 0 },
      ]),
    );
    expect(packets.map(({ bytes }) => bytes[10])).toEqual([0]);
  });

  test("is ours when its status says so, and then given back", () => {
    const words = new Int32Array(BLOCK_BYTES / 4);
    expect(isFilled(words, 0)).toBe(false);
    words[2] = 1 | 4;
    expect(isFilled(words, 0)).toBe(true);
    expect(hasLost(words, 0)).toBe(true);
    giveBack(words, 0);
    expect(isFilled(words, 0)).toBe(false);
    expect(hasLost(words, 0)).toBe(false);
  });

  test("that cannot be right is left off at that packet", () => {
    const bytes = block([{ payload: [0x45] }, { payload: [0x45] }]);
    new DataView(bytes.buffer).setUint32(48 + 12, BLOCK_BYTES, true);
    expect(read(bytes)).toEqual({ answer: -1, packets: [] });
  });

  test("with any bytes changed never leads beyond itself, and ends", () => {
    const good = block([{ payload: [0x45, 1, 2] }, { payload: [0x45, 3] }, { payload: [0x60] }]);
    const change = fc.tuple(fc.integer({ min: 12, max: 400 }), fc.nat(255));
    fc.assert(
      fc.property(fc.array(change, { maxLength: 8 }), (changes) => {
        const bytes = good.slice();
        for (const [at, byte] of changes) bytes[at] = byte;
        const { packets } = read(bytes);
        expect(packets.length).toBeLessThanOrEqual(BLOCK_BYTES / 48 + 1);
      }),
    );
  });
});
