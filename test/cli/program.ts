/** Runs the real program, as a user does. */
import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";

export interface Ran {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/** With `args`, `stdin` as standard input, in the project's folder. */
export function portcullis(
  args: readonly string[],
  { stdin = "", env = {} }: { stdin?: string | Uint8Array; env?: NodeJS.ProcessEnv } = {},
): Promise<Ran> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [DOOR, ...args], {
      cwd: PROJECT,
      env: { ...process.env, ...env },
      timeout: 30_000,
    });
    const out: Buffer[] = [];
    const err: Buffer[] = [];
    child.stdout.on("data", (bytes: Buffer) => void out.push(bytes));
    child.stderr.on("data", (bytes: Buffer) => void err.push(bytes));
    child.on("error", reject);
    child.on("close", (code) => {
      resolve({ code, out: Buffer.concat(out).toString(), err: Buffer.concat(err).toString() });
    });
    // A program that refuses its arguments does not read.
    child.stdin.on("error", () => {});
    child.stdin.end(stdin);
  });
}

/** The lines of `--format jsonl`. */
export function linesOf(ran: Ran): Record<string, unknown>[] {
  return ran.out
    .split("\n")
    .slice(0, -1)
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}

export const PROJECT = fileURLToPath(new URL("../..", import.meta.url));
const DOOR = fileURLToPath(new URL("../../src/cli/portcullis.mjs", import.meta.url));
