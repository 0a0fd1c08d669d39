import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { expandInputs } from "../../src/cli/inputs.ts";

let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "inputs-test-"));
  mkdirSync(join(folder, "b"));
  mkdirSync(join(folder, "empty"));
  for (const name of ["z.pcap", "a.PCAPNG", "c.pcap3", "d.pcap.1.gz", "b/x.cap.zst"]) {
    writeFileSync(join(folder, name), "");
  }
  for (const name of ["notes.md", "log.gz", "pcap"]) writeFileSync(join(folder, name), "");
  symlinkSync("..", join(folder, "b", "circle"));
});
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

test("a directory stands for the captures in it and below it, sorted", () => {
  const names = ["a.PCAPNG", "b/x.cap.zst", "c.pcap3", "d.pcap.1.gz", "z.pcap"];
  expect(expandInputs([folder])).toEqual(names.map((name) => join(folder, name)));
});

test("a file is taken whatever its name is, in the order given", () => {
  const files = [join(folder, "notes.md"), "-", join(folder, "z.pcap")];
  expect(expandInputs(files)).toEqual(files);
});

test("a path that is not there is refused", () => {
  expect(() => expandInputs([join(folder, "missing")])).toThrow("missing: no such file");
  expect(() => expandInputs([join(folder, "z.pcap", "below")])).toThrow("no such file");
});

test("a directory without a capture is refused", () => {
  expect(() => expandInputs([join(folder, "empty")])).toThrow("no capture in this directory");
});

test("standard input can be given once", () => {
  expect(() => expandInputs(["-", "-"])).toThrow("standard input can be read once");
});
