/**
 * What this machine or container lets Portcullis do, one ability after the other: each is tried, as far as
 * trying changes nothing, and says what is missing and how to grant it. For `portcullis doctor`.
 *
 * Everything works without rights, too: a refusal is the answer that was asked for.
 */
import { accessSync, constants, existsSync, readFileSync } from "node:fs";
import { type AddressInfo, createConnection, createServer, type Socket } from "node:net";
import { release } from "node:os";
import { dirname } from "node:path";
import type { NetlinkSocket } from "../kernel/netlink.ts";
import { surroundings } from "./defence/surroundings.ts";
import { weaknessesIn } from "./defence/weakness.ts";

export interface Ability {
  readonly name: string;
  /** Whether it is possible here; `limited` where it is with a loss that `says` names. */
  readonly possible: "yes" | "no" | "limited";
  /** What was tried, and what came of it. */
  readonly says: string;
  /** How to grant what is missing; absent where nothing is. */
  readonly grant?: string;
}

export interface AbilityOptions {
  /** Where the watcher would keep its journal and its admin socket. */
  readonly stateDirectory: string;
  readonly adminPath: string;
}

/** In the order in which they are told. Never rejects. */
export async function abilities(options: AbilityOptions): Promise<Ability[]> {
  if (process.platform !== "linux") {
    const says = `the system is ${process.platform}: \`replay\` works, everything live needs Linux`;
    return [{ name: "watch", possible: "no", says, grant: "run it on Linux" }];
  }
  const kernel = await import("../kernel/libc.ts").catch((error: Error) => error);
  if (kernel instanceof Error) {
    const says = `system calls cannot be made: ${kernel.message}`;
    const grant = "npm ci, which installs koffi for this machine (x64 or arm64)";
    return [{ name: "system-calls", possible: "no", says, grant }];
  }
  return [
    { name: "system-calls", possible: "yes", says: `Linux ${release()}, Node ${process.version}` },
    rawCapture(kernel),
    ...(await netfilter()),
    await destroySockets(),
    writable("state", options.stateDirectory, "--state"),
    writable("admin-socket", dirname(options.adminPath), "--admin"),
    memory(),
    ...(await surroundingsAbilities()),
  ];
}

function rawCapture(kernel: typeof import("../kernel/libc.ts")): Ability {
  const name = "capture";
  const fd = kernel.socket(kernel.AF_PACKET, kernel.SOCK_RAW, 0);
  if (fd >= 0) {
    kernel.close(fd);
    return {
      name,
      possible: "yes",
      says: "packets of this network namespace can be read (AF_PACKET)",
    };
  }
  const says = `packets cannot be read: ${kernel.errnoName(fd)} for an AF_PACKET socket`;
  return { name, possible: "no", says, grant: grantOf("NET_RAW") };
}

/** NFLOG, the fence and connection tracking speak one protocol, which takes CAP_NET_ADMIN to ask anything. */
async function netfilter(): Promise<Ability[]> {
  const { NetlinkSocket, NETLINK_NETFILTER } = await import("../kernel/netlink.ts");
  const { nftTables } = await import("../kernel/nft-listing.ts");
  let socket: NetlinkSocket;
  try {
    socket = NetlinkSocket.open(NETLINK_NETFILTER);
  } catch (error) {
    const says = `no rules can be set: ${error instanceof Error ? error.message : error}`;
    return [
      { name: "fence", possible: "no", says, grant: "a kernel with CONFIG_NETFILTER_NETLINK" },
    ];
  }
  const tables = nftTables(socket);
  socket.close();
  const isAdmin = !("failed" in tables);
  const failed = "failed" in tables ? tables.failed : "";
  const isDenied = failed.startsWith("EPERM");
  const missing = isDenied
    ? grantOf("NET_ADMIN")
    : "a kernel with CONFIG_NF_TABLES and its netdev family";
  const hasLog = existsSync("/proc/net/netfilter/nfnetlink_log");
  const accounting = flag("nf_conntrack_acct");
  return [
    isAdmin
      ? {
          name: "fence",
          possible: "yes",
          says: "rules can be set (nf_tables): the gate can be dropped",
        }
      : { name: "fence", possible: "no", says: `no rules can be set: ${failed}`, grant: missing },
    isAdmin && hasLog
      ? {
          name: "capture-first-bytes",
          possible: "yes",
          says: "the first bytes of each connection alone (NFLOG)",
        }
      : {
          name: "capture-first-bytes",
          possible: "no",
          says: hasLog
            ? `NFLOG: ${failed}`
            : "the kernel has no NFLOG (nfnetlink_log): all packets are read instead",
          ...(hasLog && { grant: missing }),
        },
    accounting === "1"
      ? { name: "conntrack", possible: "yes", says: "connections are tracked and counted" }
      : {
          name: "conntrack",
          possible: "limited",
          says:
            accounting === undefined
              ? "connections are not tracked here"
              : "connections are tracked and not counted",
          grant: "sysctl -w net.netfilter.nf_conntrack_acct=1, in the workload's network namespace",
        },
  ];
}

/** On two sockets of our own, over loopback. */
async function destroySockets(): Promise<Ability> {
  const name = "destroy-sockets";
  const { NetlinkSocket, NETLINK_SOCK_DIAG } = await import("../kernel/netlink.ts");
  const { destroySockets: destroy, listSockets } = await import("../kernel/sock-diag.ts");
  const server = createServer((socket) => socket.on("error", () => {})).listen(0, "127.0.0.1");
  let client: Socket | undefined;
  try {
    await new Promise((resolve, reject) => server.once("listening", resolve).once("error", reject));
    const { port } = server.address() as AddressInfo;
    client = createConnection(port, "127.0.0.1");
    const ended = new Promise((resolve) => client!.on("error", resolve).on("close", resolve));
    await new Promise((resolve, reject) => client!.once("connect", resolve).once("error", reject));
    const diag = NetlinkSocket.open(NETLINK_SOCK_DIAG);
    const own = listSockets(diag, "tcp").listed.filter(
      ({ remote, state }) => remote.port === port && state === "established",
    );
    const { destroyed, failed = destroyed === 0 ? "none was found" : undefined } = destroy(
      diag,
      own,
    );
    diag.close();
    if (failed !== undefined) {
      const grant = failed.startsWith("EPERM")
        ? grantOf("NET_ADMIN")
        : "a kernel with CONFIG_INET_DIAG_DESTROY";
      return {
        name,
        possible: "limited",
        says: `sockets are cut off, but not ended: ${failed}`,
        grant,
      };
    }
    await ended;
    return {
      name,
      possible: "yes",
      says: "a connection's socket can be ended (tried on one of our own)",
    };
  } catch (error) {
    const says = `could not be tried: ${error instanceof Error ? error.message : error}`;
    return { name, possible: "limited", says, grant: "bring up loopback: ip link set lo up" };
  } finally {
    client?.destroy();
    server.close();
  }
}

function writable(name: string, directory: string, option: string): Ability {
  let nearest = directory;
  while (!existsSync(nearest) && nearest !== dirname(nearest)) nearest = dirname(nearest);
  try {
    accessSync(nearest, constants.W_OK | constants.X_OK);
    const says = nearest === directory ? `${directory} can be written` : `${directory} can be made`;
    return { name, possible: "yes", says };
  } catch {
    const says = `${nearest} cannot be written by user ${process.geteuid?.()}`;
    return {
      name,
      possible: "no",
      says,
      grant: `name a directory of ours: ${option}, on a volume that outlives the container`,
    };
  }
}

/** cgroup v2's limit of the container that we are in. */
function memory(): Ability {
  const name = "memory";
  const limit = read("/sys/fs/cgroup/memory.max")?.trim();
  const bytes = limit === undefined || limit === "max" ? undefined : Number(limit);
  if (bytes === undefined) return { name, possible: "yes", says: "not limited" };
  const mebibytes = Math.floor(bytes / 2 ** 20);
  if (bytes >= MEMORY_BYTES) return { name, possible: "yes", says: `limited to ${mebibytes} MiB` };
  const says = `limited to ${mebibytes} MiB, expected at least ${MEMORY_BYTES / 2 ** 20}`;
  return { name, possible: "limited", says, grant: "raise the container's memory limit" };
}

async function surroundingsAbilities(): Promise<Ability[]> {
  try {
    const around = await surroundings();
    const found = weaknessesIn(around);
    // Told above, with what it is good for.
    const others = found.filter(({ name }) => name !== "conntrack-accounting-off");
    const limits = others.map(
      ({ name, found: says, remedy: grant }): Ability => ({
        name,
        possible: "limited",
        says,
        grant,
      }),
    );
    const isUnseen = around.neighbours.length === 0 && !around.hostNetwork;
    return isUnseen ? [...limits, WORKLOAD_UNSEEN] : limits;
  } catch (error) {
    const says = `the surroundings cannot be looked at: ${error instanceof Error ? error.message : error}`;
    return [{ name: "surroundings", possible: "limited", says, grant: "mount /proc" }];
  }
}

function grantOf(capability: string): string {
  return (
    `CAP_${capability}: docker run --cap-add ${capability}; Kubernetes ` +
    `securityContext.capabilities.add: [${capability}]; or run as root`
  );
}

function flag(name: string): string | undefined {
  return read(`/proc/sys/net/netfilter/${name}`)?.trim();
}

function read(file: string): string | undefined {
  try {
    return readFileSync(file, "latin1");
  } catch {
    return undefined;
  }
}

/** As it should be, and so nobody here can know what the workload may do. */
const WORKLOAD_UNSEEN: Ability = {
  name: "workload-unseen",
  possible: "limited",
  says: "no process of a workload is seen from here: whether it may send raw frames is not known",
  grant: "drop NET_RAW and NET_ADMIN where the workload is declared; nothing else tells from here",
};
/** Twice what it takes at rest. */
const MEMORY_BYTES = 128 * 2 ** 20;
