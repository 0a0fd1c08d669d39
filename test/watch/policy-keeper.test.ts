/** The policy in force while its file is broken, emptied, deleted, mended: real files, real children. */
import { mkdtempSync, renameSync, rmSync, symlinkSync, unlinkSync, writeFileSync } from "node:fs";
import { enableCompileCache } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { Policy } from "../../src/judge/policy/policy.ts";
import { type PolicyRead, readPolicyInChild } from "../../src/watch/policy-child.ts";
import { PolicyKeeper } from "../../src/watch/policy-keeper.ts";

// As the program does: then children need not strip the types of a hundred modules each time.
enableCompileCache(join(import.meta.dirname, "../../node_modules/.cache/portcullis"));

let folder: string;
let file: string;
let keeper: PolicyKeeper | undefined;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "portcullis-policy-"));
  file = join(folder, "portcullis.yaml");
});
afterEach(() => {
  keeper?.stop();
  rmSync(folder, { recursive: true });
});

const AUDIT = "version: 1\nmode: audit\n";
const ENFORCE = "version: 1\nmode: enforce\nrespond: {onFailure: closed}\n";

interface Told {
  readonly read: Policy[];
  readonly problems: string[];
}

/** A keeper that looks every few milliseconds, or only when it is asked. */
async function keep(everyMs = 1e9, refuse?: (policy: Policy) => void): Promise<Told> {
  const told: Told = { read: [], problems: [] };
  const source = { file, roots: [], crls: [] };
  const start = await readPolicyInChild(source);
  if ("problem" in start) throw new Error(start.problem);
  keeper = new PolicyKeeper(
    {
      source,
      everyMs,
      onRead: (policy) => {
        refuse?.(policy);
        told.read.push(policy);
      },
      onProblem: (problem) => told.problems.push(problem),
    },
    start,
  );
  return told;
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 5));
}

describe("a child reads", () => {
  const read = (roots: string[] = []): Promise<PolicyRead> =>
    readPolicyInChild({ file, roots, crls: [] });

  test("a policy, whole", async () => {
    writeFileSync(file, ENFORCE);
    const { readPolicyFile } = await import("../../src/judge/policy/policy-file.ts");
    const answer = await read();
    expect("policy" in answer && answer.policy).toEqual(await readPolicyFile(file));
  });

  test("what is wrong, with its line", async () => {
    writeFileSync(file, "version: 1\nmood: audit\n");
    expect(await read()).toEqual({ problem: expect.stringContaining(`${file}:2:1: unknown key`) });
  });

  test("roots beside it, or why they cannot be read", async () => {
    writeFileSync(file, AUDIT);
    const good = await read([join(import.meta.dirname, "../../captures/corp-root.pem")]);
    expect("policy" in good && good.policy.issuers.roots).toHaveLength(2);
    expect(await read([join(folder, "none.pem")])).toEqual({
      problem: expect.stringContaining("none.pem"),
    });
  });

  test("no file as the defaults", async () => {
    const answer = await readPolicyInChild({ file: undefined, roots: [], crls: [] });
    expect("policy" in answer && answer.policy.mode).toBe("audit");
  });
});

test.each([
  ["broken", () => writeFileSync(file, "version: 1\nmode: [\n")],
  ["empty", () => writeFileSync(file, "")],
  ["deleted", () => unlinkSync(file)],
  [
    "a directory",
    () => {
      unlinkSync(file);
      symlinkSync(folder, file);
    },
  ],
])("a file that is %s leaves the last good policy in force, and is told once", async (_, harm) => {
  writeFileSync(file, ENFORCE);
  const told = await keep();
  const before = keeper!.policy;
  harm();
  await keeper!.reload();
  await keeper!.reload();
  expect(keeper!.policy).toBe(before);
  expect(told).toEqual({ read: [], problems: [expect.stringContaining(file)] });
  expect(keeper!.problem).toBe(told.problems[0]);
});

test("a file that is mended is in force again", async () => {
  writeFileSync(file, ENFORCE);
  const told = await keep();
  writeFileSync(file, "");
  await keeper!.reload();
  writeFileSync(file, ENFORCE);
  await keeper!.reload();
  expect(told.read.map(({ mode }) => mode)).toEqual(["enforce"]);
  expect(keeper!.problem).toBeUndefined();
});

test("a change of the file is noticed without a signal", async () => {
  writeFileSync(file, AUDIT);
  const told = await keep(5);
  keeper!.watch();
  writeFileSync(`${file}.new`, ENFORCE);
  renameSync(`${file}.new`, file);
  await until(() => told.read.length > 0);
  expect(keeper!.policy.mode).toBe("enforce");
});

test("a ConfigMap whose link is turned is a change", async () => {
  for (const [name, text] of [
    ["one", AUDIT],
    ["two", ENFORCE],
  ] as const) {
    writeFileSync(join(folder, name), text);
  }
  symlinkSync("one", file);
  const told = await keep(5);
  keeper!.watch();
  symlinkSync("two", join(folder, "turned"));
  renameSync(join(folder, "turned"), file);
  await until(() => told.read.length > 0);
  expect(keeper!.policy.mode).toBe("enforce");
});

test("a policy that is refused is a problem like any other", async () => {
  writeFileSync(file, AUDIT);
  const told = await keep(1e9, () => {
    throw new Error("not this one");
  });
  writeFileSync(file, ENFORCE);
  await keeper!.reload();
  expect(told.problems).toEqual(["not this one"]);
  expect(keeper!.policy.mode).toBe("audit");
});

test("who asks while it reads gets a reading that began after the question", async () => {
  writeFileSync(file, AUDIT);
  const told = await keep();
  const first = keeper!.reload();
  writeFileSync(file, ENFORCE);
  await Promise.all([first, keeper!.reload()]);
  expect(told.read.at(-1)?.mode).toBe("enforce");
});
