/** Nothing that comes from the wire makes the inspector throw, wait for ever or answer nonsense. */
import fc from "fast-check";
import { expect, test } from "vitest";
import type { Side } from "../../../src/flow/event.ts";
import { readHandshakes } from "../../fuzz/handshake-file.ts";
import { concat, uint } from "../../wire/bytes.ts";
import { message, record } from "../../wire/tls.ts";
import { answer, flow, hear, joinedFlow, type Said, saidIn } from "./hear.ts";

const side = fc.constantFrom<Side>(0, 1);
const bytes = fc.uint8Array({ maxLength: 300 });
const flights = readHandshakes().flatMap((handshake) => handshake.flights);
/** What a real peer said, with a byte changed. */
const spoilt = fc
  .tuple(fc.constantFrom(...flights), fc.nat(2000), fc.nat(255))
  .map(([flight, at, value]) => {
    const bytes = flight.bytes.slice();
    if (at < bytes.length) bytes[at] = value;
    return bytes;
  });
/** Bytes of no kind, records of some kind, messages of some kind within, and nearly real ones. */
const piece = fc.oneof(
  bytes,
  spoilt,
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

test("any bytes are read the same, however they are cut", () => {
  const cuts = fc.array(fc.nat(2000), { maxLength: 6 });
  const pieces = fc.array(fc.tuple(said, cuts), { maxLength: 12 });
  const same = fc.property(pieces, fc.boolean(), (pieces, opened) => {
    const of = opened ? flow : joinedFlow;
    const whole = pieces.map(([said]) => said);
    const cut = pieces.flatMap(([said, cuts]) => slice(said, cuts));
    const [one, other] = [answer(cut, of), answer(whole, of)];
    if (other.wants === "nothing") {
      // What stands behind that in the same piece is still told, and changes nothing else.
      const told = one.malformed.length;
      expect(one).toEqual({ ...other, malformed: other.malformed.slice(0, told) });
    } else expect(one).toEqual(other);
  });
  fc.assert(same, { numRuns: 3000 });
});

test.each(readHandshakes())("whichever side is captured first: $name", ({ flights }) => {
  const whole = saidIn(flights);
  const { certificates, clientCertificates, client, serverName, cipher } = hear(whole).result()!;
  const sides = [0, 1].map((side) => whole.filter((one) => one.side === side));
  const turns = fc.array(fc.nat(1), { maxLength: whole.length });
  const same = fc.property(turns, (turns) => {
    const left = sides.map((said) => [...said]);
    const turned = turns.flatMap((side) => left[side]?.shift() ?? []);
    const result = hear([...turned, ...left.flat()]).result()!;
    const known = { certificates, clientCertificates, client, serverName, cipher };
    for (const name of Object.keys(known) as (keyof typeof known)[]) {
      expect(result[name]).toEqual(known[name]);
    }
  });
  fc.assert(same, { numRuns: 200 });
});

/** `said` cut at each of the places that lie within it. */
function slice(said: Said, cuts: readonly number[]): Said[] {
  const { length } = said.bytes;
  if (length === 0) return [said];
  const places = [...new Set([0, length, ...cuts.filter((at) => at < length)])];
  const sorted = places.sort((one, other) => one - other);
  return sorted.slice(1).map((to, at) => ({ ...said, bytes: said.bytes.subarray(sorted[at], to) }));
}
