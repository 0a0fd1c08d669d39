/** No garbage collection between packet 100,000 and 1,000,000 of the bulk capture. */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { CAPTURE } from "./captures.ts";
import type { Section } from "./compare.ts";
import type { Watched } from "./gc-watch.ts";
import { runOnce } from "./measure.ts";
import { OUT, portcullis } from "./peers.ts";
import { type Goal, goalLine } from "./table.ts";
import { walk } from "./walk.ts";

export function watchCollector(): Section {
  process.stdout.write("\ngarbage collection on bulk.pcap\n");
  const [from, to] = walk(CAPTURE.bulk, [FIRST_PACKET, LAST_PACKET]).offsets;
  const { argv, ...command } = portcullis(CAPTURE.bulk, "--observations");
  const [node, ...args] = argv;
  const answer = `${OUT}/gc.json`;
  const environment = ["env", `BENCH_GC=${from} ${to} ${answer}`];
  runOnce({ ...command, argv: [...environment, node!, "--import", WATCH, ...args] });

  const watched = JSON.parse(readFileSync(answer, "utf8")) as Watched;
  const { fromMs, toMs, observedInAll, pausedMs } = watched;
  if (fromMs === undefined || toMs === undefined) {
    throw new Error("the capture was not read by fs.readSync as far as packet 1,000,000");
  }
  process.stdout.write(
    `packets ${FIRST_PACKET} to ${LAST_PACKET} took ${(toMs - fromMs).toFixed(0)} ms; ` +
      `${observedInAll} collections in the whole run, ${pausedMs.toFixed(1)} ms\n`,
  );
  // A run without any entry is one in which the observer was not heard, and proves nothing.
  const observed = observedInAll === 0 ? Number.NaN : watched.observed;
  const goals: Goal[] = [
    { what: "collections, by PerformanceObserver", value: observed, atMost: 0, unit: "" },
    { what: "collections, by v8.GCProfiler", value: watched.profiled, atMost: 0, unit: "" },
  ];
  process.stdout.write(`${goals.map(goalLine).join("\n")}\n`);
  return { rows: [], goals };
}

const WATCH = fileURLToPath(new URL("gc-watch.ts", import.meta.url));
const FIRST_PACKET = 100_000;
const LAST_PACKET = 1_000_000;
