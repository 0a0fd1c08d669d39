/** Connections: who they are between, where one ends and the next begins, and how many at once. */
import { describe, expect, test } from "vitest";
import { latin1, pattern, uint } from "../wire/bytes.ts";
import { conversation, merge } from "../wire/conversation.ts";
import { ethernet } from "../wire/link.ts";
import { EPOCH_US } from "../wire/packet.ts";
import { tcp, udp } from "../wire/transport.ts";
import { gapsOf, seen } from "./reader.ts";

const HOUR_US = 3_600_000_000;
const SECOND_US = 1_000_000;

describe("who a flow is between", () => {
  test("side 0 sent the first packet, and the opener sent the SYN", () => {
    const flow = seen(conversation().client(latin1("x")).packets()).flows[0]?.flow;
    expect(flow).toEqual({
      id: 1,
      transport: "tcp",
      ends: [
        { ip: "10.0.0.1", port: 40_000 },
        { ip: "192.0.2.7", port: 443 },
      ],
      opener: 0,
      openedAtUs: EPOCH_US,
    });
  });

  test("whose first packet is the SYN and ACK: the other side opened it", () => {
    const packets = conversation().client(latin1("x")).packets().slice(1);
    const flow = seen(packets).flows[0]?.flow;
    expect(flow?.ends[0].port).toBe(443);
    expect(flow?.opener).toBe(1);
  });

  test("joined midstream has no opener, and its bytes count from where it was joined", () => {
    const script = conversation({ handshake: false }).server(pattern(100)).client(latin1("hello"));
    const { flow, said } = seen(script.packets()).flows[0]!;
    expect(flow.opener).toBeUndefined();
    expect(flow.ends[0].port).toBe(443);
    expect(said).toEqual([pattern(100), latin1("hello")]);
  });

  test.each([
    ["[2001:db8:0:0:1:0:0:1]:1", "2001:db8::1:0:0:1"],
    ["[::1]:1", "::1"],
    ["[fe80::]:1", "fe80::"],
    ["[2001:db8:0:1:1:1:1:1]:1", "2001:db8:0:1:1:1:1:1"],
    ["[::ffff:0a00:0001]:1", "::ffff:10.0.0.1"],
    ["[ABCD:0:0:0:0:0:0:0EF]:1", "abcd::ef"],
  ])("%s is written as RFC 5952 has it", (client, ip) => {
    const script = conversation({ client, server: "[2001:db8::2]:443" }).client(latin1("x"));
    expect(seen(script.packets()).flows[0]?.flow.ends[0].ip).toBe(ip);
  });

  test("IPv6 addresses that differ in one bit only are two flows", () => {
    const server = "[2001:db8::2]:443";
    const one = conversation({ client: "[2001:db8::10]:1", server }).client(latin1("a")).packets();
    const two = conversation({ client: "[2001:db8::11]:1", server }).client(latin1("b")).packets();
    expect(seen(merge(one, two)).flows.map(({ said }) => said[0])).toEqual([
      latin1("a"),
      latin1("b"),
    ]);
  });

  test("flows are numbered by their first packets, also those that never say anything", () => {
    const mute = conversation({ client: "10.0.0.1:1" }).packets();
    const loud = conversation({ client: "10.0.0.1:2", startUs: EPOCH_US + 1 })
      .client(latin1("x"))
      .packets();
    const all = seen(merge(mute, loud));
    expect(all.count).toBe(2);
    expect(all.flows.map(({ flow }) => flow.id)).toEqual([2]);
  });

  test("the same two ends in both roles are one flow", () => {
    const ends = { client: "10.0.0.1:443", server: "10.0.0.2:443" };
    const script = conversation(ends).client(latin1("a")).server(latin1("b"));
    expect(seen(script.packets()).flows.map(({ said }) => said)).toEqual([
      [latin1("a"), latin1("b")],
    ]);
  });

  test("a socket that speaks to itself is one flow", () => {
    const self = "127.0.0.1:5000";
    const script = conversation({ client: self, server: self }).client(latin1("a"));
    expect(seen(script.packets()).count).toBe(1);
  });
});

describe("where a flow ends", () => {
  test.each([
    ["both FINs", (script: ReturnType<typeof conversation>) => script.close(), "fin"],
    ["a reset", (script: ReturnType<typeof conversation>) => script.reset("server"), "rst"],
    [
      "one FIN only, and the input ends",
      (script: ReturnType<typeof conversation>) => script.fin("client"),
      "end",
    ],
    ["the input ends", (script: ReturnType<typeof conversation>) => script, "end"],
  ])("%s", (_name, finish, why) => {
    const script = conversation().client(latin1("x"));
    expect(seen(finish(script).packets()).flows[0]?.closed).toBe(why);
  });

  test("the same ports with another SYN are another flow", () => {
    const script = conversation().client(latin1("first")).close().wait(SECOND_US).reopen();
    const all = seen(script.client(latin1("second")).packets());
    expect(all.flows.map(({ said, flow }) => [said[0], flow.id])).toEqual([
      [latin1("first"), 1],
      [latin1("second"), 2],
    ]);
  });

  test("a SYN that is repeated is not another flow", () => {
    const packets = conversation().client(latin1("x")).packets();
    const all = seen([packets[0]!, packets[0]!, ...packets.slice(1), packets[0]!]);
    expect(all.count).toBe(1);
    expect(all.flows[0]?.said[0]).toEqual(latin1("x"));
  });

  test("a SYN inside an open connection that nobody answers hides nothing of it", () => {
    const nothing = new Uint8Array(0);
    const script = conversation().client(latin1("half a "));
    script.segment("client", 5_000_000, nothing, "S").client(latin1("hello")).server(latin1("yes"));
    const all = seen(script.packets());
    expect(all.flows.map(({ said }) => said)).toEqual([[latin1("half a hello"), latin1("yes")]]);
  });

  test("nor does data inside such a SYN count", () => {
    const script = conversation().client(latin1("half a "));
    script.segment("client", 5_000_000, latin1("x"), "S").client(latin1("hello"));
    expect(seen(script.packets()).flows[0]?.said[0]).toEqual(latin1("half a hello"));
  });

  test("a SYN inside an open connection that is answered begins another flow", () => {
    const script = conversation().client(latin1("first")).reopen().client(latin1("second"));
    const flows = seen(script.packets()).flows;
    expect(flows.map(({ said, closed }) => [closed, said[0].length + said[1].length])).toEqual([
      ["reused", 5],
      ["end", 6],
    ]);
  });

  test("an answer to another SYN than the last one begins nothing", () => {
    const script = conversation().client(latin1("half a "));
    script.segment("client", 5_000_000, new Uint8Array(0), "S");
    script.segment("server", 9_000_000, new Uint8Array(0), "SA").client(latin1("hello"));
    expect(seen(script.packets()).flows.map(({ said }) => said[0])).toEqual([
      latin1("half a hello"),
    ]);
  });

  test("an unanswered SYN after a minute of silence begins another flow", () => {
    const script = conversation()
      .client(latin1("first"))
      .wait(61 * SECOND_US)
      .reopen();
    const packets = script.client(latin1("second")).packets();
    const unanswered = packets.filter((_, index) => index !== packets.length - 3);
    expect(seen(unanswered).flows.map(({ said }) => said[0])).toEqual([
      latin1("first"),
      latin1("second"),
    ]);
  });

  test("the same ports after a reset, without a SYN, are another flow once it has gone quiet", () => {
    const first = conversation().client(latin1("one")).reset("client").packets();
    const later = { startUs: EPOCH_US + 60 * SECOND_US, handshake: false, clientSequence: 9 };
    const all = seen(merge(first, conversation(later).client(latin1("two")).packets()));
    expect(all.flows.map(({ said }) => said[0])).toEqual([latin1("one"), latin1("two")]);
  });

  test("late packets of a closed connection still belong to it", () => {
    const script = conversation()
      .client(latin1("x"))
      .close()
      .wait(5 * SECOND_US)
      .ack("server");
    expect(seen(script.packets()).count).toBe(1);
  });

  test("data behind a reset that the receiver did not believe is still read", () => {
    const script = conversation().client(latin1("before")).reset("server").client(latin1("after"));
    expect(seen(script.packets()).flows[0]?.said[0]).toEqual(latin1("beforeafter"));
  });
});

describe("two answers to one SYN", () => {
  const ends = { from: "192.0.2.7:443", to: "10.0.0.1:40000" };
  const other = tcp({ ...ends, sequence: 777, acknowledgment: 1001, flags: "SA" });
  const said = conversation().client(latin1("hello")).server(latin1("yes")).packets();
  const forged = (atUs: number) => ({ atUs, bytes: ethernet(other) });

  test.each([
    ["before the real one", 1],
    ["behind the real one", 2],
    ["behind the client's acknowledgment", 3],
  ])("the one that the client acknowledges counts: the other comes %s", (_name, index) => {
    const packets = said.toSpliced(index, 0, forged(said[index]!.atUs));
    const all = seen(packets);
    expect(all.flows.map((flow) => flow.said)).toEqual([[latin1("hello"), latin1("yes")]]);
    expect(gapsOf(all.flows[0])).toEqual([]);
    expect(all.losses).toEqual([]);
  });
});

test("bytes from before the first that is known are told, not passed over in silence", () => {
  const script = conversation({ handshake: false }).client(latin1("later"));
  const all = seen(script.segment("client", -60, pattern(40)).packets());
  expect(all.losses).toEqual([{ what: "tcp-before-start", flow: 1 }]);
  expect(all.flows[0]?.said[0]).toEqual(latin1("later"));
});

describe("time-outs run on packet time", () => {
  test("an hour of silence ends a TCP connection, a minute less does not", () => {
    const flows = (silenceUs: number) => {
      const script = conversation().client(latin1("a")).wait(silenceUs).client(latin1("b"));
      return seen(script.packets()).flows;
    };
    expect(flows(HOUR_US - 60 * SECOND_US).map(({ said }) => said[0])).toEqual([latin1("ab")]);
    const two = flows(HOUR_US + SECOND_US);
    expect(two.map(({ said }) => said[0])).toEqual([latin1("a"), latin1("b")]);
    expect(two[0]?.closed).toBe("idle");
  });

  test("three minutes of silence end a UDP conversation", () => {
    const datagram = (atUs: number) => ({
      atUs,
      bytes: ethernet(udp({ from: "10.0.0.1:5", to: "10.0.0.2:53" }, pattern(9))),
    });
    const late = EPOCH_US + 181 * SECOND_US;
    expect(seen([datagram(EPOCH_US), datagram(EPOCH_US + 170 * SECOND_US)]).count).toBe(1);
    expect(seen([datagram(EPOCH_US), datagram(late)]).count).toBe(2);
  });

  test("when a dead connection is swept does not depend on what else is going on", () => {
    const quiet = conversation().client(latin1("a")).packets();
    const late = { startUs: EPOCH_US + 2 * HOUR_US, handshake: false };
    const again = conversation(late).client(latin1("b")).packets();
    const noise = Array.from({ length: 3000 }, (_, index) =>
      conversation({
        client: `10.1.${index >> 8}.${index & 255}:9`,
        startUs: EPOCH_US + HOUR_US + 2 * SECOND_US * 1000,
      })
        .client(latin1("n"))
        .packets(),
    ).flat();
    const told = (packets: typeof quiet) =>
      seen(packets)
        .flows.filter(({ flow }) => flow.ends.some(({ ip }) => ip === "10.0.0.1"))
        .map(({ said, closed }) => [said[0], closed]);
    expect(told([...quiet, ...noise, ...again])).toEqual(told([...quiet, ...again]));
  });

  test("a packet from the past ends nothing", () => {
    const script = conversation()
      .client(latin1("a"))
      .wait(-10 * HOUR_US)
      .client(latin1("b"));
    expect(seen(script.packets()).flows.map(({ said }) => said[0])).toEqual([latin1("ab")]);
  });
});

describe("UDP", () => {
  test("conversations are counted in both directions", () => {
    const there = udp({ from: "10.0.0.1:5", to: "10.0.0.2:53" }, pattern(9));
    const back = udp({ from: "10.0.0.2:53", to: "10.0.0.1:5" }, pattern(9));
    const other = udp({ from: "10.0.0.1:6", to: "10.0.0.2:53" }, pattern(9));
    const packets = [there, back, other].map((ip, index) => ({ atUs: index, bytes: ethernet(ip) }));
    expect(seen(packets).count).toBe(2);
  });

  const said = (shape: Parameters<typeof udp>[0], payload: Uint8Array, atUs = EPOCH_US) => ({
    atUs,
    bytes: ethernet(udp(shape, payload)),
  });
  const there = { from: "10.0.0.1:5", to: "10.0.0.2:53" };
  const back = { from: "10.0.0.2:53", to: "10.0.0.1:5" };

  test("each datagram is told with its side and time, and the conversation's end", () => {
    const packets = [said(there, latin1("a")), said(back, latin1("bc"), EPOCH_US + 7)];
    expect(seen(packets).flows[0]?.events).toEqual([
      { kind: "datagram", side: 0, bytes: latin1("a"), cut: 0, atUs: EPOCH_US },
      { kind: "datagram", side: 1, bytes: latin1("bc"), cut: 0, atUs: EPOCH_US + 7 },
      { kind: "closed", why: "end", atUs: EPOCH_US + 7 },
    ]);
  });

  test("one without payload opens nothing", () => {
    expect(seen([said(there, latin1(""))]).flows).toEqual([]);
  });

  test("what stands behind the datagram in its IP packet is not told", () => {
    const datagram = seen([said({ ...there, length: 8 + 3 }, pattern(9))]).flows[0]?.events[0];
    expect(datagram).toMatchObject({ bytes: pattern(9).slice(0, 3), cut: 0 });
  });

  test("one that the snap length cut says how much is missing", () => {
    const { bytes, atUs } = said(there, pattern(9));
    const packet = { atUs, bytes: bytes.slice(0, -4), originalBytes: bytes.length };
    expect(seen([packet]).flows[0]?.events[0]).toMatchObject({ bytes: pattern(5), cut: 4 });
  });

  test("whoever wants nothing more is told of the end at once, and of nothing after it", () => {
    const packets = [said(there, latin1("a")), said(back, latin1("b")), said(there, latin1("c"))];
    const { flows, count } = seen(packets, {
      wants: (events) => (events.length < 2 ? "bytes" : "nothing"),
    });
    expect(flows.map(({ events }) => events.map(({ kind }) => kind))).toEqual([
      ["datagram", "datagram", "closed"],
    ]);
    expect(count).toBe(1);
  });

  test("and TCP between the same ports are two flows", () => {
    const datagram = udp({ from: "10.0.0.1:40000", to: "192.0.2.7:443" }, pattern(9));
    const packets = [{ atUs: EPOCH_US, bytes: ethernet(datagram) }, ...conversation().packets()];
    expect(seen(packets).count).toBe(2);
  });
});

describe("the table is bounded", () => {
  const crowd = (count: number) =>
    Array.from({ length: count }, (_, index) =>
      conversation({
        client: `10.0.${index >> 8}.${index & 255}:9`,
        startUs: EPOCH_US + index * 10_000,
      })
        .client(latin1(`${index}`))
        .packets(),
    ).flat();

  test("as many as it holds are all kept", () => {
    const all = seen(crowd(64), { limits: { flows: 64 } });
    expect(all.losses).toEqual([]);
    expect(all.flows.every(({ closed }) => closed === "end")).toBe(true);
  });

  test("one more gives up the stalest, and says so", () => {
    const all = seen(crowd(65), { limits: { flows: 64 } });
    expect(all.losses).toEqual([{ what: "flow-table", flow: 1 }]);
    expect(all.flows[0]?.closed).toBe("evicted");
    expect(all.flows).toHaveLength(65);
  });

  test("IPv6 addresses chosen to fall together do not bring it to a stop", () => {
    // Under a hash without a key (MurmurHash3's constants) all of these are alike, so that each
    // packet walks past every one before it: that is a minute, and not a fraction of a second.
    const ends = { client: "[2001:db8::1]:9", server: "[2001:db8::2]:9" };
    const [syn] = conversation(ends).packets();
    const packets = Array.from({ length: 100_000 }, (_, index) => {
      const bytes = Uint8Array.from(syn!.bytes);
      bytes.set(uint(index, 4), 30);
      bytes.set(uint(Math.imul(Math.imul(index ^ UPPER, 0x9e3779b1), C2_INVERSE) >>> 0, 4), 34);
      return { atUs: EPOCH_US + index, bytes };
    });
    expect(seen(packets).count).toBe(100_000);
  }, 20_000);

  test("it grows as it fills, and forgets nothing on the way", () => {
    const all = seen(crowd(10_000));
    expect(all.count).toBe(10_000);
    expect(all.losses).toEqual([]);
    expect(
      all.flows.every(({ said }, index) => Buffer.compare(said[0], latin1(`${index}`)) === 0),
    ).toBe(true);
  });
});

/** What the old hash made of 2001:db8::/64, and the inverse of its second constant modulo 2^32. */
const UPPER = mix(0x20010db8, 0);
const C2_INVERSE = inverse(0x85ebca6b);

function mix(a: number, b: number): number {
  let x = Math.imul(a, 0x9e3779b1) ^ Math.imul(b, 0x85ebca6b);
  x = Math.imul(x ^ (x >>> 16), 0x85ebca6b);
  x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35);
  return x ^ (x >>> 16);
}

function inverse(odd: number): number {
  let guess = odd;
  for (let round = 0; round < 5; round++) guess = Math.imul(guess, 2 - Math.imul(odd, guess));
  return guess;
}
