/** IPv4 and IPv6 headers as they come, and as nobody honest writes them. */
import { describe, expect, test } from "vitest";
import { BROKEN, FRAGMENT, OTHER, TRANSPORT } from "../../src/decode/packet-view.ts";
import { concat, pattern, uint } from "../wire/bytes.ts";
import { extension, fragments, ipv4, ipv6, PROTOCOL } from "../wire/ip.ts";
import { LINK } from "../wire/link.ts";
import { tcp, udp } from "../wire/transport.ts";
import { decoded } from "./decoded.ts";

const DATA = pattern(50);
const at = { from: "10.0.0.1:40000", to: "192.0.2.7:443", sequence: 7 };
const six = { from: "[2001:db8::1]:40000", to: "[2001:db8::7]:443", sequence: 7 };
const FOUR = tcp(at, DATA);
const SIX = tcp(six, DATA);
const ends = { source: "10.0.0.1", target: "192.0.2.7" };
const sixEnds = { source: "2001:db8::1", target: "2001:db8::7" };

/** The packet with some of its bytes changed. */
function patched(packet: Uint8Array, offset: number, bytes: Uint8Array): Uint8Array {
  const out = Uint8Array.from(packet);
  out.set(bytes, offset);
  return out;
}

describe("IPv4", () => {
  test("with options is read behind them", () => {
    const packet = tcp({ ...at, network: { ipOptions: pattern(40) } }, DATA);
    expect(decoded(packet, LINK.raw).payload).toEqual(DATA);
  });

  test("with a checksum that is wrong is believed, since offloading leaves it so", () => {
    expect(decoded(patched(FOUR, 10, uint(0xbeef, 2)), LINK.raw).code).toBe(TRANSPORT);
    const packet = tcp({ ...at, network: { badChecksum: true } }, DATA);
    expect(decoded(packet, LINK.raw).payload).toEqual(DATA);
  });

  test("with a total length of zero is as long as its frame", () => {
    const packet = tcp({ ...at, network: { zeroLength: true } }, DATA);
    const { payload, view } = decoded(packet, LINK.raw);
    expect(payload).toEqual(DATA);
    expect(view.missing).toBe(0);
  });

  test("cut by the snap length says how many bytes are missing", () => {
    const { code, payload, view } = decoded(FOUR.subarray(0, FOUR.length - 20), LINK.raw);
    expect(code).toBe(TRANSPORT);
    expect(payload).toEqual(DATA.subarray(0, 30));
    expect(view.missing).toBe(20);
  });

  test("cut right behind the TCP header misses all of the payload", () => {
    const { code, view } = decoded(FOUR.subarray(0, 40), LINK.raw);
    expect(code).toBe(TRANSPORT);
    expect(view.missing).toBe(DATA.length);
  });

  test.each([
    ["a header of 16 bytes", 0, uint(0x44, 1), "IPv4 header of 16 bytes, expected at least 20"],
    [
      "a total length below its header",
      2,
      uint(19, 2),
      "IPv4 packet of 19 bytes with a 20 byte header",
    ],
  ])("with %s is broken", (_name, offset, bytes, says) => {
    const { code, met } = decoded(patched(FOUR, offset, bytes), LINK.raw);
    expect(code).toBe(BROKEN);
    expect(met[0]?.what).toBe(says);
  });

  test("of version 5 inside an IPv4 EtherType is broken", () => {
    const frame = concat(uint(0, 12), uint(0x0800, 2), patched(FOUR, 0, uint(0x55, 1)));
    const { code, met } = decoded(frame, LINK.ethernet);
    expect(code).toBe(BROKEN);
    expect(met[0]).toMatchObject({ class: "broken", what: "IP version 5, expected 4" });
  });

  test("in fragments is told as fragments, each with its place", () => {
    const parts = fragments(FOUR, 24, 0x4242).map((part) => decoded(part, LINK.raw));
    expect(parts.map(({ code }) => code)).toEqual([FRAGMENT, FRAGMENT, FRAGMENT]);
    expect(
      parts.map(({ view }) => [view.fragmentId, view.fragmentOffset, view.moreFragments]),
    ).toEqual([
      [0x4242, 0, true],
      [0x4242, 24, true],
      [0x4242, 48, false],
    ]);
  });

  test("with don't-fragment set is no fragment", () => {
    expect(decoded(patched(FOUR, 6, uint(0x4000, 2)), LINK.raw).code).toBe(TRANSPORT);
  });

  test.each([
    [47, "GRE (IP protocol 47)"],
    [4, "IPv4 in IP (IP protocol 4)"],
    [41, "IPv6 in IP (IP protocol 41)"],
    [132, "SCTP (IP protocol 132)"],
  ])("with protocol %i is named and counted", (protocol, what) => {
    const { code, met } = decoded(ipv4({ ...ends, protocol }, DATA), LINK.raw);
    expect(code).toBe(OTHER);
    expect(met[0]).toMatchObject({ class: "unread", what, packets: 1 });
  });

  test("with ICMP is neither read nor counted", () => {
    const { code, met } = decoded(ipv4({ ...ends, protocol: PROTOCOL.icmp }, DATA), LINK.raw);
    expect(code).toBe(OTHER);
    expect(met).toEqual([]);
  });
});

describe("IPv6", () => {
  test.each([
    ["hop-by-hop options", [extension(0)]],
    ["destination options of 24 bytes", [extension(60, 3)]],
    ["a routing header", [extension(43, 2)]],
    ["all of them", [extension(0), extension(60), extension(43), extension(60, 2)]],
    ["mobility, HIP and shim6 headers", [extension(135), extension(139), extension(140)]],
  ])("with %s is read behind them", (_name, extensions) => {
    const { code, payload } = decoded(tcp({ ...six, network: { extensions } }, DATA), LINK.raw);
    expect(code).toBe(TRANSPORT);
    expect(payload).toEqual(DATA);
  });

  test("with an authentication header, whose length counts words, is read behind it", () => {
    const authentication = { header: 51, body: concat(uint(4, 1), pattern(22)) };
    const packet = tcp({ ...six, network: { extensions: [authentication] } }, DATA);
    expect(decoded(packet, LINK.raw).payload).toEqual(DATA);
  });

  test("with 16 extension headers is read, with 17 given up on", () => {
    const many = (count: number) =>
      decoded(
        tcp({ ...six, network: { extensions: Array(count).fill(extension(60)) } }, DATA),
        LINK.raw,
      );
    expect(many(16).payload).toEqual(DATA);
    expect(many(17)).toMatchObject({ code: BROKEN });
    expect(many(17).met[0]?.what).toBe("more than 16 IPv6 extension headers");
  });

  test("with an extension header that claims more than there is is broken", () => {
    const lying = { header: 60, body: concat(uint(200, 1), pattern(6)) };
    const { code } = decoded(tcp({ ...six, network: { extensions: [lying] } }, DATA), LINK.raw);
    expect(code).toBe(BROKEN);
  });

  test("in fragments is told as fragments, each with its place", () => {
    const parts = fragments(SIX, 40, 0x12345678).map((part) => decoded(part, LINK.raw));
    expect(parts.map(({ code }) => code)).toEqual([FRAGMENT, FRAGMENT]);
    expect(
      parts.map(({ view }) => [view.fragmentId, view.fragmentOffset, view.moreFragments]),
    ).toEqual([
      [0x12345678, 0, true],
      [0x12345678, 40, false],
    ]);
  });

  test("with a fragment header and only one fragment is read as it is", () => {
    const atomic = { header: 44, body: concat(uint(0, 3), uint(7, 4)) };
    const { code, payload } = decoded(
      tcp({ ...six, network: { extensions: [atomic] } }, DATA),
      LINK.raw,
    );
    expect(code).toBe(TRANSPORT);
    expect(payload).toEqual(DATA);
  });

  test("with a payload length of zero is as long as its frame", () => {
    const packet = tcp({ ...six, network: { zeroLength: true } }, DATA);
    expect(decoded(packet, LINK.raw).payload).toEqual(DATA);
  });

  test("cut by the snap length says how many bytes are missing", () => {
    const { payload, view } = decoded(SIX.subarray(0, SIX.length - 20), LINK.raw);
    expect(payload).toEqual(DATA.subarray(0, 30));
    expect(view.missing).toBe(20);
  });

  test("without a next header is neither read nor counted", () => {
    const { code, met } = decoded(ipv6({ ...sixEnds, protocol: 59 }, DATA), LINK.raw);
    expect(code).toBe(OTHER);
    expect(met).toEqual([]);
  });
});

describe("TCP and UDP", () => {
  test("TCP options are stepped over", () => {
    expect(decoded(tcp({ ...at, options: pattern(40) }, DATA), LINK.raw).payload).toEqual(DATA);
  });

  test("flags, sequence and acknowledgment are as sent", () => {
    const shape = { ...at, sequence: 0xfffffffe, acknowledgment: 0x80000001, flags: "SA" };
    const { view } = decoded(tcp(shape), LINK.raw);
    expect([view.seq >>> 0, view.ack >>> 0, view.flags]).toEqual([0xfffffffe, 0x80000001, 0x12]);
  });

  test("a TCP header shorter than 20 bytes is broken", () => {
    const { code, met } = decoded(patched(FOUR, 32, uint(0x40, 1)), LINK.raw);
    expect(code).toBe(BROKEN);
    expect(met[0]?.what).toBe("TCP header of 16 bytes, expected at least 20");
  });

  test("a TCP header longer than its packet is broken", () => {
    const { code, met } = decoded(patched(tcp(at, pattern(4)), 32, uint(0xf0, 1)), LINK.raw);
    expect(code).toBe(BROKEN);
    expect(met[0]?.what).toBe("TCP header of 60 bytes, expected at most 24");
  });

  test("a TCP header cut within its options still tells what is missing behind them", () => {
    const packet = tcp({ ...at, options: pattern(40) }, DATA);
    const { code, view, payload } = decoded(packet.subarray(0, 20 + 30), LINK.raw);
    expect(code).toBe(TRANSPORT);
    expect(payload).toHaveLength(0);
    expect(view.missing).toBe(DATA.length);
  });

  test("UDP is read behind its 8 bytes", () => {
    const { code, view, payload } = decoded(
      udp({ from: "10.0.0.1:5", to: "10.0.0.2:53" }, DATA),
      LINK.raw,
    );
    expect(code).toBe(TRANSPORT);
    expect([view.sourcePort, view.targetPort]).toEqual([5, 53]);
    expect(payload).toEqual(DATA);
  });

  test("half a UDP header is broken", () => {
    const { code } = decoded(ipv4({ ...ends, protocol: PROTOCOL.udp }, pattern(7)), LINK.raw);
    expect(code).toBe(BROKEN);
  });

  test.each([
    [4789, "VXLAN (UDP port 4789)"],
    [6081, "Geneve (UDP port 6081)"],
    [2152, "GTP-U (UDP port 2152)"],
  ])("a tunnel on UDP port %i is named and counted", (port, what) => {
    const { met } = decoded(udp({ from: "10.0.0.1:5", to: `10.0.0.2:${port}` }, DATA), LINK.raw);
    expect(met[0]).toMatchObject({ class: "unread", what });
  });
});
