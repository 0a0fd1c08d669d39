/**
 * Whole processes, measured from outside: wall time by our clock around spawn and exit, processor
 * time and peak memory by GNU time, which asks the kernel. Programs take turns within a round, and
 * each round begins with another one, so that what else the machine does meets all of them alike.
 */
import { spawnSync } from "node:child_process";
import { closeSync, openSync, readFileSync } from "node:fs";
import { say } from "./say.ts";

export interface Command {
  readonly name: string;
  readonly argv: readonly string[];
  /** A file for standard output; absent: nowhere. */
  readonly stdout?: string;
  /** Rounds to take part in, if fewer than the others. */
  readonly rounds?: number;
}

export interface Run {
  readonly seconds: number;
  /** User and system time of all its threads. */
  readonly cpuSeconds: number;
  /** Peak resident set, in units of 10^6 bytes. */
  readonly peakMb: number;
}

export interface Measured {
  readonly name: string;
  readonly runs: readonly Run[];
  /** Medians over the runs; the peak memory is the highest. */
  readonly median: Run;
  readonly fastest: number;
  readonly slowest: number;
}

/** Runs `commands` for `rounds` rounds. Throws, with what it wrote, when one does not exit with 0. */
export function takeTurns(commands: readonly Command[], rounds = ROUNDS): Measured[] {
  const runs = commands.map((): Run[] => []);
  for (let round = 0; round < rounds; round++) {
    const seconds: string[] = [];
    for (let turn = 0; turn < commands.length; turn++) {
      const index = (round + turn) % commands.length;
      const command = commands[index]!;
      const done = runs[index]!;
      if (done.length >= (command.rounds ?? rounds)) continue;
      if (done.some((run) => run.seconds > ONCE_SECONDS)) continue;
      const run = runOnce(command);
      done.push(run);
      seconds.push(`${command.name} ${run.seconds.toFixed(2)}`);
    }
    say(`round ${round + 1} of ${rounds}: ${seconds.join(", ")} s`);
  }
  return commands.map(({ name }, index) => summarise(name, runs[index]!));
}

export function runOnce({ name, argv, stdout }: Command): Run {
  const output = openSync(stdout ?? "/dev/null", "w");
  const usage = `/tmp/bench-usage-${process.pid}`;
  const start = performance.now();
  const ended = spawnSync("/usr/bin/time", ["-f", "%U %S %M", "-o", usage, ...argv], {
    stdio: ["ignore", output, "pipe"],
    env: ENVIRONMENT,
    timeout: RUN_MS_MAX,
    maxBuffer: STDERR_BYTES_MAX,
  });
  const seconds = (performance.now() - start) / 1000;
  closeSync(output);
  if (ended.status !== 0) {
    const why = ended.error?.message ?? `exit code ${ended.status}, expected 0`;
    throw new Error(`${name}: ${why}\n${argv.join(" ")}\n${ended.stderr.toString().slice(-2_000)}`);
  }
  const [user = 0, system = 0, kib = 0] = readFileSync(usage, "utf8").split(/\s/).map(Number);
  return { seconds, cpuSeconds: user + system, peakMb: (kib * 1024) / 1e6 };
}

function summarise(name: string, runs: readonly Run[]): Measured {
  const seconds = runs.map((run) => run.seconds);
  return {
    name,
    runs,
    median: {
      seconds: median(seconds),
      cpuSeconds: median(runs.map((run) => run.cpuSeconds)),
      peakMb: Math.max(...runs.map((run) => run.peakMb)),
    },
    fastest: Math.min(...seconds),
    slowest: Math.max(...seconds),
  };
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

/** What a shell at home would have: settings of this machine, as extra roots for Node, stay out. */
const ENVIRONMENT = { PATH: process.env.PATH, HOME: process.env.HOME, LANG: "C.UTF-8" };
export const ROUNDS = 5;
/** A run longer than this is not repeated; the table shows how many there were. */
const ONCE_SECONDS = 10;
const RUN_MS_MAX = 300_000;
const STDERR_BYTES_MAX = 64 << 20;
