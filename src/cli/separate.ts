/**
 * `--separate`: each input is judged alone, and what it gives is printed whole, in the order of the
 * inputs, however many are read at a time.
 *
 * With several jobs each runs in a thread of its own and prints into an unlinked temporary file, whose
 * descriptor it hands over: threads share descriptors, so nothing is copied between them and memory
 * stays what one job needs. Standard input belongs to the main thread, so with it there is one job.
 */
import { Worker } from "node:worker_threads";
import type { WriteBytes } from "../report/joiner.ts";
import { Spool, SpoolRefused } from "../report/spool.ts";
import { Output } from "./output.ts";
import { type PassEnd, type PassOptions, pass } from "./pass.ts";
import { complainOf } from "./unreadable.ts";

/** What a worker says when it has read an input: how much it printed, and where that is. */
export interface Printed {
  readonly index: number;
  readonly out: { readonly fd: number; readonly bytes: number };
  readonly err: { readonly fd: number; readonly bytes: number };
  readonly end: PassEnd;
}

/** What it says when the machine refuses it a temporary file. */
export interface Refusal {
  readonly refused: string;
}

/** The ends of all inputs, in their order. Throws what `pass` throws. */
export async function separate(options: PassOptions, jobs: number): Promise<PassEnd[]> {
  const workers = Math.min(jobs, options.inputs.length, JOBS_MAX);
  if (workers > 1 && !options.inputs.includes("-")) return await inThreads(options, workers);
  const ends: PassEnd[] = [];
  for (const input of options.inputs) {
    const end = await pass(aloneWith(options, input), new Output(1).write, new Output(2).write);
    complainOf(end);
    ends.push(end);
  }
  return ends;
}

/** The options of the pass over one of several inputs. */
export function aloneWith(options: PassOptions, input: string): PassOptions {
  return { ...options, inputs: [input], title: input };
}

async function inThreads(options: PassOptions, count: number): Promise<PassEnd[]> {
  const ends: PassEnd[] = [];
  const waiting = new Map<number, Printed>();
  let started = 0;
  let printedOne = Promise.withResolvers<void>();
  const workers = Array.from({ length: count }, () => openWorker(options));
  try {
    await Promise.all(
      workers.map(async (worker) => {
        while (started < options.inputs.length) {
          if (started - ends.length >= AHEAD_MAX) {
            await printedOne.promise;
            continue;
          }
          const printed = await ask(worker, started++);
          waiting.set(printed.index, printed);
          for (let next = waiting.get(ends.length); next; next = waiting.get(ends.length)) {
            waiting.delete(next.index);
            print(next);
            ends.push(next.end);
          }
          printedOne.resolve();
          printedOne = Promise.withResolvers<void>();
        }
      }),
    );
    return ends;
  } finally {
    await Promise.all(workers.map((worker) => worker.terminate()));
    for (const printed of waiting.values()) {
      Spool.adopt(printed.out.fd, printed.out.bytes).close();
      Spool.adopt(printed.err.fd, printed.err.bytes).close();
    }
  }
}

function openWorker(options: PassOptions): Worker {
  // The file that runs may be a source or, compiled, `.js`: its worker lies beside it.
  const extension = import.meta.url.endsWith(".ts") ? "ts" : "js";
  return new Worker(new URL(`./replay-worker.${extension}`, import.meta.url), {
    workerData: options,
    // Descriptors that a worker hands over must outlive it.
    trackUnmanagedFds: false,
  });
}

/** One input through one worker, which does nothing else meanwhile. */
function ask(worker: Worker, index: number): Promise<Printed> {
  return new Promise((resolve, reject) => {
    worker.once("error", reject);
    worker.once("message", (answer: Printed | Refusal) => {
      worker.off("error", reject);
      if ("refused" in answer) reject(new SpoolRefused(answer.refused));
      else resolve(answer);
    });
    worker.postMessage(index);
  });
}

function print({ out, err, end }: Printed): void {
  copy(Spool.adopt(out.fd, out.bytes), new Output(1).write);
  copy(Spool.adopt(err.fd, err.bytes), new Output(2).write);
  complainOf(end);
}

function copy(spool: Spool, write: WriteBytes): void {
  const buffer = new Uint8Array(COPY_BYTES);
  for (let at = 0; at < spool.bytes; ) {
    const count = spool.read(buffer, at);
    if (count === 0) break;
    write(buffer, 0, count);
    at += count;
  }
  spool.close();
}

const COPY_BYTES = 2 ** 18;
/** Inputs that are done before their turn, behind a long one: each holds two descriptors. */
const AHEAD_MAX = 100;
/** Each holds up to 60 MB. */
const JOBS_MAX = 64;
