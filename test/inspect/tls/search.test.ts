import { describe, expect, test } from "vitest";
import { HelloSearch } from "../../../src/inspect/tls/search.ts";
import { concat, hex, latin1, pattern } from "../../wire/bytes.ts";
import { clientHello, RECORD, record, serverHello } from "../../wire/tls.ts";

const hello = record(RECORD.handshake, clientHello({ serverName: "a.test" }));

describe("the search for TLS behind something else", () => {
  const table: [string, Uint8Array, Uint8Array][] = [
    ["PostgreSQL's request", Uint8Array.of(0, 0, 0, 8, 4, 0xd2, 0x16, 0x2f), hello],
    ["PostgreSQL's answer", latin1("S"), record(RECORD.handshake, serverHello({}))],
    ["a banner that looks like a record", Uint8Array.of(22, 3, 1, 22, 3, 22, 3, 3, 0, 9), hello],
    ["nothing", new Uint8Array(0), hello],
    ["the most that may stand there", pattern(4095, 7), hello],
  ];

  test.each(table)("finds a hello behind %s, however it is cut", (_, before, hello) => {
    const bytes = concat(before, hello);
    for (let cut = 0; cut <= bytes.length; cut += cut < before.length - 20 ? 97 : 1) {
      expect(foundAt([bytes.subarray(0, cut), bytes.subarray(cut)])).toBe(before.length);
    }
    expect(foundAt(Array.from(bytes, (byte) => Uint8Array.of(byte)))).toBe(before.length);
  });

  test("gives up where too much stands before it, however it is cut", () => {
    const bytes = concat(pattern(4096, 7), hello);
    expect(foundAt([bytes])).toBeUndefined();
    expect(foundAt([bytes.subarray(0, 4090), bytes.subarray(4090)])).toBeUndefined();
    expect(foundAt(Array.from(bytes, (byte) => Uint8Array.of(byte)))).toBeUndefined();
  });

  test("does not take an alert, a certificate or application data for a beginning", () => {
    for (const first of [21, 23])
      expect(foundAt([Uint8Array.of(first, ...hello.slice(1))])).toBe(undefined);
    const certificate = Uint8Array.from(hello);
    certificate[5] = 11;
    expect(foundAt([certificate])).toBeUndefined();
  });

  test.each([
    ["no record behind it", "16 0303 0001 01 17 0303 0000"],
    ["a record of another version behind it", "16 0303 0001 01 16 0203 0001"],
    ["nothing in it", "16 0303 0000 16 0303 0001 05 00"],
    ["no hello in it", "16 0303 0001 0b 16 0303 0001"],
  ])("does not take a record of a byte for one with %s", (_, bytes) => {
    expect(foundAt([hex(bytes)])).toBeUndefined();
    expect(foundAt([hex("16 0303 0001 01 16 0303 0001")])).toBe(0);
  });

  test("does not join what lies on both sides of a gap", () => {
    const search = new HelloSearch();
    search.push(hello, 0, 6);
    search.gap();
    expect(search.push(hello, 6, hello.length)).toBeUndefined();
    expect(search.push(hello, 0, hello.length)).toMatchObject({ at: 0 });
  });
});

/** Where in the joined pieces the hello was found, and that what is handed back is its beginning. */
function foundAt(pieces: readonly Uint8Array[]): number | undefined {
  const search = new HelloSearch();
  let offset = 0;
  for (const piece of pieces) {
    const found = search.push(piece, 0, piece.length);
    if (found) {
      expect(concat(found.carried, piece.subarray(found.at))[0]).toBe(22);
      return offset + found.at - found.carried.length;
    }
    offset += piece.length;
  }
  return undefined;
}
