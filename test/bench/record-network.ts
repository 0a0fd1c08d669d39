/**
 * Two network namespaces and the one cable between them, for recording.
 *
 *     client 10.99.0.1/16  eth0 <== veth, MTU 1500 ==> eth0  server 10.99.1.1 .. 10.99.1.16
 *
 * Segmentation and checksum offload are off at both ends: what tcpdump sees is then what a switch
 * would see, frames of at most 1514 bytes with true checksums. There are several server addresses
 * because one pair of addresses has only as many connections as there are client ports. Nothing
 * here touches the machine's own network; needs root.
 */
import { execFileSync, type SpawnOptions, spawn } from "node:child_process";

export class Network {
  readonly #client = `bench-client-${process.pid}`;
  readonly #server = `bench-server-${process.pid}`;

  constructor() {
    try {
      this.#build();
    } catch (error) {
      this.close();
      throw error;
    }
  }

  /** Starts `command` at one end. Its standard input is empty; the rest is as `options` say. */
  spawn(end: End, command: readonly string[], options: SpawnOptions = {}) {
    return spawn("ip", ["netns", "exec", this.#name(end), ...command], options);
  }

  /** Frames that passed through the client's end of the cable, both ways, since it was made. */
  framesPassed(): number {
    const json = ip("-n", this.#client, "-s", "-j", "link", "show", "dev", "eth0");
    const [link] = JSON.parse(json) as [{ stats64: Record<"rx" | "tx", { packets: number }> }];
    return link.stats64.rx.packets + link.stats64.tx.packets;
  }

  /** Ends what still runs inside, and removes both namespaces with their cable. Safe to repeat. */
  close(): void {
    const names = ip("netns", "list").split(/\s/);
    for (const name of [this.#client, this.#server]) {
      if (!names.includes(name)) continue;
      const pids = ip("netns", "pids", name).trim().split(/\s+/);
      for (const pid of pids.filter(Boolean)) kill(Number(pid));
      ip("netns", "delete", name);
    }
  }

  #build(): void {
    for (const name of [this.#client, this.#server]) {
      ip("netns", "add", name);
      // No IPv6 here: router solicitations and the like would be frames that nobody asked for.
      const settings = ["net.ipv6.conf.all.disable_ipv6=1", "net.ipv6.conf.default.disable_ipv6=1"];
      inside(name, "sysctl", "-q", "-w", ...settings, "net.ipv4.ip_local_port_range=10000 65000");
    }
    const peer = ["peer", "name", "eth0", "netns", this.#server];
    ip("-n", this.#client, "link", "add", "eth0", "type", "veth", ...peer);
    for (const name of [this.#client, this.#server]) {
      const off = ["tso", "gso", "gro", "tx", "rx"].flatMap((feature) => [feature, "off"]);
      inside(name, "ethtool", "-K", "eth0", ...off);
      ip("-n", name, "link", "set", "lo", "up");
      ip("-n", name, "link", "set", "eth0", "up");
    }
    ip("-n", this.#client, "address", "add", `${CLIENT_ADDRESS}/16`, "dev", "eth0");
    for (const address of SERVER_ADDRESSES) {
      ip("-n", this.#server, "address", "add", `${address}/16`, "dev", "eth0");
    }
  }

  #name(end: End): string {
    return end === "client" ? this.#client : this.#server;
  }
}

export type End = "client" | "server";

function ip(...args: string[]): string {
  return execFileSync("ip", args, { encoding: "utf8" });
}

function kill(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It ended by itself meanwhile, as nginx's worker does after its master.
  }
}

function inside(name: string, ...command: string[]): void {
  execFileSync("ip", ["netns", "exec", name, ...command], { stdio: ["ignore", "ignore", "pipe"] });
}

const CLIENT_ADDRESS = "10.99.0.1";
export const SERVER_ADDRESSES = Array.from({ length: 16 }, (_, index) => `10.99.1.${index + 1}`);
