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
  const campaign = new Campaign(testFiles());
  process.stdout.write(`${subjects.length} mutants, ${chosen.length} tried\n`);
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

/** Unit tests in this process: what calls OpenSSL for thousands of chains is too slow to do so often. */
function testFiles(): string[] {
  const files = globSync(["test/trust/**/*.test.ts", "test/judge/**/*.test.ts"]).sort();
  return files.filter((path) => !path.endsWith("/openssl.test.ts"));
}

process.exitCode = await main();
