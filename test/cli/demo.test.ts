/** The tour that `npm start` gives. */
import { exec } from "node:child_process";
import { readFileSync } from "node:fs";
import { promisify } from "node:util";
import { describe, expect, test, vi } from "vitest";
import { NEXT_COMMANDS } from "../../src/cli/demo.ts";
import { STORIES } from "../../src/cli/story.ts";
import { linesOf, PROJECT, portcullis } from "./program.ts";

// Whole processes, on a machine that others use too.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const STORY = "captures/story.pcap";
const POLICY = "captures/portcullis.yaml";

describe("the tour", async () => {
  const { code, out, err } = await portcullis(["demo"]);
  const replayed = linesOf(
    await portcullis(["replay", STORY, "--policy", POLICY, "--format", "jsonl", "--observations"]),
  );
  const text = out.replace(/\s+/g, " ");

  test("exits 0 and complains of nothing", () => {
    expect({ code, err }).toEqual({ code: 0, err: "" });
  });

  test("tells every story, and the capture has each", () => {
    for (const { title } of STORIES) expect(out).toContain(title);
    expect(out).not.toContain("The capture has none");
  });

  test("names every finding and every issuer that replay names", () => {
    const findings = replayed.filter(({ kind }) => kind === "finding");
    expect(findings.length).toBeGreaterThan(2);
    for (const { summary } of findings)
      expect(text).toContain(String(summary).replace(/\s+/g, " "));
    const leaves = replayed.flatMap(({ kind, certificates }) =>
      kind === "tls" ? ((certificates as { chain: string[] }).chain[0] ?? []) : [],
    );
    const issuers = replayed.filter(
      ({ kind, sha256 }) => kind === "certificate" && leaves.includes(String(sha256)),
    );
    expect(issuers.length).toBeGreaterThan(2);
    for (const { issuer } of issuers) expect(text).toContain(String(issuer));
  });

  test("quotes the line of the policy that decided", () => {
    const lines = readFileSync(`${PROJECT}${POLICY}`, "utf8").split("\n");
    const approved = replayed.find(
      ({ kind, decision }) => kind === "verdict" && decision === "pass",
    );
    const steps = (approved?.reason ?? []) as { line?: number }[];
    const line = steps.find((step) => step.line !== undefined)?.line ?? 0;
    expect(text).toContain(`${POLICY}:${line} \`${lines[line - 1]?.trim()}\``);
  });

  test("never calls what was not seen clean", () => {
    const chapter = out.slice(
      out.indexOf(STORIES.at(-1)!.title),
      out.indexOf("What would have been cut"),
    );
    expect(chapter).toContain("not seen: encrypted");
    expect(chapter).toContain("A18");
    expect(chapter).not.toMatch(/verdict +pass/);
  });

  test("is narrow enough for a terminal, without colour", () => {
    expect(Math.max(...out.split("\n").map((line) => line.length))).toBeLessThanOrEqual(100);
    expect(out).not.toContain("\u001b");
  });

  test("is the same for everybody", async () => {
    const env = {
      TZ: "Pacific/Kiritimati",
      LANG: "de_DE.UTF-8",
      HOME: "/nonexistent",
      COLUMNS: "40",
    };
    expect((await portcullis(["demo"], { env })).out).toBe(out);
  });

  test("ends with commands to copy", () => {
    const end = out.slice(out.indexOf("Next, in this folder"));
    const commands = end.split("\n").filter((line) => line.includes("npx"));
    expect(commands.map((line) => line.trim())).toEqual(NEXT_COMMANDS.map(([command]) => command));
  });
});

test.each(NEXT_COMMANDS)("%s works as printed", async (command) => {
  // A capture with breaches in it: 1 is what replay is to answer.
  const expected = command.endsWith("--help") ? 0 : 1;
  const ran = await promisify(exec)(command, { cwd: PROJECT, timeout: 30_000 }).then(
    ({ stdout }) => ({ code: 0, stdout }),
    (error: { code: number; stdout: string }) => error,
  );
  expect(ran.code).toBe(expected);
  expect(ran.stdout.length).toBeGreaterThan(100);
});
