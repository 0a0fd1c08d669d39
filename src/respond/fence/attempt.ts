/**
 * Trying to get out: one frame of our own on each interface, as a workload that may send raw frames
 * would. A fence that works makes the kernel say that it was dropped.
 *
 * The frame is of the EtherType for local experiments (IEEE 802, 88-B5), to the all-zero address that
 * no station has, and 60 bytes long: should it leave after all, nobody reads it.
 */
import { AF_PACKET, close, errnoName, SOCK_RAW, sendto, socket } from "../../kernel/libc.ts";
import type { Link } from "../../kernel/links.ts";

/** How it went: `dropped` everywhere, `left` somewhere, or why it could not be tried. */
export type Attempt =
  | { readonly is: "dropped" }
  | { readonly is: "left"; readonly by: readonly string[] }
  | { readonly is: "untried"; readonly why: string };

/** Opens what attempts are made with; undefined without CAP_NET_RAW. In this thread's namespace. */
export function openAttempts(): number | undefined {
  // Protocol 0: it receives nothing.
  const fd = socket(AF_PACKET, SOCK_RAW, 0);
  return fd < 0 ? undefined : fd;
}

export function closeAttempts(fd: number | undefined): void {
  if (fd !== undefined) close(fd);
}

export function attempt(fd: number | undefined, links: readonly Link[]): Attempt {
  if (fd === undefined) return { is: "untried", why: "no CAP_NET_RAW" };
  const left: string[] = [];
  for (const { index, name, loopback } of links) {
    if (loopback) continue;
    const answer = sendto(fd, FRAME, 0, addressAt(index));
    if (answer >= 0) left.push(name);
    else if (!DROPPED.has(-answer)) return { is: "untried", why: `${name}: ${errnoName(answer)}` };
  }
  return left.length > 0 ? { is: "left", by: left } : { is: "dropped" };
}

/** `struct sockaddr_ll`. */
function addressAt(index: number): Uint8Array {
  const address = new Uint8Array(20);
  const view = new DataView(address.buffer);
  view.setUint16(0, AF_PACKET, true);
  view.setUint16(2, ETHERTYPE);
  view.setInt32(4, index, true);
  address[11] = 6;
  return address;
}

const ETHERTYPE = 0x88b5;
const FRAME = new Uint8Array(60);
new DataView(FRAME.buffer).setUint16(12, ETHERTYPE);
/** ENOBUFS: a hook dropped it. ENETDOWN and ENXIO: the link is down, or has gone. */
const DROPPED = new Set([105, 100, 6]);
