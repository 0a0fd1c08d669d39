/** Runs mutants one after the other; the watcher sees the number of the one at work. */
import { parentPort, workerData } from "node:worker_threads";
import { loadCorpus } from "./corpus.ts";
import { drive, driveToJudge, noReach, type Reach } from "./layers.ts";
import { type Kind, makeMutant } from "./mutant.ts";

export interface Orders {
  readonly seed: number;
  readonly first: number;
  readonly count: number;
  readonly kind?: Kind;
  /** Stop after this long, however many were run. */
  readonly seconds: number;
  /** [0] is the number of the mutant at work, shared with the watcher. */
  readonly at: BigInt64Array<SharedArrayBuffer>;
}

export interface Done {
  readonly mutants: number;
  readonly reach: Reach;
  readonly slowest: { readonly number: number; readonly ms: number };
  readonly digest: string;
  readonly failure?: { readonly number: number; readonly story: string; readonly stack: string };
}

function run({ seed, first, count, seconds, at, kind = "any" }: Orders): Done {
  const corpus = loadCorpus();
  const reach = noReach();
  const until = performance.now() + seconds * 1000;
  let slowest = { number: first, ms: 0 };
  let before = performance.now();
  let number = first;
  for (; number < first + count && before < until; number++) {
    Atomics.store(at, 0, BigInt(number));
    const mutant = makeMutant(corpus, { seed, number, kind });
    try {
      drive(mutant, reach);
      if (number % JUDGED_EVERY === 0) driveToJudge(mutant, reach);
    } catch (error) {
      const stack = error instanceof Error ? (error.stack ?? error.message) : String(error);
      const failure = { number, story: mutant.story, stack };
      return { mutants: number - first, reach, slowest, digest: corpus.digest, failure };
    }
    const now = performance.now();
    if (now - before > slowest.ms) slowest = { number, ms: now - before };
    before = now;
  }
  return { mutants: number - first, reach, slowest, digest: corpus.digest };
}

/** Signatures are verified there, which costs as much as some other mutants. */
const JUDGED_EVERY = 16;

parentPort?.postMessage(run(workerData as Orders));
