import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { column, columnsOf, shorten, wrap } from "../../src/report/layout.ts";

describe("columns", () => {
  test.each([
    ["abc", 3],
    ["", 0],
    ["→ …", 3],
    ["日本", 4],
    ["e\u0301", 1],
    ["😀", 2],
  ])("%s takes %i", (text, columns) => {
    expect(columnsOf(text)).toBe(columns);
  });

  test.each([
    ["abcdef", 4, "abc…"],
    ["abcd", 4, "abcd"],
    ["日本語", 4, "日…"],
  ])("shortens %s to %i columns", (text, columns, short) => {
    expect(shorten(text, columns)).toBe(short);
  });

  test("fills up to exactly the width", () => {
    expect(column("日本語", 4)).toBe("日… ");
    expect(column("ab", 4)).toBe("ab  ");
  });
});

describe("wrapping", () => {
  test("breaks at spaces", () => {
    expect(wrap("one two three", 8)).toEqual(["one two", "three"]);
  });

  test("cuts a word that is longer than a line", () => {
    expect(wrap("ab abcdefghij", 4)).toEqual(["ab", "abcd", "efgh", "ij"]);
  });

  test("loses nothing and never exceeds the width, whatever the text", () => {
    fc.assert(
      fc.property(
        fc.string({ unit: "grapheme" }),
        fc.integer({ min: 2, max: 30 }),
        (text, width) => {
          const lines = wrap(text, width);
          expect(lines.join("").replaceAll(" ", "")).toBe(text.replaceAll(" ", ""));
          expect(Math.max(...lines.map(columnsOf))).toBeLessThanOrEqual(width);
        },
      ),
    );
  });

  test("ends even where a character is wider than a line", () => {
    expect(wrap("日本", 1)).toEqual(["日", "本"]);
  });
});
