/**
 * Two network namespaces of our own and the one cable between them: a workload, and its peer.
 *
 *     workload 10.91.0.1/24, fd91::1/64  eth0 <== veth ==> eth0  peer 10.91.0.2/24, fd91::2/64
 *
 * The names carry the process and a count, so tests at the same time do not meet. Nothing touches the
 * machine's own network. `close` ends what still runs inside, by pid, and removes both; it may be
 * called twice. Needs root.
 */
import { type ChildProcess, execFileSync, type SpawnOptions, spawn } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import { errnoName, setNetworkNamespace } from "../../src/kernel/libc.ts";

export type End = "workload" | "peer";

export class Pair {
  readonly #names: Record<End, string>;
  readonly #started: ChildProcess[] = [];

  constructor() {
    const count = ++pairs;
    this.#names = {
      workload: `pcw-${process.pid}-${count}`,
      peer: `pcp-${process.pid}-${count}`,
    };
    try {
      this.#build();
    } catch (error) {
      this.close();
      throw error;
    }
  }

  /** Calls `work` with this thread inside: sockets that it opens stay there. It must not wait. */
  inside<T>(end: End, work: () => T): T {
    const own = openSync("/proc/thread-self/ns/net", "r");
    const target = openSync(`/run/netns/${this.#names[end]}`, "r");
    try {
      enter(target);
      return work();
    } finally {
      enter(own);
      closeSync(own);
      closeSync(target);
    }
  }

  /** Runs a program inside to its end and gives its standard output. Throws when it fails. */
  run(end: End, ...command: string[]): string {
    const [program, ...args] = this.command(end, command);
    return execFileSync(program!, args, { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
  }

  /** Starts a program inside. It is killed by `close`, if it still runs then. */
  spawn(end: End, command: readonly string[], options: SpawnOptions = {}): ChildProcess {
    const [program, ...args] = this.command(end, command);
    const child = spawn(program!, args, { stdio: ["ignore", "pipe", "inherit"], ...options });
    this.#started.push(child);
    return child;
  }

  /** What to run so that `command` runs inside. Unlike `ip netns exec` it leaves mounts as they are. */
  command(end: End, command: readonly string[]): string[] {
    return ["nsenter", `--net=/run/netns/${this.#names[end]}`, "--", ...command];
  }

  close(): void {
    for (const child of this.#started.splice(0)) {
      if (child.exitCode === null && child.signalCode === null) child.kill("SIGKILL");
    }
    const there = ip("netns", "list").split(/\s/);
    for (const name of Object.values(this.#names)) {
      if (there.includes(name)) ip("netns", "delete", name);
    }
  }

  #build(): void {
    const { workload, peer } = this.#names;
    for (const end of ["workload", "peer"] as const) {
      ip("netns", "add", this.#names[end]);
      // Else an address is not used for a second or two, until nobody else was heard to have it.
      this.run(end, "sysctl", "-q", "-w", "net.ipv6.conf.default.accept_dad=0");
    }
    const other = ["peer", "name", "eth0", "netns", peer];
    ip("-n", workload, "link", "add", "eth0", "type", "veth", ...other);
    for (const [name, addresses] of [
      [workload, [WORKLOAD.ipv4, WORKLOAD.ipv6]],
      [peer, [PEER.ipv4, PEER.ipv6]],
    ] as const) {
      for (const [i, prefix] of [24, 64].entries()) {
        ip("-n", name, "address", "add", `${addresses[i]}/${prefix}`, "dev", "eth0");
      }
      ip("-n", name, "link", "set", "lo", "up");
      ip("-n", name, "link", "set", "eth0", "up");
    }
    this.settle();
  }

  /** Waits until addresses can be used after a link went up: the kernel does that behind our back. */
  settle(): void {
    for (const end of ["workload", "peer"] as const) this.#awaitAddresses(end);
  }

  #awaitAddresses(end: End): void {
    for (let tries = 0; tries < 200; tries++) {
      const said = ip("-n", this.#names[end], "address", "show", "dev", "eth0");
      if (said.includes("state UP") && said.includes("inet6 fe80") && !/tentative/.test(said))
        return;
      // 10 ms, without leaving this call.
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 10);
    }
    throw new Error(`eth0 of the ${end} does not come up`);
  }
}

export const WORKLOAD = { ipv4: "10.91.0.1", ipv6: "fd91::1" } as const;
export const PEER = { ipv4: "10.91.0.2", ipv6: "fd91::2" } as const;
/** Tests that need namespaces are skipped, loudly, for anyone else. */
export const IS_ROOT = process.getuid?.() === 0;

function enter(fd: number): void {
  const answer = setNetworkNamespace(fd);
  if (answer < 0) throw new Error(`entering a network namespace: ${errnoName(answer)}`);
}

function ip(...args: string[]): string {
  return execFileSync("ip", args, { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
}

let pairs = 0;
