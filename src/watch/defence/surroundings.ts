/**
 * What stands around the gate: processes and sockets in its network namespace, the namespaces it shares.
 * Facts alone; weakness.ts says what they are worth.
 *
 * Everything is read from /proc, in small pieces with pauses, since the fence must not wait for it. A process
 * that ends meanwhile is left out. What may not be read is counted: not seen is not absent. Names of
 * processes are the workload's own text: sinks escape them.
 */
import { readdir, readFile, readlink } from "node:fs/promises";

export interface Neighbour {
  readonly pid: number;
  /** `comm`, at most 15 characters, as the process chose it. */
  readonly name: string;
  /** Effective. */
  readonly uid: number;
  /** CAP_NET_RAW and CAP_NET_ADMIN are permitted: it has them, or could switch them on (capabilities(7)). */
  readonly netRaw: boolean;
  readonly netAdmin: boolean;
  /** It sees our processes, and could signal those of its own user. */
  readonly sharesProcesses: boolean;
}

export interface Surroundings {
  readonly ownUid: number;
  /** Other processes in our network namespace that can be seen, at most `NEIGHBOURS_MAX`. */
  readonly neighbours: readonly Neighbour[];
  /** Processes whose network namespace may not be read. */
  readonly unreadable: number;
  /** AF_PACKET and raw sockets of our network namespace that no process of ours holds. */
  readonly packetSockets: number;
  readonly rawSockets: number;
  readonly hostNetwork: boolean;
  /** Absent where the kernel has no connection tracking in this namespace. */
  readonly conntrackAccounting?: boolean;
  /** nf_conntrack_tcp_loose: picks up connections in their midst. */
  readonly conntrackLoose?: boolean;
}

/** @param proc where procfs is mounted. Rejects only when it is not there at all. */
export async function surroundings(proc = "/proc"): Promise<Surroundings> {
  const self = await readlink(`${proc}/self`).then(Number);
  const ownNet = await readlink(`${proc}/self/ns/net`);
  const pids = (await readdir(proc)).filter((name) => /^\d+$/.test(name)).map(Number);
  const statuses = new Map<number, Status>();
  for (const pid of pids.slice(0, PROCESSES_MAX)) {
    const status = statusIn(await readFile(`${proc}/${pid}/status`, "latin1").catch(() => ""));
    if (status !== undefined) statuses.set(pid, status);
  }
  const ours = family(self, statuses);
  const neighbours: Neighbour[] = [];
  let unreadable = 0;
  for (const [pid, status] of statuses) {
    if (ours.has(pid) || status.isKernel) continue;
    const net = await readlink(`${proc}/${pid}/ns/net`).catch(codeOf);
    if (net === "EACCES" || net === "EPERM") unreadable++;
    if (net !== ownNet || neighbours.length >= NEIGHBOURS_MAX) continue;
    const { name, uid, netRaw, netAdmin, sharesProcesses } = status;
    neighbours.push({ pid, name, uid, netRaw, netAdmin, sharesProcesses });
  }
  const inodes = new Set<string>();
  for (const pid of ours)
    for (const inode of await socketsOf(`${proc}/${pid}/fd`)) inodes.add(inode);
  const conntrackAccounting = await flag(`${proc}/sys/net/netfilter/nf_conntrack_acct`);
  const conntrackLoose = await flag(`${proc}/sys/net/netfilter/nf_conntrack_tcp_loose`);
  const raw = [`${proc}/self/net/raw`, `${proc}/self/net/raw6`];
  return {
    ownUid: statuses.get(self)?.uid ?? 0,
    neighbours,
    unreadable,
    packetSockets: await strangers([`${proc}/self/net/packet`], PACKET_INODE, inodes),
    rawSockets: await strangers(raw, RAW_INODE, inodes),
    hostNetwork: INITIAL_NETWORKS.has(ownNet),
    ...(conntrackAccounting !== undefined && { conntrackAccounting }),
    ...(conntrackLoose !== undefined && { conntrackLoose }),
  };
}

interface Status extends Omit<Neighbour, "pid"> {
  readonly parent: number;
  readonly isKernel: boolean;
}

/** The lines of /proc/PID/status (proc_pid_status(5)) that matter. */
function statusIn(text: string): Status | undefined {
  const line = (key: string) => new RegExp(`^${key}:[\\t ]*(.*)$`, "m").exec(text)?.[1];
  const parent = Number(line("PPid") ?? Number.NaN);
  const uid = Number(line("Uid")?.split("\t")[1] ?? Number.NaN);
  const permitted = line("CapPrm");
  if (Number.isNaN(parent) || Number.isNaN(uid) || permitted === undefined) return undefined;
  const capabilities = BigInt(`0x${/^[0-9a-f]{1,16}$/.test(permitted) ? permitted : "0"}`);
  return {
    name: line("Name") ?? "",
    parent,
    uid,
    netRaw: ((capabilities >> CAP_NET_RAW) & 1n) === 1n,
    netAdmin: ((capabilities >> CAP_NET_ADMIN) & 1n) === 1n,
    // One number a nested namespace: with one, its processes and ours are numbered together.
    sharesProcesses: line("NSpid")?.trim().split(/\s+/).length === 1,
    isKernel: line("Kthread") === "1" || (line("VmSize") === undefined && parent === KTHREADD),
  };
}

/** Ourselves, who started us, and whom we started. */
function family(self: number, statuses: ReadonlyMap<number, Status>): Set<number> {
  const ours = new Set([self]);
  for (let pid = statuses.get(self)?.parent ?? 0; pid > 0 && !ours.has(pid); ) {
    ours.add(pid);
    pid = statuses.get(pid)?.parent ?? 0;
  }
  const descends = (pid: number, depth: number): boolean => {
    const parent = statuses.get(pid)?.parent ?? 0;
    if (parent === self) return true;
    return parent > 0 && depth < DEPTH_MAX && descends(parent, depth + 1);
  };
  for (const pid of statuses.keys()) if (descends(pid, 0)) ours.add(pid);
  return ours;
}

/** Inodes of the sockets that a process holds. */
async function socketsOf(folder: string): Promise<string[]> {
  const fds = await readdir(folder).catch(() => []);
  const links = await Promise.all(fds.map((fd) => readlink(`${folder}/${fd}`).catch(() => "")));
  return links.flatMap((link) => /^socket:\[(\d+)\]$/.exec(link)?.[1] ?? []);
}

/** Lines of tables of sockets whose inode is none of ours. */
async function strangers(
  files: readonly string[],
  column: number,
  ours: ReadonlySet<string>,
): Promise<number> {
  let count = 0;
  for (const file of files) {
    const text = await readFile(file, "latin1").catch(() => "");
    for (const line of text.split("\n").slice(1)) {
      const inode = line.trim().split(/\s+/)[column];
      if (inode !== undefined && !ours.has(inode)) count++;
    }
  }
  return count;
}

async function flag(file: string): Promise<boolean | undefined> {
  const text = await readFile(file, "latin1").catch(() => "");
  return text === "" ? undefined : text.trim() !== "0";
}

function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : "";
}

/** "sk RefCnt Type Proto Iface R Rmem User Inode" and "sl local remote st queues tr retrnsmt uid timeout inode". */
const PACKET_INODE = 8;
const RAW_INODE = 9;
/** Bits, as in capability.h. */
const CAP_NET_ADMIN = 12n;
const CAP_NET_RAW = 13n;
/** The kernel's thread that starts all others. */
const KTHREADD = 2;
/** The first network namespace's number: fixed since Linux 6.18, before that the first that was given out. */
const INITIAL_NETWORKS = new Set(["net:[4026531833]", "net:[4026531840]", "net:[4026531992]"]);
const PROCESSES_MAX = 20_000;
const NEIGHBOURS_MAX = 1000;
const DEPTH_MAX = 64;
