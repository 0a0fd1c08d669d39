/** YAML as values with places, and the limits of what is read. */
import { describe, expect, test } from "vitest";
import { type Path, YamlSource } from "../../../src/judge/policy/yaml-source.ts";

const told = (text: string) =>
  new YamlSource(text).problems.map(({ line, column, message }) => `${line}:${column} ${message}`);

describe("a YAML file", () => {
  const text = "a:\n  b: [1, {c: x}]\n  d:\ne: &e {f: true}\ng: *e\n";
  const source = new YamlSource(text);

  test("is plain values, what is not written is null", () => {
    expect(source.value).toEqual({
      a: { b: [1, { c: "x" }], d: null },
      e: { f: true },
      g: { f: true },
    });
    expect(source.problems).toEqual([]);
    expect(new YamlSource("").value).toBeNull();
  });

  test.each<[Path, string, string]>([
    [[], "1:1", "1:1"],
    [["a"], "2:3", "1:1"],
    [["a", "b"], "2:6", "2:3"],
    [["a", "b", 0], "2:7", "2:7"],
    [["a", "b", 1, "c"], "2:14", "2:11"],
    [["a", "b", 1, "gone", "far"], "2:10", "1:1"],
    [["a", "b", 7], "2:6", "1:1"],
    [["e"], "4:7", "4:1"],
    [["g"], "5:4", "5:1"],
    [["gone"], "1:1", "1:1"],
  ])("knows where %j stands, or what is around it", (path, value, key) => {
    const [at, keyAt] = [source.placeOf(path), source.placeOfKey(path)];
    expect([`${at.line}:${at.column}`, `${keyAt.line}:${keyAt.column}`]).toEqual([value, key]);
  });

  test("begins where its first key does", () => {
    expect(new YamlSource("# who\na: 1\n").placeOf(["gone"])).toEqual({ line: 2, column: 1 });
  });

  test("that cannot be read has no value, and the first line of each reason", () => {
    const broken = new YamlSource("a: [1\nb: }\n");
    expect(broken.value).toBeUndefined();
    expect(broken.problems.length).toBeGreaterThan(0);
    for (const { message } of broken.problems) expect(message).not.toMatch(/\n|:$/);
    const once = new YamlSource("a: *gone\nb: 1");
    expect(once.problems).toHaveLength(1);
    const unread = new YamlSource("# first\na: [1\n");
    expect([unread.problems.length, unread.value]).toEqual([1, undefined]);
    expect(unread.placeOf(["a"])).toEqual({ line: 1, column: 1 });
  });

  test("is told of fifty problems", () => {
    const keys = (count: number) => Array.from({ length: count }, (_, i) => `${i}: 1\n`).join("");
    expect([told(keys(50)).length, told(keys(51)).length, told(keys(80)).length]).toEqual([
      50, 50, 50,
    ]);
    expect(told(keys(3))[2]).toBe("3:1 a key that is not text, expected a name");
  });

  test("is at most sixteen deep", () => {
    const nested = (depth: number) => `${"[".repeat(depth)}1${"]".repeat(depth)}`;
    expect(told(nested(16))).toEqual([]);
    expect(told(nested(17))).toEqual(["1:18 nested more than 16 deep"]);
  });

  test("has at most a hundred aliases", () => {
    const aliases = (count: number) => `- &x 1\n${"- *x\n".repeat(count)}`;
    expect(told(aliases(100))).toEqual([]);
    expect(told(aliases(101))).toEqual(["102:3 more than 100 aliases"]);
  });

  test("has at most 200,000 values, those behind aliases counted", () => {
    const list = `[${"1,".repeat(1999)}1]`;
    const repeated = (count: number) => `- &x ${list}\n${"- *x\n".repeat(count)}`;
    // The file's list and, for each line, a list and its items; an alias counts as well.
    expect(told(repeated(90))).toEqual([]);
    expect(told(repeated(99))).toContainEqual(
      expect.stringContaining("more than 200000 values, aliases included"),
    );
  });

  test("has no alias that goes round", () => {
    expect(told("a: &a {b: *a}")).toEqual(["1:11 an alias inside what it stands for"]);
  });
});
