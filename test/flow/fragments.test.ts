/** IP fragments: put together in any order, with bounded memory, and never two readings of one. */
import { describe, expect, test } from "vitest";
import { Census } from "../../src/decode/census.ts";
import { decodeFrame } from "../../src/decode/link.ts";
import { FRAGMENT, PacketView, TRANSPORT } from "../../src/decode/packet-view.ts";
import { decodeTransport } from "../../src/decode/transport.ts";
import { Fragments } from "../../src/flow/fragments.ts";
import { pattern } from "../wire/bytes.ts";
import { conversation } from "../wire/conversation.ts";
import { fragments, ipv4, PROTOCOL } from "../wire/ip.ts";
import { LINK } from "../wire/link.ts";
import { udp } from "../wire/transport.ts";
import { seen } from "./reader.ts";

const SECOND_US = 1_000_000;
const DATA = pattern(3000);
const FOUR = udp({ from: "10.0.0.1:5000", to: "192.0.2.7:53" }, DATA);
const SIX = udp({ from: "[2001:db8::1]:5000", to: "[2001:db8::7]:53" }, DATA);

interface Part {
  readonly bytes: Uint8Array;
  readonly atUs?: number;
}

/** The payloads of the datagrams that were put together, and why others were not. */
function put(parts: readonly Part[], bytesMax?: number) {
  const table = new Fragments(bytesMax);
  const view = new PacketView();
  const census = new Census();
  const payloads: Uint8Array[] = [];
  const ports: number[] = [];
  for (const { bytes, atUs = 0 } of parts) {
    view.atUs = atUs;
    let code = decodeFrame(view, bytes, 0, bytes.length, LINK.raw, census);
    if (code === FRAGMENT && table.add(view)) code = decodeTransport(view, census);
    if (code !== TRANSPORT) continue;
    payloads.push(view.bytes.slice(view.payload, view.end));
    ports.push(view.sourcePort, view.targetPort);
  }
  table.end();
  const why = [...table.losses].flatMap(([one, { count }]) => Array<string>(count).fill(one));
  return { payloads, ports, why };
}

const parts = (list: readonly Uint8Array[]): Part[] => list.map((bytes) => ({ bytes }));

/** One fragment of bytes that are all the same. */
function fragment(offset: number, count: number, more: boolean, fill: number, id = 7): Part {
  const shape = { source: "10.0.0.1", target: "192.0.2.7", protocol: PROTOCOL.udp, id };
  const place = { fragmentOffset: offset, moreFragments: more };
  return { bytes: ipv4({ ...shape, ...place }, new Uint8Array(count).fill(fill)) };
}

describe.each([
  ["IPv4", FOUR],
  ["IPv6", SIX],
] as const)("%s fragments", (_name, packet) => {
  const whole = { payloads: [DATA], ports: [5000, 53], why: [] };

  test("in order", () => {
    expect(put(parts(fragments(packet, 800)))).toEqual(whole);
  });

  test("back to front, of the smallest size", () => {
    expect(put(parts(fragments(packet, 8).reverse()))).toEqual(whole);
  });

  test("each of them twice", () => {
    const list = fragments(packet, 800);
    expect(put(parts(list.flatMap((part) => [part, part])))).toMatchObject({ payloads: [DATA] });
  });

  test("of two datagrams in turn", () => {
    const one = fragments(packet, 800, 1);
    const two = fragments(packet, 800, 2);
    const mixed = one.flatMap((part, index) => [part, two[index]!]);
    expect(put(parts(mixed)).payloads).toEqual([DATA, DATA]);
  });

  test("of which one is missing are told as incomplete", () => {
    const list = fragments(packet, 800);
    expect(put(parts([list[0]!, ...list.slice(2)]))).toMatchObject({
      payloads: [],
      why: ["incomplete"],
    });
  });

  test("of which one comes more than 60 seconds late are told as incomplete", () => {
    const list = parts(fragments(packet, 800));
    const late = { ...list[3]!, atUs: 61 * SECOND_US };
    expect(put([...list.slice(0, 3), late]).payloads).toEqual([]);
    const inTime = { ...list[3]!, atUs: 59 * SECOND_US };
    expect(put([...list.slice(0, 3), inTime]).payloads).toEqual([DATA]);
  });

  test("cut by the snap length are not taken for whole", () => {
    const list = fragments(packet, 800);
    const cut = [list[0]!, list[1]!.subarray(0, 400), ...list.slice(2)];
    expect(put(parts(cut))).toMatchObject({ payloads: [], why: ["incomplete"] });
  });
});

describe("fragments that lie", () => {
  test("overlapping with the same bytes is a retransmission", () => {
    const list = [fragment(0, 16, true, 1), fragment(8, 16, true, 1), fragment(24, 8, false, 1)];
    expect(put(list).payloads).toHaveLength(1);
  });

  test("overlapping with different bytes is given up and told", () => {
    const list = [fragment(0, 16, true, 1), fragment(8, 16, true, 2), fragment(24, 8, false, 1)];
    const told = put(list);
    expect(told.payloads).toEqual([]);
    expect(told.why).toContain("overlap");
  });

  test("a fragment beyond the end of its datagram never fills a hole before it", () => {
    const list = [fragment(8, 8, false, 1), fragment(64, 16, true, 1)];
    expect(put(list).payloads).toEqual([]);
  });

  test("two last fragments with different ends are given up and told", () => {
    const list = [fragment(16, 8, false, 1), fragment(32, 8, false, 1), fragment(0, 16, true, 1)];
    const told = put(list);
    expect(told.payloads).toEqual([]);
    expect(told.why).toContain("overlap");
  });

  test("a datagram longer than 65,535 bytes is given up and told", () => {
    const told = put([fragment(65_528, 16, true, 1)]);
    expect(told.why).toEqual(["too-long"]);
  });
});

describe("limits", () => {
  test("1024 datagrams wait at once, one more gives up the oldest and is told", () => {
    const open = (count: number) =>
      Array.from({ length: count }, (_, id) => fragment(0, 8, true, 1, id));
    const end = fragment(8, 8, false, 1, 0);
    expect(put([...open(1024), end]).payloads).toHaveLength(1);
    const over = put([...open(1025), end]);
    expect(over.payloads).toEqual([]);
    expect(over.why[0]).toBe("limit");
  });

  test("memory for waiting datagrams is bounded, and what is given up is told", () => {
    const list = Array.from({ length: 20 }, (_, id) => fragment(60_000, 1000, true, 1, id));
    const told = put(list, 1_000_000);
    expect(told.why.filter((why) => why === "limit").length).toBeGreaterThan(10);
  });
});

test("a TCP conversation in fragments is read like any other", () => {
  for (const ends of [{}, { client: "[2001:db8::1]:1", server: "[2001:db8::2]:2" }]) {
    let id = 0;
    const cut = (packet: Uint8Array) => fragments(packet, 256, ++id);
    const script = conversation({ ...ends, cut })
      .client(pattern(9000))
      .swap(20);
    const all = seen(script.server(pattern(50)).packets());
    expect(all.flows[0]?.said).toEqual([pattern(9000), pattern(50)]);
  }
});
