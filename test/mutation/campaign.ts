/** Finds out which tests reach which mutant, and lets those tests meet it, the quickest first. */

import type { Places, TestRun } from "./question.ts";
import type { Subject } from "./subject.ts";
import { Worker } from "./worker-process.ts";

/** `unreached`: no test runs that place. */
export type Fate = "killed" | "survived" | "unreached" | "late";

export interface Outcome {
  readonly subject: Subject;
  readonly fate: Fate;
  readonly by?: string | undefined;
}

export class Campaign {
  readonly #worker = new Worker();
  readonly #files: readonly string[];
  readonly #byMutant = new Map<number, TestRun[]>();
  readonly #kills = new Map<string, number>();

  constructor(files: readonly string[]) {
    this.#files = files;
  }

  /** Runs all tests once as they are. Those that fail or take too long are told and left out. */
  async measure(subjects: readonly Subject[]): Promise<void> {
    const places: Record<string, Places[string][number][]> = {};
    for (const { path, id, at } of subjects) {
      places[path] ??= [];
      places[path].push({ at, id });
    }
    for (const file of this.#files) {
      const question = { kind: "measure", file, places } as const;
      const answer = await this.#worker.ask(question, MEASURE_MS);
      if (typeof answer === "string" || !("tests" in answer)) {
        say(`left out: ${file} (${answer === "late" ? "too slow" : "does not load"})`);
        continue;
      }
      for (const test of answer.tests) this.#keep(test);
    }
  }

  async *run(subjects: readonly Subject[]): AsyncGenerator<Outcome> {
    for (const subject of subjects) yield await this.#try(subject);
  }

  stop(): void {
    this.#worker.stop();
  }

  #keep(test: TestRun): void {
    if (test.failure !== undefined)
      say(`left out, fails: ${test.file}: ${test.name}: ${test.failure}`);
    else if (test.ms > TEST_MS_MAX) say(`left out, too slow: ${test.file}: ${test.name}`);
    else {
      for (const id of test.reached) {
        const tests = this.#byMutant.get(id);
        if (tests === undefined) this.#byMutant.set(id, [test]);
        else tests.push(test);
      }
    }
  }

  async #try(subject: Subject): Promise<Outcome> {
    const { path, source } = subject;
    const folder = path.split("/")[1];
    const reached = this.#byMutant.get(subject.id) ?? [];
    // Unit tests of the same folder: that a test of the whole program fails would be luck.
    const tests = reached.filter(({ file }) => file.split("/")[1] === folder);
    if (tests.length === 0) return { subject, fate: "unreached" };
    const question = { kind: "try", path, source, tests: byFile(this.#inTurn(tests)) } as const;
    const usual = tests.reduce((sum, { ms }) => sum + ms, 0);
    const answer = await this.#worker.ask(question, GRACE_MS + usual * SLOWER);
    if (answer === "late") return { subject, fate: "late" };
    if (answer === "gone") return { subject, fate: "killed", by: "the process ended" };
    const by = "by" in answer ? answer.by : undefined;
    if (by !== undefined) this.#kills.set(by, (this.#kills.get(by) ?? 0) + 1);
    return { subject, fate: by === undefined ? "survived" : "killed", by };
  }

  /** What is quick and has killed before comes first. */
  #inTurn(tests: readonly TestRun[]): TestRun[] {
    const cost = ({ file, name, ms }: TestRun) =>
      (ms + 1) / (1 + (this.#kills.get(`${file}: ${name}`) ?? 0));
    return tests.toSorted((a, b) => cost(a) - cost(b));
  }
}

/** Names of tests by their file, both in the order in which they come. */
function byFile(tests: readonly TestRun[]): Record<string, string[]> {
  const files: Record<string, string[]> = {};
  for (const { file, name } of tests) {
    files[file] ??= [];
    files[file].push(name);
  }
  return files;
}

function say(text: string): void {
  process.stderr.write(`${text}\n`);
}

/** All tests of one file. */
const MEASURE_MS = 60_000;
/** A slower one would be run a thousand times, for what quicker ones see as well. */
const TEST_MS_MAX = 1000;
/** A mutant that never ends is noticed: its tests take this much longer than they should. */
const GRACE_MS = 5000;
const SLOWER = 10;
