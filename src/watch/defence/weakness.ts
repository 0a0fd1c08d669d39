/**
 * What in the gate's surroundings could defeat it, and what to do about each (THREATS, "The workload
 * against the sidecar"). Pure: facts in, weaknesses out.
 */
import type { Neighbour, Surroundings } from "./surroundings.ts";

export interface Weakness {
  readonly name: WeaknessName;
  /** What was found, in a sentence without a full stop. May hold names that a workload chose. */
  readonly found: string;
  readonly remedy: string;
  /** Packets may pass that neither tap nor fence sees: verdicts say `coverage: bypassable`. */
  readonly bypassable: boolean;
}

export type WeaknessName = (typeof WEAKNESSES)[number];

export function weaknessesIn(around: Surroundings): Weakness[] {
  const { neighbours, ownUid } = around;
  const rawOnes = neighbours.filter(({ netRaw }) => netRaw);
  const admins = neighbours.filter(({ netAdmin }) => netAdmin);
  const sharing = neighbours.filter(({ sharesProcesses }) => sharesProcesses);
  const found: (Weakness | false)[] = [
    some(admins) && {
      name: "workload-net-admin",
      found: `${list(admins)} may change our rules (CAP_NET_ADMIN)`,
      remedy: "drop NET_ADMIN from the workload: it cannot be gated while it has it",
      bypassable: true,
    },
    some(rawOnes) && {
      name: "workload-net-raw",
      found: `${list(rawOnes)} may send raw frames (CAP_NET_RAW)`,
      remedy: "drop NET_RAW from the workload and deny AF_PACKET and AF_XDP by seccomp",
      bypassable: true,
    },
    around.packetSockets + around.rawSockets > 0 && {
      name: "foreign-raw-sockets",
      found: `${around.packetSockets} packet and ${around.rawSockets} raw sockets of others are open in this network namespace`,
      remedy: "find who opened them (ss -0wp) and drop NET_RAW there",
      bypassable: true,
    },
    some(sharing) && {
      name: "shared-processes",
      found: `${list(sharing)} share our process namespace`,
      remedy:
        "give the gate a process namespace of its own (no shareProcessNamespace, no pid: host)",
      bypassable: false,
    },
    some(sharing.filter(({ uid }) => uid === ownUid)) && {
      name: "shared-user",
      found: `${list(sharing.filter(({ uid }) => uid === ownUid))} run as our user ${ownUid}, and could stop or trace us`,
      remedy: "run the workload as another user than the gate",
      bypassable: false,
    },
    around.hostNetwork && {
      name: "host-network",
      found: "this is the host's own network namespace: a cut would cut the host",
      remedy:
        "run beside the workload, in its network namespace (no hostNetwork, no network: host)",
      bypassable: false,
    },
    around.conntrackAccounting === false && {
      name: "conntrack-accounting-off",
      found: "connections are not counted by the kernel (nf_conntrack_acct is 0)",
      remedy: "sysctl -w net.netfilter.nf_conntrack_acct=1 in this network namespace",
      bypassable: false,
    },
    around.unreadable > 0 && {
      name: "processes-unreadable",
      found: `${around.unreadable} processes may not be looked at: what they can do here is not known`,
      remedy: "run the gate as root in a process namespace of its own, or grant CAP_SYS_PTRACE",
      bypassable: false,
    },
  ];
  return found.filter((one) => one !== false);
}

/** Three of them by name and number, and how many more. */
function list(processes: readonly Neighbour[]): string {
  const named = processes.slice(0, NAMED_MAX).map(({ name, pid }) => `${name} (${pid})`);
  const more = processes.length - named.length;
  return `${named.join(", ")}${more > 0 ? ` and ${more} more` : ""}`;
}

function some(processes: readonly Neighbour[]): boolean {
  return processes.length > 0;
}

/** In the order in which they are told. */
export const WEAKNESSES = [
  "workload-net-admin",
  "workload-net-raw",
  "foreign-raw-sockets",
  "shared-processes",
  "shared-user",
  "host-network",
  "conntrack-accounting-off",
  "processes-unreadable",
] as const;

const NAMED_MAX = 3;
