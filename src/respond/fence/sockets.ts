/**
 * The sockets that a cut ends: those that lead out of the namespace.
 *
 * What stays: listeners, which the rules leave without callers and which a release could not bring
 * back; connections of the workload with itself; the sidecar's own channel. A UDP socket that is not
 * connected belongs to no destination, and the rules stop what it sends. Of MPTCP the subflows end,
 * and the connection above them is told nothing and stays without any: the kernel cannot destroy it.
 * Nothing passes over it any more, after a release either (measured).
 */
import { isLoopback } from "../../kernel/ip-bytes.ts";
import type { NetlinkSocket } from "../../kernel/netlink.ts";
import { destroySockets, type KernelSocket, listSockets } from "../../kernel/sock-diag.ts";
import type { OpenChannel } from "./channel.ts";

export interface Ended {
  readonly destroyed: number;
  /** That still lead out, after as many tries as we make. */
  readonly left: number;
  /** Why some could not be listed or destroyed. */
  readonly failed?: string;
}

/** Destroys them, and looks whether there are others by then. */
export function endSockets(diag: NetlinkSocket, channel: OpenChannel | undefined): Ended {
  let destroyed = 0;
  let failed: string | undefined;
  for (let round = 0; round < ROUNDS_MAX; round++) {
    const { sockets, failed: unlisted } = leadingOut(diag, channel);
    failed ??= unlisted;
    if (sockets.length === 0) break;
    const ended = destroySockets(diag, sockets);
    destroyed += ended.destroyed;
    failed ??= ended.failed;
  }
  const { sockets } = leadingOut(diag, channel);
  // A program that goes on calling has sockets that wait for an answer which cannot come any more.
  const left = sockets.filter(({ protocol, state }) => protocol === "tcp" && state !== "syn-sent");
  return { destroyed, left: left.length, ...(failed !== undefined && { failed }) };
}

/** Sockets that lead out of the namespace, and why some could not be listed. */
export function leadingOut(
  diag: NetlinkSocket,
  channel: OpenChannel | undefined,
): { readonly sockets: readonly KernelSocket[]; readonly failed?: string } {
  const all = [listSockets(diag, "tcp"), listSockets(diag, "udp")];
  const failed = all.find((one) => one.failed !== undefined)?.failed;
  // Many kernels list no raw sockets and no UDP-Lite ones: then the rules alone stop what they send.
  all.push(listSockets(diag, "udplite"), listSockets(diag, "raw"));
  const sockets = all.flatMap(({ listed }) => listed).filter((one) => leadsOut(one, channel));
  return { sockets, ...(failed !== undefined && { failed }) };
}

function leadsOut(one: KernelSocket, channel: OpenChannel | undefined): boolean {
  const { protocol, state, local, remote } = one;
  if (protocol === "raw") return true;
  if (state === "listen" || state === "close" || state === "time-wait") return false;
  if (remote.port === 0 || isLoopback(remote.address)) return false;
  if (Buffer.compare(local.address, remote.address) === 0) return false;
  return channel === undefined || !isChannel(one, channel);
}

function isChannel({ protocol, remote, cgroup }: KernelSocket, channel: OpenChannel): boolean {
  return (
    protocol === "tcp" &&
    remote.port === channel.port &&
    cgroup === channel.cgroup &&
    Buffer.compare(remote.address, channel.address) === 0
  );
}

/** Each meets what was opened during the one before it, and the rules drop what that sends. */
const ROUNDS_MAX = 3;
