/**
 * The fuzzer as a program:
 *
 *     npm run fuzz -- --mutants 10000000 --seed 1
 *     npm run fuzz -- --kind clear             (only what is read in clear, and below the transport)
 *     npm run fuzz -- --replay 1:4711          (one mutant, its story, its bytes in a file)
 *
 * Prints how many mutants reached each layer; exits 1 at the first that throws, hangs or eats memory.
 */
import { writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { loadCorpus } from "./corpus.ts";
import { drive, driveToJudge, LAYER_NAMES, noReach } from "./layers.ts";
import { KINDS, type Kind, makeMutant } from "./mutant.ts";
import { type Fuzzed, fuzz } from "./watch.ts";

const { values } = parseArgs({
  options: {
    mutants: { type: "string", default: "1000000" },
    seed: { type: "string", default: "1" },
    first: { type: "string", default: "0" },
    seconds: { type: "string", default: "86400" },
    kind: { type: "string", default: "any" },
    replay: { type: "string" },
  },
});

async function all(kind: Kind): Promise<void> {
  const seed = Number(values.seed);
  const end = Number(values.first) + Number(values.mutants);
  const sum = noReach();
  const until = performance.now() + Number(values.seconds) * 1000;
  let mutants = 0;
  let seconds = 0;
  for (let first = Number(values.first); first < end; ) {
    const left = (until - performance.now()) / 1000;
    if (left <= 0) break;
    const count = Math.min(STINT, end - first);
    const stint = await fuzz({ seed, first, count, seconds: left, kind });
    first += count;
    mutants += stint.mutants;
    seconds += stint.seconds;
    for (const layer of LAYER_NAMES) sum[layer] += stint.reach[layer];
    if (stint.failure) {
      console.error(stint.failure);
      process.exitCode = 1;
      return;
    }
    report(seed, { ...stint, mutants, seconds, reach: sum });
  }
  if (sum.inspect * 5 < mutants) {
    console.error(`${sum.inspect} of ${mutants} mutants reached inspect, expected a fifth`);
    process.exitCode = 1;
  }
}

function report(seed: number, { mutants, seconds, reach, slowest, digest }: Fuzzed): void {
  const shares = LAYER_NAMES.map(
    (layer) => `${layer} ${reach[layer]} (${((100 * reach[layer]) / mutants).toFixed(1)} %)`,
  );
  const rate = Math.round(mutants / seconds);
  console.log(
    `seed ${seed}, corpus ${digest}: ${mutants} mutants, ${rate} a second, reached ${shares.join(", ")}; slowest ${slowest.ms.toFixed(1)} ms (${slowest.number})`,
  );
}

function again(replay: string, kind: Kind): void {
  const [seed = 0, number = 0] = replay.split(":").map(Number);
  const corpus = loadCorpus();
  const mutant = makeMutant(corpus, { seed, number, kind });
  const path = join(tmpdir(), `mutant-${seed}-${number}.pcap`);
  writeFileSync(path, mutant.bytes);
  console.log(`corpus ${corpus.digest}, ${mutant.story}, cut at ${mutant.cut}: ${path}`);
  const reach = noReach();
  drive(mutant, reach);
  driveToJudge(mutant, reach);
  console.log(reach);
}

/** Mutants between two reports, each with a fresh worker: what leaks is forgotten, and seen. */
const STINT = 500_000;

const kind = KINDS.find((one) => one === values.kind);
if (kind === undefined) {
  console.error(`--kind ${values.kind}, expected one of ${KINDS.join(", ")}`);
  process.exitCode = 2;
} else if (values.replay) again(values.replay, kind);
else await all(kind);
