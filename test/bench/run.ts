/**
 * `npm run bench [section...]`: records its captures on the first run (minutes, 5 GB, root), then
 * measures; without a section, all of them. Tables and goals go to standard output, progress to
 * standard error, the numbers to `data/results.json`. Ends with 1 when a goal is missed or a section
 * breaks off.
 */
import { writeFileSync } from "node:fs";
import { availableParallelism, cpus, loadavg } from "node:os";
import { compareFormats, measureHandshake, measureJobs, measureStart } from "./alone.ts";
import { DATA, ensureCaptures } from "./captures.ts";
import { compareBulk, compareHandshakes, type Section } from "./compare.ts";
import { watchCollector } from "./gc.ts";
import { installPeers, installSuricata } from "./install.ts";
import { type Peer, peers } from "./peers.ts";
import { goalLine, isReached } from "./table.ts";
import { measureTrust } from "./trust.ts";

const SECTIONS: Record<string, (all: readonly Peer[]) => Section> = {
  bulk: compareBulk,
  "handshakes-1": (all) => compareHandshakes(all, 1),
  "handshakes-1000": (all) => compareHandshakes(all, 1000),
  formats: compareFormats,
  start: measureStart,
  handshake: measureHandshake,
  gc: watchCollector,
  jobs: measureJobs,
  trust: measureTrust,
};

async function main(wanted: readonly string[]): Promise<number> {
  const unknown = wanted.find((name) => !(name in SECTIONS));
  if (unknown !== undefined) {
    process.stderr.write(`no section ${unknown}; there are ${Object.keys(SECTIONS).join(" ")}\n`);
    return 2;
  }
  installPeers();
  const suricata = installSuricata();
  await ensureCaptures();
  const all = peers(suricata);
  const machine = `${availableParallelism()} cores, ${cpus()[0]?.model}, Node ${process.version}`;
  process.stdout.write(`${machine}\n`);
  const load = loadavg()[0] ?? 0;
  if (load > BUSY) process.stdout.write(`load ${load.toFixed(1)}: others use these cores too\n`);
  if (!suricata) process.stdout.write("Suricata could not be had: it is not in this comparison\n");

  const broken: string[] = [];
  const results: Record<string, Section> = {};
  for (const [name, run] of Object.entries(SECTIONS)) {
    if (wanted.length > 0 && !wanted.includes(name)) continue;
    try {
      results[name] = run(all);
    } catch (error) {
      // The minutes that the other sections took are not thrown away with this one.
      broken.push(name);
      process.stdout.write(
        `${name} broke off: ${error instanceof Error ? error.message : error}\n`,
      );
    }
  }
  const at = new Date().toISOString();
  writeFileSync(`${DATA}/results.json`, JSON.stringify({ at, machine, results }, null, 1));
  const missed = Object.values(results).flatMap(({ goals }) => goals.filter((g) => !isReached(g)));
  const verdict = [...missed.map(goalLine), ...broken.map((name) => `${name} broke off`)];
  process.stdout.write(`\n${verdict.length === 0 ? "all goals reached" : verdict.join("\n")}\n`);
  return verdict.length === 0 ? 0 : 1;
}

/** Above this many waiting processes times are not to be trusted, and ratios only roughly. */
const BUSY = 0.5;

process.exitCode = await main(process.argv.slice(2));
