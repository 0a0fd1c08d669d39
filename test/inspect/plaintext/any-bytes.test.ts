/** Bytes that nobody's grammar made are nobody's protocol, and nothing that is said makes a detector throw. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { DETECTORS } from "../../../src/inspect/plaintext/index.ts";
import { Said } from "../../../src/inspect/plaintext/said.ts";
import { BINARY_DIALOGUES } from "./binary-dialogues.ts";
import { bytesOf, told } from "./told.ts";

describe("random bytes", () => {
  test.each(["tcp", "udp"] as const)("over %s are called nothing", (transport) => {
    const random = xorshift(0x2545f491);
    const called: unknown[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      const client = bytesFrom(random, SIZES[round % SIZES.length]!);
      const server = bytesFrom(random, SIZES[(round * 7) % SIZES.length]!);
      for (const said of [{ client, server }, { client }, { server }]) {
        const found = told({ ...said, transport });
        // A weak match is what is left when nobody else speaks: one side's 48 bytes may be a clock's.
        if (found !== undefined && found.match.weak !== true) called.push([round, found.protocol]);
      }
    }
    expect(called).toEqual([]);
  });
});

describe("any change to a dialogue", () => {
  const dialogues = fc.constantFrom(...BINARY_DIALOGUES);

  test("is answered, and what it locates lies within what was said", () => {
    const change = fc.record({
      dialogue: dialogues,
      at: fc.nat(),
      byte: fc.nat(255),
      keep: fc.nat(),
      second: fc.nat(),
    });
    fc.assert(
      fc.property(change, ({ dialogue, at, byte, keep, second }) => {
        const changed = mutant(bytesOf(dialogue.client), at, byte, keep);
        const answered = mutant(bytesOf(dialogue.server), second, byte ^ 0x80, at);
        const found = told({ ...dialogue, client: changed, server: answered });
        for (const { side, offset, bytes } of found?.match.exposes ?? []) {
          const [own, other] = found!.client === 0 ? [changed, answered] : [answered, changed];
          const length = side === "client" ? own.length : other.length;
          expect(offset).toBeGreaterThanOrEqual(0);
          expect(bytes).toBeGreaterThan(0);
          expect(offset + bytes).toBeLessThanOrEqual(length);
        }
      }),
      { numRuns: RUNS },
    );
  });

  test("is asked of every detector without an exception, whatever its first byte", () => {
    const said = fc.uint8Array({ minLength: 1, maxLength: 300 });
    fc.assert(
      fc.property(said, said, dialogues, (one, other, dialogue) => {
        const known = bytesOf(dialogue.client);
        for (const bytes of [one, Uint8Array.from([...known, ...one])]) {
          const client = new Said(bytes, true, [0]);
          const server = new Said(other, false, [0]);
          for (const transport of ["tcp", "udp"] as const) {
            for (const { detect } of DETECTORS)
              detect({ transport, client, server, first: "client" });
          }
        }
      }),
      { numRuns: RUNS / 4 },
    );
  });
});

/** One byte of it changed, and its end left out, or not. */
function mutant(bytes: Uint8Array, at: number, byte: number, keep: number): Uint8Array {
  const changed = Uint8Array.from(bytes);
  if (changed.length > 0) changed[at % changed.length] = byte;
  return keep % 3 === 0 ? changed.subarray(0, keep % (changed.length + 1)) : changed;
}

/** The same sequence each time, so that what it says can be looked at (Marsaglia, 2003). */
function xorshift(seed: number): () => number {
  let state = seed;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 8) & 0xff;
  };
}

function bytesFrom(random: () => number, count: number): Uint8Array {
  return Uint8Array.from({ length: count }, random);
}

const ROUNDS = 10_000;
/** Those that some protocol has as a length among them. Fewer bytes may be anything. */
const SIZES = [8, 12, 16, 33, 48, 64, 92, 148, 516];
const RUNS = 4_000;
