/**
 * Two network namespaces joined by a virtual cable, or three with a router between:
 *
 *     client 10.77.0.2, .3                                   server 10.77.1.10, .20, .30, .66
 *     fd77::2            eth0 ────────────────────── eth0    fd77::10
 *                        eth0 ─ left  router  right ─ eth0   (the router is for fragments only)
 *
 * Addresses and hardware addresses are fixed. So is each client port: before a connection the range
 * of local ports is narrowed to one, so the truth knows the port without reading the capture.
 */
import { endAll, Program, pause, run, runNow } from "./process.ts";

export interface LabOptions {
  readonly ipv6?: boolean;
  /** Join through a router whose cable to the client carries this many bytes at most. */
  readonly routerMtu?: number;
}

export class Lab {
  /** A folder for this case's files: keys, configurations. Removed with everything else. */
  readonly folder: string;
  #programs: Program[] = [];
  #port = FIRST_PORT;

  constructor(folder: string) {
    this.folder = folder;
  }

  async build(options: LabOptions): Promise<void> {
    const taken = runNow(["ip", "netns", "list"]).output;
    if (taken.includes(PREFIX)) {
      throw new Error(
        `namespaces ${PREFIX}* exist: a recording of the same process number was killed, and left them`,
      );
    }
    ours = true;
    for (const role of ROLES) await ip("netns", "add", PREFIX + role);
    if (options.routerMtu) await this.#joinByRouter(options.routerMtu);
    else await this.#join();
    const v6 = options.ipv6 ? "0" : "1";
    for (const role of ["client", "server"] as const) {
      await this.sysctl(role, `net.ipv6.conf.all.disable_ipv6=${v6}`);
      await this.ip(role, "link", "set", "lo", "up");
    }
    if (!options.ipv6) return;
    await this.ip("client", "addr", "add", "fd77::2/64", "dev", "eth0", "nodad");
    await this.ip("server", "addr", "add", "fd77::10/64", "dev", "eth0", "nodad");
  }

  async #join(): Promise<void> {
    await cable("client", "eth0", "server", "eth0");
    await this.#address("/16");
  }

  async #joinByRouter(mtu: number): Promise<void> {
    await cable("client", "eth0", "router", "left");
    await cable("server", "eth0", "router", "right");
    await this.#address("/24");
    for (const [device, address] of [
      ["left", "10.77.0.1/24"],
      ["right", "10.77.1.1/24"],
    ] as const) {
      await this.ip("router", "addr", "add", address, "dev", device);
      await this.ip("router", "link", "set", device, "up");
    }
    await this.ip("router", "link", "set", "left", "mtu", String(mtu));
    await this.sysctl("router", "net.ipv4.ip_forward=1");
    await this.ip("client", "route", "add", "default", "via", "10.77.0.1");
    await this.ip("server", "route", "add", "default", "via", "10.77.1.1");
  }

  async #address(prefix: string): Promise<void> {
    for (const role of ["client", "server"] as const) {
      const { hardware, addresses } = ENDS[role];
      await this.ip(role, "link", "set", "eth0", "address", hardware);
      for (const address of addresses) {
        await this.ip(role, "addr", "add", address + prefix, "dev", "eth0");
      }
      await this.ip(role, "link", "set", "eth0", "up");
    }
  }

  /**
   * The next client port, and the only one the client's kernel will hand out from now on.
   *
   * @param count more of them, in no order, for a client that opens several connections
   */
  async nextPort(count = 1): Promise<number> {
    const first = this.#port + 1;
    this.#port += count;
    await this.sysctl("client", `net.ipv4.ip_local_port_range=${first} ${this.#port}`);
    return first;
  }

  async ip(role: Role, ...args: string[]): Promise<void> {
    await ip("-n", PREFIX + role, ...args);
  }

  async sysctl(role: Role, setting: string): Promise<void> {
    await run(within(role, ["sysctl", "-q", "-w", setting]));
  }

  /** Starts a program in a namespace; it is stopped with the lab. */
  start(role: Role, argv: readonly string[]): Program {
    const program = new Program(within(role, argv));
    this.#programs.push(program);
    return program;
  }

  /** Starts a server and waits until its port listens. No connection is made to find out. */
  async serve(
    argv: readonly string[],
    port: number,
    role: Role = "server",
    transport: "tcp" | "udp" = "tcp",
  ): Promise<Program> {
    const server = this.start(role, argv);
    const sockets = transport === "tcp" ? "-Hltn" : "-Hlun";
    const question = within(role, ["ss", sockets, `sport = :${port}`]);
    await server.until(async () => (await run(question)).output.trim() !== "");
    return server;
  }

  async remove(): Promise<void> {
    for (const program of this.#programs.reverse()) await program.stop("SIGTERM");
    await pause(20);
    removeNow();
  }
}

/** For an interrupt as well: ends our children and removes our namespaces, at once. */
export function removeNow(): void {
  endAll();
  if (!ours) return;
  for (const role of ROLES) runNow(["ip", "netns", "del", PREFIX + role]);
}

export function within(role: Role, argv: readonly string[]): string[] {
  return ["ip", "netns", "exec", PREFIX + role, ...argv];
}

async function cable(left: Role, leftEnd: string, right: Role, rightEnd: string): Promise<void> {
  const peer = ["peer", "name", rightEnd, "netns", PREFIX + right];
  await ip("link", "add", "name", leftEnd, "netns", PREFIX + left, "type", "veth", ...peer);
}

async function ip(...args: string[]): Promise<void> {
  await run(["ip", ...args]);
}

const ROLES = ["client", "server", "router"] as const;
export type Role = (typeof ROLES)[number];

/** Whether the namespaces under our names are ours to remove. */
let ours = false;

/** Of each run its own, so that one does not wait for another. */
export const PREFIX = `portcullis-${process.pid}-`;
const FIRST_PORT = 40_000;
const ENDS = {
  client: { hardware: "02:00:0a:4d:00:02", addresses: ["10.77.0.2", "10.77.0.3"] },
  server: {
    hardware: "02:00:0a:4d:01:0a",
    addresses: ["10.77.1.10", "10.77.1.20", "10.77.1.30", "10.77.1.66"],
  },
};
