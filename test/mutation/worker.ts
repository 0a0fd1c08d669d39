/**
 * The process in which tests meet mutants. It is asked by messages and answers each with one; it may
 * be killed at any time, and is when a mutant keeps it for too long.
 */
import { Session } from "node:inspector";
import fc from "fast-check";
import { type Coverage, covered } from "./coverage.ts";
import { nextGeneration, startGenerations } from "./generation.ts";
import { poolKeys, rewindKeys } from "./key-pool.ts";
import type { Answer, Measure, TestRun, Try } from "./question.ts";
import { type Kept, takeSuite } from "./suite.ts";

process.on("message", async (question: Measure | Try) => {
  const answer: Answer =
    question.kind === "measure"
      ? { tests: await measure(question) }
      : { by: await killerOf(question) };
  process.send!(answer);
});

// Between two messages; in the middle of a mutant that never ends nobody hears it.
process.on("disconnect", () => process.exit());

/** Runs every test of a file without a mutant, and says what each reaches. */
async function measure({ file, places }: Measure): Promise<TestRun[]> {
  const tests: TestRun[] = [];
  const session = new Session();
  session.connect();
  session.post("Profiler.enable");
  session.post("Profiler.startPreciseCoverage", { callCount: true, detailed: true });
  const take = (): Coverage => {
    let taken: Coverage = [];
    session.post("Profiler.takePreciseCoverage", (_, { result }) => {
      taken = result;
    });
    return taken;
  };
  const failure = await failureOf(async () => {
    rewindKeys();
    const { import: load } = nextGeneration();
    await load(file);
    const suite = await takeSuite();
    const atLoad = covered(places, take());
    for (const { name, run } of suite.tests) {
      const began = performance.now();
      const failure = await failureOf(run);
      const ms = performance.now() - began;
      const reached = new Set([...atLoad, ...covered(places, take())]);
      tests.push({ file, name, ms, reached: [...reached], ...(failure && { failure }) });
    }
    await suite.end();
  });
  if (failure !== undefined) tests.push({ file, name: "the file", ms: 0, reached: [], failure });
  session.disconnect();
  return tests;
}

/** The first test that fails, or `undefined`. */
async function killerOf({ path, source, tests }: Try): Promise<string | undefined> {
  rewindKeys();
  const { import: load } = nextGeneration({ path, source });
  for (const [file, names] of Object.entries(tests)) {
    let by: string | undefined;
    const failure = await failureOf(async () => {
      await load(file);
      const suite = await takeSuite();
      by = await firstFailing(suite.tests, names);
      await suite.end();
    });
    if (by !== undefined) return `${file}: ${by}`;
    if (failure !== undefined) return `${file}: ${failure}`;
  }
  return undefined;
}

async function firstFailing(
  tests: readonly Kept[],
  names: readonly string[],
): Promise<string | undefined> {
  const known = new Map(tests.map(({ name, run }) => [name, run]));
  for (const name of names) {
    const run = known.get(name);
    if (run === undefined || (await failureOf(run)) !== undefined) return name;
  }
  return undefined;
}

async function failureOf(run: Kept["run"]): Promise<string | undefined> {
  try {
    await run();
    return undefined;
  } catch (error) {
    return String(error).slice(0, FAILURE_MAX);
  }
}

const FAILURE_MAX = 200;

// The same values for every mutant; and the smallest counterexample is of no use here.
fc.configureGlobal({ seed: 1, endOnFailure: true });
poolKeys();
startGenerations();
