/**
 * What the trust engine costs: chains that it never saw, beside the two others that a program for
 * Node could use; judgements that it remembers; and what checking every signature of a handshake adds
 * to reading a capture.
 *
 * The others do less: neither builds paths, nor knows name constraints, purposes or limits.
 */
import { execFileSync } from "node:child_process";
import { rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { CAPTURE, HANDSHAKES } from "./captures.ts";
import type { Section } from "./compare.ts";
import { type Command, median, takeTurns } from "./measure.ts";
import { part, portcullis } from "./peers.ts";
import { COLUMNS, type Goal, goalLine, table } from "./table.ts";
import { writeChains } from "./trust-chains.ts";
import type { Rate } from "./trust-work.ts";
import { warm } from "./warm.ts";

export function measureTrust(): Section {
  process.stdout.write("\ntrust\n");
  const file = join(tmpdir(), `bench-chains-${process.pid}`);
  writeChains(file);
  try {
    const verified = verifyAll();
    const goals = [...rateGoals(file), ...verified.goals];
    process.stdout.write(`${goals.map(goalLine).join("\n")}\n`);
    return { rows: verified.rows, goals };
  } finally {
    rmSync(file);
  }
}

/** Each in a process of its own, in turns; of the median, which other processes disturb least. */
function rateGoals(file: string): Goal[] {
  const rates = new Map(CONTENDERS.map((name): [string, number[]] => [name, []]));
  for (let round = 0; round < ROUNDS; round++) {
    for (const [name, seen] of rates) {
      const said = execFileSync(process.execPath, [WORK, name, file], { encoding: "utf8" });
      seen.push((JSON.parse(said) as Rate).perCpuSecond);
    }
  }
  const rate = (name: string) => median(rates.get(name)!);
  const ours = rate("portcullis");
  const others = ["node:crypto", "@peculiar/x509"];
  return [
    { what: "chains a CPU second, never seen", value: ours, atLeast: 4000, unit: "" },
    ...others.map((name) => ({
      what: `chains a CPU second, ${name}`,
      value: rate(name),
      unit: "",
    })),
    ...others.map((name) => ({
      what: `chains: ours / ${name}`,
      value: ours / rate(name),
      unit: "x",
    })),
    {
      what: "judgements a CPU second, remembered",
      value: rate("cached judgements"),
      atLeast: 1_000_000,
      unit: "",
    },
  ];
}

/**
 * Microseconds that one handshake costs beyond reading, decoding and following its packets: with a
 * sample of the signatures checked, and with `--verify all`.
 */
function verifyAll(): Section {
  const captures = { "1 chain": CAPTURE.handshakes1, "1,000 chains": CAPTURE.handshakes1000 };
  const commands: Command[] = [];
  for (const [chains, file] of Object.entries(captures)) {
    warm(file);
    commands.push({ ...part("floor", file), name: `${chains}, floor` });
    for (const flags of [[], ["--verify", "all"]]) {
      const { argv } = portcullis(file, ...flags);
      commands.push({ name: [chains, ...flags].join(" "), argv });
    }
  }
  const rows = takeTurns(commands);
  process.stdout.write(`${table(rows, COLUMNS)}\n`);
  const cpu = (name: string) => rows.find((row) => row.name === name)!.median.cpuSeconds;
  const goals = Object.keys(captures).flatMap((chains) =>
    [chains, `${chains} --verify all`].map((name) => ({
      what: `a handshake, ${name}`,
      value: ((cpu(name) - cpu(`${chains}, floor`)) / HANDSHAKES) * 1e6,
      unit: "us of CPU",
    })),
  );
  return { rows, goals };
}

const WORK = fileURLToPath(new URL("./trust-work.ts", import.meta.url));
const CONTENDERS = ["portcullis", "node:crypto", "@peculiar/x509", "cached judgements"];
const ROUNDS = 5;
