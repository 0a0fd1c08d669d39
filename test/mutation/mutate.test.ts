/** The mutants of a source: which places change, and which never do. */
import { readFileSync } from "node:fs";
import { stripTypeScriptTypes } from "node:module";
import { describe, expect, test } from "vitest";
import { mutantsOf, mutate } from "./mutate.ts";

/** Every mutant as the whole text it gives. */
const textsOf = (source: string) => mutantsOf(source).map((mutant) => mutate(source, mutant));

describe("a mutant", () => {
  test.each<[string, string, string[]]>([
    ["moves a boundary, and turns a comparison round", "a < b", ["a <= b", "a >= b"]],
    ["does so with every comparison", "a >= b", ["a > b", "a < b"]],
    ["denies an equality", "a === b", ["a !== b"]],
    ["exchanges `and` and `or`", "a && b", ["a || b"]],
    ["drops a negation", "x(!a)", ["x(a)"]],
    ["turns a boolean", "x(true)", ["x(false)"]],
    ["adds one to a small number", "x[0x0f]", ["x[16]"]],
    ["leaves a size as it is", "x(65_536)", []],
    ["leaves a fraction as it is", "x(0.5)", []],
    ["takes a guard away", "if (a) throw b;", ["if (false && (a)) throw b;"]],
    [
      "takes a guard with a block away",
      "if (a) { b(); throw c; }",
      ["if (false && (a)) { b(); throw c; }"],
    ],
    ["leaves an `if` that goes on", "if (a) b();", []],
    ["leaves an `if` with an `else`", "if (a) throw b; else c();", []],
    ["leaves the `else` of `??`", "a ?? b", []],
    ["finds the operator behind a comment", "a /* < */ < b", ["a /* < */ <= b", "a /* < */ >= b"]],
    ["finds the operator behind a bracket", "(a < b)", ["(a <= b)", "(a >= b)"]],
    ["is made inside a template's hole", `\`1 < \${a && b}\``, [`\`1 < \${a || b}\``]],
    ["is made inside a cast", "(a === b) as boolean", ["(a !== b) as boolean"]],
    ["is made before a `!` of types", "x(!a!)", ["x(a!)"]],
  ])("%s", (_, source, expected) => {
    expect(textsOf(source)).toEqual(expected);
  });

  test.each([
    ["a string", `x("a < b && true 1")`],
    ["a template's text", "x(`a < b && !c 1`)"],
    ["a regular expression", "x(/a<b&&!c{1}/)"],
    ["a comment", "// a < b\nx(/* 1 && !a */)"],
    ["a type", "type A = B<true> | 1; let a: Map<1, true>; x<2>(a as C<3>);"],
    ["an interface", "interface A { readonly b: 1; c?: false }"],
    ["a type parameter", "function f<A extends 1 | true>(a: A): a is A & 2 {}"],
  ])("is never made inside %s", (_, source) => {
    expect(mutantsOf(source)).toEqual([]);
  });

  test("says where it is and what changed", () => {
    expect(mutantsOf("a;\nb && c;\n")).toEqual([
      { start: 5, end: 7, text: "||", at: 3, line: 2, change: "&& to ||" },
    ]);
    expect(mutantsOf("x(1,\n0x10)").map(({ line, change }) => [line, change])).toEqual([
      [1, "1 to 2"],
      [2, "0x10 to 17"],
    ]);
  });

  test("of this very program runs, and is another program", () => {
    const source = readFileSync(new URL("./mutate.ts", import.meta.url), "utf8");
    const texts = textsOf(source);
    expect(texts.length).toBeGreaterThan(30);
    expect(new Set(texts).size).toBe(texts.length);
    expect(texts).not.toContain(source);
    for (const text of texts) expect(() => stripTypeScriptTypes(text)).not.toThrow();
  });
});
