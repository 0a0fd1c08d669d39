/**
 * Whether the workload still runs, as far as somebody in its network namespace can tell: processes that are
 * not ours, or, where those stand in a process namespace that we do not see, sockets that are not ours.
 *
 * On the host's own network that question has no answer that helps: everything runs there.
 */
import { readdir, readlink } from "node:fs/promises";
import { NETLINK_SOCK_DIAG, NetlinkSocket } from "../kernel/netlink.ts";
import { listSockets } from "../kernel/sock-diag.ts";
import { surroundings } from "./defence/surroundings.ts";

/** In words what was found of it; undefined when nothing was. */
export async function workloadSeen(): Promise<string | undefined> {
  const around = await surroundings();
  if (around.hostNetwork) return undefined;
  const [first] = around.neighbours;
  if (first !== undefined) return `process ${first.pid} (${first.name})`;
  const own = new Set<number>();
  const fds = await readdir("/proc/self/fd").catch(() => []);
  for (const fd of fds) {
    const link = await readlink(`/proc/self/fd/${fd}`).catch(() => "");
    const inode = /^socket:\[(\d+)\]$/.exec(link)?.[1];
    if (inode !== undefined) own.add(Number(inode));
  }
  const diag = NetlinkSocket.open(NETLINK_SOCK_DIAG);
  try {
    for (const protocol of ["tcp", "udp"] as const) {
      // A connection that nobody holds any more, in TIME_WAIT say, has no inode.
      const foreign = listSockets(diag, protocol).listed.find(
        ({ inode }) => inode !== 0 && !own.has(inode),
      );
      if (foreign !== undefined) return `a ${protocol} socket on port ${foreign.local.port}`;
    }
  } finally {
    diag.close();
  }
  return undefined;
}
