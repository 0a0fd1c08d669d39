/**
 * Runs the fuzzer in a worker and watches it from outside: a mutant that hangs or eats memory stops
 * the worker, not the watcher, which still knows the mutant's number.
 */
import { Worker } from "node:worker_threads";
import { noReach } from "./layers.ts";
import type { Done, Orders } from "./worker.ts";

export interface Fuzzed extends Omit<Done, "failure"> {
  readonly seconds: number;
  /** What went wrong, with how to see it again. */
  readonly failure?: string;
}

export async function fuzz(orders: Omit<Orders, "at">): Promise<Fuzzed> {
  const at = new BigInt64Array(new SharedArrayBuffer(8));
  const started = performance.now();
  const worker = new Worker(new URL("./worker.ts", import.meta.url), {
    workerData: { ...orders, at } satisfies Orders,
    resourceLimits: { maxOldGenerationSizeMb: HEAP_MB },
  });
  const { promise, resolve } = Promise.withResolvers<Done | string>();
  worker.once("message", resolve);
  worker.once("error", (error) => resolve(error.stack ?? error.message));
  const stop = watch(at, resolve);
  const done = await promise;
  clearInterval(stop);
  await worker.terminate();
  const seconds = (performance.now() - started) / 1000;
  if (typeof done === "string") {
    const number = Number(Atomics.load(at, 0));
    return {
      ...NOTHING_DONE,
      mutants: number - orders.first,
      seconds,
      failure: told(orders, number, done),
    };
  }
  const { failure, ...rest } = done;
  if (!failure) return { ...rest, seconds };
  const { number, story, stack } = failure;
  return { ...rest, seconds, failure: told(orders, number, `${story}\n${stack}`) };
}

function watch(at: BigInt64Array, fail: (why: string) => void): NodeJS.Timeout {
  let last = Atomics.load(at, 0);
  let since = performance.now();
  return setInterval(() => {
    const number = Atomics.load(at, 0);
    if (number !== last) {
      last = number;
      since = performance.now();
    } else if (performance.now() - since > HANG_SECONDS * 1000) {
      fail(`hangs: ${HANG_SECONDS} seconds and no end`);
    }
    const megabytes = process.memoryUsage().rss / 2 ** 20;
    if (megabytes > RSS_MB)
      fail(`${Math.round(megabytes)} MB of memory, expected at most ${RSS_MB}`);
  }, 250);
}

function told({ seed, kind = "any" }: Omit<Orders, "at">, number: number, why: string): string {
  const again = `npm run fuzz -- --kind ${kind} --replay ${seed}:${number}`;
  return `seed ${seed}, mutant ${number}: ${again}\n${why}`;
}

const NOTHING_DONE = {
  mutants: 0,
  reach: noReach(),
  slowest: { number: 0, ms: 0 },
  digest: "",
};
/** A mutant takes well below a millisecond; a busy machine may stop us for a second or two. */
const HANG_SECONDS = 10;
const HEAP_MB = 256;
/** Heap, buffers of every layer, the corpus, and the test runner around it. */
const RSS_MB = 1024;
