/**
 * What each command loads. Every module costs time at each start (a YAML parser 26 ms, a validator 64
 * ms, measured alone), so what a command does not use it must not load.
 */
import { spawnSync } from "node:child_process";
import { describe, expect, test, vi } from "vitest";
import { PROJECT } from "./program.ts";

// Whole processes, on a machine that others use too.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

/** Prints what was loaded when the program ends: files by their path, packages and `node:` by name. */
const LISTER = `
  import { registerHooks } from "node:module";
  const loaded = new Set();
  registerHooks({
    resolve(specifier, context, next) {
      const resolved = next(specifier, context);
      loaded.add(resolved.url);
      return resolved;
    },
  });
  process.on("exit", () => process.stderr.write("LOADED " + JSON.stringify([...loaded]) + "\\n"));
`;

function loadedBy(...args: string[]): string[] {
  const lister = `data:text/javascript,${encodeURIComponent(LISTER)}`;
  const { stderr } = spawnSync(
    process.execPath,
    ["--import", lister, "src/cli/portcullis.mjs", ...args],
    { cwd: PROJECT, encoding: "utf8", timeout: 30_000 },
  );
  const list = /^LOADED (?<urls>.*)$/m.exec(stderr)?.groups?.urls;
  return (JSON.parse(list ?? "[]") as string[])
    .map((url) => url.replace(`file://${PROJECT}`, ""))
    .sort();
}

const packagesOf = (modules: string[]) => [
  ...new Set(
    modules.flatMap((module) => /node_modules\/(?<name>[^/]+)/.exec(module)?.groups?.name ?? []),
  ),
];
const inside = (modules: string[], folder: string) =>
  modules.filter((module) => module.startsWith(folder));

describe("replay without a policy", () => {
  const modules = loadedBy("replay", "captures/story.pcap", "--format", "jsonl");

  test("loads these packages and no other", () => {
    expect(packagesOf(modules)).toEqual(["lru-cache"]);
  });

  test("loads these modules of Node and no other", () => {
    const builtIn = modules.filter((module) => module.startsWith("node:"));
    expect(builtIn).toEqual([
      "node:crypto",
      // lru-cache
      "node:diagnostics_channel",
      "node:fs",
      "node:module",
      // whether an address is one
      "node:net",
      "node:os",
      "node:path",
      // Mozilla's roots
      "node:tls",
      "node:tty",
      "node:url",
    ]);
  });

  test("loads of the command line what it needs", () => {
    expect(inside(modules, "src/cli/")).toEqual([
      "src/cli/command.ts",
      "src/cli/inputs.ts",
      "src/cli/main.ts",
      "src/cli/nearest.ts",
      "src/cli/options.ts",
      "src/cli/output.ts",
      "src/cli/pass.ts",
      "src/cli/policy-given.ts",
      "src/cli/portcullis.mjs",
      "src/cli/progress.ts",
      "src/cli/replay.ts",
      "src/cli/unreadable.ts",
    ]);
  });

  test("does not load the reader of policies", () => {
    expect(modules.filter((module) => module.includes("policy-file"))).toEqual([]);
  });
});

test("replay with a policy loads the reader of policies and its packages", () => {
  const modules = loadedBy("replay", "captures/story.pcap", "--policy", "captures/portcullis.yaml");
  expect(modules).toContain("src/judge/policy/policy-file.ts");
  expect(packagesOf(modules).toSorted()).toEqual(["lru-cache", "yaml", "zod"]);
});

test("policy explain without a policy loads no reader of policies", () => {
  expect(packagesOf(loadedBy("policy", "explain"))).toEqual(["lru-cache"]);
});

test.each([
  [["--version"]],
  [["--help"]],
  [["schema"]],
  [["replay", "--help"]],
  [["replay", "--nonsense"]],
  [["policy", "--help"]],
  [["policy", "check", "--help"]],
  [["policy", "explain", "--help"]],
  [["rules", "show", "--help"]],
  [["rules", "list"]],
])("%j loads neither the engine nor a package", (args) => {
  const modules = loadedBy(...args);
  expect(modules).toContain("src/cli/main.ts");
  expect(modules).not.toContain("src/replay.ts");
  expect(packagesOf(modules)).toEqual([]);
});
