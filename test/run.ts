/**
 * `npm test`: everything, on any machine. Installs the Debian packages that tests need, checks
 * types and style, runs every test, and ends with one line that counts them.
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { missingPackages } from "./packages.ts";

const tally = { passed: 0, failed: 0, skipped: 0 };

check("Debian packages", () => {
  const missing = missingPackages();
  if (missing.length === 0) return true;
  if (process.getuid?.() !== 0) {
    console.error(`Missing: ${missing.join(" ")}. Run as root once: apt-get install them.`);
    return false;
  }
  const environment = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  run("apt-get", ["update", "-q"], environment);
  return run("apt-get", ["install", "-qy", "--no-install-recommends", ...missing], environment);
});
check("types (tsc)", () => run("tsc", ["--noEmit"]));
check("style (biome)", () => run("biome", ["check", "."]));
vitest();
console.log(`${tally.passed} passed, ${tally.failed} failed, ${tally.skipped} skipped`);
process.exitCode = tally.failed > 0 ? 1 : 0;

function check(name: string, ok: () => boolean): void {
  const good = ok();
  tally[good ? "passed" : "failed"]++;
  console.log(`${good ? "ok  " : "FAIL"} ${name}`);
}

function vitest(): void {
  const folder = mkdtempSync(join(tmpdir(), "portcullis-test-"));
  const file = join(folder, "results.json");
  try {
    const ok = run("vitest", [
      "run",
      "--config=test/vitest.config.ts",
      "--update=none",
      "--reporter=default",
      "--reporter=json",
      `--outputFile.json=${file}`,
    ]);
    const results = JSON.parse(readFileSync(file, "utf8")) as Results;
    tally.passed += results.numPassedTests;
    tally.failed += results.numFailedTests;
    tally.skipped += results.numPendingTests + results.numTodoTests;
    const broken = results.testResults.filter(
      (suite) => suite.status === "failed" && suite.assertionResults.length === 0,
    );
    tally.failed += broken.length;
    // An error outside any test leaves all counts good and the run bad.
    if (!ok && tally.failed === 0) tally.failed++;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

interface Results {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly numPendingTests: number;
  readonly numTodoTests: number;
  readonly testResults: readonly { status: string; assertionResults: readonly unknown[] }[];
}

function run(command: string, args: readonly string[], env = process.env): boolean {
  return spawnSync(command, args, { stdio: ["ignore", "inherit", "inherit"], env }).status === 0;
}
