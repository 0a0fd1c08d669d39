import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { escapeJson, escapeText } from "../../src/report/escape.ts";
import { HOSTILE } from "./sample.ts";

/** All that must never reach a terminal. Written apart from escape.ts on purpose. */
function isHarmless(text: string): boolean {
  for (const character of text) {
    const code = character.codePointAt(0)!;
    const isControl = code < 0x20 || (code >= 0x7f && code < 0xa0);
    const isBidi =
      code === 0x61c ||
      code === 0x200e ||
      code === 0x200f ||
      (code >= 0x202a && code <= 0x202e) ||
      (code >= 0x2066 && code <= 0x2069);
    const isSeparator = code === 0x2028 || code === 0x2029;
    const isHalf = code >= 0xd800 && code <= 0xdfff;
    const isInvisible =
      code === 0x200b || code === 0xfeff || (code >> 8 === 0xe00 && code < 0xe0080);
    if (isControl || isBidi || isSeparator || isHalf || isInvisible) return false;
  }
  return true;
}

describe("escaping", () => {
  test.each(HOSTILE)("makes %s harmless in text and in JSON", (_, text) => {
    expect(isHarmless(escapeText(text))).toBe(true);
    expect(isHarmless(escapeJson({ text }))).toBe(true);
  });

  test.each(HOSTILE)("keeps %s readable for whoever decodes the JSON", (_, text) => {
    expect(JSON.parse(escapeJson({ [text]: text }))).toEqual({ [text]: text });
  });

  test("shows what was escaped the same way in text and in JSON", () => {
    expect(escapeText("a\u202eb")).toBe("a\\u202eb");
    expect(escapeJson({ a: "a\u202eb" })).toBe('{"a":"a\\u202eb"}');
    expect(escapeText("\u{e0041}")).toBe("\\udb40\\udc41");
  });

  test.each(["plain.example", "CN=Müller\\, Söhne,O=日本", "😀 emoji", "a\u0301"])(
    "leaves %s as it is",
    (text) => {
      expect(escapeText(text)).toBe(text);
      expect(escapeJson({ text })).toBe(JSON.stringify({ text }));
    },
  );

  test("holds for any string", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), fc.string(), (wild, tame) => {
        const value = { [tame]: wild, list: [wild] };
        const json = escapeJson(value);
        return (
          isHarmless(json) &&
          isHarmless(escapeText(wild)) &&
          JSON.stringify(JSON.parse(json)) === JSON.stringify(value)
        );
      }),
    );
  });
});
