/** The mark by which a later run, or a later version, knows the fence's tables. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { readMark, writeMark } from "../../../src/respond/fence/mark.ts";

const policySha256 = "0123456789abcdef".repeat(4);

test("is read back as it was written", () => {
  const mark = { version: 1, instance: "default/web-7f9:1", policySha256 };
  expect(readMark(writeMark(mark))).toEqual(mark);
});

test.each([
  ["an empty instance", "", policySha256],
  ["an instance with a space", "a b", policySha256],
  ["an instance that is too long", "a".repeat(65), policySha256],
  ["a hash that is none", "a", "policy"],
])("%s is the caller's mistake", (_name, instance, hash) => {
  expect(() => writeMark({ version: 1, instance, policySha256: hash })).toThrow("expected 1 to 64");
});

test("any text of somebody else's is none of ours", () => {
  expect(readMark(undefined)).toBeUndefined();
  expect(readMark("portcullis fence 1")).toBeUndefined();
  fc.assert(fc.property(fc.string(), (text) => readMark(text) === undefined));
});
