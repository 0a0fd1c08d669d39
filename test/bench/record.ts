/**
 * One recording: namespaces, server, tcpdump, client, and again more slowly if a frame was missed.
 */
import { once } from "node:events";
import { copyFileSync, mkdtempSync, renameSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { mintChains } from "./record-certificates.ts";
import type { Plan } from "./record-load.ts";
import { Network, SERVER_ADDRESSES } from "./record-network.ts";
import { startServer } from "./record-server.ts";
import { type Recorded, recordWire } from "./record-wire.ts";
import { say } from "./say.ts";

export interface Recording {
  readonly file: string;
  /** How many distinct chains the server has; connections take them in turn. */
  readonly chains: number;
  /** The client's plan at a rate: 1, then halves of it. */
  plan(rate: number, addresses: readonly string[], serverNames: readonly string[]): Plan;
}

/** Where the root is kept that the chains of a recording end at. */
export function rootOf(file: string): string {
  return `${file}.root.pem`;
}

/** Makes `recording.file`, whole or not at all. Throws when even the slowest attempt lost frames. */
export async function record(recording: Recording): Promise<Recorded> {
  const folder = mkdtempSync(join(tmpdir(), "bench-record-"));
  let network: Network | undefined;
  const clean = () => {
    network?.close();
    rmSync(folder, { recursive: true, force: true });
    rmSync(`${recording.file}.part`, { force: true });
  };
  const abandon = () => {
    clean();
    process.exit(130);
  };
  process.once("SIGINT", abandon).once("SIGTERM", abandon);
  try {
    say(`minting ${recording.chains} chains`);
    const chains = mintChains(join(folder, "chains"), recording.chains);
    const serverNames = chains.map((chain) => chain.serverName);
    network = new Network();
    const server = await startServer(network, folder, chains);
    try {
      for (const rate of RATES) {
        const plan = recording.plan(rate, SERVER_ADDRESSES, serverNames);
        say(`recording ${recording.file} at ${rate} of the full rate`);
        const recorded = await attempt(network, `${recording.file}.part`, plan);
        const { packets, missing, dropped } = recorded;
        say(`${packets} packets; ${missing} missing, ${dropped} dropped by the kernel`);
        if (missing === 0 && dropped === 0) {
          copyFileSync(join(folder, "chains", "root.pem"), rootOf(recording.file));
          renameSync(`${recording.file}.part`, recording.file);
          return recorded;
        }
      }
      throw new Error(`${recording.file}: frames were lost at every rate; is the machine busy?`);
    } finally {
      await server.close();
    }
  } finally {
    process.off("SIGINT", abandon).off("SIGTERM", abandon);
    clean();
  }
}

function attempt(network: Network, file: string, plan: Plan): Promise<Recorded> {
  return recordWire(network, file, async () => {
    const command = [process.execPath, LOAD, JSON.stringify(plan)];
    const load = network.spawn("client", command, { stdio: ["ignore", "pipe", "inherit"] });
    load.stdout?.setEncoding("utf8").on("data", (text: string) => say(text.trim()));
    const [code, signal] = await once(load, "exit");
    if (code !== 0) throw new Error(`the client ended with ${code ?? signal}`);
  });
}

const LOAD = fileURLToPath(new URL("record-load.ts", import.meta.url));
const RATES = [1, 0.5, 0.25];
