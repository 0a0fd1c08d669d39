/** What the bench measures of us alone: file formats, start, cost of a handshake, two processes' work. */
import { CAPTURE, HANDSHAKES } from "./captures.ts";
import type { Section } from "./compare.ts";
import { type Command, type Measured, takeTurns } from "./measure.ts";
import { part, portcullis } from "./peers.ts";
import { COLUMNS, type Goal, goalLine, table } from "./table.ts";
import { warm } from "./warm.ts";

/** pcapng holds more per packet and must cost at most a tenth more time. */
export function compareFormats(): Section {
  const pairs = [
    { what: "bulk", old: CAPTURE.bulk, ng: CAPTURE.bulkNg },
    { what: "handshakes", old: CAPTURE.handshakes1, ng: CAPTURE.handshakes1Ng },
  ];
  for (const { old, ng } of pairs) [old, ng].forEach(warm);
  const commands = pairs.flatMap(({ what, old, ng }) => [
    named(`${what}.pcap`, portcullis(old, "--observations")),
    named(`${what}.pcapng`, portcullis(ng, "--observations")),
  ]);
  return section("pcap and pcapng", commands, (seconds) =>
    pairs.map(({ what }) => ({
      what: `${what}: pcapng / pcap`,
      value: seconds(`${what}.pcapng`) / seconds(`${what}.pcap`),
      atMost: 1.1,
      unit: "x",
    })),
  );
}

/** A capture without a packet: what is left is start and end. */
export function measureStart(): Section {
  const commands = [
    { name: "node alone", argv: [process.execPath, "-e", "0"] },
    named("empty capture", portcullis(CAPTURE.empty)),
  ];
  return section("start", commands, (seconds) => [
    {
      what: "an empty capture, beyond Node's own start",
      value: (seconds("empty capture") - seconds("node alone")) * 1000,
      atMost: 60,
      unit: "ms",
    },
  ]);
}

/**
 * Microseconds for a handshake: the time for a handshake capture, less the time in which nobody reads
 * what its packets carry, over the number of handshakes. What is taken off is start, reading,
 * decoding and following connections; what remains is reading TLS, certificates, judging
 * and printing: with `--observations` all lines to a file, without it findings and verdicts only, and
 * those to nowhere. (Nobody approved the bench's issuer, so there is always a finding to print.)
 */
export function measureHandshake(): Section {
  const captures = [
    { chains: "1 chain", file: CAPTURE.handshakes1 },
    { chains: "1,000 chains", file: CAPTURE.handshakes1000 },
  ];
  for (const { file } of captures) warm(file);
  warm(CAPTURE.opaque);
  const commands = captures.flatMap(({ chains, file }) => [
    named(`${chains}, findings only`, quiet(portcullis(file))),
    named(`${chains}, --observations`, portcullis(file, "--observations")),
  ]);
  const base = named("no inspection", part("floor", CAPTURE.handshakes1));
  const reads = named("1 chain, TLS read alone", part("reads", CAPTURE.handshakes1));
  return section("cost of a handshake", [base, reads, ...commands], (seconds) =>
    [reads, ...commands].map(({ name }) => ({
      what: `a handshake, ${name}`,
      value: ((seconds(name) - seconds("no inspection")) / HANDSHAKES) * 1e6,
      unit: "us",
    })),
  );
}

/** Two files, each judged alone, by one worker and by two. Needs two idle cores. */
export function measureJobs(): Section {
  const pairs = [
    { what: "bulk", files: [CAPTURE.bulk, CAPTURE.bulkNg] },
    { what: "handshakes", files: [CAPTURE.handshakes1, CAPTURE.handshakes1000] },
  ];
  for (const { files } of pairs) files.forEach(warm);
  const commands = pairs.flatMap(({ what, files }) =>
    ["1", "2"].map((jobs) =>
      named(
        `${what}, ${jobs} job${jobs === "1" ? "" : "s"}`,
        portcullis(files, "--separate", "--jobs", jobs, "--observations"),
      ),
    ),
  );
  return section("two files with --separate", commands, (seconds) =>
    pairs.map(({ what }) => ({
      what: `${what}: 1 job / 2 jobs`,
      value: seconds(`${what}, 1 job`) / seconds(`${what}, 2 jobs`),
      atLeast: 1.6,
      unit: "x",
    })),
  );
}

function section(
  title: string,
  commands: readonly Command[],
  goalsOf: (seconds: (name: string) => number) => Goal[],
): Section {
  process.stdout.write(`\n${title}\n`);
  const rows = takeTurns(commands);
  process.stdout.write(`${table(rows, COLUMNS)}\n`);
  const goals = goalsOf((name) => find(rows, name).median.seconds);
  process.stdout.write(`${goals.map(goalLine).join("\n")}\n`);
  return { rows, goals };
}

function find(rows: readonly Measured[], name: string): Measured {
  const row = rows.find((each) => each.name === name);
  if (row === undefined) throw new Error(`no row ${name}`);
  return row;
}

function named(name: string, command: Command): Command {
  return { ...command, name };
}

/** What it prints goes nowhere. */
function quiet({ name, argv }: Command): Command {
  return { name, argv };
}
