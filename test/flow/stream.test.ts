/** TCP put in order: each byte once, whatever the network or somebody hostile did to the segments. */
import { describe, expect, test } from "vitest";
import { pattern } from "../wire/bytes.ts";
import { type Conversation, type ConversationShape, conversation } from "../wire/conversation.ts";
import { gapsOf, seen } from "./reader.ts";

const HELLO = pattern(5000, 1);
const ANSWER = pattern(9000, 2);

/** Both directions must arrive whole, in one flow, with nothing else told. */
function expectWhole(script: Conversation): void {
  const all = seen(script.packets());
  expect(all.count).toBe(1);
  expect(all.flows[0]?.said).toEqual([HELLO, ANSWER]);
  expect(gapsOf(all.flows[0])).toEqual([]);
  expect([all.overlaps, all.losses]).toEqual([[], []]);
}

describe("a conversation arrives whole and once", () => {
  test("in order", () => {
    expectWhole(conversation().client(HELLO).server(ANSWER).close());
  });

  test("in segments of one byte", () => {
    const small: ConversationShape = { mss: 1 };
    const script = conversation(small)
      .client(HELLO.subarray(0, 300))
      .server(ANSWER.subarray(0, 300));
    expect(seen(script.packets()).flows[0]?.said).toEqual([
      HELLO.subarray(0, 300),
      ANSWER.subarray(0, 300),
    ]);
  });

  test("out of order, every flight back to front", () => {
    const script = conversation({ mss: 500 }).client(HELLO).swap(10).server(ANSWER).swap(18);
    expectWhole(script);
  });

  test("out of order in both directions at once", () => {
    const script = conversation({ mss: 500 }).client(HELLO).server(ANSWER);
    expectWhole(script.swap(28));
  });

  test("retransmitted, each segment", () => {
    const script = conversation({ mss: 1000 });
    for (let at = 0; at < HELLO.length; at += 1000)
      script.client(HELLO.subarray(at, at + 1000)).again();
    for (let at = 0; at < ANSWER.length; at += 1000)
      script
        .server(ANSWER.subarray(at, at + 1000))
        .again()
        .again();
    expectWhole(script);
  });

  test("retransmitted as a whole, later and in other pieces", () => {
    const script = conversation().client(HELLO).server(ANSWER);
    for (let at = 0; at < HELLO.length; at += 700)
      script.segment("client", at, HELLO.subarray(at, at + 700));
    expectWhole(script.segment("server", 100, ANSWER.subarray(100, 4000)));
  });

  test("overlapping by some bytes with the segment before", () => {
    const script = conversation();
    for (let at = 0; at < HELLO.length; at += 1000)
      script.segment("client", at, HELLO.subarray(at, at + 1200));
    expectWhole(script.segment("server", 0, ANSWER));
  });

  test("early segments that overlap each other and cover holes", () => {
    const script = conversation();
    for (const [from, to] of [
      [3000, 4000],
      [1000, 2000],
      [500, 4500],
      [4400, 5000],
      [0, 600],
    ] as const)
      script.segment("client", from, HELLO.subarray(from, to));
    expectWhole(script.segment("server", 0, ANSWER));
  });

  test("with sequence numbers that wrap in the middle", () => {
    for (const wrap of [1, 2, 1234, 4999, 5000]) {
      const shape = { clientSequence: 2 ** 32 - wrap, serverSequence: 2 ** 32 - wrap, mss: 700 };
      expectWhole(conversation(shape).client(HELLO).swap(3).again().server(ANSWER).swap(5));
    }
  });

  test("with sequence numbers that pass 2^31", () => {
    const shape = { clientSequence: 2 ** 31 - 1200, serverSequence: 2 ** 31 - 1, mss: 700 };
    expectWhole(conversation(shape).client(HELLO).swap(4).server(ANSWER));
  });

  test("with keep-alives, whose byte means nothing", () => {
    const script = conversation().client(HELLO).keepAlive("client").ack("server");
    expectWhole(script.server(ANSWER).keepAlive("server").keepAlive("client"));
  });

  test("over IPv6", () => {
    const ends = { client: "[2001:db8::1]:40000", server: "[2001:db8:0:1::2]:443" };
    const script = conversation(ends).client(HELLO).server(ANSWER);
    expectWhole(script);
    expect(seen(script.packets()).flows[0]?.flow.ends).toEqual([
      { ip: "2001:db8::1", port: 40_000 },
      { ip: "2001:db8:0:1::2", port: 443 },
    ]);
  });

  test("with IP lengths of zero, as segmentation offload leaves them", () => {
    expectWhole(
      conversation({ network: { zeroLength: true } })
        .client(HELLO)
        .server(ANSWER),
    );
  });

  test("with checksums that are wrong, as checksum offload leaves them", () => {
    expectWhole(
      conversation({ network: { badChecksum: true } })
        .client(HELLO)
        .server(ANSWER),
    );
  });

  test("with data behind a FIN that came early", () => {
    const script = conversation({ mss: 1000 }).client(HELLO).fin("client").swap(3).server(ANSWER);
    expectWhole(script);
  });

  test("with data in the SYN", () => {
    const script = conversation({ handshake: false })
      .segment("client", -1, HELLO.subarray(0, 1000), "S")
      .segment("server", -1, new Uint8Array(0), "SA")
      .segment("client", 1000, HELLO.subarray(1000))
      .segment("server", 0, ANSWER);
    expectWhole(script);
  });
});

describe("overlaps with different bytes", () => {
  const other = Uint8Array.from(HELLO, (byte) => byte ^ 0xff);

  test("behind what was delivered are told once a side, and the first bytes count", () => {
    const script = conversation()
      .client(HELLO)
      .segment("client", 1000, other.subarray(1000, 1100))
      .segment("client", 2000, other.subarray(2000, 2100));
    const all = seen(script.packets());
    expect(all.overlaps).toEqual([{ flow: 1, side: 0, offset: 1000 }]);
    expect(all.flows[0]?.said[0]).toEqual(HELLO);
  });

  test("are told when only one byte of many differs", () => {
    const nearly = Uint8Array.from(HELLO);
    nearly[1400]! ^= 1;
    const script = conversation().client(HELLO).segment("client", 0, nearly.subarray(0, 3000));
    expect(seen(script.packets()).overlaps).toHaveLength(1);
  });

  test("between two early segments are told, and the first bytes count", () => {
    const script = conversation()
      .segment("client", 1000, HELLO.subarray(1000))
      .segment("client", 1100, other.subarray(1100, 1200))
      .segment("client", 0, HELLO.subarray(0, 1000));
    const all = seen(script.packets());
    expect(all.overlaps).toHaveLength(1);
    expect(all.flows[0]?.said[0].subarray(1000)).toEqual(HELLO.subarray(1000));
  });

  test("between a delivered and an early segment are told", () => {
    const script = conversation()
      .segment("client", 500, other.subarray(500, 1500))
      .segment("client", 0, HELLO.subarray(0, 1000));
    const all = seen(script.packets());
    expect(all.overlaps).toHaveLength(1);
  });

  test("are told for each side of its own", () => {
    const script = conversation().client(HELLO).server(ANSWER);
    script
      .segment("client", 10, other.subarray(10, 20))
      .segment("server", 10, other.subarray(10, 20));
    expect(seen(script.packets()).overlaps.map(({ side }) => side)).toEqual([0, 1]);
  });

  test("that repeat the bytes exactly are no overlap to speak of", () => {
    const script = conversation().client(HELLO).segment("client", 10, HELLO.subarray(10, 3000));
    expect(seen(script.packets()).overlaps).toEqual([]);
  });
});

describe("what is missing", () => {
  test("in the middle is told as a gap, with what follows delivered behind it", () => {
    const script = conversation()
      .client(HELLO.subarray(0, 1000))
      .lose("client", 500)
      .client(HELLO.subarray(1500))
      .server(ANSWER);
    const flow = seen(script.packets()).flows[0];
    expect(gapsOf(flow)).toEqual([{ side: 0, offset: 1000, count: 500, why: "loss" }]);
    const expected = Uint8Array.from(HELLO).fill(0, 1000, 1500);
    expect(flow?.said).toEqual([expected, ANSWER]);
  });

  test("in several places is told for each", () => {
    const script = conversation();
    for (let at = 0; at < 3; at++) script.client(pattern(100)).lose("client", 10 + at);
    script.client(pattern(100));
    expect(gapsOf(seen(script.packets()).flows[0]).map(({ count }) => count)).toEqual([10, 11, 12]);
  });

  test("by the snap length is told as that, with what was captured delivered", () => {
    const script = conversation({ snapBytes: 54 + 600 })
      .client(HELLO)
      .server(ANSWER.subarray(0, 100));
    const flow = seen(script.packets()).flows[0];
    expect(gapsOf(flow)).toEqual([
      { side: 0, offset: 600, count: 860, why: "snaplen" },
      { side: 0, offset: 2060, count: 860, why: "snaplen" },
      { side: 0, offset: 3520, count: 860, why: "snaplen" },
      { side: 0, offset: 4980, count: 20, why: "snaplen" },
    ]);
    expect(flow?.said[0]).toHaveLength(HELLO.length);
    expect(flow?.said[1]).toEqual(ANSWER.subarray(0, 100));
  });

  test("by a snap length that holds headers only is told as that", () => {
    const script = conversation({ snapBytes: 54 }).client(HELLO.subarray(0, 1000));
    const flow = seen(script.packets()).flows[0];
    expect(gapsOf(flow)).toEqual([{ side: 0, offset: 0, count: 1000, why: "snaplen" }]);
  });

  test.each([
    ["IPv4", {}],
    ["IPv6", { client: "[2001:db8::1]:1", server: "[2001:db8::2]:2" }],
  ])("by the snap length is known also where the %s length is zero", (_name, ends) => {
    const script = conversation({ ...ends, network: { zeroLength: true }, snapBytes: 100 });
    const flow = seen(script.client(HELLO.subarray(0, 1000)).packets()).flows[0];
    expect(gapsOf(flow).map(({ why }) => why)).toEqual(["snaplen"]);
    expect(flow?.said[0]).toHaveLength(1000);
  });

  test("at the beginning of a connection is a gap at offset 0", () => {
    const script = conversation().lose("client", 100).client(HELLO.subarray(100));
    expect(gapsOf(seen(script.packets()).flows[0])).toEqual([
      { side: 0, offset: 0, count: 100, why: "loss" },
    ]);
  });
});

describe("limits", () => {
  test("a hole that stays open is given up after 1 MiB of early bytes, and told as a loss", () => {
    const script = conversation().client(pattern(10)).lose("client", 100);
    const late = pattern(1_200_000, 5);
    const all = seen(script.client(late).packets());
    const first = { side: 0, offset: 10, count: 100, why: "limit" };
    expect(gapsOf(all.flows[0])[0]).toEqual(first);
    expect(all.flows[0]?.said[0].subarray(110, 110 + 65_536)).toEqual(late.subarray(0, 65_536));
    expect(all.losses[0]).toEqual({ what: "tcp-pending", flow: 1 });
  });

  test("a hole that stays open is given up after 1024 early segments, and told as a loss", () => {
    const script = conversation({ mss: 1 }).lose("client", 7).client(pattern(1030));
    const all = seen(script.packets());
    expect(gapsOf(all.flows[0])).toEqual([{ side: 0, offset: 0, count: 7, why: "limit" }]);
    expect(all.losses).toEqual([{ what: "tcp-pending", flow: 1 }]);
  });

  test("1024 early segments are put in order", () => {
    const script = conversation({ mss: 1 }).client(pattern(1024)).swap(1024);
    expect(seen(script.packets()).flows[0]?.said[0]).toEqual(pattern(1024));
  });

  test("a direction whose reader never decides is given up after 1 MiB, and told as a loss", () => {
    const all = seen(conversation({ mss: 60_000 }).client(pattern(1_300_000)).packets());
    expect(all.losses).toEqual([{ what: "tcp-reassembly", flow: 1 }]);
    const gaps = gapsOf(all.flows[0]);
    expect(gaps.map(({ why }) => why)).toEqual(["limit"]);
    expect(all.flows[0]?.said[0].length).toBeLessThan(1_200_000);
  });

  test("held bytes of all connections together are bounded, and told as a loss", () => {
    const scripts = Array.from({ length: 8 }, (_, index) =>
      conversation({ client: `10.0.0.${index + 1}:4000` })
        .client(pattern(20_000))
        .packets(),
    );
    const all = seen(scripts.flat(), { limits: { heldBytes: 100_000 } });
    expect(all.losses.length).toBeGreaterThan(0);
    expect(all.losses[0]?.what).toBe("tcp-reassembly");
  });
});
