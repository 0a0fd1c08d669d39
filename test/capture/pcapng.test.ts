/** The block format: byte orders, sections, clocks, every packet block, and blocks that lie. */
import { describe, expect, test } from "vitest";
import { concat, type Endian, latin1, pattern, uint } from "../wire/bytes.ts";
import { LINK } from "../wire/link.ts";
import { EPOCH_US, type WirePacket } from "../wire/packet.ts";
import {
  block,
  comment,
  enhanced,
  iface,
  obsolete,
  pcapng,
  secrets,
  section,
  simple,
  simplePcapng,
  TLS_KEY_LOG,
} from "../wire/pcapng.ts";
import { readBytes } from "./reading.ts";

const packet = (count: number, more: Partial<WirePacket> = {}): WirePacket => ({
  atUs: EPOCH_US + count,
  bytes: pattern(count),
  ...more,
});

describe.each(["big", "little"] as const)("a pcapng of %s byte order", (endian: Endian) => {
  test("gives enhanced, simple and obsolete packets in order", async () => {
    const file = pcapng([
      section({ endian, options: [comment("made by a test")] }),
      iface({ linkType: LINK.raw }),
      enhanced(packet(61), { options: [comment("first")] }),
      obsolete(packet(62, { originalBytes: 90 })),
      simple(packet(63)),
    ]);
    const read = await readBytes(file);
    expect(read.damage).toBeUndefined();
    expect(read.oddities).toEqual([]);
    expect(read.packets).toEqual([
      { atUs: EPOCH_US + 61, bytes: pattern(61), original: 61, link: LINK.raw },
      { atUs: EPOCH_US + 62, bytes: pattern(62), original: 90, link: LINK.raw },
      // A simple packet block has no time: it takes the last one that was read.
      { atUs: EPOCH_US + 62, bytes: pattern(63), original: 63, link: LINK.raw },
    ]);
  });

  test.each([
    { name: "microseconds by default", clock: {}, us: 123_457 },
    { name: "nanoseconds", clock: { resolution: 9 }, us: 123_457 },
    { name: "milliseconds", clock: { resolution: 3 }, us: 123_000 },
    { name: "seconds", clock: { resolution: 0 }, us: 0 },
    { name: "picoseconds", clock: { resolution: 12, offsetSeconds: EPOCH_US / 1e6 }, us: 123_457 },
    { name: "2^-20 seconds", clock: { resolution: 0x94 }, us: 123_456 },
    { name: "2^-30 seconds", clock: { resolution: 0x9e }, us: 123_456 },
    { name: "an offset", clock: { offsetSeconds: 1_000_000_000 }, us: 123_457 },
    { name: "an offset before 1970", clock: { offsetSeconds: -7200 }, us: 123_457 },
  ])("reads time in $name", async ({ clock, us }) => {
    const file = simplePcapng([packet(123_457, { bytes: pattern(60) })], { endian, clock });
    const read = await readBytes(file);
    expect(read.packets[0]?.atUs).toBe(EPOCH_US + us);
  });

  test("hands on secrets and steps over blocks it does not know", async () => {
    const file = pcapng([
      section({ endian }),
      secrets(TLS_KEY_LOG, latin1("CLIENT_RANDOM 00 11\n")),
      block(0x0000_0bad, pattern(7)),
      iface(),
      block(5, pattern(40)),
      enhanced(packet(60)),
      secrets(0x4141_4141, pattern(3)),
    ]);
    const read = await readBytes(file);
    expect(read.packets).toHaveLength(1);
    expect(read.secrets).toEqual([
      { type: TLS_KEY_LOG, bytes: latin1("CLIENT_RANDOM 00 11\n") },
      { type: 0x4141_4141, bytes: pattern(3) },
    ]);
  });

  test("steps over an unknown block that is longer than any buffer", async () => {
    const file = pcapng([
      section({ endian }),
      iface(),
      block(0x0bad, pattern(3_000_000)),
      enhanced(packet(60)),
    ]);
    const read = await readBytes(file);
    expect(read.packets).toHaveLength(1);
    expect(read.damage).toBeUndefined();
  });

  test("a simple packet is as long as the interface's snap length lets it be", async () => {
    // Not a multiple of 4: the block is padded, and the padding is no part of the packet.
    const cut = { atUs: 0, bytes: pattern(30), originalBytes: 100 };
    const read = await readBytes(
      pcapng([section({ endian }), iface({ snapBytes: 30 }), simple(cut)]),
    );
    expect(read.packets).toEqual([
      { atUs: 0, bytes: pattern(30), original: 100, link: LINK.ethernet },
    ]);
  });
});

describe("sections and interfaces", () => {
  test("each packet has the link type and the clock of its own interface", async () => {
    const file = pcapng([
      section(),
      iface({ linkType: LINK.ethernet }),
      iface({ linkType: LINK.raw, resolution: 9 }),
      enhanced(packet(60, { interfaceId: 1 }), { clock: { resolution: 9 } }),
      enhanced(packet(61, { interfaceId: 0 })),
      iface({ linkType: LINK.sll2, resolution: 3 }),
      enhanced(packet(62, { interfaceId: 2 }), { clock: { resolution: 3 } }),
    ]);
    const { packets } = await readBytes(file);
    expect(packets.map(({ link, atUs }) => [link, atUs])).toEqual([
      [LINK.raw, EPOCH_US + 60],
      [LINK.ethernet, EPOCH_US + 61],
      [LINK.sll2, EPOCH_US],
    ]);
  });

  test("a new section may turn the byte order round, and forgets the interfaces before it", async () => {
    const file = pcapng([
      section({ endian: "big" }),
      iface({ linkType: LINK.raw }),
      enhanced(packet(60)),
      section({ endian: "little" }),
      iface({ linkType: LINK.sll, resolution: 9 }),
      enhanced(packet(61), { clock: { resolution: 9 } }),
      enhanced(packet(62, { interfaceId: 1 })),
    ]);
    const read = await readBytes(file);
    expect(read.packets.map(({ link }) => link)).toEqual([LINK.raw, LINK.sll]);
    expect(read.oddities).toHaveLength(1);
    expect(read.oddities[0]?.reason).toBe("packet of interface 1, expected one of 1 described");
    expect(read.damage).toBeUndefined();
  });

  test("a section that says its length is read like one that does not", async () => {
    const file = pcapng([section({ bytes: 4n }), iface(), enhanced(packet(60))]);
    expect((await readBytes(file)).packets).toHaveLength(1);
  });
});

describe("blocks that lie", () => {
  const opening = pcapng([section(), iface()]);

  test.each([
    { name: "a length below a block's least", length: 8 },
    { name: "a length of 0", length: 0 },
    { name: "a length that is not a multiple of 4", length: 33 },
  ])("$name ends the file at that block", async ({ length }) => {
    const bad = block(6, pattern(40), { length })("little");
    const read = await readBytes(concat(opening, bad, bad));
    expect(read.damage?.atByte).toBe(opening.length);
    expect(read.damage?.reason).toContain(`block of ${length} bytes, expected a multiple of 4`);
  });

  test("two lengths that disagree end the file at the second", async () => {
    const bad = block(6, pattern(40))("little");
    bad.set(uint(48, 4, "little"), bad.length - 4);
    const read = await readBytes(concat(opening, bad));
    expect(read.damage?.atByte).toBe(opening.length + bad.length - 4);
    expect(read.damage?.reason).toBe("block ends with length 48, expected 52 as at its start");
  });

  test("a captured length beyond its block costs that packet only", async () => {
    const bad = enhanced(packet(60))("little");
    bad.set(uint(0xffff_fff0, 4, "little"), 8 + 12);
    const read = await readBytes(concat(opening, bad, enhanced(packet(61))("little")));
    expect(read.packets.map(({ bytes }) => bytes.length)).toEqual([61]);
    expect(read.oddities[0]?.reason).toBe(
      "packet of 4294967280 captured bytes, expected at most 60",
    );
  });

  test.each([
    ["enhanced packet", 6],
    ["packet", 2],
    ["simple packet", 3],
    ["interface description", 1],
    ["decryption secrets", 10],
  ])("an %s block with nothing in it is stepped over and told", async (_name, type) => {
    const empty = block(type, new Uint8Array(0))("little");
    const read = await readBytes(concat(opening, empty, enhanced(packet(61))("little")));
    expect(read.oddities).toHaveLength(1);
    expect(read.oddities[0]?.atByte).toBe(opening.length + 8);
    expect(read.packets).toHaveLength(1);
  });

  test("secrets longer than their block are not handed on", async () => {
    const bad = secrets(TLS_KEY_LOG, pattern(16))("little");
    bad.set(uint(0x7fff_ffff, 4, "little"), 12);
    const read = await readBytes(concat(opening, bad));
    expect(read.secrets).toEqual([]);
    expect(read.oddities).toHaveLength(1);
  });

  test("a byte-order magic that is neither way round ends the file there", async () => {
    const file = section().block("little");
    file.set(pattern(4, 9), 8);
    const read = await readBytes(file);
    expect(read.damage?.atByte).toBe(8);
    expect(read.damage?.reason).toContain("expected 0x1a2b3c4d");
  });

  test("an interface whose options run out of it still counts", async () => {
    const bad = iface({ options: [comment("12345678")] })("little");
    bad.set(uint(0xffff, 2, "little"), 8 + 8 + 2);
    const file = concat(pcapng([section()]), bad, enhanced(packet(60))("little"));
    expect((await readBytes(file)).packets).toHaveLength(1);
  });
});

test("what is wrong behind megabytes of good blocks is named by its byte in the file", async () => {
  const good = simplePcapng(Array.from({ length: 3000 }, () => packet(999)));
  const odd = enhanced(packet(60, { interfaceId: 7 }))("little");
  const bad = block(6, pattern(40), { length: 4 })("little");
  const read = await readBytes(concat(good, odd, bad));
  expect(read.packets).toHaveLength(3000);
  expect(read.oddities[0]?.atByte).toBe(good.length + 8 + 20);
  expect(read.damage?.atByte).toBe(good.length + odd.length);
});

describe("limits", () => {
  test("no section has more than 4096 interfaces", async () => {
    const many = Array.from({ length: 4096 }, () => iface());
    const last = packet(60, { interfaceId: 4095 });
    const full = pcapng([section(), ...many, enhanced(last)]);
    expect((await readBytes(full)).packets).toHaveLength(1);
    const over = await readBytes(pcapng([section(), ...many, iface(), enhanced(last)]));
    expect(over.damage?.reason).toBe("more than 4096 interfaces in a section");
    expect(over.packets).toEqual([]);
  });

  test("only the first 256 options of an interface are looked at", async () => {
    const crowd = (count: number) => Array.from({ length: count }, () => comment(""));
    const seconds = { code: 9, value: Uint8Array.of(0) };
    const clock = { resolution: 0 };
    const file = pcapng([
      section(),
      iface({ options: [...crowd(255), seconds] }),
      iface({ options: [...crowd(256), seconds] }),
      enhanced(packet(60), { clock }),
      enhanced(packet(61, { interfaceId: 1 }), { clock }),
    ]);
    const { packets } = await readBytes(file);
    expect(packets.map(({ atUs }) => atUs)).toEqual([EPOCH_US, EPOCH_US / 1_000_000]);
  });

  test.each([
    ["counts seconds in 64 bits", { resolution: 0 }, EPOCH_US, Number.MAX_SAFE_INTEGER],
    ["is set back by its offset", { offsetSeconds: -(2 ** 40) }, 5, 0],
    ["is set forward by its offset", { offsetSeconds: 2 ** 60 }, 5, Number.MAX_SAFE_INTEGER],
    ["counts in 2^-127 seconds", { resolution: 0xff }, 5, 0],
  ])("a clock that %s gives an integer all the same", async (_name, said, ticks, atUs) => {
    const file = pcapng([section(), iface(said), enhanced(packet(60, { atUs: ticks }))]);
    expect((await readBytes(file)).packets[0]?.atUs).toBe(atUs);
  });

  test("a packet block longer than 393216 bytes is stepped over and told", async () => {
    const long = packet(400_000);
    const read = await readBytes(
      pcapng([section(), iface(), enhanced(long), enhanced(packet(60))]),
    );
    expect(read.packets.map(({ bytes }) => bytes.length)).toEqual([60]);
    expect(read.oddities[0]?.reason).toBe("packet block of 400032 bytes, expected at most 393216");
  });

  test("a file of nothing but odd blocks is told 100 times, not a million", async () => {
    const odd = enhanced(packet(4, { interfaceId: 9 }))("little");
    const read = await readBytes(concat(pcapng([section()]), ...Array(5000).fill(odd)));
    expect(read.oddities).toHaveLength(100);
  });

  test("a block that claims 4 GB allocates nothing and is told where the file ends", async () => {
    const file = concat(
      pcapng([section()]),
      uint(0x0bad, 4, "little"),
      uint(0xffff_fffc, 4, "little"),
      uint(0, 4),
    );
    const read = await readBytes(file);
    expect(read.damage?.reason).toContain("bytes before a block does");
  });
});

describe("a pcapng that ends too soon", () => {
  test("is read up to the block that is not whole, which the message names", async () => {
    const before = simplePcapng([packet(60)]);
    const whole = concat(before, enhanced(packet(61))("little"));
    for (let at = before.length + 1; at < whole.length; at++) {
      const read = await readBytes(whole.subarray(0, at));
      expect(read.packets).toHaveLength(1);
      expect(read.damage).toEqual({
        atByte: before.length,
        reason: `the file ends ${at - before.length} bytes into a block`,
      });
    }
  });
});
