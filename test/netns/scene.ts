/**
 * A pair of namespaces with a fence in the workload's, and programs at both ends, for tests of what
 * the fence does to real connections.
 */
import { setTimeout } from "node:timers/promises";
import { Fence, type FenceOptions } from "../../src/respond/fence.ts";
import { Lines } from "./lines.ts";
import { type End, Pair, PEER, WORKLOAD } from "./pair.ts";

export type Transport = "tcp" | "udp";
export type IpVersion = "ipv4" | "ipv6";

export class Scene {
  readonly pair = new Pair();
  readonly #fences: Fence[] = [];
  #closed = false;

  /** Opens a fence in the workload's namespace. A second one is that of a later run. */
  fence(options: Partial<FenceOptions> = {}): Fence {
    const all = { instance: "test", policySha256: "0".repeat(64), ...options };
    const fence = this.pair.inside("workload", () => Fence.open(all));
    this.#fences.push(fence);
    return fence;
  }

  /** A program at the peer that listens, and what it says. */
  async listen(
    transport: Transport,
    ip: IpVersion,
    port: number,
    end: End = "peer",
  ): Promise<Lines> {
    const host = end === "peer" ? PEER[ip] : WORKLOAD[ip];
    const lines = this.#talk(end, "listen", transport, host, port);
    await lines.next(/^listening/);
    return lines;
  }

  /** A program that connects and goes on writing. `next(/^open/)` waits until it is connected. */
  hold(transport: Transport, ip: IpVersion, port: number, from: End = "workload"): Lines {
    return this.#talk(from, "hold", transport, from === "peer" ? WORKLOAD[ip] : PEER[ip], port);
  }

  /** A program that sends datagrams without being connected. */
  async loose(ip: IpVersion, port: number): Promise<Lines> {
    const lines = this.#talk("workload", "loose", "udp", PEER[ip], port);
    await lines.next(/^open/);
    return lines;
  }

  /** A connection that works: the peer has what was written, and answers it where that is its habit. */
  async connected(transport: Transport, ip: IpVersion, port: number): Promise<Connected> {
    const peer = await this.listen(transport, ip, port);
    const workload = this.hold(transport, ip, port);
    const local = Number((await workload.next(/^open/)).slice(5));
    await peer.next(/^got/);
    const client = { ip: WORKLOAD[ip], port: local };
    return { peer, workload, connection: { transport, client, server: { ip: PEER[ip], port } } };
  }

  /** Waits until a program of the peer listens to this port of TCP. */
  async listening(port: number): Promise<void> {
    const command = ["ss", "-ltnH", "sport", "=", `:${port}`];
    while (!this.#closed && this.pair.run("peer", ...command) === "") await setTimeout(20);
  }

  /** Waits until a program in the workload's namespace waits for an answer from this port. */
  async calling(port: number): Promise<void> {
    const command = ["ss", "-tnH", "state", "syn-sent", "dport", "=", `:${port}`];
    while (!this.#closed && this.pair.run("workload", ...command) === "") await setTimeout(20);
  }

  /** Frames that have come out of the cable at the peer's end so far. */
  arrived(): number {
    const [link] = JSON.parse(this.pair.run("peer", "ip", "-s", "-j", "link", "show", "eth0")) as [
      { stats64: { rx: { packets: number } } },
    ];
    return link.stats64.rx.packets;
  }

  /** The workload's rules as nft(8) shows them, with counters at nothing. */
  rules(...which: string[]): string {
    const args = which.length === 0 ? ["ruleset"] : ["table", ...which];
    const shown = this.pair.run("workload", "nft", "list", ...args);
    return shown.replace(/packets \d+ bytes \d+/g, "packets 0 bytes 0");
  }

  close(): void {
    this.#closed = true;
    for (const fence of this.#fences.splice(0)) fence.close();
    this.pair.close();
  }

  #talk(end: End, what: string, transport: Transport, host: string, port: number): Lines {
    const args = ["test/netns/talk.ts", what, transport, host, String(port)];
    return new Lines(this.pair.spawn(end, [process.execPath, ...args]));
  }
}

export interface Connected {
  readonly peer: Lines;
  readonly workload: Lines;
  readonly connection: {
    readonly transport: Transport;
    readonly client: { readonly ip: string; readonly port: number };
    readonly server: { readonly ip: string; readonly port: number };
  };
}
