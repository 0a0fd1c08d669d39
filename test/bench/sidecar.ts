/**
 * `npm run bench:sidecar [seconds]`: what the sidecar costs beside its workload: memory, processor time, and
 * the time until it watches, at rest, at 1,000 new connections a second and at 1 Gbit/s of bulk; and
 * `tcpdump -w /dev/null` in the same place, under the same load. Prints figures and asserts nothing. Takes
 * root, in namespaces of its own.
 *
 * The program is compiled first, as an image would hold it: stripping types at the start takes 30 MB. It
 * runs under the flags below, which are worth 11 MB at rest and 10 at 1,000 connections a second, and cost
 * nothing that could be measured: little lives long here, and what does is small.
 */
import { type ChildProcess, spawnSync } from "node:child_process";
import { once } from "node:events";
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { availableParallelism, cpus, loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { PROJECT } from "../cli/program.ts";
import { Pair, PEER } from "../netns/pair.ts";

const LOAD_SECONDS = Number(process.argv[2] ?? 20);
const IDLE_SECONDS = process.argv[2] === undefined ? 60 : LOAD_SECONDS;
const FLAGS = ["--max-semi-space-size=1", "--optimize-for-size", "--v8-pool-size=1"];
const PORT = 4440;
/** An end, and no measure. */
const READY_MS = 60_000;
const folder = mkdtempSync(join(tmpdir(), "portcullis-sidecar-"));
const program = join(folder, "program");

interface Figures {
  readonly rssMb: number;
  readonly peakMb: number;
  readonly cpuPercent: number;
}

try {
  compile();
  const transcript = await recorded();
  print(`${availableParallelism()} cores, ${cpus()[0]?.model}, Node ${process.version}`);
  print(`Node's flags: ${FLAGS.join(" ")}`);
  print(`load before: ${loadavg()[0]?.toFixed(1)}`);
  for (const method of ["portcullis watch", "tcpdump -w /dev/null"]) {
    const pair = new Pair();
    try {
      await measure(method, pair, transcript);
    } finally {
      pair.close();
    }
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
process.exit();

async function measure(method: string, pair: Pair, transcript: string): Promise<void> {
  const load = (...args: string[]) => [
    process.execPath,
    `${PROJECT}/test/bench/sidecar-load.ts`,
    ...args,
  ];
  const server = pair.spawn("peer", load("serve", `${PORT}`, transcript));
  await once(server.stdout!, "data");
  const started = performance.now();
  const child = method.startsWith("tcpdump") ? dump(pair) : watch(pair);
  await isReady(child, method.startsWith("tcpdump") ? "listening on" : '"ready"');
  const startMs = performance.now() - started;
  print(`\n${method}: watches after ${startMs.toFixed(0)} ms`);
  report(`at rest, ${IDLE_SECONDS} s`, await during(child, () => sleep(IDLE_SECONDS * 1000)));
  const [perSecond, megabits] = [1000, 1000];
  let done = "";
  const many = load("connect", PEER.ipv4, `${PORT}`, transcript, `${perSecond}`, `${LOAD_SECONDS}`);
  const busy = await during(child, async () => {
    done = await output(pair.spawn("workload", many));
  });
  report(`${Math.round(Number(done) / LOAD_SECONDS)} connections/s, ${LOAD_SECONDS} s`, busy);
  const bulk = load("bulk", PEER.ipv4, `${PORT}`, `${megabits}`, `${LOAD_SECONDS}`);
  const pouring = await during(child, async () => {
    done = await output(pair.spawn("workload", bulk));
  });
  const gigabits = (Number(done) * 8) / LOAD_SECONDS / 1e9;
  report(`bulk of ${gigabits.toFixed(2)} Gbit/s, ${LOAD_SECONDS} s`, pouring);
}

function watch(pair: Pair): ChildProcess {
  const main = join(program, "src/cli/main.js");
  const places = ["--admin", `unix:${folder}/run/admin.sock`, "--state", `${folder}/state`];
  const policy = join(folder, "portcullis.yaml");
  writeFileSync(policy, "version: 1\nmode: audit\n");
  const command = [process.execPath, ...FLAGS, main, "watch", "--policy", policy, ...places];
  return pair.spawn("workload", command, { stdio: ["ignore", "ignore", "pipe"] });
}

function dump(pair: Pair): ChildProcess {
  const command = ["tcpdump", "-i", "any", "-n", "-Z", "root", "-w", "/dev/null"];
  return pair.spawn("workload", command, { stdio: ["ignore", "ignore", "pipe"] });
}

async function isReady(child: ChildProcess, word: string): Promise<void> {
  let said = "";
  await new Promise<void>((resolve, reject) => {
    child.stderr!.on("data", (bytes) => {
      said = (said + String(bytes)).slice(-8192);
      if (said.includes(word)) resolve();
    });
    const late = () => reject(new Error(`it does not watch yet; it said\n${said}`));
    setTimeout(late, READY_MS).unref();
    child.once("exit", () => reject(new Error(`it ended before it watched:\n${said}`)));
  });
}

/** Resident memory at the end and at most, and processor time over the time that `work` takes. */
async function during(child: ChildProcess, work: () => Promise<unknown>): Promise<Figures> {
  const [ticks, at] = [ticksOf(child), performance.now()];
  let peakMb = 0;
  const look = setInterval(() => {
    peakMb = Math.max(peakMb, rssOf(child));
  }, 200);
  await work();
  clearInterval(look);
  const seconds = (performance.now() - at) / 1000;
  const rssMb = rssOf(child);
  // A hundredth of a second each, of a hundred percent.
  const cpuPercent = (ticksOf(child) - ticks) / seconds;
  return { rssMb, peakMb: Math.max(peakMb, rssMb), cpuPercent };
}

function rssOf({ pid }: ChildProcess): number {
  const kilobytes = /^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, "latin1"))?.[1];
  return Number(kilobytes) / 1024;
}

/** User and system time, in hundredths of a second, which is what Linux counts in. */
function ticksOf({ pid }: ChildProcess): number {
  const fields = readFileSync(`/proc/${pid}/stat`, "latin1").split(") ")[1]!.split(" ");
  return Number(fields[11]) + Number(fields[12]);
}

async function output(child: ChildProcess): Promise<string> {
  let said = "";
  child.stdout!.on("data", (bytes) => {
    said += String(bytes);
  });
  await once(child, "close");
  return said.trim();
}

function compile(): void {
  const args = ["-p", "tsconfig.json", "--outDir", program];
  const { status, stdout } = spawnSync(`${PROJECT}/node_modules/.bin/tsc`, args, {
    cwd: PROJECT,
    encoding: "utf8",
  });
  if (status !== 0) throw new Error(`tsc failed:\n${stdout}`);
  symlinkSync(`${PROJECT}/node_modules`, join(program, "node_modules"));
  copyFileSync(`${PROJECT}/package.json`, join(program, "package.json"));
}

async function recorded(): Promise<string> {
  const [key, cert] = [join(folder, "key.pem"), join(folder, "cert.pem")];
  const subject = ["-subj", "/CN=api.corp.example", "-days", "30"];
  const curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];
  spawnSync("openssl", ["req", "-x509", ...curve, "-keyout", key, "-out", cert, ...subject]);
  const load = `${PROJECT}/test/bench/sidecar-load.ts`;
  const { stdout } = spawnSync(process.execPath, [load, "record", key, cert], { encoding: "utf8" });
  mkdirSync(join(folder, "run"), { mode: 0o700 });
  const file = join(folder, "transcript.json");
  writeFileSync(file, stdout);
  return file;
}

function report(what: string, { rssMb, peakMb, cpuPercent }: Figures): void {
  const memory = `${rssMb.toFixed(0)} MB, at most ${peakMb.toFixed(0)}`;
  print(`  ${what.padEnd(34)} ${memory.padEnd(24)} ${cpuPercent.toFixed(1)} % of a core`);
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}
