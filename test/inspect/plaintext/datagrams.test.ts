/** What is said over UDP, datagram by datagram, is told as it is where the detectors are asked directly. */
import { describe, expect, test } from "vitest";
import type { Flow, Side } from "../../../src/flow/event.ts";
import { Datagrams } from "../../../src/inspect/plaintext/datagrams.ts";
import { Said } from "../../../src/inspect/plaintext/said.ts";
import { BINARY_DIALOGUES } from "./binary-dialogues.ts";
import { DIALOGUES } from "./dialogues.ts";
import { bytesOf, type Dialogue } from "./told.ts";

const overUdp = [...DIALOGUES, ...BINARY_DIALOGUES].filter(({ transport }) => transport === "udp");

describe.each(overUdp)("$name", (known) => {
  test("is told from its datagrams", () => {
    expect(plaintextOf(known)).toEqual([known.protocol]);
  });
});

test("a read request alone is TFTP, whatever else could begin with nothing said", () => {
  const client = "\0\x01boot.img\0octet\0";
  expect(plaintextOf({ client })).toEqual(["tftp"]);
});

test("a clock that tells nothing of itself is asked for the time all the same", () => {
  const times = "\0".repeat(24);
  const client = `\x23\0\x06\x20${"\0".repeat(12)}${times}\xe6\x5e\x32\x18\x25\x7a\x9b\x10`;
  expect(plaintextOf({ client })).toEqual(["ntp"]);
  // Half a second is no clock's precision.
  expect(plaintextOf({ client: client.replace("\x20", "\x21") })).toEqual([]);
});

describe("what stands behind the first bytes", () => {
  const said = new Said(bytesOf("onetwothree"), true, [0, 3, 6]);

  test("of none of them is all", () => {
    expect(said.after(0)).toBe(said);
  });

  test("is the datagrams that are left, and what is left of the one that was cut", () => {
    expect(said.after(3)).toMatchObject({ text: "twothree", datagrams: [0, 3] });
    expect(said.after(4)).toMatchObject({ text: "wothree", datagrams: [0, 2] });
    expect(said.after(11)).toMatchObject({ text: "", datagrams: [] });
  });
});

function plaintextOf({ client, server, begins }: Dialogue): string[] {
  const datagrams = new Datagrams(FLOW);
  const sides: [Side, Uint8Array][] = [
    [0, bytesOf(client)],
    [1, bytesOf(server)],
  ];
  if (begins === "server") sides.reverse();
  for (const [side, bytes] of sides) datagrams.take(side, bytes, 0, bytes.length, 0);
  return datagrams.plaintext.map(({ protocol }) => protocol);
}

const FLOW: Flow = {
  id: 1,
  transport: "udp",
  ends: [
    { ip: "192.0.2.1", port: 40_001 },
    { ip: "192.0.2.2", port: 40_002 },
  ],
  openedAtUs: 0,
};
