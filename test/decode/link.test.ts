/** From every link that we read to the IP header, and a count of those we do not. */
import { describe, expect, test } from "vitest";
import { Census } from "../../src/decode/census.ts";
import { BROKEN, OTHER, TRANSPORT } from "../../src/decode/packet-view.ts";
import { concat, hex, pattern, uint } from "../wire/bytes.ts";
import { ethernet, type Framer, LINK, loop, loopback, raw, sll, sll2 } from "../wire/link.ts";
import { tcp } from "../wire/transport.ts";
import { decoded } from "./decoded.ts";

const DATA = pattern(40);
const FOUR = tcp({ from: "10.0.0.1:40000", to: "192.0.2.7:443", sequence: 7 }, DATA);
const SIX = tcp({ from: "[2001:db8::1]:40000", to: "[2001:db8::7]:443", sequence: 7 }, DATA);
const outer = { id: 5, tpid: 0x88a8 };

const LINKS: { name: string; link: number; frame: Framer }[] = [
  { name: "Ethernet", link: LINK.ethernet, frame: ethernet },
  { name: "802.1Q", link: 1, frame: (ip) => ethernet(ip, { vlans: [{ id: 100 }] }) },
  { name: "QinQ", link: 1, frame: (ip) => ethernet(ip, { vlans: [outer, { id: 6 }] }) },
  {
    name: "old QinQ",
    link: 1,
    frame: (ip) => ethernet(ip, { vlans: [{ id: 5, tpid: 0x9100 }, { id: 6 }] }),
  },
  { name: "Linux cooked v1", link: LINK.sll, frame: sll },
  { name: "Linux cooked v2", link: LINK.sll2, frame: sll2 },
  { name: "raw IP", link: LINK.raw, frame: raw },
  { name: "raw IP of BSD", link: 12, frame: raw },
  { name: "raw IP of OpenBSD", link: 14, frame: raw },
  { name: "null, little endian", link: LINK.null, frame: (ip) => loopback(ip, "little") },
  { name: "null, big endian", link: LINK.null, frame: (ip) => loopback(ip, "big") },
  {
    name: "null with FreeBSD's number for IPv6",
    link: 0,
    frame: (ip) => loopback(ip, "little", 28),
  },
  { name: "loop", link: LINK.loop, frame: loop },
];

describe.each(LINKS)("$name", ({ link, frame }) => {
  test.each([
    ["IPv4", FOUR, 4],
    ["IPv6", SIX, 6],
  ] as const)("leads to %s", (_name, packet, version) => {
    const { code, view, payload, met } = decoded(frame(packet), link);
    expect(code).toBe(TRANSPORT);
    expect(view).toMatchObject({
      version,
      sourcePort: 40_000,
      targetPort: 443,
      seq: 7,
      missing: 0,
    });
    expect(payload).toEqual(DATA);
    expect(met).toEqual([]);
  });

  test("cut anywhere in its headers is broken or ignored, and never read beyond its end", () => {
    const whole = frame(FOUR);
    for (let count = 0; count < whole.length - DATA.length; count++) {
      expect([BROKEN, OTHER], `${count} bytes`).toContain(
        decoded(whole.subarray(0, count), link).code,
      );
    }
  });
});

test("LINKTYPE_IPV4 and LINKTYPE_IPV6 are read like raw IP", () => {
  expect(decoded(FOUR, LINK.ipv4).code).toBe(TRANSPORT);
  expect(decoded(SIX, LINK.ipv6).code).toBe(TRANSPORT);
});

test("padding behind a short packet is not payload", () => {
  const small = tcp({ from: "10.0.0.1:1", to: "10.0.0.2:2", sequence: 1 }, pattern(2));
  const { payload, view } = decoded(ethernet(small, { padTo: 60 }), LINK.ethernet);
  expect(payload).toEqual(pattern(2));
  expect(view.missing).toBe(0);
});

test("a tagged Linux cooked frame is read", () => {
  const tagged = concat(sll(FOUR).subarray(0, 14), hex("8100 0064 0800"), FOUR);
  expect(decoded(tagged, LINK.sll).code).toBe(TRANSPORT);
});

test("more than 8 VLAN tags are given up on", () => {
  const vlans = (count: number) => Array.from({ length: count }, (_, id) => ({ id }));
  expect(decoded(ethernet(FOUR, { vlans: vlans(8) }), 1).code).toBe(TRANSPORT);
  const over = decoded(ethernet(FOUR, { vlans: vlans(9) }), 1);
  expect(over.code).toBe(BROKEN);
  expect(over.met[0]?.what).toBe("more than 8 VLAN tags");
});

describe("what is not read yet", () => {
  test.each([
    [105, "link type 105 (IEEE802_11)"],
    [127, "link type 127 (IEEE802_11_RADIOTAP)"],
    [9, "link type 9 (PPP)"],
    [60_000, "link type 60000"],
  ])("link type %i is named and counted", (link, what) => {
    const { code, met } = decoded(FOUR, link, 17);
    expect(code).toBe(OTHER);
    expect(met).toEqual([{ class: "unread", what, firstAtUs: 17, firstPacket: 1, packets: 1 }]);
  });

  test.each([
    [0x8847, "MPLS (EtherType 0x8847)"],
    [0x8864, "PPPoE session (EtherType 0x8864)"],
  ])("EtherType %i is named, since IP may be inside it", (etherType, what) => {
    const { code, met } = decoded(ethernet(FOUR, { etherType }), LINK.ethernet);
    expect(code).toBe(OTHER);
    expect(met[0]).toMatchObject({ class: "unread", what });
  });

  test("ARP and 802.3 frames are no loss and not counted", () => {
    for (const etherType of [0x0806, 0x0026]) {
      const { code, met } = decoded(ethernet(FOUR, { etherType }), LINK.ethernet);
      expect(code).toBe(OTHER);
      expect(met).toEqual([]);
    }
  });

  test("the census counts each kind, with its first place, and bounds the kinds", () => {
    const census = new Census();
    for (let index = 0; index < 1000; index++) {
      census.packet = index + 1;
      census.count("unread", `kind ${index % 500}`, index);
    }
    expect(census.met).toHaveLength(256);
    expect(census.met[3]).toEqual({
      class: "unread",
      what: "kind 3",
      firstAtUs: 3,
      firstPacket: 4,
      packets: 2,
    });
  });
});

test("a null frame that holds no IP is ignored", () => {
  expect(decoded(concat(uint(7, 4, "little"), uint(0, 20)), LINK.null).code).toBe(OTHER);
});
