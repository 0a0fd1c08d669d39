/** A flow is named after two datagrams that fit each other, and not before. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { LinkFlow } from "../../../src/inspect/link/index.ts";

type Sent = readonly [side: 0 | 1, hex: string];

/** What each datagram was told as, and the flow's name at the end. */
function follow(sent: readonly Sent[], ports: [number, number] = [40_000, 50_000]) {
  const flow = new LinkFlow(ports);
  const told = sent.map(([side, hex]) => {
    const bytes = Buffer.from(hex.replaceAll(" ", ""), "hex");
    return flow.push(side, { bytes, from: 0, to: bytes.length, cut: 0 })?.message;
  });
  return { by: flow.by, told };
}

const rest = (count: number) => "5a".repeat(count);
const initiation = `01000000 aabbccdd ${rest(140)}`;
const response = (receiver: string) => `02000000 11223344 ${receiver} ${rest(80)}`;
const data = (receiver: string, counter: number) =>
  `04000000 ${receiver} ${counter.toString(16).padStart(2, "0")}00000000000000 ${rest(16)}`;
const reset = "38 1122334455667788 00 00000000";
const answer = (session: string) => `40 99aabbccddeeff00 01 00000000 ${session} 00000000`;
const hidden = (opcode: string, time: string) =>
  `${opcode} 1122334455667788 00000001 ${time} ${rest(37)}`;
const esp = (spi: string, sequence: number) =>
  `${spi} ${sequence.toString(16).padStart(8, "0")} ${rest(16)}`;

describe("it is named by", () => {
  test.each<[string, string | undefined, Sent[]]>([
    [
      "an initiation and its response",
      "wireguard",
      [
        [0, initiation],
        [1, response("aabbccdd")],
      ],
    ],
    [
      "an initiation and data to it",
      "wireguard",
      [
        [0, initiation],
        [1, data("aabbccdd", 0)],
      ],
    ],
    [
      "data that counts up",
      "wireguard",
      [
        [1, data("01020304", 7)],
        [1, data("01020304", 9)],
      ],
    ],
    [
      "an initiation that is repeated",
      "wireguard",
      [
        [0, initiation],
        [0, initiation],
      ],
    ],
    [
      "two resets of which the second quotes the first",
      "openvpn",
      [
        [0, reset],
        [1, answer("1122334455667788")],
      ],
    ],
    [
      "two resets of one time, all else encrypted",
      "openvpn",
      [
        [0, hidden("50", "625a9e97")],
        [1, hidden("40", "625a9e99")],
      ],
    ],
  ])("%s", (_name, by, sent) => {
    expect(follow(sent).by).toBe(by);
  });
});

describe("it is not named by", () => {
  test.each<[string, Sent[]]>([
    ["one initiation", [[0, initiation]]],
    [
      "a response to somebody else",
      [
        [0, initiation],
        [1, response("00112233")],
      ],
    ],
    [
      "data whose counter does not grow",
      [
        [1, data("01020304", 7)],
        [1, data("01020304", 7)],
      ],
    ],
    [
      "data to two receivers",
      [
        [1, data("01020304", 7)],
        [1, data("01020305", 8)],
      ],
    ],
    [
      "two resets from clients",
      [
        [0, reset],
        [1, reset],
      ],
    ],
    [
      "a reset that quotes somebody else",
      [
        [0, reset],
        [1, answer("8877665544332211")],
      ],
    ],
    [
      "encrypted resets an hour apart",
      [
        [0, hidden("50", "625a9e97")],
        [1, hidden("40", "625aaca8")],
      ],
    ],
    [
      "what looks like ESP on other ports",
      [
        [0, esp("c0000001", 1)],
        [0, esp("c0000001", 2)],
      ],
    ],
  ])("%s", (_name, sent) => {
    expect(follow(sent).by).toBeUndefined();
  });
});

test("ESP in UDP is believed on port 4500, and behind IKE on any", () => {
  const counted: Sent[] = [
    [0, esp("c0000001", 1)],
    [0, esp("c0000001", 2)],
  ];
  expect(follow(counted, [4500, 1234])).toEqual({ by: "ipsec", told: [undefined, "esp"] });
  expect(
    follow(
      [
        [0, esp("c0000001", 1)],
        [0, esp("c0000001", 9_999)],
      ],
      [4500, 1234],
    ).by,
  ).toBeUndefined();
  const ike = "00000000 1122334455667788 0000000000000000 21 20 22 08 00000000 0000001c";
  expect(follow([[0, ike], ...counted])).toEqual({
    by: "ipsec",
    told: ["ike-sa-init", "esp", "esp"],
  });
});

test("a flow keeps its name", () => {
  const { by, told } = follow([
    [0, initiation],
    [1, response("aabbccdd")],
    [0, reset],
    [1, answer("1122334455667788")],
  ]);
  expect([by, told]).toEqual([
    "wireguard",
    [undefined, "handshake-response", undefined, undefined],
  ]);
});

test("any datagrams are answered, and random ones leave it without a name", () => {
  const datagram = fc.tuple(
    fc.constantFrom<0 | 1>(0, 1),
    fc.uint8Array({ minLength: 20, maxLength: 160 }),
  );
  fc.assert(
    fc.property(fc.array(datagram, { maxLength: 8 }), (sent) => {
      const flow = new LinkFlow([1, 2]);
      for (const [side, bytes] of sent)
        flow.push(side, { bytes, from: 0, to: bytes.length, cut: 0 });
      // Small arrays repeat themselves, so this may be WireGuard's by design; nothing else may.
      expect([undefined, "wireguard"]).toContain(flow.by);
    }),
  );
});
