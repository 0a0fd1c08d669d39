/** What really arrives at the peer, as tcpdump writes it there: a witness that knows nothing of us. */
import type { ChildProcess } from "node:child_process";
import { readFileSync } from "node:fs";
import { type Pair, PEER } from "./pair.ts";

export class Recording {
  readonly path: string;
  readonly #pair: Pair;
  readonly #tcpdump: ChildProcess;

  private constructor(pair: Pair, path: string, tcpdump: ChildProcess) {
    this.#pair = pair;
    this.path = path;
    this.#tcpdump = tcpdump;
  }

  /** Resolves when it captures. */
  static async start(pair: Pair, path: string): Promise<Recording> {
    const command = ["tcpdump", "-i", "eth0", "-n", "-U", "--immediate-mode", "-Z", "root"];
    const tcpdump = pair.spawn("peer", [...command, "-w", path], {
      stdio: ["ignore", "ignore", "pipe"],
    });
    await new Promise<void>((resolve, reject) => {
      tcpdump.stderr!.on("data", (said) => String(said).includes("listening on") && resolve());
      tcpdump.once("exit", () => reject(new Error("tcpdump ended before it captured")));
    });
    return new Recording(pair, path, tcpdump);
  }

  /** Resolves when everything that was sent before is in the file: a last datagram says so. */
  async stop(): Promise<void> {
    const marker = `end of ${this.path}`;
    const deadline = Date.now() + WAIT_MS;
    do {
      this.#pair.run("workload", process.execPath, "-e", SEND, PEER.ipv4, marker);
      await new Promise((resolve) => setTimeout(resolve, 50));
      if (Date.now() > deadline) throw new Error("the last datagram did not come into the file");
    } while (!readFileSync(this.path).includes(marker));
    const over = new Promise((resolve) => this.#tcpdump.once("exit", resolve));
    this.#tcpdump.kill("SIGINT");
    await over;
  }
}

const SEND = `
const socket = require("node:dgram").createSocket("udp4");
socket.send(process.argv[2], 9, process.argv[1], () => socket.close());
`;
/** An end, and no measure: the machine may be busy. */
const WAIT_MS = 30_000;
