/** Headers as RFC 7541 codes them, by its own examples (appendix C). */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { fieldsIn } from "../../../src/inspect/plaintext/hpack.ts";

const read = (hex: string) => {
  const bytes = Buffer.from(hex, "hex");
  return fieldsIn(bytes, 0, bytes.length);
};
const said = (hex: string) => read(hex).map(({ name, value }) => [name, value]);

describe("fields", () => {
  test.each([
    [
      "C.2.1 a literal, kept",
      "400a637573746f6d2d6b65790d637573746f6d2d686561646572",
      [["custom-key", "custom-header"]],
    ],
    [
      "C.2.2 a literal with a known name",
      "040c2f73616d706c652f70617468",
      [[":path", "/sample/path"]],
    ],
    [
      "C.2.3 a literal never to be kept",
      "100870617373776f726406736563726574",
      [["password", "secret"]],
    ],
    ["C.2.4 a field of the table, which says nothing here", "82", []],
    [
      "C.4.1 a first request in Huffman's code",
      "828684418cf1e3c2e5f23a6ba0ab90f4ff",
      [[":authority", "www.example.com"]],
    ],
    [
      "C.6.1 a response in Huffman's code",
      "488264025885aec3771a4b6196d07abe941054d444a8200595040b8166e082a62d1bff6e919d29ad171863c78f0b97c8e9ae82ae43d3",
      [
        ["", "302"],
        ["", "private"],
        ["", "Mon, 21 Oct 2013 20:13:21 GMT"],
        ["", "https://www.example.com"],
      ],
    ],
    ["a size of the dynamic table before a literal", "3fe11f040161", [[":path", "a"]]],
  ])("%s", (_name, hex, fields) => {
    expect(said(hex)).toEqual(fields);
  });

  test("say where the value stands as it is coded", () => {
    const [field] = read("828684418cf1e3c2e5f23a6ba0ab90f4ff");
    expect(field).toMatchObject({ from: 5, end: 17 });
  });

  test.each([
    ["a string that runs over the end", "040d2f73616d706c65"],
    ["a number that never ends", "7fffffffffffff01"],
    ["padding of a whole byte", "0482ffff"],
    ["padding of zeros", "04811c00"],
  ])("end at %s", (_name, hex) => {
    expect(said(hex).filter(([name]) => name === ":path")).toEqual([]);
  });

  test("of any bytes lie within them, in order", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        let last = 0;
        for (const { from, end } of fieldsIn(bytes, 0, bytes.length)) {
          expect(from).toBeGreaterThanOrEqual(last);
          expect(end).toBeLessThanOrEqual(bytes.length);
          last = end;
        }
      }),
    );
  });
});
