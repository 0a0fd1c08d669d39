/** A reader that stalls must cost memory up to a limit, and nothing else. Real pipes, real files. */
import { execFileSync, spawn } from "node:child_process";
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { LineOutput } from "../../src/watch/line-output.ts";

const LINE = `${"x".repeat(999)}\n`;
const cleanups: (() => void)[] = [];

afterEach(() => {
  for (const cleanup of cleanups.splice(0)) cleanup();
});

/** A pipe whose reader reads nothing until it is told to; then it answers with all up to `END`. */
function stalledReader(): { fd: number; readAll: () => Promise<string>; leave: () => void } {
  const pipe = join(folder(), "pipe");
  execFileSync("mkfifo", [pipe]);
  const reader = spawn("sed", ["/^END$/q", pipe], { stdio: ["ignore", "pipe", "inherit"] });
  cleanups.push(() => reader.kill("SIGKILL"));
  // Waits until the reader has opened it, too.
  const fd = openSync(pipe, "w");
  reader.kill("SIGSTOP");
  const chunks: Buffer[] = [];
  reader.stdout.on("data", (bytes: Buffer) => void chunks.push(bytes));
  return {
    fd,
    readAll: async () => {
      reader.kill("SIGCONT");
      await new Promise((resolve) => reader.on("close", resolve));
      return Buffer.concat(chunks).toString();
    },
    leave: () => void reader.kill("SIGKILL"),
  };
}

function folder(): string {
  const path = mkdtempSync(join(tmpdir(), "portcullis-output-"));
  cleanups.push(() => rmSync(path, { recursive: true }));
  return path;
}

test("what a stalled reader does not take waits up to the limit, and no further", () => {
  const output = new LineOutput(stalledReader().fd, { bytesMax: 100_000 });
  for (let line = 0; line < 5000; line++) output.push(LINE, "note");
  expect(output.waitingBytes).toBeLessThanOrEqual(100_000);
  expect(output.dropped.notes).toBeGreaterThan(4000);
});

test("notes give way to what a person must know", async () => {
  const reader = stalledReader();
  const output = new LineOutput(reader.fd, { bytesMax: 100_000 });
  for (let line = 0; line < 500; line++) output.push(LINE, "note");
  for (let line = 0; line < 20; line++) output.push(`finding ${line}\n`, "weighty");
  output.push("END\n", "weighty");
  expect(output.dropped.weighty).toBe(0);
  const left = output.drain(20_000);
  const all = reader.readAll();
  expect(await left).toBe(0);
  const found = (await all).split("\n").filter((line) => line.startsWith("finding"));
  expect(found).toEqual(Array.from({ length: 20 }, (_, line) => `finding ${line}`));
});

test("what was lost is told once there is room again", async () => {
  const reader = stalledReader();
  const output = new LineOutput(reader.fd, {
    bytesMax: 100_000,
    onDropped: ({ notes, weighty }) => `lost ${notes} ${weighty}\n`,
  });
  for (let line = 0; line < 500; line++) output.push(LINE, "note");
  const { notes } = output.dropped;
  expect(notes).toBeGreaterThan(0);
  const left = output.drain(20_000);
  const all = reader.readAll();
  await left;
  output.push("END\n", "weighty");
  const told = (await all).split("\n").filter((line) => line.startsWith("lost"));
  expect(told).toEqual([`lost ${notes} 0`]);
});

test("a drain ends at its deadline, and says what was left", async () => {
  const output = new LineOutput(stalledReader().fd, { bytesMax: 1_000_000 });
  for (let line = 0; line < 500; line++) output.push(LINE, "weighty");
  expect(await output.drain(50)).toBeGreaterThan(300_000);
});

test("a reader that went away is no error, and costs no memory", async () => {
  const reader = stalledReader();
  const output = new LineOutput(reader.fd);
  for (let line = 0; line < 500; line++) output.push(LINE, "weighty");
  reader.leave();
  await output.drain(20_000);
  expect(output.closed).toBe("EPIPE");
  output.push(LINE, "weighty");
  expect(output.waitingBytes).toBe(0);
});

test("a file gets every line, in order", async () => {
  const file = join(folder(), "lines");
  const fd = openSync(file, "w");
  cleanups.unshift(() => closeSync(fd));
  const output = new LineOutput(fd);
  for (let line = 0; line < 1000; line++) output.push(`${line}\n`, "note");
  expect(await output.drain(20_000)).toBe(0);
  const expected = Array.from({ length: 1000 }, (_, line) => `${line}\n`).join("");
  expect(readFileSync(file, "utf8")).toBe(expected);
});
