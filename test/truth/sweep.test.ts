/**
 * All captures of others, fuzzers' crash inputs among them, through the whole pipeline: nothing is
 * thrown, nothing is our fault, and every line is one that the published schema knows.
 */
import { spawnSync } from "node:child_process";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { z } from "zod";
import type { ReplayEnd } from "../../src/replay.ts";
import type { Line } from "../../src/report/lines.ts";
import { replayed } from "./ours.ts";
import { readTruth, SHARED, sharedIsHere } from "./truth.ts";

interface Swept {
  readonly path: string;
  readonly lines: readonly Line[];
  /** Absent if something was thrown. */
  readonly end?: ReplayEnd;
  readonly thrown?: string;
}

describe.skipIf(!sharedIsHere)("the captures of others, whatever is in them", () => {
  const swept: Swept[] = [];
  let tookMs = 0;

  beforeAll(async () => {
    const startMs = performance.now();
    for (const { file } of readTruth()) swept.push(await sweep(`${SHARED}/${file}`));
    tookMs = performance.now() - startMs;
  }, SWEEP_MS_MAX);

  afterAll(() => {
    const lines = swept.reduce((sum, one) => sum + one.lines.length, 0);
    const seconds = (tookMs / 1000).toFixed(1);
    console.log(`\nswept ${swept.length} captures in ${seconds} s: ${lines} lines\n`);
  });

  test("nothing is thrown", () => {
    const thrown = swept.filter((one) => one.thrown !== undefined);
    expect(thrown.map((one) => `${one.path}: ${one.thrown}`)).toEqual([]);
  });

  test("nothing is our fault", () => {
    const faults = swept.flatMap(({ path, lines }) =>
      lines.flatMap((line) => (line.kind === "fault" ? [`${path}: ${line.stack}`] : [])),
    );
    expect(faults).toEqual([]);
  });

  test("every line is as `portcullis schema` says", () => {
    const schema = z.fromJSONSchema(JSON.parse(portcullis("schema").stdout));
    const wrong = swept.flatMap(({ path, lines }) =>
      lines.flatMap((line) => {
        const { error } = schema.safeParse(JSON.parse(JSON.stringify(line)));
        return error ? [`${path}: ${line.kind}: ${z.prettifyError(error)}`] : [];
      }),
    );
    expect(wrong).toEqual([]);
  });

  test("a capture that cannot be read whole exits with 3", { timeout: CLI_MS_MAX }, () => {
    const damaged = swept.filter(({ end }) => end !== undefined && end.unreadable.length > 0);
    expect(damaged.length).toBeGreaterThan(0);
    const exits = damaged.map(({ path }) => `${path}: ${portcullis("replay", path).status}`);
    expect(exits).toEqual(damaged.map(({ path }) => `${path}: 3`));
  });

  test("any other exits with 1 if there is a breach, else with 0", { timeout: CLI_MS_MAX }, () => {
    const whole = swept.filter(({ end }) => end !== undefined && end.unreadable.length === 0);
    const some = whole.filter((_, index) => index % CLI_EVERY === 0);
    const exits = some.map(({ path }) => `${path}: ${portcullis("replay", path).status}`);
    expect(exits).toEqual(some.map(({ path, end }) => `${path}: ${breached(end) ? 1 : 0}`));
  });
});

async function sweep(path: string): Promise<Swept> {
  try {
    return { path, ...(await replayed(path)) };
  } catch (error) {
    return { path, lines: [], thrown: String(error) };
  }
}

function portcullis(...args: readonly string[]) {
  const command = ["src/cli/portcullis.mjs", ...args];
  return spawnSync(process.execPath, command, { encoding: "utf8", maxBuffer: STDOUT_BYTES_MAX });
}

function breached(end: ReplayEnd | undefined): boolean {
  return end?.worst === "breach" || end?.worst === "critical";
}

const SWEEP_MS_MAX = 180_000;
const CLI_MS_MAX = 60_000;
/** Starting the program 870 times costs minutes: every so many-th capture stands for the rest. */
const CLI_EVERY = 40;
const STDOUT_BYTES_MAX = 67_108_864;
