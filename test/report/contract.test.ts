/** What every sink keeps, whatever it prints (src/report/sink.ts). */
import { readdirSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { FORMATS, FORMATS_TO_COME } from "../../src/report/index.ts";
import type { Line } from "../../src/report/lines.ts";
import type { OpenSink, SinkOptions } from "../../src/report/sink.ts";
import { connectionLines, HOSTILE, otherLines, summary } from "./sample.ts";

const CONTROL =
  /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2066-\u2069]/;

function printedBy(open: OpenSink, lines: readonly Line[], options: Partial<SinkOptions> = {}) {
  const pieces: Buffer[] = [];
  const sink = open({
    write: (bytes, from, to) => void pieces.push(Buffer.from(bytes.subarray(from, to))),
    observations: true,
    columns: 100,
    colour: false,
    ...options,
  });
  for (const line of lines) sink.push(line);
  expect(pieces, "nothing is written before the end").toEqual([]);
  sink.end();
  return Buffer.concat(pieces).toString();
}

describe.each(FORMATS.map((format) => [format.name, format] as const))("%s", async (_, format) => {
  const open = await format.load();

  test.each(HOSTILE)("prints no control character for %s", (_what, text) => {
    const out = printedBy(
      open,
      [...connectionLines(1, text), ...connectionLines(2, text), ...otherLines(text)],
      {
        title: text,
      },
    );
    expect(out).not.toMatch(CONTROL);
    expect(out.isWellFormed()).toBe(true);
  });

  test.each(HOSTILE)("prints as many lines for %s as for a tame name", (_what, text) => {
    const count = (name: string) =>
      printedBy(open, [...connectionLines(1, name), ...otherLines(name)]).split("\n").length;
    // Longer text may wrap; what it must not do is begin lines that look like output of their own.
    const forged = printedBy(open, connectionLines(1, text))
      .split("\n")
      .filter((line) => line.startsWith('{"kind":"verdict","decision"'));
    expect(forged).toEqual([]);
    if (format.name === "jsonl") expect(count(text)).toBe(count("tame"));
  });

  test("ends its output with a line break", () => {
    expect(printedBy(open, [...connectionLines(1, "a"), summary()])).toMatch(/\n$/);
    expect(printedBy(open, [summary()])).toMatch(/\n$/);
  });

  test("does not depend on the order in which connections end", () => {
    const one = connectionLines(1, "a");
    const two = connectionLines(2, "b");
    const last = [summary()];
    expect(printedBy(open, [...two, ...one, ...last])).toBe(
      printedBy(open, [...one, ...two, ...last]),
    );
  });

  test("shows nothing of what was seen unless asked", () => {
    const asked = printedBy(open, [...connectionLines(1, "a"), summary()]);
    const unasked = printedBy(open, [...connectionLines(1, "a"), summary()], {
      observations: false,
    });
    expect(unasked.split("\n").length).toBeLessThan(asked.split("\n").length);
  });

  test("shows colours only when told that there are any", () => {
    const lines = [...connectionLines(1, "a"), summary({ breach: 1 })];
    expect(printedBy(open, lines)).not.toContain("\x1b");
    const coloured = printedBy(open, lines, { colour: true });
    expect(coloured.replace(/\x1b\[[0-9;]*m/g, "")).toBe(printedBy(open, lines));
  });

  test("says what it is for", () => {
    expect(format.says).not.toBe("");
    expect(FORMATS_TO_COME).not.toContain(format.name);
  });
});

test("a file that is a format stands in the list", () => {
  const files = readdirSync(new URL("../../src/report", import.meta.url)).map((file) =>
    file.slice(0, -3),
  );
  const known = new Set([...FORMATS.map(({ name }) => name), ...FORMATS_TO_COME]);
  const unlisted = files.filter(
    (file) => known.has(file) && !FORMATS.some(({ name }) => name === file),
  );
  expect(unlisted).toEqual([]);
});
