/** What a start knows of the last good policy, and that nothing in that file can harm it. */
import { mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { defaultPolicy, sealPolicy } from "../../src/judge/policy/policy.ts";
import { keepPolicy, keptPolicy, onFailureOf } from "../../src/watch/kept-policy.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "portcullis-kept-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

const closed = sealPolicy({
  ...defaultPolicy,
  mode: "enforce",
  later: { respond: { onFailure: "closed" } },
});

test("hash, mode and onFailure come back, and no other file is left", () => {
  keepPolicy(folder, closed);
  keepPolicy(folder, closed);
  const { sha256 } = closed;
  expect(keptPolicy(folder)).toEqual({ version: 1, sha256, mode: "enforce", onFailure: "closed" });
  expect(readdirSync(folder)).toEqual(["last-good-policy.json"]);
});

test("a policy that does not speak of our absence says nothing", () => {
  expect(onFailureOf(defaultPolicy)).toBeUndefined();
  expect(onFailureOf(closed)).toBe("closed");
});

const FILE = "last-good-policy.json";
test.each([
  ["absent", () => {}],
  ["empty", () => writeFileSync(join(folder, FILE), "")],
  ["cut short", () => writeFileSync(join(folder, FILE), '{"version":1,"sha2')],
  ["not an object", () => writeFileSync(join(folder, FILE), "null")],
  ["of another version", () => writeFileSync(join(folder, FILE), '{"version":2}')],
  [
    "of an unknown answer",
    () =>
      writeFileSync(
        join(folder, FILE),
        JSON.stringify({ version: 1, sha256: closed.sha256, mode: "audit", onFailure: "ajar" }),
      ),
  ],
  ["a directory", () => mkdirSync(join(folder, FILE))],
  [
    "a link to elsewhere",
    () => {
      mkdirSync(join(folder, "other"));
      keepPolicy(join(folder, "other"), closed);
      symlinkSync(join(folder, "other", FILE), join(folder, FILE));
    },
  ],
])("a file that is %s counts as none", (_, make) => {
  make();
  expect(keptPolicy(folder)).toBeUndefined();
});
