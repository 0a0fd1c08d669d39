/**
 * What the watcher loads: whatever stays in memory for months counts. A policy is read by a child, so
 * neither its parser nor its validator is ever here.
 */
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ask } from "../../../src/watch/admin/ask.ts";
import { PROJECT } from "../../cli/program.ts";
import { IS_ROOT } from "../../netns/pair.ts";

/** Prints what was loaded when the program ends. */
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

describe.runIf(IS_ROOT)("a watcher that has read its policy twice", () => {
  let folder: string;
  let loaded: string[];
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "portcullis-modules-"));
    const policy = join(folder, "p.yaml");
    const admin = join(folder, "run", "admin.sock");
    writeFileSync(policy, "version: 1\n");
    const lister = `data:text/javascript,${encodeURIComponent(LISTER)}`;
    const program = [process.execPath, "--import", lister, "src/cli/portcullis.mjs", "watch"];
    const options = [
      "--policy",
      policy,
      "--state",
      join(folder, "state"),
      "--admin",
      `unix:${admin}`,
    ];
    const child = spawn("unshare", ["--net", ...program, ...options], { cwd: PROJECT });
    let said = "";
    child.stderr.on("data", (bytes: Buffer) => {
      said += bytes.toString();
    });
    const until = async (verb: string, holds: (answer: Record<string, unknown>) => boolean) => {
      for (;;) {
        const answer = await ask(admin, { verb }).catch(() => ({}));
        if (holds(answer)) return;
        expect(child.exitCode).toBeNull();
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    };
    await until("ready", ({ good }) => good === true);
    writeFileSync(policy, "version: 1\nissuers: {hygiene: refuse}\n");
    child.kill("SIGHUP");
    await until("metrics", ({ text }) =>
      /policy_reads_total\{result="good"\} 2$/m.test(String(text)),
    );
    child.kill("SIGINT");
    await new Promise((resolve) => child.on("close", resolve));
    const list = /^LOADED (?<urls>.*)$/m.exec(said)?.groups?.urls;
    loaded = JSON.parse(list ?? "[]") as string[];
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  test("holds these packages and no other", () => {
    const packages = loaded.flatMap((url) => /node_modules\/([^/]+)/.exec(url)?.[1] ?? []);
    expect([...new Set(packages)].toSorted()).toEqual([
      "@koromix",
      "@pinojs",
      "atomic-sleep",
      "koffi",
      "lru-cache",
      "on-exit-leak-free",
      "pino",
      "pino-std-serializers",
      "quick-format-unescaped",
      "safe-stable-stringify",
      "sonic-boom",
      "thread-stream",
    ]);
  });

  test("holds no reader of policies, and no server of HTTP", () => {
    const ours = loaded.filter((url) => url.startsWith(`file://${PROJECT}src/`));
    expect(ours.length).toBeGreaterThan(50);
    expect(ours.filter((url) => /policy-file|policy-schema|yaml-source/.test(url))).toEqual([]);
    expect(loaded).not.toContain("node:http");
  });
});
