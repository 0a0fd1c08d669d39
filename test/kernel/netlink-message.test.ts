/** Netlink messages: what is written is read back, and any bytes at all are survived. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { failureOf } from "../../src/kernel/netlink.ts";
import {
  attributeMap,
  attributesIn,
  MessageWriter,
  messagesIn,
  numberBe,
  numberLe,
  textOf,
} from "../../src/kernel/netlink-message.ts";

describe("a written message", () => {
  test("has the bytes that <linux/netlink.h> says", () => {
    const writer = new MessageWriter(256);
    writer
      .begin(0x0a10, 0x5, 7, Uint8Array.of(1, 0, 0, 0))
      .text(1, "abc")
      .u32be(2, 258)
      .end();
    expect(Buffer.from(writer.bytes).toString("hex")).toBe(
      "24000000100a05000700000000000000" + "01000000" + "0800010061626300" + "0800020000000102",
    );
  });

  test("is read back with its nested attributes", () => {
    const writer = new MessageWriter(256);
    writer.begin(3, 0, 1, new Uint8Array(0)).open(4).u8(1, 9).open(2).text(3, "x").close().close();
    writer.end().begin(5, 0, 2, new Uint8Array(0)).end();
    const { messages, malformed } = messagesIn(writer.bytes);
    expect(malformed).toBeUndefined();
    expect(messages.map(({ type, sequence }) => [type, sequence])).toEqual([
      [3, 1],
      [5, 2],
    ]);
    const outer = attributeMap(attributeMap(messages[0]!.body).get(4)!);
    expect(numberBe(outer.get(1))).toBe(9);
    expect(textOf(attributeMap(outer.get(2)!).get(3))).toBe("x");
  });

  test("that outgrows its buffer is our own mistake", () => {
    const writer = new MessageWriter(32);
    writer.begin(1, 0, 1, new Uint8Array(0));
    expect(() => writer.value(1, new Uint8Array(20))).toThrow("expected at most 32");
  });

  test("that ends inside an attribute is our own mistake", () => {
    const writer = new MessageWriter(64).begin(1, 0, 1, new Uint8Array(0)).open(1);
    expect(() => writer.end()).toThrow("inside an attribute");
  });
});

describe("any bytes", () => {
  test("give messages that lie within them, and a reason where reading ended early", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        const { messages, malformed } = messagesIn(bytes);
        const taken = messages.reduce((sum, { body }) => sum + 16 + body.length, 0);
        expect(taken).toBeLessThanOrEqual(bytes.length);
        if (taken === 0 && bytes.length > 0) expect(malformed).toMatch(/expected/);
        for (const one of messages) failureOf(one);
      }),
    );
  });

  test("behind a good header give attributes that lie within them", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), fc.nat(32), (bytes, at) => {
        const values = [...attributesIn(bytes, at)];
        expect(values.length).toBeLessThanOrEqual(bytes.length / 4);
        for (const [type, value] of values) {
          expect(type).toBeLessThan(0x4000);
          numberBe(value);
          numberLe(value);
          textOf(value);
        }
      }),
    );
  });

  test("changed in one place still give messages or a reason", () => {
    const writer = new MessageWriter(512);
    writer.begin(3, 0, 1, new Uint8Array(4)).open(4).u8(1, 9).text(3, "name").close().end();
    writer.begin(4, 0, 2, new Uint8Array(4)).u32(1, 7).end();
    const good = writer.bytes.slice();
    fc.assert(
      fc.property(fc.nat(good.length - 1), fc.nat(255), (at, byte) => {
        const bytes = good.slice();
        bytes[at] = byte;
        const { messages, malformed } = messagesIn(bytes);
        expect(messages.length + (malformed ? 1 : 0)).toBeGreaterThan(0);
        for (const { body } of messages)
          for (const [, v] of attributesIn(body, 4)) [...attributesIn(v)];
      }),
    );
  });
});

test("an acknowledgement says what failed, in the kernel's own words", () => {
  const writer = new MessageWriter(128);
  const error = new Uint8Array(20);
  new DataView(error.buffer).setInt32(0, -17, true);
  writer.begin(2, 0x100, 9, error).text(1, "already there").end();
  const [message] = messagesIn(writer.bytes).messages;
  expect(failureOf(message!)).toEqual({ error: -17, failed: 9, says: "EEXIST: already there" });
});
