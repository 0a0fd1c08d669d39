/**
 * Which way a live connection goes: by who opened it, and whose addresses are this namespace's own.
 *
 * The SYN says who opened a TCP connection, and the first datagram a UDP conversation. A hello says who
 * is the client of TLS, and that may be the other side: a workload that calls out and lets itself be
 * called through that connection has still called out.
 */
import type { Flow, Side } from "../flow/event.ts";
import type { Direction } from "../judge/case.ts";
import type { OwnAddresses } from "./own-addresses.ts";

export function liveDirection(own: OwnAddresses): (flow: Flow, client: Side) => Direction {
  return ({ ends, opener, transport }, client) => {
    const [one, other] = ends;
    if (!own.has(one.ip) && !own.has(other.ip)) own.refresh();
    const first = opener ?? (transport === "udp" ? 0 : undefined);
    const isOpened = first !== undefined;
    const from = ends[first ?? client];
    const to = ends[(first ?? client) === 0 ? 1 : 0];
    if (own.has(from.ip)) return own.has(to.ip) ? "internal" : isOpened ? "egress" : "unknown";
    if (!own.has(to.ip)) return "unknown";
    return isOpened ? "ingress" : "unknown";
  };
}
