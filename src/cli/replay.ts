/** `portcullis replay <capture...>`: judges what captures hold and prints it. */
import { accessSync, constants, readFileSync, statSync } from "node:fs";
import { isatty } from "node:tty";
import { LocalNetworks } from "../judge/direction.ts";
import { VANTAGES, type Vantage } from "../judge/expectation.ts";
import { parseWorkloads, type WorkloadEntry } from "../judge/workloads.ts";
import { escapeText } from "../report/escape.ts";
import { FORMATS, FORMATS_TO_COME } from "../report/index.ts";
import { SEVERITIES } from "../report/lines.ts";
import { SpoolRefused } from "../report/spool.ts";
import { type Command, EXIT } from "./command.ts";
import { expandInputs, readableInputs } from "./inputs.ts";
import { type Call, countOf, given, Misuse, type Option, parseCall } from "./options.ts";
import { codeOf, complain, Output, OutputRefused } from "./output.ts";
import type { PassEnd, PassOptions } from "./pass.ts";
import { POLICY_OPTIONS, policyOf } from "./policy-given.ts";
import { progressBar } from "./progress.ts";
import { complainOf } from "./unreadable.ts";

const OPTIONS: readonly Option[] = [
  ...POLICY_OPTIONS,
  {
    name: "local",
    value: "CIDR",
    many: true,
    says: "our addresses, which tell directions; may be repeated",
  },
  {
    name: "workloads",
    value: "F",
    says: "names of workloads: an address or a CIDR and a name a line",
  },
  {
    name: "vantage",
    value: "V",
    oneOf: VANTAGES,
    says: "where the capture was taken: pod, node or wire (see `expect`)",
  },
  {
    name: "keylog",
    value: "F",
    many: true,
    says: "TLS keys (SSLKEYLOGFILE), which open TLS 1.3; may repeat",
  },
  { name: "format", value: "F", says: "text or jsonl; with both, text goes to standard error" },
  { name: "observations", says: "print what was seen too, and every verdict" },
  { name: "probe", says: "ask servers, now, for certificates that TLS 1.3 hid" },
  {
    name: "flight-sizes",
    says: "with --observations, the sizes of sealed TLS 1.3 records",
    rare: true,
  },
  { name: "verify", value: "all", oneOf: ["all"], says: "check every signature, not a sample" },
  {
    name: "fail-on",
    value: "S",
    oneOf: [...SEVERITIES, "never"],
    says: "exit 1 from critical, breach (default), warning or note; never",
  },
  { name: "separate", says: "judge each file alone, and not all as one capture" },
  { name: "jobs", value: "N", says: "with --separate, so many files at a time (default 1)" },
  { name: "hash", says: "put the SHA-256 of each file into the summary" },
  { name: "max-bytes", value: "N", says: "read at most so much of each file, unpacked (500M, 2G)" },
  { name: "evidence", value: "DIR", says: "write the proof of each verdict that is no pass" },
  { name: "no-progress", says: "no progress on standard error" },
  ...toCome({
    since: "T|judge only what came after a time",
    until: "T|judge only what came before a time",
    host: "A|judge only the connections of an address",
    sni: "N|judge only the connections to a name",
    issuer: "DN|judge only the connections that met an issuer",
    show: "FLOW|show one connection in full",
    by: "K|group what was found by issuer, destination or workload",
    certs: "DIR|write the certificates to files",
    write: "F|write the packets of what was found to a capture",
    report: "F|write a page to read and to pass on",
    ledger: "F|keep what was seen in a database",
    follow: "|go on reading a file that grows",
  }),
];

export const replayCommand: Command = {
  usage: "replay <capture...>",
  says: "Judges each connection in captures (pcap, pcapng, .gz, .zst, -, directories).",
  options: OPTIONS,
  examples: [
    ["portcullis replay --policy p.yaml x.pcapng", "judge by your own policy"],
    ["tcpdump -w - | portcullis replay -", "read what another program writes"],
  ],
  run,
};

async function run(args: readonly string[]): Promise<number> {
  const call = parseCall(args, OPTIONS);
  if (call.operands.length === 0) {
    throw new Misuse("replay expects a capture: portcullis replay x.pcap");
  }
  const formats = formatsOf(call);
  const jobs = countOf(call, "jobs", 1) ?? 1;
  const failOn = given(call, "fail-on") ?? "breach";
  const maxBytes = countOf(call, "max-bytes", 1);
  const evidence = given(call, "evidence");
  if (evidence !== undefined && jobs > 1) {
    throw new Misuse("--evidence: one job writes there at a time, leave out --jobs");
  }
  if (call.values.has("probe") && call.values.has("separate")) {
    throw new Misuse("--probe: servers are asked for one capture at a time, leave out --separate");
  }
  const { files: inputs, unreadable } = readableInputs(expandInputs(call.operands));
  const options: PassOptions = {
    inputs,
    policy: await policyOf(call),
    local: localOf(call),
    workloads: workloadsOf(call),
    vantage: given(call, "vantage") as Vantage | undefined,
    observations: call.values.has("observations"),
    flightSizes: call.values.has("flight-sizes"),
    probe: call.values.has("probe"),
    verify: given(call, "verify") === "all" ? "all" : "sample",
    keyLogs: keyLogsOf(call),
    hash: call.values.has("hash"),
    ...(maxBytes !== undefined && { maxBytes }),
    formats,
    // A terminal that does not know its width says 0.
    columns: (isatty(1) && process.stdout.columns) || COLUMNS,
    colour: { out: showsColour(1), err: showsColour(2) },
    ...(evidence !== undefined && { evidence }),
  };
  complainOf({ unreadable, failed: false });
  const ends: PassEnd[] = [{ unreadable, failed: false }];
  if (inputs.length === 0) return exitCode(ends, failOn);
  try {
    if (call.values.has("separate")) {
      const { separate } = await import("./separate.ts");
      ends.push(...(await separate(options, jobs)));
    } else {
      ends.push(await together(options, !call.values.has("no-progress")));
    }
    return exitCode(ends, failOn);
  } catch (error) {
    return refusal(error);
  }
}

/** The machine's no has its own exit code; what is no refusal is thrown on. */
function refusal(error: unknown): number {
  const isRefusal = [SpoolRefused, OutputRefused].some((kind) => error instanceof kind);
  if (!(error instanceof Error) || !(isRefusal || error.name === "EvidenceRefused")) throw error;
  complain(escapeText(error.message));
  return EXIT.REFUSED;
}

async function together(options: PassOptions, progress: boolean): Promise<PassEnd> {
  // The engine, which a wrong call or a call for help does without.
  const { pass } = await import("./pass.ts");
  const end = await pass(options, new Output(1).write, new Output(2).write, progressBar(progress));
  complainOf(end);
  return end;
}

function exitCode(ends: readonly PassEnd[], failOn: string): number {
  if (ends.some(({ evidence }) => evidence !== undefined && evidence.failed > 0)) {
    return EXIT.REFUSED;
  }
  if (ends.some((end) => end.unreadable.length > 0 || end.failed)) return EXIT.UNREADABLE;
  if (failOn === "never") return EXIT.FINE;
  const least = (SEVERITIES as readonly string[]).indexOf(failOn);
  const bad = ends.some((end) => end.worst !== undefined && SEVERITIES.indexOf(end.worst) >= least);
  return bad ? EXIT.FINDINGS : EXIT.FINE;
}

function formatsOf(call: Call): string[] {
  const names = (given(call, "format") ?? "text").split(",");
  const known = FORMATS.map(({ name }) => name);
  for (const name of names) {
    if (FORMATS_TO_COME.includes(name)) {
      throw new Misuse(`--format ${name} is not in this version yet, expected ${known.join(", ")}`);
    }
    if (!known.includes(name)) {
      throw new Misuse(`--format ${name}: expected ${known.join(", ")}`);
    }
  }
  return names;
}

function localOf(call: Call): readonly string[] {
  const local = call.values.get("local") ?? [];
  try {
    new LocalNetworks(local);
  } catch (error) {
    throw new Misuse(`--local: ${error instanceof Error ? error.message : String(error)}`);
  }
  return local;
}

/** `Misuse` names the file and its line. */
function workloadsOf(call: Call): readonly WorkloadEntry[] {
  const file = given(call, "workloads");
  if (file === undefined) return [];
  try {
    return parseWorkloads(readFileSync(file, "utf8"));
  } catch (error) {
    const why = codeOf(error) ?? (error instanceof Error ? error.message : String(error));
    throw new Misuse(`--workloads ${file}: ${why}`);
  }
}

/** Checked here, so that nothing is done when one cannot be read. */
function keyLogsOf(call: Call): readonly string[] {
  const paths = call.values.get("keylog") ?? [];
  for (const path of paths) {
    try {
      accessSync(path, constants.R_OK);
    } catch (error) {
      throw new Misuse(`--keylog ${path}: cannot be opened (${codeOf(error)})`);
    }
    if (statSync(path).isDirectory())
      throw new Misuse(`--keylog ${path}: a directory, expected a file`);
  }
  return paths;
}

function showsColour(fd: 1 | 2): boolean {
  const refused = process.env.NO_COLOR;
  return isatty(fd) && (refused === undefined || refused === "") && process.env.TERM !== "dumb";
}

/** `name: "VALUE|what it will do"`. */
function toCome(options: Readonly<Record<string, string>>): Option[] {
  return Object.entries(options).map(([name, text]) => {
    const [value = "", says = ""] = text.split("|");
    return { name, says, toCome: true, ...(value !== "" && { value }) };
  });
}

/** Of output that no terminal shows. */
const COLUMNS = 100;
