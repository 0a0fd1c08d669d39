/**
 * A watcher with a fence, in the workload's namespace: what its tap proves is cut off at once.
 *
 *     node fence-watcher.ts CAPTURE
 *
 * A line `ready METHOD`; then for each cut `cut PROOF_US CALLED_US OUTCOME`, with the capture time of the
 * packet that completed the proof; a line on standard input releases.
 */
import { createInterface } from "node:readline";
import type { TapChoice } from "../../src/capture/tap/open.ts";
import { defaultPolicy } from "../../src/judge/policy.ts";
import { Fence } from "../../src/respond/fence.ts";
import { LivePipeline } from "../../src/watch/live-pipeline.ts";

const fence = Fence.open({ instance: "bench", policySha256: "0".repeat(64) });
let lost = 0;
const pipeline = LivePipeline.open(
  {
    policy: defaultPolicy,
    capture: (process.argv[2] ?? "auto") as TapChoice,
    onVerdict({ verdict, atUs }) {
      if (!verdict.wouldCut && verdict.decision !== "cut") return;
      if (fence.state() === "cut") return;
      const calledUs = Math.round((performance.timeOrigin + performance.now()) * 1000);
      const outcome = fence.cut("bench");
      process.stdout.write(`cut ${atUs} ${calledUs} ${JSON.stringify(outcome)}\n`);
    },
  },
  (line) => {
    if (line.kind === "loss") lost += line.packetsDropped;
  },
);
process.stdout.write(`ready ${pipeline.state.method}\n`);
createInterface({ input: process.stdin }).on("line", () => {
  fence.release();
  process.stdout.write(`released lost ${lost}\n`);
});
