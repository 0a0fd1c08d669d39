/**
 * Watching and replaying come to the same also where packets are lost, doubled or swapped: each capture is
 * changed in ways that a seed tells, and both see the same changed packets.
 */
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { readCapture } from "../../src/capture/read.ts";
import { defaultPolicy, sealPolicy, strictness } from "../../src/judge/policy/policy.ts";
import type { VerdictLine } from "../../src/report/lines.ts";
import type { WirePacket } from "../wire/packet.ts";
import { pcap } from "../wire/pcap.ts";
import { decisions, live, replayed } from "./live-lines.ts";

const folder = mkdtempSync(join(tmpdir(), "portcullis-mutated-"));
afterAll(() => rmSync(folder, { recursive: true }));
const policy = sealPolicy({ ...defaultPolicy, mode: "enforce" });
const captures = ["captures", "captures/evasion"].flatMap((one) =>
  readdirSync(one)
    .filter((file) => file.endsWith(".pcap"))
    .map((file) => `${one}/${file}`),
);
const SEEDS = [1, 2];

test.each(captures)("%s", async (path) => {
  const { packets, link } = await packetsOf(path);
  // Long ones say nothing that short ones do not.
  if (packets.length > PACKETS_MAX) return;
  for (const seed of SEEDS) {
    const file = join(folder, "changed.pcap");
    writeFileSync(file, pcap(changed(packets, seed), { linkType: link }));
    const watched = await live(file, policy);
    const after = await replayed(file, policy);
    expect(watched.lines.filter(({ kind }) => kind === "fault")).toEqual([]);
    const [ours, theirs] = [decisions(watched.lines), decisions(after)];
    expect({ seed, keys: Object.keys(ours).sort() }).toEqual({
      seed,
      keys: Object.keys(theirs).sort(),
    });
    for (const [key, [verdict]] of Object.entries(theirs)) {
      const last = ours[key]!.at(-1)!;
      // Live, a gap is a loss of ours until somebody shows that it is not: there it may be stricter.
      if (last.coverage.includes("loss") && !verdict!.coverage.includes("loss")) continue;
      expect({ seed, key, weight: weightOf(last) }).toEqual({
        seed,
        key,
        weight: weightOf(verdict!),
      });
    }
  }
});

/** What was decided, and what would be were it not lowered. */
function weightOf({ decision, would = decision }: VerdictLine): string {
  return `${strictness(decision)} ${strictness(would)}`;
}

/** About one packet in eight is lost, doubled, or changes places with the next one. */
function changed(packets: readonly WirePacket[], seed: number): WirePacket[] {
  let state = seed * 0x9e3779b1;
  const draw = (below: number) => {
    state = (Math.imul(state ^ (state >>> 15), 0x85ebca6b) + 0x2545f491) | 0;
    return (state >>> 8) % below;
  };
  const out: WirePacket[] = [];
  for (const packet of packets) {
    const what = draw(24);
    if (what === 0) continue;
    out.push(packet);
    if (what === 1) out.push(packet);
    if (what === 2 && out.length > 1) out.push(...out.splice(-2).reverse());
  }
  const times = out.map(({ atUs }) => atUs).sort((a, b) => a - b);
  return out.map((packet, index) => ({ ...packet, atUs: times[index]! }));
}

async function packetsOf(path: string): Promise<{ packets: WirePacket[]; link: number }> {
  const packets: WirePacket[] = [];
  const clock = new Float64Array(1);
  let link = 1;
  await readCapture(path, {
    clock,
    packet(bytes, offset, captured, original, ofLink) {
      link = ofLink;
      const copy = bytes.slice(offset, offset + captured);
      packets.push({ atUs: clock[0]!, bytes: copy, originalBytes: original });
    },
  });
  return { packets, link };
}

const PACKETS_MAX = 200;
