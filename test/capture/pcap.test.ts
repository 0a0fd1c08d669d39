/** The classic format: every magic, every odd header, and files that end where they should not. */
import { describe, expect, test } from "vitest";
import { concat, pattern, uint } from "../wire/bytes.ts";
import { LINK } from "../wire/link.ts";
import { EPOCH_US, snap, type WirePacket } from "../wire/packet.ts";
import { pcap, pcapHeader, pcapRecord } from "../wire/pcap.ts";
import { readBytes } from "./reading.ts";

const PACKETS: readonly WirePacket[] = [
  { atUs: EPOCH_US + 1, nanos: 999, bytes: pattern(60) },
  { atUs: EPOCH_US + 999_999, bytes: pattern(1) },
  { atUs: EPOCH_US + 1_000_000, bytes: new Uint8Array(0), originalBytes: 5 },
];

describe.each([
  { endian: "big", nanoseconds: false },
  { endian: "little", nanoseconds: false },
  { endian: "big", nanoseconds: true },
  { endian: "little", nanoseconds: true },
] as const)("a pcap of $endian byte order, nanoseconds $nanoseconds", (shape) => {
  test("gives each packet with its time, bytes, length on the wire and link type", async () => {
    const read = await readBytes(pcap(PACKETS, { ...shape, linkType: LINK.sll }));
    expect(read.damage).toBeUndefined();
    expect(read.packets).toEqual(
      PACKETS.map(({ atUs, bytes, originalBytes }) => ({
        atUs,
        bytes,
        original: originalBytes ?? bytes.length,
        link: LINK.sll,
      })),
    );
  });

  test("names the byte of the record whose length cannot be right, after those before it", async () => {
    const good = pcap(PACKETS.slice(0, 1), shape);
    const lie = pcapRecord({ atUs: EPOCH_US, bytes: pattern(20) }, shape);
    lie.set(uint(0x7fffffff, 4, shape.endian), 8);
    const read = await readBytes(concat(good, lie, pcapRecord(PACKETS[0]!, shape)));
    expect(read.packets).toHaveLength(1);
    expect(read.damage?.atByte).toBe(good.length);
    expect(read.damage?.reason).toBe(
      "record of 2147483647 captured bytes, expected at most 262144",
    );
  });
});

test.each(["big", "little"] as const)(
  "a damaged record behind megabytes of good ones is named by its byte in the file: %s endian",
  async (endian) => {
    const many = Array.from({ length: 3000 }, (_, n) => ({
      atUs: EPOCH_US + n,
      bytes: pattern(999),
    }));
    const good = pcap(many, { endian });
    const read = await readBytes(concat(good, new Uint8Array(16).fill(0x7f), good));
    expect(read.packets).toHaveLength(3000);
    expect(read.damage?.atByte).toBe(good.length);
  },
);

describe("a pcap that ends too soon", () => {
  const whole = pcap(PACKETS);
  const second = 24 + 16 + 60;

  test.each([
    { name: "in the bytes of a packet", at: 24 + 16 + 59, packets: 0, atByte: 24 },
    { name: "in a record header", at: second + 15, packets: 1, atByte: second },
    { name: "before a packet's bytes", at: second + 16, packets: 1, atByte: second },
  ])(
    "$name is read up to that record, which the message names",
    async ({ at, packets, atByte }) => {
      const read = await readBytes(whole.subarray(0, at));
      expect(read.packets).toHaveLength(packets);
      expect(read.damage).toEqual({
        atByte,
        reason: `the file ends ${at - atByte} bytes into a record`,
      });
    },
  );

  test("between two records is whole", async () => {
    const read = await readBytes(whole.subarray(0, second));
    expect(read.packets).toHaveLength(1);
    expect(read.damage).toBeUndefined();
  });

  test("in the file header names byte 0 and what was expected", async () => {
    for (const count of [4, 23]) {
      const read = await readBytes(whole.subarray(0, count));
      expect(read.damage?.atByte).toBe(0);
      expect(read.damage?.reason).toContain(`${count} byte file, expected a pcap header`);
    }
  });

  test("before its magic does, or empty, is not taken for a capture", async () => {
    for (const count of [0, 1, 3]) {
      const read = await readBytes(whole.subarray(0, count));
      expect(read.damage?.atByte).toBe(0);
      expect(read.damage?.reason).toContain("expected a pcap or pcapng capture");
    }
  });
});

describe("odd pcap headers", () => {
  test("a file header and no packet is an empty capture, not a damaged one", async () => {
    const read = await readBytes(pcapHeader());
    expect(read).toMatchObject({ packets: [], bytes: 24 });
    expect(read.damage).toBeUndefined();
  });

  test("the upper half of the link type word is not part of the link type", async () => {
    const read = await readBytes(pcap(PACKETS, { linkType: 0x5400_0001 }));
    expect(read.packets[0]?.link).toBe(LINK.ethernet);
  });

  test("a packet longer than the header's snap length is believed", async () => {
    const read = await readBytes(pcap(PACKETS, { snapBytes: 4 }));
    expect(read.packets[0]?.bytes).toHaveLength(60);
  });

  test("the longest packet that libpcap writes is read, one byte more is not", async () => {
    const longest = { atUs: EPOCH_US, bytes: pattern(262_144) };
    const read = await readBytes(pcap([longest, longest, longest, longest, longest]));
    expect(read.packets.map((packet) => packet.bytes.length)).toEqual(Array(5).fill(262_144));
    expect(read.packets[4]?.bytes).toEqual(longest.bytes);
    const longer = await readBytes(pcap([{ atUs: EPOCH_US, bytes: pattern(262_145) }]));
    expect(longer.damage?.atByte).toBe(24);
  });

  test("a cut packet says how long it was on the wire", async () => {
    const read = await readBytes(pcap([snap(PACKETS[0]!, 14)]));
    expect(read.packets[0]).toMatchObject({ bytes: pattern(60).slice(0, 14), original: 60 });
  });

  test("a time after 2038 is later, not negative", async () => {
    const atUs = 0xffff_ffff * 1_000_000 + 999_999;
    const read = await readBytes(pcap([{ atUs, bytes: pattern(1) }]));
    expect(read.packets[0]?.atUs).toBe(atUs);
  });
});

describe("something else", () => {
  test.each([
    ["text", Buffer.from("GET / HTTP/1.1\r\n"), "first bytes 0x47455420"],
    ["a zip archive", Buffer.from("504b030400000000", "hex"), "a zip archive"],
    ["a snoop capture", Buffer.from("736e6f6f70000000", "hex"), "a snoop capture"],
  ])("%s is named and refused at byte 0", async (_name, bytes, says) => {
    const read = await readBytes(bytes);
    expect(read.packets).toEqual([]);
    expect(read.damage?.atByte).toBe(0);
    expect(read.damage?.reason).toContain(says);
  });
});
