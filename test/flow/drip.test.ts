/**
 * Real handshakes, said in one piece, byte by byte, and cut in two at every byte of every flight:
 * TCP keeps no boundaries, so the lines must not depend on them.
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { defaultPolicy } from "../../src/judge/policy/policy.ts";
import { replay } from "../../src/replay.ts";
import { readHandshakes } from "../fuzz/handshake-file.ts";
import { type ConversationShape, conversation, merge } from "../wire/conversation.ts";
import { fragments } from "../wire/ip.ts";
import type { WirePacket } from "../wire/packet.ts";
import { pcap } from "../wire/pcap.ts";
import type { Flight } from "../wire/recorded.ts";

const folder = mkdtempSync(join(tmpdir(), "drip-"));
afterAll(() => rmSync(folder, { recursive: true }));

describe.each(readHandshakes())("$name", ({ flights }) => {
  test("says something", async () => {
    const lines = await linesOf(said(flights));
    expect(lines.filter((line) => line.includes('"kind":"tls"'))).toHaveLength(1);
    expect(lines.filter((line) => line.includes('"kind":"fault"'))).toEqual([]);
  });

  test("byte by byte", async () => {
    expect(await linesOf(said(flights, { mss: 1 }))).toEqual(await linesOf(said(flights)));
  });

  test.each([2, 3, 5, 7, 536])("in segments of %i bytes", async (mss) => {
    expect(await linesOf(said(flights, { mss }))).toEqual(await linesOf(said(flights)));
  });

  test("cut in two at every byte of the first two flights", async () => {
    const length = Math.max(...flights.slice(0, 2).map(({ bytes }) => bytes.length));
    const [whole] = withoutFlow(await linesOf(said(flights)));
    for (const odd of [0, 1]) {
      // One connection a place: all of them in one capture.
      const all: WirePacket[][] = [];
      for (let at = 1; at < length; at++) {
        const shape = { client: `10.${odd}.${at >> 8}.${at & 255}:40000` };
        all.push(said(cutAt(flights, odd, at), shape));
      }
      const lines = withoutFlow(await linesOf(merge(...all)));
      expect(lines).toHaveLength(length - 1);
      expect(
        new Set(lines.map((line) => line.replace(/10\.\d+\.\d+\.\d+:40000/, "CLIENT"))),
      ).toEqual(new Set([whole!.replace("10.0.0.1:40000", "CLIENT")]));
    }
  });

  test("in IP fragments, back to front", async () => {
    let id = 0;
    const cut = (packet: Uint8Array) => fragments(packet, 64, ++id).reverse();
    expect(await linesOf(said(flights, { cut }))).toEqual(await linesOf(said(flights)));
  });

  test("with every flight out of order", async () => {
    const script = conversation({ mss: 100, stepUs: 0 });
    for (const { party, bytes } of flights) {
      script.say(party, bytes).swap(Math.max(1, Math.ceil(bytes.length / 100)));
    }
    expect(await linesOf(script.close().packets())).toEqual(await linesOf(said(flights)));
  });
});

/** All at one moment, so that the number of packets does not show in the times. */
function said(flights: readonly Flight[], shape: ConversationShape = {}): WirePacket[] {
  const script = conversation({ mss: 60_000, stepUs: 0, ...shape });
  for (const { party, bytes } of flights) script.say(party, bytes);
  return script.close().packets();
}

function cutAt(flights: readonly Flight[], index: number, at: number): Flight[] {
  return flights.flatMap(({ party, bytes }, which) => {
    if (which !== index || at >= bytes.length) return [{ party, bytes }];
    return [
      { party, bytes: bytes.subarray(0, at) },
      { party, bytes: bytes.subarray(at) },
    ];
  });
}

/** Every line but the summary, which counts packets. */
async function linesOf(packets: readonly WirePacket[]): Promise<string[]> {
  const path = join(folder, "capture");
  writeFileSync(path, pcap(packets));
  const lines: string[] = [];
  const options = {
    inputs: [path],
    policy: defaultPolicy,
    local: [],
    observations: true,
    // A hundred connections to one server: a sample would tell them apart.
    verify: "all" as const,
    hash: false,
  };
  await replay(options, (line) => {
    if (line.kind !== "summary") lines.push(JSON.stringify(line));
  });
  return lines.sort();
}

const withoutFlow = (lines: readonly string[]) =>
  lines
    .filter((line) => line.includes('"kind":"tls"'))
    .map((line) => line.replace(/"flow":"\d+"/, '"flow":""'));
