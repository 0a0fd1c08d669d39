/** A short run of the fuzzer; `npm run fuzz -- --mutants 10000000` is the long one. */
import { expect, test } from "vitest";
import { loadCorpus } from "./corpus.ts";
import { LAYER_NAMES } from "./layers.ts";
import { KINDS, makeMutant } from "./mutant.ts";
import { fuzz } from "./watch.ts";

test("no mutant throws, hangs or eats memory, and a fifth of them reach inspect", async () => {
  const done = await fuzz({ seed: SEED, first: 0, count: MUTANTS, seconds: SECONDS });
  console.log(`${done.mutants} mutants of corpus ${done.digest} reached`, done.reach);
  expect(done.failure).toBeUndefined();
  for (const layer of LAYER_NAMES) expect(done.reach[layer], layer).toBeGreaterThan(0);
  expect(done.reach.inspect * 5).toBeGreaterThanOrEqual(done.mutants);
}, 120_000);

test.each(KINDS)("a mutant of %s is made of its seed and number alone", (kind) => {
  const corpus = loadCorpus(["captures"]);
  const make = (number: number) =>
    Buffer.from(makeMutant(corpus, { seed: SEED, number, kind }).bytes);
  const first = Array.from({ length: 200 }, (_, number) => make(number));
  for (let number = 199; number >= 0; number--) expect(make(number)).toEqual(first[number]);
  expect(new Set(first.map((bytes) => bytes.toString("base64"))).size).toBeGreaterThan(190);
});

const SEED = 20_261_123;
const MUTANTS = 200_000;
const SECONDS = 60;
