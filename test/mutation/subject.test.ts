/** Which mutants count: all but those of the list, whose every entry must still be one. */
import { describe, expect, test } from "vitest";
import { sampleOf } from "./sample.ts";
import { type Equivalent, subjectsOf } from "./subject.ts";

const files = [{ path: "a.ts", source: "const a = b && c;\n  x(d === e, f === g);\n" }];
const entry = (more: Partial<Equivalent>): Equivalent => ({
  path: "a.ts",
  code: "x(d === e, f === g);",
  change: "=== to !==",
  why: "a test",
  ...more,
});

describe("the mutants of files", () => {
  test("have numbers from 0 and the whole changed text", () => {
    const { subjects, equivalents } = subjectsOf(files, []);
    expect(subjects.map(({ id, code }) => [id, code])).toEqual([
      [0, "const a = b && c;"],
      [1, "x(d === e, f === g);"],
      [2, "x(d === e, f === g);"],
    ]);
    expect(subjects[0]!.source).toContain("const a = b || c;\n  x(d === e");
    expect(equivalents).toBe(0);
  });

  test.each<[string, Partial<Equivalent>, string]>([
    ["the first of its line", {}, "f !== g"],
    ["the second of its line", { nth: 2 }, "d !== e"],
  ])("do not hold %s where the list has it", (_, more, left) => {
    const { subjects, equivalents, stale } = subjectsOf(files, [entry(more)]);
    expect([subjects.length, equivalents, stale]).toEqual([2, 1, []]);
    expect(subjects[1]!.source).toContain(left);
  });

  test.each<[string, Partial<Equivalent>, boolean]>([
    ["another line", { code: "x(d === e);" }, true],
    ["another change", { change: "=== to ==" }, true],
    ["a place that is not there", { nth: 3 }, true],
    ["a file that is not looked at", { path: "b.ts" }, false],
  ])("call an entry for %s stale: only if its file is there", (_, more, isStale) => {
    const { equivalents, stale } = subjectsOf(files, [entry(more)]);
    expect([equivalents, stale.length]).toEqual([0, isStale ? 1 : 0]);
  });
});

describe("a sample", () => {
  const many = Array.from({ length: 100 }, (_, i) => i);

  test("holds as many as were asked for, each once, in their order", () => {
    const some = sampleOf(many, { count: 30, seed: 7 });
    expect(some).toHaveLength(30);
    expect(some).toEqual([...new Set(some)].sort((a, b) => a - b));
  });

  test("is the same for the same seed, and another for another", () => {
    expect(sampleOf(many, { count: 30, seed: 7 })).toEqual(sampleOf(many, { count: 30, seed: 7 }));
    expect(sampleOf(many, { count: 30, seed: 7 })).not.toEqual(
      sampleOf(many, { count: 30, seed: 8 }),
    );
  });

  test("of more than there are is all", () => {
    expect(sampleOf(many, { count: 1000, seed: 1 })).toEqual(many);
  });
});
