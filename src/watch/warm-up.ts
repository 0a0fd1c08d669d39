/**
 * Judges a recording before the first real packet comes, and forgets it.
 *
 * The first handshake of a fresh process took 80 ms to its fence, the next ones below one (measured): readers
 * and rules are loaded and compiled when they are first needed, and Mozilla's roots are read then. A gate
 * that is slow once is slow for the connection that matters. So the bundled story runs through the same
 * parts, under the policy in force, with nobody listening.
 */
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { readCapture } from "../capture/read.ts";
import { KeyLog } from "../inspect/keys/key-log.ts";
import type { Policy } from "../judge/policy/policy.ts";
import { Packets } from "../packets.ts";
import { printLine } from "../report/print.ts";
import { LiveJudging } from "./live-judging.ts";

/** How many verdicts it came to. Never rejects for want of the recording: then there are none. */
export async function warmUp(policy: Policy, rounds = ROUNDS): Promise<number> {
  const file = recording();
  if (file === undefined) return 0;
  let verdicts = 0;
  const buffer = new Uint8Array(BUFFER_BYTES);
  for (let round = 0; round < rounds; round++) {
    const judging = new LiveJudging(
      {
        policy,
        observations: true,
        directionOf: () => "egress",
        onVerdict: () => void verdicts++,
      },
      (line) => void printLine(line),
    );
    const packets = new Packets(judging, new KeyLog(), { flows: 1024, heldBytes: 2 ** 20 });
    await readCapture(file, packets, { buffer });
    packets.end();
    judging.end();
  }
  return verdicts;
}

/** Beside src, or beside dist/src. */
function recording(): string | undefined {
  const places = ["../..", "../../.."].map((up) => `${up}captures/story.pcap`);
  return places.map((path) => fileURLToPath(new URL(path, import.meta.url))).find(existsSync);
}

/** V8 compiles what it saw a few times; more would only heat the processor. */
const ROUNDS = 8;
/** The recording has 25 KB. */
const BUFFER_BYTES = 65_536;
