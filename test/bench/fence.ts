/**
 * `npm run bench:fence [runs]`: how long a cut takes, in namespaces of its own. Prints figures and
 * asserts nothing. Takes root, nftables and OpenSSL, and some minutes.
 *
 *   1. From the call to the first datagram that the kernel drops, of a workload that sends without a
 *      pause; the same rules by libnftables and by `nft -f` as a process, in turns.
 *   2. From the capture time of the packet that proves a wrong issuer (a self-signed TLS 1.2 server) to the first dropped datagram: the whole way through tap, reassembly, judge and fence;
 *      alone, and beside 20,000 new connections a second.
 *
 * The moment of the first drop is taken by the sender, when the kernel has refused its datagram: its
 * pause, and the time that it waits for a processor, are in the figures.
 */
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { availableParallelism, cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { Standing } from "../../src/respond/fence/standing.ts";
import { Lines } from "../netns/lines.ts";
import { Pair, PEER } from "../netns/pair.ts";
import { CUT_TEXT, openLibnftables, runNft } from "./fence-nft.ts";

/** A proof that takes longer is counted as not seen. */
const MISSED_MS = 3000;
const runs = Number(process.argv[2] ?? 500);
const folder = mkdtempSync(join(tmpdir(), "portcullis-bench-"));
try {
  print(
    `${availableParallelism()} cores, ${cpus()[0]?.model}, Node ${process.version}, ${runs} runs`,
  );
  await fromTheCall();
  await fromTheProof("nothing beside it", 0);
  await fromTheProof("beside 20,000 new connections a second", 20_000);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
process.exit(0);

async function fromTheCall(): Promise<void> {
  const pair = new Pair();
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
    print("\nfrom the call to the first dropped datagram (ms)");
    for (const [name, all] of dropped) print(figures(name, all));
  } finally {
    pair.close();
  }
}

async function fromTheProof(beside: string, perSecond: number): Promise<void> {
  const pair = new Pair();
  try {
    const certificate = ["-keyout", join(folder, "key.pem"), "-out", join(folder, "cert.pem")];
    const request = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=self-signed"];
    pair.run("peer", "openssl", ...request, ...certificate);
    const [, key, , cert] = certificate as [string, string, string, string];
    const serve = [process.execPath, "test/bench/fence-server.ts", key, cert];
    await new Lines(pair.spawn("peer", serve)).next(/^listening/);
    const watch = [process.execPath, "--disable-warning=ExperimentalWarning"];
    const child = pair.spawn("workload", [...watch, "test/bench/fence-watcher.ts"], {
      stdio: ["pipe", "pipe", "inherit"],
    });
    const watcher = new Lines(child);
    const method = (await watcher.next(/^ready/)).slice(6);
    const sender = new Lines(
      pair.spawn("workload", [process.execPath, "test/bench/fence-sender.ts", "0.05"]),
    );
    await sender.next(/^open/);
    const load =
      perSecond === 0
        ? undefined
        : new Lines(
            pair.spawn("workload", [
              process.execPath,
              "test/bench/fence-load.ts",
              String(perSecond),
            ]),
          );
    await load?.next(/^sent/);

    const [whole, judged, shut, all]: [number[], number[], number[], number[]] = [[], [], [], []];
    let lost = "0";
    let missed = 0;
    for (let run = 0; run < runs; run++) {
      const [seen, said] = [sender.count, watcher.count];
      const client = pair.spawn(
        "workload",
        ["openssl", "s_client", "-connect", `${PEER.ipv4}:8443`, "-tls1_2", "-quiet"],
        { stdio: ["pipe", "ignore", "ignore"] },
      );
      const line = await Promise.race([watcher.next(/^cut/, said), setTimeout(MISSED_MS)]);
      if (line === undefined) {
        missed++;
        client.kill("SIGKILL");
        continue;
      }
      const [, proofUs = "", calledUs = "", ...outcome] = line.split(" ");
      const [, droppedUs = ""] = (await sender.next(/^dropped/, seen)).split(" ");
      const { detail, tookMs, verified } = JSON.parse(outcome.join(" "));
      if (!verified) print(`not verified: ${detail}`);
      whole.push((Number(droppedUs) - Number(proofUs)) / 1000);
      judged.push((Number(calledUs) - Number(proofUs)) / 1000);
      shut.push(Number(/cut off in (?<ms>[\d.]+) ms/.exec(detail)?.groups?.ms));
      all.push(tookMs);
      const opened = sender.count;
      child.stdin!.write("release\n");
      lost = (await watcher.next(/^released/, said)).slice("released lost ".length);
      await sender.next(/^open/, opened);
      if (client.exitCode === null && client.signalCode === null) {
        client.kill("SIGKILL");
        await once(client, "exit");
      }
    }
    const sent = load?.matching(/^sent/).map((one) => Number(one.slice(5))) ?? [];
    print(`\nfrom the capture of the proof (${method}), ${beside} (ms); packets lost: ${lost}`);
    if (sent.length > 0) print(`  connections that were really opened a second: ${median(sent)}`);
    if (missed > 0) print(`  runs whose proof was not seen in ${MISSED_MS} ms: ${missed}`);
    print(figures("to the first dropped datagram", whole));
    print(figures("of these: until the fence is called", judged));
    print(figures("of these: the transaction", shut));
    print(figures("to verified, sockets ended (from the call)", all));
  } finally {
    pair.close();
  }
}

function figures(name: string, all: readonly number[]): string {
  const sorted = all.toSorted((a, b) => a - b);
  const at = (share: number) => (sorted[Math.ceil(sorted.length * share) - 1] ?? NaN).toFixed(3);
  const shown = `p50 ${at(0.5)}  p99 ${at(0.99)}  most ${at(1)}  of ${all.length}`;
  return `  ${name.padEnd(44)} ${shown}`;
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
