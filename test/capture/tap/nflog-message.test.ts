/** nflog's messages: what the kernel sends, cut at every point, and any bytes at all. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { NflogReader, PACKET_TYPE } from "../../../src/capture/tap/nflog-message.ts";
import { MessageWriter, u32be } from "../../../src/kernel/netlink-message.ts";

const PAYLOAD = Uint8Array.of(0x45, 0, 0, 20, 1, 2, 3);
const TIMESTAMP = Uint8Array.of(0, 0, 0, 0, ...u32be(1_795_132_800), 0, 0, 0, 0, ...u32be(654_321));

function message(sequence: number, { type = PACKET_TYPE, stamped = true } = {}): Uint8Array {
  const writer = new MessageWriter(1024);
  writer.begin(type, 0, 0, Uint8Array.of(2, 0, 0, 5));
  writer.value(1, Uint8Array.of(8, 0, 3, 0)).value(10, Uint8Array.of(0));
  if (stamped) writer.value(3, TIMESTAMP);
  writer.u32be(12, sequence).value(9, PAYLOAD);
  return writer.end().bytes.slice();
}

interface Told {
  readonly sequence: number;
  readonly wallUs: number;
  readonly payload: readonly number[];
}

function read(received: Uint8Array, length = received.length): Told[] {
  const reader = new NflogReader(received);
  const told: Told[] = [];
  reader.begin(length);
  while (reader.next()) {
    const { sequence, wallUs, from, to } = reader.packet;
    told.push({ sequence, wallUs, payload: [...received.subarray(from, to)] });
  }
  return told;
}

describe("what one recv gave", () => {
  test("is read packet by packet, each with its number and stamp", () => {
    const received = Uint8Array.of(...message(7), ...message(8, { stamped: false }));
    expect(read(received)).toEqual([
      { sequence: 7, wallUs: 1_795_132_800_654_321, payload: [...PAYLOAD] },
      { sequence: 8, wallUs: 0, payload: [...PAYLOAD] },
    ]);
  });

  test("of another type is passed over", () => {
    const received = Uint8Array.of(...message(7, { type: 2 }), ...message(8));
    expect(read(received).map(({ sequence }) => sequence)).toEqual([8]);
  });

  test("cut anywhere gives the packets in front of the cut, and nothing from behind it", () => {
    const [first, second] = [message(7), message(8)];
    const received = Uint8Array.of(...first, ...second);
    for (let length = 0; length < received.length; length++) {
      const told = read(received, length);
      expect(told.length).toBe(length < first.length ? 0 : 1);
    }
  });

  test("never goes beyond what was received, whatever the bytes are", () => {
    const lengths = fc.tuple(fc.uint8Array({ maxLength: 400 }), fc.nat(500));
    fc.assert(
      fc.property(lengths, ([bytes, length]) => {
        const reader = new NflogReader(bytes);
        reader.begin(length);
        let packets = 0;
        while (reader.next()) {
          packets++;
          const { from, to } = reader.packet;
          expect(from).toBeLessThanOrEqual(to);
          expect(to).toBeLessThanOrEqual(Math.min(length, bytes.length));
        }
        expect(packets).toBeLessThanOrEqual(bytes.length / 16);
      }),
    );
  });

  test("with one byte changed anywhere is read or left, and never hangs", () => {
    const good = Uint8Array.of(...message(7), ...message(8));
    const changes = fc.tuple(fc.nat(good.length - 1), fc.nat(255));
    fc.assert(
      fc.property(changes, ([at, byte]) => {
        const bytes = good.slice();
        bytes[at] = byte;
        expect(read(bytes).length).toBeLessThanOrEqual(2);
      }),
    );
  });
});
