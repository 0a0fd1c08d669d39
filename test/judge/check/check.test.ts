/** `policy check` on files: what is wrong, or, when nothing is, what may not be meant, in order. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { checkPolicyFile, warningsOf } from "../../../src/judge/check/check.ts";
import { parsePolicy } from "../../../src/judge/policy/policy-file.ts";
import { root } from "../scene.ts";

const NOW_US = Date.UTC(2026, 10, 23) * 1000;
const folder = mkdtempSync(join(tmpdir(), "policy-check-"));
afterAll(() => rmSync(folder, { recursive: true }));

function file(text: string): string {
  writeFileSync(join(folder, "root.pem"), root.certificatePem);
  writeFileSync(join(folder, "p.yaml"), text);
  return join(folder, "p.yaml");
}

test("a right file gives its policy and its warnings, roots found beside it", async () => {
  const checked = await checkPolicyFile(
    file("version: 1\nissuers: {roots: [./root.pem]}\n"),
    NOW_US,
  );
  expect(checked).toMatchObject({
    policy: { issuers: { roots: [{ name: "./root.pem" }] } },
    warnings: [],
  });
});

test("a wrong file gives its problems, with their places", async () => {
  const path = file("version: 2\n");
  expect(await checkPolicyFile(path, NOW_US)).toEqual({
    problems: [{ file: path, line: 1, column: 10, message: "2, expected 1" }],
  });
});

test("a file that is not there is a problem as well", async () => {
  const path = join(folder, "gone.yaml");
  expect(await checkPolicyFile(path, NOW_US)).toEqual({
    problems: [{ file: path, message: "cannot be read (ENOENT)" }],
  });
});

test("warnings come in the order of the file, by line and then by column", async () => {
  const text =
    'version: 1\nissuers:\n  unknown: pass\n  allow: [{roots: mozilla, for: ["*.com", 0.0.0.0/0]}]\n';
  const places = warningsOf(await parsePolicy(text, "p.yaml"), text, NOW_US).map(
    ({ line, column }) => `${line}:${column}`,
  );
  expect(places).toEqual(["3:12", "4:34", "4:43"]);
});
