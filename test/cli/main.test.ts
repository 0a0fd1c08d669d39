/** The program as a whole: what it answers to what is typed. */
import { readFileSync } from "node:fs";
import { describe, expect, test, vi } from "vitest";
import { PROJECT, portcullis } from "./program.ts";

// Whole processes, on a machine that others use too.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

describe("help", () => {
  test.each([
    [["--help"]],
    [["help"]],
    [["replay", "--help"]],
    [["replay", "x.pcap", "-h"]],
    [["demo", "--help"]],
    [["schema", "--help"]],
    [["watch", "--help"]],
    [["cut", "--help"]],
    [["release", "--help"]],
    [["status", "--help"]],
    [["why", "--help"]],
    [["doctor", "--help"]],
  ])("%j fits a screen and ends with two examples", async (args) => {
    const { code, out } = await portcullis(args);
    expect(code).toBe(0);
    const lines = out.trimEnd().split("\n");
    expect(lines.length).toBeLessThanOrEqual(24);
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(80);
    expect(lines.slice(-2)).toEqual([expect.stringMatching("  # "), expect.stringMatching("  # ")]);
    expect(lines.at(-3)).toBe("");
  });

  test("without a command it is printed to standard error, and the call was wrong", async () => {
    const { code, out, err } = await portcullis([]);
    expect({ code, out }).toEqual({ code: 2, out: "" });
    expect(err).toContain("replay <capture...>");
  });

  test("behind -- it is an operand", async () => {
    const { code, err } = await portcullis(["replay", "--", "--help"]);
    expect(code).toBe(2);
    expect(err).toContain("--help: no such file");
  });
});

test("the version is that of the package", async () => {
  const { version } = JSON.parse(readFileSync(`${PROJECT}package.json`, "utf8")) as {
    version: string;
  };
  expect(await portcullis(["--version"])).toEqual({
    code: 0,
    out: `portcullis ${version}\n`,
    err: "",
  });
});

test.each([
  [["repaly"], "unknown command repaly, did you mean replay?"],
  [["frobnicate"], "unknown command frobnicate; portcullis --help lists them"],
  [["--verison"], "unknown option --verison, did you mean --version?"],
  [["diff"], "diff is not in this version yet: it will"],
  [["watch", "--mode", "gate"], "--mode gate is not in this version yet: it has --mode tap"],
  [["watch", "--mode", "tpa"], "--mode tpa: expected tap"],
  [["watch", "--respond", "fence,docker"], "--respond docker is not in this version yet"],
  [["watch", "--respond", "all"], "--respond all: expected refuse, fence, none"],
  [["watch", "--metrics", "0.0.0.0:9464"], "expected a loopback address and a port"],
  [["watch", "--despite", "rain"], "--despite rain: expected workload-net-admin"],
  [["watch", "--state", "here"], "--state here: expected an absolute path"],
  [["watch", "p.yaml"], "watch takes options only, found p.yaml"],
  [["replay"], "replay expects a capture"],
  [["replay", "--polcy", "x", "y"], "unknown option --polcy, did you mean --policy?"],
  [["replay", "--format", "xml", "package.json"], "--format xml: expected text, jsonl"],
  [["replay", "--format", "sarif", "package.json"], "--format sarif is not in this version yet"],
  [
    ["replay", "--since", "1", "package.json"],
    "--since is not in this version yet: it will judge only",
  ],
  [["replay", "--jobs", "0", "package.json"], "--jobs 0: expected a whole number, at least 1"],
  [["replay", "--local", "10.0.0.0/99", "package.json"], "10.0.0.0/99"],
  [["replay", "--roots", "missing.pem", "package.json"], "missing.pem"],
  [["replay", "--crl", "missing.crl", "package.json"], "missing.crl: cannot be read (ENOENT)"],
  [["replay", "--crl", "captures/corp-root.pem", "package.json"], "found no revocation list"],
  [["replay", "--policy", "missing.yaml", "package.json"], "missing.yaml"],
  [["replay", "missing.pcap"], "missing.pcap: no such file"],
  [["demo", "extra"], "demo takes no operand, found extra"],
  [["schema", "--all"], "unknown option --all"],
  [["cut"], 'cut expects a reason: cut --because "'],
  [["release", "--because", " "], "release expects a reason"],
  [["status", "--admin", "127.0.0.1:1"], "expected unix: and an absolute path"],
  [["status", "--ready", "--healthy"], "--ready and --healthy: expected one of them"],
  [["why"], "why expects a place"],
])("%j is a wrong call: %s", async (args, message) => {
  const { code, out, err } = await portcullis(args);
  expect(err).toContain(message);
  expect({ code, out }).toEqual({ code: 2, out: "" });
});

test.each([[["cut", "--because", "x"]], [["status"]], [["why", "--to", "a.example:443"]]])(
  "%j says that no gate answers, and what to do",
  async (args) => {
    const none = ["--admin", "unix:/nonexistent/admin.sock"];
    const { code, out, err } = await portcullis([...args, ...none]);
    expect(err).toContain("/nonexistent/admin.sock: ENOENT; is `portcullis watch` running");
    expect({ code, out }).toEqual({ code: 4, out: "" });
  },
);

test("what was typed cannot reach the terminal through a message", async () => {
  const { err } = await portcullis(["\u001b[2J\u202e"]);
  expect(err).toContain("\\u001b[2J\\u202e");
  expect(err).not.toMatch(/[\u001b\u202e]/);
});

test("schema prints a JSON Schema", async () => {
  const { code, out } = await portcullis(["schema"]);
  expect(code).toBe(0);
  expect(JSON.parse(out)).toMatchObject({
    $schema: "https://json-schema.org/draft/2020-12/schema",
  });
});
