/** Bytes made to cost time: no grammar takes long, whatever comes, and none of them throws. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { DETECTORS } from "../../../src/inspect/plaintext/index.ts";
import { SAID_BYTES_MAX, Said } from "../../../src/inspect/plaintext/said.ts";
import { DIALOGUES } from "./dialogues.ts";
import { told } from "./told.ts";

/** What regular expressions and nested loops stumble over: a beginning that fits, and much that nearly does. */
const BEGINNINGS = [...new Set(DIALOGUES.flatMap(({ client, server }) => [client, server]))];
const FILLINGS = [
  "<auth mechanism='a' ",
  "<auth mechanism=",
  "<stream:features",
  "\r\n0\r\n\r\n",
  "\r\n",
  " ",
  "a",
  "$4\r\nAUTH\r\n$1\r\na",
  '"pass":"',
  "PASS ",
  "a LOGIN {5}\r\n",
  "login: ",
  "\xff\xfa",
  "\xff",
  "\0",
  "\0\0\0\x01",
  "250-STARTTLS\r\n",
  "+OK ",
  "X: y\r\n",
];

describe("time", () => {
  test.each(FILLINGS.map((filling) => [filling]))("is little for much of %j", (filling) => {
    const fill = filling.repeat(SAID_BYTES_MAX / filling.length);
    const slow: string[] = [];
    for (const beginning of ["", ...BEGINNINGS]) {
      const text = (beginning + fill).slice(0, SAID_BYTES_MAX);
      // On a busy machine any one may have waited: only what is slow each time is.
      let took = tookMs(text);
      for (let again = 0; took > SLOW_MS && again < 4; again++) took = Math.min(took, tookMs(text));
      if (took > SLOW_MS) slow.push(`${beginning.slice(0, 30)}: ${took.toFixed(0)} ms`);
    }
    expect(slow).toEqual([]);
  });
});

function tookMs(text: string): number {
  const startMs = performance.now();
  told({ client: text, server: text, cut: true });
  told({ client: text, server: "220 a ESMTP\r\n", cut: true });
  told({ client: "GET / HTTP/1.1\r\n\r\n", server: text, cut: true });
  return performance.now() - startMs;
}

test("every detector answers any bytes, also those that its first bytes would have ruled out", () => {
  const side = fc.oneof(
    fc.uint8Array({ maxLength: 200 }),
    fc
      .tuple(fc.constantFrom(...BEGINNINGS), fc.nat(80), fc.uint8Array({ maxLength: 60 }))
      .map(([said, at, rest]) => Buffer.concat([Buffer.from(said.slice(0, at), "latin1"), rest])),
  );
  fc.assert(
    fc.property(
      side,
      side,
      fc.constantFrom("tcp" as const, "udp" as const),
      (one, other, transport) => {
        // Nobody is asked about nothing.
        fc.pre(one.length + other.length > 0);
        const starts = transport === "udp" ? [0] : [];
        const opening = {
          transport,
          client: new Said(one, true, one.length > 0 ? starts : []),
          server: new Said(other, false, other.length > 0 ? starts : []),
          first: "client" as const,
        };
        for (const { detect, transports } of DETECTORS) {
          if (!transports.includes(transport)) continue;
          const answer = detect(opening);
          if (answer === undefined || answer === "not yet") continue;
          for (const { side: of, offset, bytes } of answer.exposes) {
            const said = of === "client" ? one : other;
            expect(offset).toBeGreaterThanOrEqual(0);
            expect(bytes).toBeGreaterThan(0);
            expect(offset + bytes).toBeLessThanOrEqual(said.length);
          }
          const inner = answer.inner;
          if (inner !== undefined)
            expect(Math.min(inner.client, inner.server)).toBeGreaterThanOrEqual(0);
        }
      },
    ),
    { numRuns: 3000 },
  );
});

/** What a loop within a loop over all bytes would take is a hundred times this. */
const SLOW_MS = 30;
