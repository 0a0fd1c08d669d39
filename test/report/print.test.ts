/** The quick printer against the plain one. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { escapeJson } from "../../src/report/escape.ts";
import type { Line } from "../../src/report/lines.ts";
import { printLine } from "../../src/report/print.ts";
import { connectionLines, HOSTILE, otherLines } from "./sample.ts";

test.each(HOSTILE)("prints %s as JSON.stringify and the escape do", (_, text) => {
  for (const line of [
    ...connectionLines(1, text),
    ...connectionLines(2, text),
    ...otherLines(text),
  ]) {
    expect(printLine(line)).toBe(escapeJson(line));
    expect(JSON.parse(printLine(line))).toEqual(JSON.parse(JSON.stringify(line)));
  }
});

/** `__proto__` cannot be assigned like another key, and no line has it. */
const KEY = fc.string().filter((key) => !/^\d+$/.test(key) && key !== "__proto__");

test("prints whatever a field holds", () => {
  fc.assert(
    // A key that is a whole number comes first in any object, whatever was there before.
    fc.property(fc.dictionary(KEY, fc.jsonValue()), (fields) => {
      const line = { kind: "host", ...fields, __proto__: null } as unknown as Line;
      const first = Object.assign({ kind: "host" }, line);
      expect(JSON.parse(printLine(first))).toEqual(JSON.parse(JSON.stringify(first)));
    }),
  );
});

test("remembers what is frozen and nothing else", () => {
  const [, , , verdict] = connectionLines(1, "before");
  const reason = [{ step: "path", says: "before" }];
  const open = { ...verdict, reason } as unknown as Line;
  expect(printLine(open)).toContain("before");
  reason[0]!.says = "after";
  expect(printLine(open)).toContain('"says":"after"');

  const frozen = Object.freeze([Object.freeze({ step: "path", says: "frozen" })]);
  const shared = { ...verdict, reason: frozen } as unknown as Line;
  expect(printLine(shared)).toBe(escapeJson(shared));
  expect(printLine({ ...shared, atUs: 5 })).toBe(escapeJson({ ...shared, atUs: 5 }));
});

test("has no word for a number that is none", () => {
  const [, , , verdict] = connectionLines(1, "a");
  expect(printLine({ ...verdict, atUs: Number.NaN } as Line)).toContain('"atUs":null');
});
