/** Certificates and lists from files: one, a directory of them, and what cannot be read. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { readPemFiles } from "../../../src/judge/policy/pem-files.ts";

const folder = mkdtempSync(join(tmpdir(), "pem-files-"));
afterAll(() => rmSync(folder, { recursive: true }));
const kind = { label: "THING", endings: ["pem", "crt", "der"], bytesMax: 10 };
let cases = 0;
const inside = (name: string) => join(folder, name);

function directory(name: string, files: Record<string, string | Uint8Array>): string {
  mkdirSync(inside(name));
  for (const [file, content] of Object.entries(files)) {
    writeFileSync(join(inside(name), file), content);
  }
  return inside(name);
}

describe("a file", () => {
  test.each<[string, string | Uint8Array, object]>([
    ["of text is given as it is", "some text", { pem: "some text" }],
    ["of the most bytes is given", "123456789a", { pem: "123456789a" }],
    ["of one byte more is not", "123456789ab", { problem: "file-2 has more than 10 bytes" }],
    ["that is empty is given", "", { pem: "" }],
    [
      "of DER is given as PEM",
      Uint8Array.of(0x30, 0),
      { pem: "-----BEGIN THING-----\nMAA=\n-----END THING-----\n" },
    ],
    ["that begins otherwise is text", Uint8Array.of(0x31, 0), { pem: "1\0" }],
    ["of bytes above ASCII is text", Uint8Array.of(0xff), { pem: "\xff" }],
  ])("%s", async (_, content, expected) => {
    const path = inside(`file-${cases++}`);
    writeFileSync(path, content);
    expect(await readPemFiles(path, kind)).toEqual(expected);
  });

  test("that is not there says what the system says", async () => {
    expect(await readPemFiles(inside("gone"), kind)).toEqual({
      problem: "cannot be read (ENOENT)",
    });
  });

  test("that is a device is neither", async () => {
    expect(await readPemFiles("/dev/null", kind)).toEqual({
      problem: "is neither a file nor a directory",
    });
  });
});

describe("a directory", () => {
  test("gives its files in the order of their names, as far as they end right", async () => {
    const path = directory("mixed", { "b.CRT": "two", "a.pem": "one", "c.txt": "no", pem: "no" });
    expect(await readPemFiles(path, kind)).toEqual({ pem: "one\ntwo" });
  });

  test("without such a file says which ones count", async () => {
    const path = directory("none", { "c.txt": "no" });
    expect(await readPemFiles(path, kind)).toEqual({
      problem: "no file in it ends in .pem, .crt or .der",
    });
  });

  test("says which of its files is too large", async () => {
    const path = directory("large", { "a.pem": "one", "b.pem": "123456789ab" });
    expect(await readPemFiles(path, kind)).toEqual({ problem: "b.pem has more than 10 bytes" });
  });

  test("has at most 4096 of them", async () => {
    const files = (count: number) =>
      Object.fromEntries(Array.from({ length: count }, (_, i) => [`${i}.pem`, ""]));
    const full = directory("full", files(4096));
    expect(await readPemFiles(full, kind)).toEqual({ pem: "\n".repeat(4095) });
    writeFileSync(join(full, "more.pem"), "");
    expect(await readPemFiles(full, kind)).toEqual({
      problem: "4097 files, expected at most 4096",
    });
  });
});
