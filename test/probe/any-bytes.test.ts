/** Whatever comes of a server, in whatever pieces: an answer, and never a throw. */
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { cloneOf } from "../../src/probe/clone.ts";
import { Conversation } from "../../src/probe/conversation.ts";
import { RecordCutter } from "../../src/probe/record-cutter.ts";
import { flow } from "../inspect/tls/hear.ts";
import { concat, pattern, uint, vector } from "../wire/bytes.ts";
import { clientHello, message, record, serverHello } from "../wire/tls.ts";

const fresh = (bytes: number) => pattern(bytes, 3);
const HELLO = clientHello({
  versions: [0x0304, 0x0303],
  extensions: [{ type: 51, body: vector(2, uint(29, 2), vector(2, pattern(32))) }],
}).subarray(4);
/** A base point of X25519 is a share like any other. */
const SHARE = concat(uint(29, 2), vector(2, Uint8Array.of(9, ...new Uint8Array(31))));
const ANSWERS = [
  record(
    22,
    serverHello({
      cipher: 0x1301,
      extensions: [
        { type: 43, body: uint(0x0304, 2) },
        { type: 51, body: SHARE },
      ],
    }),
  ),
  record(22, serverHello({ cipher: 0xc02b })),
  record(22, message(11, vector(3, vector(3, pattern(300))))),
  record(22, message(14, new Uint8Array(0))),
  record(20, Uint8Array.of(1)),
  record(21, Uint8Array.of(1, 90)),
  record(23, pattern(200)),
];

function heard(pieces: readonly Uint8Array[]) {
  const conversation = Conversation.of(HELLO, flow, fresh);
  if (typeof conversation === "string") throw new Error(conversation);
  conversation.opening();
  for (const piece of pieces) conversation.push(piece);
  const { heard, farewell } = conversation.end();
  expect(farewell.length).toBeGreaterThan(0);
  const { seen, ...rest } = heard;
  return { ...rest, steps: seen?.steps, seenCertificates: seen?.certificates.seen };
}

const cut = fc.record({
  bytes: fc
    .array(fc.oneof(fc.constantFrom(...ANSWERS), fc.uint8Array({ maxLength: 60 })), {
      maxLength: 6,
    })
    .map((parts) => concat(...parts)),
  flips: fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 3 }),
  sizes: fc.array(fc.integer({ min: 1, max: 90 }), { minLength: 1, maxLength: 6 }),
});

describe("a conversation", () => {
  test("is the same in any pieces, and never throws", () => {
    fc.assert(
      fc.property(cut, ({ bytes, flips, sizes }) => {
        const sent = bytes.slice();
        for (const [at, by] of flips) if (sent.length > 0) sent[at % sent.length]! ^= by;
        const pieces: Uint8Array[] = [];
        for (let at = 0, turn = 0; at < sent.length; turn++) {
          const size = sizes[turn % sizes.length]!;
          pieces.push(sent.subarray(at, at + size));
          at += size;
        }
        expect(heard(pieces)).toEqual(heard([sent]));
        expect(heard([sent]).complete && !heard([sent]).steps?.includes("server-hello-done")).toBe(
          false,
        );
      }),
      { numRuns: 1500 },
    );
  });

  test.each([
    ["ends with a HelloDone that no ServerHello came before", [ANSWERS[3]!]],
    [
      "has a message behind it that cannot be right",
      [record(22, concat(message(14, new Uint8Array(0)), Uint8Array.of(1, 4, 0, 1)))],
    ],
  ])("is not complete where it %s", (_, pieces) => {
    const server = serverHello({ cipher: 0xc02b });
    const whole =
      pieces.length === 1 && pieces[0] === ANSWERS[3] ? pieces : [record(22, server), ...pieces];
    expect(heard(whole).complete).toBe(false);
    expect(heard([...concat(...whole)].map((byte) => Uint8Array.of(byte))).complete).toBe(false);
  });

  test("with a hello of any bytes is one or a reason", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), fc.nat(), fc.nat(255), (noise, at, by) => {
        for (const hello of [
          noise,
          HELLO.map((byte, place) => (place === at % HELLO.length ? byte ^ by : byte)),
        ]) {
          const clone = cloneOf(hello, fresh);
          if (typeof clone !== "string") expect(clone.body.length).toBeLessThan(20_000);
        }
      }),
      { numRuns: 1000 },
    );
  });
});

test("records are cut at their ends, and nothing is lost", () => {
  fc.assert(
    fc.property(
      fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 8 }),
      fc.integer({ min: 1, max: 30 }),
      (bodies, size) => {
        const all = concat(...bodies.map((body) => record(23, body)));
        const cutter = new RecordCutter();
        const ends: number[] = [];
        let offset = 0;
        for (let at = 0; at < all.length; at += size) {
          for (const piece of cutter.cut(all.subarray(at, at + size))) {
            offset += piece.length;
            ends.push(offset);
          }
        }
        let end = 0;
        for (const body of bodies) {
          end += 5 + body.length;
          expect(ends).toContain(end);
        }
        expect(offset).toBe(all.length);
      },
    ),
  );
});
