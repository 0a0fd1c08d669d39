/**
 * Loaded before the program (`node --import gc-watch.ts ...`) to see whether the collector runs
 * while packets of the middle of a file are worked on.
 *
 * It asks nothing of the program but that it reads its capture with `fs.readSync`, in order: when a
 * read begins, all that was read before has been worked on. `BENCH_GC` holds the window as `FROM TO`,
 * in bytes of the file, and the file that the answer is written to. Two witnesses are asked:
 * `PerformanceObserver`, whose entries have times and arrive when the program ends, and
 * `v8.GCProfiler`, which counts at once and also in a program that leaves by `process.exit`.
 */
import fs from "node:fs";
import { syncBuiltinESMExports } from "node:module";
import { PerformanceObserver } from "node:perf_hooks";
import { GCProfiler } from "node:v8";
import { isMainThread } from "node:worker_threads";

export interface Watched {
  /** Milliseconds since the process began; absent when the file was not read that far. */
  readonly fromMs?: number;
  readonly toMs?: number;
  /** Collections inside the window, by the observer and by the profiler. */
  readonly observed: number;
  readonly profiled: number;
  /** Collections that the observer saw in the whole run: 0 would mean that it was not heard. */
  readonly observedInAll: number;
  /** Milliseconds the collector took, in all, over the whole run. */
  readonly pausedMs: number;
}

function watch(from: number, to: number, answer: string): void {
  const entries: { readonly startTime: number; readonly duration: number }[] = [];
  const observer = new PerformanceObserver((list) => void entries.push(...list.getEntries()));
  observer.observe({ entryTypes: ["gc"] });
  const profiler = new GCProfiler();
  // In an array, since a variable that grows past 2^31 would be a new heap number at every read.
  const position = new Float64Array(1);
  let profiled = 0;
  let fromMs: number | undefined;
  let toMs: number | undefined;

  const readSync = fs.readSync;
  // Five plain arguments, so that the witness makes no garbage of its own.
  const watched = (
    file: number,
    buffer: NodeJS.ArrayBufferView,
    offset: number,
    length: number,
    at: fs.ReadPosition | null,
  ) => {
    if (fromMs === undefined && position[0]! >= from) {
      profiler.start();
      fromMs = performance.now();
    }
    if (toMs === undefined && position[0]! >= to) {
      toMs = performance.now();
      profiled = profiler.stop()?.statistics.length ?? 0;
    }
    const count = readSync(file, buffer, offset, length, at);
    // Modules and settings are read by other calls, or are too short to matter.
    if (count >= READ_BYTES_MIN) position[0]! += count;
    return count;
  };
  // The form with an options object goes on to work: it comes as `offset`, and is handed on.
  fs.readSync = watched as typeof readSync;
  syncBuiltinESMExports();

  // The observer's entries wait for a turn of the event loop, and alone do not keep it turning.
  process.once("beforeExit", () => setImmediate(() => setImmediate(() => {})));
  process.on("exit", () => {
    entries.push(...observer.takeRecords());
    const inside = entries.filter(
      ({ startTime }) => startTime >= (fromMs ?? Infinity) && startTime <= (toMs ?? Infinity),
    );
    const result = {
      fromMs,
      toMs,
      observed: inside.length,
      profiled,
      observedInAll: entries.length,
      pausedMs: entries.reduce((sum, entry) => sum + entry.duration, 0),
    };
    fs.writeFileSync(answer, JSON.stringify(result));
  });
}

const READ_BYTES_MIN = 4096;

const [from, to, answer] = (process.env.BENCH_GC ?? "").split(" ");
if (isMainThread && answer !== undefined) watch(Number(from), Number(to), answer);
