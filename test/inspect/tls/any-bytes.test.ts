/** Nothing that comes from the wire makes the inspector throw, wait for ever or answer nonsense. */
import fc from "fast-check";
import { expect, test } from "vitest";
import type { Side } from "../../../src/flow/event.ts";
import { concat, uint } from "../../wire/bytes.ts";
import { message, record } from "../../wire/tls.ts";
import { flow, hear, joinedFlow, type Said } from "./hear.ts";

const side = fc.constantFrom<Side>(0, 1);
const bytes = fc.uint8Array({ maxLength: 300 });
/** Bytes of no kind, records of some kind, and messages of some kind within. */
const piece = fc.oneof(
  bytes,
  fc.tuple(fc.integer({ min: 19, max: 25 }), bytes).map(([type, body]) => record(type, body)),
  fc
    .tuple(fc.constantFrom(0, 1, 2, 4, 11, 12, 13, 14, 16, 20), bytes)
    .map(([type, body]) => record(22, message(type, concat(uint(0x0303, 2), body)))),
);
const said: fc.Arbitrary<Said> = fc.oneof(
  { weight: 9, arbitrary: fc.record({ side, bytes: piece }) },
  {
    weight: 1,
    arbitrary: fc.record({
      side,
      bytes: fc.constant(new Uint8Array(0)),
      gap: fc.integer({ min: 1, max: 500 }),
      why: fc.constantFrom("loss", "snaplen", "limit"),
    }),
  },
);
const conversation = fc.array(said, { maxLength: 12 });

test("any bytes are read without a throw, and unseen is never called seen", () => {
  let read = 0;
  const heard = fc.property(conversation, fc.boolean(), (conversation, opened) => {
    const connection = hear(conversation, opened ? flow : joinedFlow);
    expect(connection.malformed.length).toBeLessThanOrEqual(8);
    expect(["bytes", "records", "nothing"]).toContain(connection.wants);
    const result = connection.result();
    if (result === undefined) return;
    read++;
    const { seen, why, chain } = result.certificates;
    expect(seen === "wire").toBe(chain.length > 0);
    expect(seen === "no").toBe(why !== undefined);
    expect(result.steps.length).toBeLessThanOrEqual(48);
    expect(result.alerts.length).toBeLessThanOrEqual(16);
    connection.push({ kind: "closed", why: "fin", atUs: 9 });
    expect(connection.wants).toBe("nothing");
    expect(connection.result()).toEqual(result);
  });
  fc.assert(heard, { numRuns: 4000 });
  expect(read).toBeGreaterThan(200);
});
