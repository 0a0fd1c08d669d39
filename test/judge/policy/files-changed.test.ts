/** Whether files changed since they were read: every way in which a root can be swapped. */
import {
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { fingerprintOf, type Watched, watchedBy } from "../../../src/judge/policy/files-changed.ts";
import { readPolicyFile } from "../../../src/judge/policy/policy-file.ts";
import { CERTIFICATES } from "../../../src/judge/policy/roots.ts";
import { root } from "../scene.ts";

let folder: string;
let watched: Watched[];
const at = (name: string) => join(folder, name);

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "portcullis-changed-"));
  mkdirSync(at("roots"));
  writeFileSync(at("roots/a.pem"), "one");
  writeFileSync(at("roots/notes.txt"), "nothing");
  writeFileSync(at("root.pem"), "one");
  symlinkSync(at("root.pem"), at("link.pem"));
  watched = ["root.pem", "roots", "link.pem", "gone.pem"].map((name) => ({
    path: at(name),
    kind: CERTIFICATES,
  }));
});
afterEach(() => rmSync(folder, { recursive: true }));

test.each<[string, () => void, boolean]>([
  ["nothing", () => {}, false],
  ["a file that does not count", () => writeFileSync(at("roots/notes.txt"), "more"), false],
  ["the bytes of a file", () => writeFileSync(at("root.pem"), "two!"), true],
  [
    "bytes of the same length, and the time set back",
    () => {
      const { atime, mtime } = statSync(at("root.pem"));
      writeFileSync(at("root.pem"), "two");
      utimesSync(at("root.pem"), atime, mtime);
    },
    true,
  ],
  [
    "another file of the same bytes in its place",
    () => {
      writeFileSync(at("other"), "one");
      renameSync(at("other"), at("root.pem"));
    },
    true,
  ],
  ["a file in a directory", () => writeFileSync(at("roots/a.pem"), "two!"), true],
  ["one more in a directory", () => writeFileSync(at("roots/b.crt"), "one"), true],
  ["one fewer in a directory", () => unlinkSync(at("roots/a.pem")), true],
  ["what a link leads to", () => writeFileSync(at("root.pem"), "longer"), true],
  [
    "where a link leads",
    () => {
      writeFileSync(at("elsewhere.pem"), "one");
      unlinkSync(at("link.pem"));
      symlinkSync(at("elsewhere.pem"), at("link.pem"));
    },
    true,
  ],
  ["a file that went away", () => unlinkSync(at("root.pem")), true],
  ["a file that came", () => writeFileSync(at("gone.pem"), "one"), true],
])("a change of %s is seen, or not: %#", async (_, change, expected) => {
  const before = await fingerprintOf(watched);
  // ctime counts in ticks of the kernel, some milliseconds each.
  await new Promise((resolve) => setTimeout(resolve, 20));
  change();
  expect((await fingerprintOf(watched)) !== before).toBe(expected);
});

test("a single file needs no kind, and its error is part of what is compared", async () => {
  const policy: Watched[] = [{ path: at("p.yaml") }];
  const before = await fingerprintOf(policy);
  expect(before).toContain("ENOENT");
  writeFileSync(at("p.yaml"), "version: 1");
  expect(await fingerprintOf(policy)).not.toBe(before);
});

test("a policy is made of its own file, its roots and its lists, from its own folder", async () => {
  writeFileSync(at("roots/a.pem"), root.certificatePem);
  writeFileSync(at("p.yaml"), "version: 1\nissuers: {roots: [mozilla, ./roots]}\n");
  const policy = await readPolicyFile(at("p.yaml"));
  expect(watchedBy(at("p.yaml"), policy)).toEqual([
    { path: at("p.yaml") },
    { path: at("roots"), kind: CERTIFICATES },
  ]);
  const crls = [{ name: "./corp.crl", lists: [], sha256: [] }];
  const withLists = { ...policy, issuers: { ...policy.issuers, crls } };
  expect(watchedBy(at("p.yaml"), withLists)[2]).toMatchObject({ path: at("corp.crl") });
});
