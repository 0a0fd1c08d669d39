/**
 * `npm run bench:fence [runs [section...]]`: how long a cut takes, in namespaces of its own. Prints
 * figures and asserts nothing. Takes root, nftables, tcpdump, OpenSSL and e2fsprogs, and some minutes.
 *
 *   call    From the call to the first datagram that the kernel drops, of a workload that sends without a
 *           pause; the same rules by libnftables and by `nft -f` as a process, in turns.
 *   alone   `portcullis watch` itself, from the capture of the packet that proves a wrong issuer (of a
 *           self-signed TLS 1.2 server; a tcpdump beside it has the time) to the first dropped datagram:
 *           the whole way through tap, reassembly, judge and fence.
 *   load    The same beside 20,000 new connections a second,
 *   disk    with a frozen file system under its journal,
 *   stdout  and with a full pipe as its standard output.
 *
 * The moment of the first drop is taken by the sender, when the kernel has refused its datagram: its
 * pause of 50 us, and the time that it waits for a processor, are in the figures. On a machine with
 * other work, `chrt -r 1 npm run bench:fence` shows what an idle one would.
 */
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { availableParallelism, cpus, loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { Standing } from "../../src/respond/fence/standing.ts";
import { ask } from "../../src/watch/admin/ask.ts";
import { Lines } from "../netns/lines.ts";
import { Pair, PEER } from "../netns/pair.ts";
import { Disk } from "./fence-disk.ts";
import { CUT_TEXT, openLibnftables, runNft } from "./fence-nft.ts";
import { WatcherOutput } from "./fence-output.ts";

/** A proof that takes longer is counted as not seen. */
const MISSED_MS = 5000;
const TO_MICROSECONDS = ["-i", "eth0", "-n", "-tt", "-l", "-s", "96"];
const POLICY = `version: 1
mode: enforce
issuers: {roots: [mozilla], selfSigned: cut}
respond: {ladder: [refuse, fence], onFailure: open}
`;
/** All of it runs as root of one machine here: what a real sidecar would not enforce beside. */
const DESPITE = ["workload-net-admin", "host-network"].flatMap((name) => ["--despite", name]);
const [runsText = "500", ...wanted] = process.argv.slice(2);
const runs = Number(runsText);
const SECTIONS: Readonly<Record<string, () => Promise<void>>> = {
  call: fromTheCall,
  alone: () => fromTheProof("nothing beside it", {}),
  load: () => fromTheProof("beside 20,000 new connections a second", { perSecond: 20_000 }),
  disk: () => fromTheProof("with a disk that has stalled", { disk: "stalled" }),
  stdout: () => fromTheProof("with a standard output that nobody reads", { stdout: "stalled" }),
};
print(
  `${availableParallelism()} cores, ${cpus()[0]?.model}, Node ${process.version}, ${runs} runs`,
);
/** What an interrupted run would leave behind. */
const open = new Set<{ close(): void }>();
for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.once(signal, () => {
    for (const one of open) one.close();
    process.exit(1);
  });
}
for (const [name, measure] of Object.entries(SECTIONS)) {
  if (wanted.length === 0 || wanted.includes(name)) await measure();
}
process.exit(0);

async function fromTheCall(): Promise<void> {
  const pair = new Pair();
  open.add(pair);
  try {
    const sender = new Lines(
      pair.spawn("workload", [process.execPath, "test/bench/fence-sender.ts"]),
    );
    const origin = { instance: "bench", policySha256: "0".repeat(64), owned: false };
    const standing = pair.inside("workload", () => new Standing(origin, undefined));
    const libnftables = pair.inside("workload", openLibnftables);
    const ways = {
      "one prepared batch over netlink": () => standing.cut(),
      "libnftables in this process": () => pair.inside("workload", () => libnftables(CUT_TEXT)),
      "nft -f as a process": () => pair.inside("workload", () => runNft(CUT_TEXT)),
    };
    const dropped = new Map<string, number[]>();
    await sender.next(/^open/);
    for (let run = 0; run < runs; run++) {
      for (const [name, cut] of Object.entries(ways)) {
        // A tenth of the runs is enough for what is not ours.
        if (cut !== ways["one prepared batch over netlink"] && run % 10 !== 0) continue;
        const seen = sender.count;
        const called = process.hrtime.bigint();
        cut();
        const [, , at = ""] = (await sender.next(/^dropped/, seen)).split(" ");
        add(dropped, name, Number(BigInt(at) - called) / 1e6);
        const opened = sender.count;
        standing.install({ isCut: false });
        await sender.next(/^open/, opened);
      }
    }
    standing.close();
    print(`\nfrom the call to the first dropped datagram (ms); ${loaded()}`);
    for (const [name, all] of dropped) print(figures(name, all));
  } finally {
    pair.close();
    open.clear();
  }
}

async function fromTheProof(
  beside: string,
  { perSecond = 0, disk, stdout }: Beside,
): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "portcullis-bench-"));
  const pair = new Pair();
  open.add(pair);
  const output = new WatcherOutput(join(folder, "stdout"), stdout === "stalled");
  const state = disk === "stalled" ? Disk.make(folder) : undefined;
  if (state !== undefined) open.add(state);
  try {
    if (disk === "stalled" && state === undefined) {
      print(`\n${beside}: not measured, since a disk of its own cannot be mounted here`);
      return;
    }
    const [key, cert] = [join(folder, "key.pem"), join(folder, "cert.pem")];
    const request = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=self-signed"];
    pair.run("peer", "openssl", ...request, "-keyout", key, "-out", cert);
    const serve = [process.execPath, "test/bench/fence-server.ts", key, cert];
    await new Lines(pair.spawn("peer", serve)).next(/^listening/);

    const policy = join(folder, "portcullis.yaml");
    writeFileSync(policy, POLICY);
    const admin = join(folder, "admin.sock");
    const call = ["watch", "--policy", policy, "--admin", `unix:${admin}`];
    const states = ["--state", join(state?.path ?? folder, "state"), ...DESPITE];
    const child = pair.spawn(
      "workload",
      [process.execPath, "src/cli/portcullis.mjs", ...call, ...states],
      { stdio: ["ignore", output.fd, "pipe"] },
    );
    let log = "";
    child.stderr!.on("data", (text: Buffer) => {
      log += text;
    });
    while (!log.includes('"msg":"ready"')) {
      if (child.exitCode !== null) throw new Error(`the watcher ended: ${log}`);
      await setTimeout(20);
    }
    const senderArgs = [process.execPath, "test/bench/fence-sender.ts", "0.05"];
    const sender = new Lines(pair.spawn("workload", senderArgs));
    await sender.next(/^open/);
    const load =
      perSecond === 0
        ? undefined
        : new Lines(
            pair.spawn("workload", [process.execPath, "test/bench/fence-load.ts", `${perSecond}`]),
          );
    await load?.next(/^sent/);

    // The server's flight, and nothing shorter: with its last packet the issuer is proven.
    const dump = ["tcpdump", ...TO_MICROSECONDS, "tcp src port 8443 and greater 200"];
    const taps = pair.spawn("workload", dump, { stdio: ["ignore", "pipe", "pipe"] });
    const wire = new Lines(taps);
    await new Promise<void>((resolve) => {
      taps.stderr!.on("data", (text: Buffer) => {
        if (text.includes("listening on")) resolve();
      });
    });
    const [first, shut, all]: [number[], number[], number[]] = [[], [], []];
    let [missed, untold] = [0, 0];
    for (let run = 0; run < runs; run++) {
      output.stall();
      state?.stall();
      const [seen, passed] = [sender.count, wire.count];
      const connect = ["s_client", "-connect", `${PEER.ipv4}:8443`, "-tls1_2", "-quiet"];
      const client = pair.spawn("workload", ["openssl", ...connect], {
        stdio: ["pipe", "ignore", "ignore"],
      });
      client.stdin!.on("error", () => {});
      const dropped = await Promise.race([sender.next(/^dropped/, seen), setTimeout(MISSED_MS)]);
      state?.goOn();
      const [verdict, outcome] = (await output.lines(["verdict", "outcome"], MISSED_MS)) ?? [];
      if (dropped === undefined) {
        missed++;
        print(`  run ${run} without a cut; the watcher's last words: ${log.slice(-500)}`);
      } else if (verdict === undefined || outcome === undefined) {
        untold++;
      } else {
        const shutMs = Number(/cut off in (?<ms>[\d.]+) ms/.exec(outcome.detail ?? "")?.groups?.ms);
        const droppedUs = Number(dropped.split(" ")[1]);
        // Of this connection: what was cut off before is still repeated by its server.
        const port = verdict.client?.split(":").at(-1);
        const flight = new RegExp(`^\\d.* > 10\\.91\\.0\\.1\\.${port}:`);
        await Promise.race([wire.next(flight, passed), setTimeout(MISSED_MS)]);
        const proven = wire.matching(flight, passed).map((line) => Number.parseFloat(line) * 1e6);
        const provenUs = proven.findLast((atUs) => atUs <= droppedUs);
        if (provenUs !== undefined) first.push((droppedUs - provenUs) / 1000);
        shut.push(shutMs);
        all.push(outcome.tookMs ?? NaN);
        if (outcome.verified !== true) print(`  not verified: ${outcome.detail}`);
      }
      const opened = sender.count;
      await ask(admin, { verb: "release", because: "bench" });
      if (dropped !== undefined) await sender.next(/^open/, opened);
      if (client.exitCode === null && client.signalCode === null) {
        client.kill("SIGKILL");
        await once(client, "exit");
      }
    }
    const sent = load?.matching(/^sent/).map((one) => Number(one.slice(5))) ?? [];
    print(`\nfrom the capture of the proof, ${beside} (ms); ${loaded()}`);
    if (sent.length > 0)
      print(`  SYNs that left in a second (none while cut off): ${median(sent)}`);
    if (missed > 0) print(`  runs without a cut in ${MISSED_MS} ms: ${missed}`);
    if (untold > 0) print(`  cuts that were not told of in ${MISSED_MS} ms: ${untold}`);
    print(figures("to the first dropped datagram", first));
    print(figures("of these: the transaction", shut));
    print(figures("from the call until all is verified", all));
  } finally {
    state?.close();
    pair.close();
    open.clear();
    output.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

interface Beside {
  /** New connections a second. */
  readonly perSecond?: number;
  readonly disk?: "stalled";
  readonly stdout?: "stalled";
}

function figures(name: string, all: readonly number[]): string {
  const sorted = all.toSorted((a, b) => a - b);
  const at = (share: number) => (sorted[Math.ceil(sorted.length * share) - 1] ?? NaN).toFixed(3);
  const shown = `p50 ${at(0.5)}  p99 ${at(0.99)}  most ${at(1)}  of ${all.length}`;
  return `  ${name.padEnd(44)} ${shown}`;
}

/** Other work on the same processors is in every figure. */
function loaded(): string {
  return `${(loadavg()[0] ?? 0).toFixed(1)} processes wanted a core`;
}

function median(all: readonly number[]): number {
  return all.toSorted((a, b) => a - b)[Math.floor(all.length / 2)] ?? NaN;
}

function add(to: Map<string, number[]>, name: string, value: number): void {
  to.set(name, [...(to.get(name) ?? []), value]);
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}
