/** `replay` as a user runs it: exit codes, where output goes, what several inputs give. */
import { spawnSync } from "node:child_process";
import {
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync, zstdCompressSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { linesOf, PROJECT, portcullis, type Ran } from "./program.ts";

// Whole processes, on a machine that others use too.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const STORY = "captures/story.pcap";
const SELF_SIGNED = "captures/self-signed.pcap";
const bytes = readFileSync(join(PROJECT, STORY));

let folder = "";
let whole: Ran;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "replay-test-"));
  whole = await portcullis(["replay", STORY, "--format", "jsonl", "--observations"]);
});
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

function file(name: string, content: Uint8Array): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

describe("the exit code", () => {
  test.each([
    [[], 1],
    [["--fail-on", "note"], 1],
    [["--fail-on", "critical"], 0],
    [["--fail-on", "never"], 0],
  ])("of a capture with a breach is, with %j, %i", async (args, code) => {
    expect((await portcullis(["replay", SELF_SIGNED, ...args])).code).toBe(code);
  });

  test("of a capture without findings is 0", async () => {
    const args = ["replay", "captures/approved.pcap", "--policy", "captures/portcullis.yaml"];
    const { code, out } = await portcullis([...args, "--fail-on", "note"]);
    expect(out).toContain("none in what was seen");
    expect(code).toBe(0);
  });

  test("of a capture that is cut short is 3, whatever was found, and the message names the byte", async () => {
    const cut = file("cut.pcap", bytes.subarray(0, bytes.length - 10));
    const { code, out, err } = await portcullis(["replay", cut, "--format", "jsonl"]);
    expect(code).toBe(3);
    expect(err).toMatch(
      /cut\.pcap: could not be read from byte \d+ on: .+; what stands before it was judged/,
    );
    expect(out).toContain('"kind":"finding"');
    expect((await portcullis(["replay", cut, "--fail-on", "never"])).code).toBe(3);
  });

  test("of something that is no capture is 3", async () => {
    const { code, err } = await portcullis([
      "replay",
      file("x.pcap", Buffer.from("no capture at all")),
    ]);
    expect(code).toBe(3);
    expect(err).toContain("x.pcap: could not be read");
  });
});

test("an input that cannot be opened does not keep the others from being judged", async () => {
  const circle = join(folder, "circle.pcap");
  symlinkSync("circle.pcap", circle);
  const { code, out, err } = await portcullis(["replay", circle, STORY, "--format", "jsonl"]);
  expect(code).toBe(3);
  expect(err).toContain("circle.pcap: could not be read: cannot be opened (ELOOP)");
  expect(out).toBe((await portcullis(["replay", STORY, "--format", "jsonl"])).out);
  const alone = await portcullis(["replay", circle]);
  expect(alone).toMatchObject({ code: 3, out: "" });
});

test("output that nobody takes is refused by the machine, and a reader that left is not", async () => {
  const door = "src/cli/portcullis.mjs";
  const run = (script: string) =>
    spawnSync("bash", ["-c", script], { cwd: PROJECT, encoding: "utf8", timeout: 30_000 });
  const full = run(`"${process.execPath}" ${door} replay ${STORY} > /dev/full`);
  expect(full.status).toBe(4);
  expect(full.stderr).toContain("cannot write standard output: ENOSPC");
  const left = run(
    `"${process.execPath}" ${door} replay captures | true; echo "\${PIPESTATUS[0]}"`,
  );
  expect(left).toMatchObject({ stdout: "1\n", stderr: "" });
});

test("a temporary file that the machine refuses is not needed for what fits into memory", async () => {
  const env = { TMPDIR: join(folder, "missing") };
  expect((await portcullis(["replay", STORY], { env })).code).toBe(1);
  const two = ["replay", STORY, SELF_SIGNED, "--separate", "--jobs", "2"];
  const { code, err } = await portcullis(two, { env });
  expect(code).toBe(4);
  expect(err).toContain("cannot keep a temporary file in");
});

describe("the same capture gives the same lines", () => {
  const args = ["--format", "jsonl", "--observations"];
  /** The size of the input as stored differs, and is told in the summary. */
  const withoutSize = (ran: Ran) => ran.out.replace(/"inputs":\[\{"bytes":\d+/, "");

  test("on standard input", async () => {
    const ran = await portcullis(["replay", "-", ...args], { stdin: bytes });
    expect(ran).toEqual(whole);
  });

  test.each([
    ["gz", gzipSync(bytes)],
    ["zst", zstdCompressSync(bytes)],
  ])("as .%s", async (extension, packed) => {
    const ran = await portcullis(["replay", file(`story.pcap.${extension}`, packed), ...args]);
    expect(withoutSize(ran)).toBe(withoutSize(whole));
    expect(ran.code).toBe(whole.code);
  });

  test("packed on standard input", async () => {
    const ran = await portcullis(["replay", "-", ...args], { stdin: gzipSync(bytes) });
    expect(withoutSize(ran)).toBe(withoutSize(whole));
  });

  test("in whatever time zone", async () => {
    const env = { TZ: "Pacific/Kiritimati", LANG: "de_DE.UTF-8" };
    const there = await portcullis(["replay", STORY, "--observations"], { env });
    expect(there).toEqual(await portcullis(["replay", STORY, "--observations"]));
  });
});

describe("output", () => {
  test("is in the order of time, flow and kind, with the summary last", () => {
    const lines = linesOf(whole);
    const keys = lines.slice(0, -1).map((line) => ({
      atUs: Number(line.atUs),
      flow: Number(line.flow ?? 0),
      kind: String(line.kind),
    }));
    const sorted = keys.toSorted(
      (a, b) =>
        a.atUs - b.atUs || a.flow - b.flow || (a.kind < b.kind ? -1 : a.kind > b.kind ? 1 : 0),
    );
    expect(keys).toEqual(sorted);
    expect(lines.at(-1)?.kind).toBe("summary");
  });

  test("without --observations holds only what is to be said", async () => {
    const lines = linesOf(await portcullis(["replay", STORY, "--format", "jsonl"]));
    const kinds = new Set(lines.map(({ kind }) => kind));
    expect([...kinds].toSorted()).toEqual(["finding", "summary", "verdict"]);
    expect(lines.filter(({ decision }) => decision === "pass")).toEqual([]);
    const spoken = linesOf(whole).filter(
      ({ kind, decision }) => kinds.has(kind) && decision !== "pass",
    );
    expect(lines).toEqual(spoken);
  });

  test("of two formats: the one for programs on standard output, text on standard error", async () => {
    const { out, err } = await portcullis(["replay", STORY, "--format", "text,jsonl"]);
    expect(out).toBe((await portcullis(["replay", STORY, "--format", "jsonl"])).out);
    expect(err).toBe((await portcullis(["replay", STORY])).out);
  });

  test("has no colour and no progress in a pipe", async () => {
    const { out, err } = await portcullis(["replay", STORY], { env: { FORCE_COLOR: "1" } });
    expect(out).not.toContain("\u001b");
    expect(err).toBe("");
  });

  test("has the hash of the input only when asked", async () => {
    const { out } = await portcullis(["replay", STORY, "--format", "jsonl", "--hash"]);
    expect(out).toMatch(/"inputs":\[\{[^}]*"sha256":"[0-9a-f]{64}"/);
    expect(whole.out).not.toMatch(/"inputs":\[\{[^}]*"sha256"/);
  });

  test("takes a direction from --local", async () => {
    const args = ["--format", "jsonl", "--observations", "--local", "10.0.0.0/8"];
    const tls = linesOf(await portcullis(["replay", STORY, ...args])).filter(
      ({ kind }) => kind === "tls",
    );
    expect(tls.map(({ direction }) => direction)).not.toContain("unknown");
    expect(linesOf(whole).find(({ kind }) => kind === "tls")?.direction).toBe("unknown");
  });
});

describe("several inputs judged separately", () => {
  const inputs = readdirSync(join(PROJECT, "captures"))
    .filter((name) => name.endsWith(".pcap"))
    .slice(0, 8)
    .map((name) => join("captures", name));
  const args = ["replay", ...inputs, "--separate", "--format", "jsonl,text", "--observations"];

  test("give each input's own lines, in the order given", async () => {
    const alone = [];
    for (const input of inputs) {
      alone.push((await portcullis(["replay", input, "--format", "jsonl", "--observations"])).out);
    }
    expect((await portcullis(args)).out).toBe(alone.join(""));
  });

  test("are the same however many are read at a time", async () => {
    const one = await portcullis([...args, "--jobs", "1"]);
    expect(one.err).toContain(inputs[0]);
    expect(await portcullis([...args, "--jobs", "2"])).toEqual(one);
    expect(await portcullis([...args, "--jobs", "5"])).toEqual(one);
  });

  test("tell of the one that could not be read, and print the others", async () => {
    const cut = file("cut2.pcap", bytes.subarray(0, bytes.length - 10));
    for (const jobs of ["1", "2"]) {
      const ran = await portcullis(["replay", cut, STORY, "--separate", "--jobs", jobs]);
      expect(ran.code).toBe(3);
      expect(ran.err).toContain("cut2.pcap: could not be read from byte");
      expect(ran.out).toContain(STORY);
    }
  });
});

test("a directory is read as one capture", async () => {
  const { code, out } = await portcullis(["replay", "captures", "--format", "jsonl"]);
  expect(code).toBe(1);
  const last = linesOf({ code, out, err: "" }).at(-1) as { inputs: unknown[] };
  expect(last.inputs.length).toBeGreaterThan(10);
});
