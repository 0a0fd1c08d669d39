/** Packets of ESP, AH and MACsec: found by the decoder, counted by pair, and only what looks like it. */
import { describe, expect, test } from "vitest";
import { Census } from "../src/decode/census.ts";
import { decodeFrame } from "../src/decode/link.ts";
import { LINK, PacketView } from "../src/decode/packet-view.ts";
import { LinkPairs } from "../src/link-pairs.ts";

const ETHERNET = 1;
const bytes = (text: string) => Uint8Array.from(Buffer.from(text.replace(/\s/g, ""), "hex"));

/** An Ethernet frame between two hosts, one way or the other. */
function frame(type: string, body: Uint8Array, back = false): Uint8Array {
  const [a, b] = ["020000000001", "020000000002"];
  return Uint8Array.from([...bytes(back ? a + b : b + a), ...bytes(type), ...body]);
}

function ipv4(protocol: number, body: Uint8Array, back = false): Uint8Array {
  const length = (20 + body.length).toString(16).padStart(4, "0");
  const ends = back ? "c0000202c0000201" : "c0000201c0000202";
  const header = `4500${length}00000000 40${protocol.toString(16).padStart(2, "0")}0000 ${ends}`;
  return frame("0800", Uint8Array.from([...bytes(header), ...body]), back);
}

const ESP = bytes(`c0ffee01 00000001 ${"5a".repeat(40)}`);
const AH = bytes(`06 04 0000 c0ffee02 00000001 ${"00".repeat(12)} ${"5a".repeat(40)}`);
const MACSEC = bytes(`2c 00 00000001 0200000000010001 ${"5a".repeat(60)}`);

function pairsOf(frames: readonly Uint8Array[]) {
  const view = new PacketView();
  const pairs = new LinkPairs();
  const codes = frames.map((one, i) => {
    view.atUs = i * 1e6;
    view.cut = 0;
    const code = decodeFrame(view, one, 0, one.length, ETHERNET, new Census());
    if (code === LINK) pairs.packet(view);
    return code;
  });
  return { codes, pairs };
}

describe("a pair", () => {
  test.each([
    ["ESP", (back: boolean) => ipv4(50, ESP, back), "ipsec", ["192.0.2.1", "192.0.2.2"]],
    ["AH", (back: boolean) => ipv4(51, AH, back), "ipsec", ["192.0.2.1", "192.0.2.2"]],
    [
      "MACsec",
      (back: boolean) => frame("88e5", MACSEC, back),
      "macsec",
      ["02:00:00:00:00:01", "02:00:00:00:00:02"],
    ],
    [
      "MACsec behind a VLAN tag",
      (back: boolean) => frame("8100004d88e5", MACSEC, back),
      "macsec",
      ["02:00:00:00:00:01", "02:00:00:00:00:02"],
    ],
  ])("of %s is counted both ways", (_, packet, by, ends) => {
    const { codes, pairs } = pairsOf([packet(false), packet(true), packet(false)]);
    expect(codes).toEqual([LINK, LINK, LINK]);
    expect(pairs.activities).toHaveLength(1);
    expect(pairs.activities[0]).toMatchObject({
      by,
      ends,
      packets: 3,
      firstAtUs: 0,
      lastAtUs: 2e6,
    });
  });

  test("that does not look like it is none", () => {
    const noIndex = Uint8Array.from(ESP).fill(0, 0, 4);
    expect(pairsOf([ipv4(50, noIndex), frame("88e5", bytes("80"))]).pairs.activities).toEqual([]);
  });
});
