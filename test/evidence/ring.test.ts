/** The ring of handshake packets: bounded, in order, and what it lost is counted. */
import { describe, expect, test } from "vitest";
import { EvidenceRing, type RingLimits } from "../../src/evidence/ring.ts";
import { Random } from "../fuzz/random.ts";

const LIMITS: RingLimits = { bytes: 1000, connections: 4, bytesPerConnection: 400 };

describe("the ring", () => {
  test("gives back what was put in, in its order, as it was", () => {
    const ring = new EvidenceRing(LIMITS);
    add(ring, 1, "first", 10);
    add(ring, 2, "of another", 11);
    add(ring, 1, "second", 9);
    const { packets, missed } = ring.freeze(1);
    expect(packets.map(({ bytes, atUs }) => [Buffer.from(bytes).toString(), atUs])).toEqual([
      ["first", 10],
      ["second", 9],
    ]);
    expect(packets[0]).toMatchObject({ original: 1500, link: 1 });
    expect(missed).toBe(0);
  });

  test("gives copies: what comes later changes nothing of them", () => {
    const ring = new EvidenceRing(LIMITS);
    add(ring, 1, "first", 1);
    const frozen = ring.freeze(1);
    for (let flow = 2; flow < 40; flow++) add(ring, flow, "x".repeat(100), 2);
    expect(Buffer.from(frozen.packets[0]!.bytes).toString()).toBe("first");
    expect(ring.freeze(1).packets).toEqual([]);
  });

  test("keeps so much of one connection and no more, and says how many packets it has not", () => {
    const ring = new EvidenceRing(LIMITS);
    for (let packet = 0; packet < 10; packet++) add(ring, 1, "x".repeat(80), packet);
    const { packets, missed } = ring.freeze(1);
    expect(packets).toHaveLength(4);
    expect(missed).toBe(6);
    expect(ring.dropped.beyondConnection).toBe(6);
  });

  test("keeps so many connections and gives up the oldest", () => {
    const ring = new EvidenceRing(LIMITS);
    for (let flow = 1; flow <= 6; flow++) add(ring, flow, "x", flow);
    expect(ring.freeze(1).packets).toEqual([]);
    expect(ring.freeze(6).packets).toHaveLength(1);
    expect(ring.dropped.connections).toBe(2);
  });

  test("says how many packets were overwritten before they were wanted", () => {
    const ring = new EvidenceRing({ ...LIMITS, bytesPerConnection: 1000, connections: 100 });
    for (let packet = 0; packet < 3; packet++) add(ring, 1, "x".repeat(80), packet);
    for (let flow = 2; flow < 10; flow++) add(ring, flow, "y".repeat(80), flow);
    const { packets, missed } = ring.freeze(1);
    expect(packets.length + missed).toBe(3);
    expect(missed).toBeGreaterThan(0);
    expect(ring.dropped.overwritten).toBe(missed);
  });

  test("takes the fragments of a datagram to the connection that they turn out to belong to", () => {
    const ring = new EvidenceRing(LIMITS);
    add(ring, "datagram", "half", 1);
    add(ring, 1, "between", 2);
    add(ring, "datagram", "other half", 3);
    ring.adopt("datagram", 1);
    const said = ring.freeze(1).packets.map(({ bytes }) => Buffer.from(bytes).toString());
    expect(said).toEqual(["half", "between", "other half"]);
  });

  test("never gives a packet that is another's, or half overwritten, however it wraps", () => {
    const random = new Random(11, 0);
    const ring = new EvidenceRing({ bytes: 997, connections: 50, bytesPerConnection: 997 });
    for (let packet = 0; packet < 5000; packet++) {
      const flow = 1 + random.below(8);
      add(ring, flow, String(flow).repeat(random.below(120)), packet);
      const asked = 1 + random.below(8);
      for (const { bytes } of ring.freeze(asked).packets) {
        const text = Buffer.from(bytes).toString();
        expect(text).toBe(String(asked).repeat(text.length));
      }
    }
  });

  test("does without a packet that is larger than itself", () => {
    const ring = new EvidenceRing({ bytes: 100, connections: 2, bytesPerConnection: 10_000 });
    add(ring, 1, "x".repeat(500), 1);
    expect(ring.freeze(1)).toEqual({ packets: [], missed: 1 });
  });
});

function add(ring: EvidenceRing, of: number | string, text: string, atUs: number): void {
  const bytes = Buffer.from(`..${text}..`);
  ring.add(of, bytes, 2, bytes.length - 2, atUs, 1500, 1);
}
