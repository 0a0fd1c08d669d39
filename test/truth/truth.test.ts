/**
 * Our `tls` lines against what tshark 4.4 and OpenSSL say about the same captures (issue 3).
 */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { compare, emptyTallies } from "./compare.ts";
import { type Difference, REASONS } from "./differences.ts";
import { frameFinder, replayed } from "./ours.ts";
import { tableOf } from "./table.ts";
import { readTruth, SHARED, sharedIsHere } from "./truth.ts";

describe.skipIf(!sharedIsHere)("the captures of others, field by field", () => {
  const found: Difference[] = [];
  const tallies = emptyTallies();

  beforeAll(async () => {
    for (const capture of readTruth()) {
      const path = `${SHARED}/${capture.file}`;
      const { lines } = await replayed(path);
      const tls = lines.filter((line) => line.kind === "tls");
      found.push(...compare(capture, tls, tallies, await frameFinder(path)));
    }
  }, READ_MS_MAX);

  afterAll(() => console.log(`\n${tableOf(tallies)}\n`));

  test("truth has as many streams in scope as when the list was made", () => {
    expect(tallies.line.truth).toBe(STREAMS_IN_SCOPE);
  });

  test("every difference is listed with its reason", () => {
    const listed = new Set(listedDifferences());
    expect(found.map(spelled).filter((difference) => !listed.has(difference))).toEqual([]);
  });

  test("every listed difference still differs", () => {
    const differing = new Set(found.map(spelled));
    expect(listedDifferences().filter((difference) => !differing.has(difference))).toEqual([]);
  });

  test("at most ten wrong fields are ours", () => {
    const wrong = REASONS.filter(({ fault }) => fault === "ours");
    expect(wrong.flatMap(({ differs }) => differs).length).toBeLessThanOrEqual(10);
  });
});

function listedDifferences(): string[] {
  return REASONS.flatMap(({ differs }) => differs.map(spelled));
}

/** One difference as one line: what is compared, and what a failing test shows. */
function spelled({ file, frame, field, ours, truth }: Difference): string {
  return `${file} frame ${frame} ${field}: ours ${ours}, truth ${truth}`;
}

/** TCP, with a hello, no STARTTLS, outside tunnels: counted in truth.ndjson. */
const STREAMS_IN_SCOPE = 880;
const READ_MS_MAX = 180_000;
