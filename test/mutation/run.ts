/**
 * `npm run mutation`: makes every small wrong program from `src/trust` and `src/judge`, runs the unit
 * tests that reach its place, and counts those that no test notices. Prints each survivor, and ends
 * with 1 below the goal.
 *
 *     npm run mutation -- [--file src/trust/der.ts]... [--sample 200] [--seed 1] [--verbose]
 */
import { globSync, readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { Campaign, type Outcome } from "./campaign.ts";
import { EQUIVALENTS } from "./equivalents.ts";
import { outcomeLine, printReport } from "./report.ts";
import { sampleOf } from "./sample.ts";
import { subjectsOf } from "./subject.ts";

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      file: { type: "string", multiple: true },
      sample: { type: "string" },
      seed: { type: "string", default: "1" },
      verbose: { type: "boolean", default: false },
    },
  });
  const files = values.file ?? globSync(["src/trust/**/*.ts", "src/judge/**/*.ts"]).sort();
  const { subjects, equivalents, stale } = subjectsOf(
    files.map((path) => ({ path, source: readFileSync(path, "utf8") })),
    EQUIVALENTS,
  );
  const chosen =
    values.sample === undefined
      ? subjects
      : sampleOf(subjects, { count: Number(values.sample), seed: Number(values.seed) });
  const campaign = new Campaign(testFiles(files));
  process.stdout.write(`${subjects.length} mutants, ${chosen.length} tried\n`);
  // A worker in a loop would go on without us.
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    process.once(signal, () => {
      campaign.stop();
      process.exit(1);
    });
  }
  try {
    await campaign.measure(chosen);
    const outcomes: Outcome[] = [];
    for await (const outcome of campaign.run(chosen)) {
      outcomes.push(outcome);
      if (outcomes.length % 100 === 0) {
        process.stderr.write(`${outcomes.length} of ${chosen.length}\n`);
      }
      if (values.verbose || outcome.fate !== "killed") {
        process.stdout.write(`${outcomeLine(outcome)}\n`);
      }
    }
    return printReport(outcomes, { equivalents, stale });
  } finally {
    campaign.stop();
  }
}

/**
 * Unit tests of the folders that these files are in. What calls OpenSSL for thousands of chains is too
 * slow to do so often.
 */
function testFiles(files: readonly string[]): string[] {
  const folders = new Set(files.map((path) => path.split("/")[1]));
  const tests = [...folders].flatMap((folder) => globSync(`test/${folder}/**/*.test.ts`));
  return tests.filter((path) => !path.endsWith("/openssl.test.ts")).sort();
}

process.exitCode = await main();
