/** RFC 8785: the examples of the document itself, and what we leave out. */
import { expect, test } from "vitest";
import { canonicalJson } from "../../../src/judge/policy/canonical-json.ts";

test("members are in the order of their UTF-16 code units (RFC 8785 §3.2.3)", () => {
  const value = {
    "\u20ac": "Euro Sign",
    "\r": "Carriage Return",
    "\ufb33": "Hebrew Letter Dalet With Dagesh",
    "1": "One",
    "\ud83d\ude00": "Emoji: Grinning Face",
    "\u0080": "Control",
    "\u00f6": "Latin Small Letter O With Diaeresis",
  };
  const said = Object.values(JSON.parse(canonicalJson(value)) as Record<string, string>);
  // A parsed object gives a key that is a number first, whatever the text says.
  expect(said).toEqual([
    "One",
    "Carriage Return",
    "Control",
    "Latin Small Letter O With Diaeresis",
    "Euro Sign",
    "Emoji: Grinning Face",
    "Hebrew Letter Dalet With Dagesh",
  ]);
  expect(canonicalJson(value).startsWith('{"\\r":"Carriage Return","1":"One"')).toBe(true);
});

test("numbers, literals and strings are as ECMAScript writes them (RFC 8785 §3.2.2)", () => {
  const value = {
    // biome-ignore lint/correctness/noPrecisionLoss: the RFC's own example, which shows the rounding.
    numbers: [333333333.33333329, 1e30, 4.5, 2e-3, 0.000000000000000000000000001],
    string: "\u20ac$\u000f\u000aA'\u0042\u0022\u005c\\\"/",
    literals: [null, true, false],
  };
  expect(canonicalJson(value)).toBe(
    '{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],' +
      '"string":"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/"}',
  );
});

test("keys that are numbers are in the order of their text", () => {
  expect(canonicalJson({ 9: 1, 10: 2 })).toBe('{"10":2,"9":1}');
});

test("members without a value and those that do not count are left out, at any depth", () => {
  const value = { line: 1, b: undefined, a: [{ line: 2, c: 3 }, undefined] };
  expect(canonicalJson(value, "line")).toBe('{"a":[{"c":3},null]}');
});
