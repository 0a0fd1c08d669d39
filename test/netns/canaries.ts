/**
 * Canaries: 16 bytes that nobody else sends, told from a seed, one for each way out of a namespace;
 * and their count at the peer's end of the cable, by a tcpdump of its own.
 */
import { createHash } from "node:crypto";
import { once } from "node:events";
import { setTimeout } from "node:timers/promises";
import type { Pair } from "./pair.ts";

/** Ways of a program with CAP_NET_RAW: frames, raw packets, messages, datagrams. */
export const WAYS = [
  "packet",
  "qdisc-bypass",
  "xdp",
  "marked",
  "arp",
  "raw4",
  "raw6",
  "icmp4",
  "icmp6",
  "udp4",
  "udp6",
] as const;
export type Way = (typeof WAYS)[number];
/** Of each canary. */
export const PACKETS = 10;
const QUIET_MS = 150;

export function canaryOf(seed: string, way: Way): Uint8Array {
  return createHash("sha256").update(`${seed} ${way}`).digest().subarray(0, 16);
}

/** What the sender said of each way: how many it handed over, or why none. */
export function sendCanaries(pair: Pair, seed: string): ReadonlyMap<Way, string> {
  const said = pair.run("workload", process.execPath, "test/netns/canary.ts", seed);
  return new Map(
    said
      .trim()
      .split("\n")
      .map((line) => [line.slice(0, line.indexOf(" ")) as Way, line.slice(line.indexOf(" ") + 1)]),
  );
}

/** What arrives at the peer, from now until `end`. */
export async function watchPeer(pair: Pair): Promise<PeerWatch> {
  const command = [
    "tcpdump",
    "-i",
    "eth0",
    "-Q",
    "in",
    "-s",
    "256",
    "-U",
    "--immediate-mode",
    "-w",
    "-",
  ];
  const child = pair.spawn("peer", command, { stdio: ["ignore", "pipe", "pipe"] });
  const pieces: Buffer[] = [];
  child.stdout!.on("data", (piece: Buffer) => pieces.push(piece));
  let said = "";
  await new Promise<void>((resolve, reject) => {
    child.stderr!.on("data", (text: Buffer) => {
      said += text;
      if (said.includes("listening on")) resolve();
    });
    child.on("exit", () => reject(new Error(`tcpdump ended: ${said}`)));
  });
  return {
    async end() {
      // What waited for a neighbour's answer comes a moment later: until nothing has come for a while.
      for (let before = -1; before !== pieces.length; ) {
        before = pieces.length;
        await setTimeout(QUIET_MS);
      }
      const closed = once(child, "close");
      child.kill("SIGINT");
      await closed;
      return Buffer.concat(pieces);
    },
  };
}

export interface PeerWatch {
  /** All that came, as a capture file. */
  end(): Promise<Buffer>;
}

/** How often a canary is in a capture file. */
export function countIn(capture: Buffer, canary: Uint8Array): number {
  let count = 0;
  for (let at = capture.indexOf(canary); at >= 0; at = capture.indexOf(canary, at + 16)) count++;
  return count;
}
