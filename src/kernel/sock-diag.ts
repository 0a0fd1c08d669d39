/**
 * The sockets of this network namespace, as sock_diag lists them, and their end: SOCK_DESTROY makes
 * the kernel abort a socket as if its program had asked for it (ECONNABORTED to whoever waits on it).
 *
 *     struct inet_diag_sockid:  sport dport | source (16) | target (16) | interface | cookie (8)
 *                               big-endian    4 or 16 bytes of each are used
 *
 * It takes CONFIG_INET_DIAG_DESTROY; `ss -K` is no way around that, since it asks for the same. A
 * destroyed TCP socket sends a reset, so whoever wants silence drops packets first. Raw sockets are
 * listed only with CONFIG_INET_RAW_DIAG; packet, XDP and ping sockets cannot be destroyed at all.
 */
import { AF_INET, AF_INET6 } from "./libc.ts";
import {
  type Answer,
  type NetlinkSocket,
  NLM_F_ACK,
  NLM_F_DUMP,
  NLM_F_REQUEST,
} from "./netlink.ts";
import { attributeMap, MessageWriter, type NetlinkMessage } from "./netlink-message.ts";

export interface KernelSocket {
  readonly family: number;
  readonly protocol: SocketProtocol;
  /** Of TCP; UDP sockets that are connected have `established`, others `close`. */
  readonly state: SocketState | undefined;
  readonly local: SocketEnd;
  readonly remote: SocketEnd;
  readonly inode: number;
  /** Of cgroup v2; undefined where the kernel does not tell. */
  readonly cgroup: bigint | undefined;
  /** `inet_diag_sockid`, cookie and all: names this socket and no later one. */
  readonly id: Uint8Array;
}

export interface SocketEnd {
  /** 4 or 16 bytes. */
  readonly address: Uint8Array;
  readonly port: number;
}

/**
 * All sockets of a protocol, of both families, or why they could not be listed (`ENOENT`: the kernel
 * has no sock_diag for the protocol).
 */
export function listSockets(
  socket: NetlinkSocket,
  protocol: SocketProtocol,
): { readonly listed: readonly KernelSocket[]; readonly failed?: string } {
  const listed: KernelSocket[] = [];
  for (const family of [AF_INET, AF_INET6]) {
    const sequence = socket.nextSequence();
    const fixed = request(family, protocol, ANY_ID, ALL_STATES);
    const flags = NLM_F_REQUEST | NLM_F_DUMP;
    const writer = new MessageWriter(128).begin(SOCK_DIAG_BY_FAMILY, flags, sequence, fixed).end();
    const answer = socket.request(writer.bytes, sequence, sequence);
    if (answer.error !== 0) return { listed, failed: answer.says ?? "unknown" };
    listed.push(...answer.messages.flatMap((one) => kernelSocket(one, protocol) ?? []));
  }
  return { listed };
}

/** The socket between these two ends; undefined when there is none. */
export function findSocket(
  socket: NetlinkSocket,
  protocol: "tcp" | "udp",
  local: SocketEnd,
  remote: SocketEnd,
): KernelSocket | undefined {
  // When a UDP socket is asked for (not when it is destroyed), the kernel has the two ends the other
  // way round: it looks for whoever would receive a packet from the one to the other.
  const [from, to] = protocol === "udp" ? [remote, local] : [local, remote];
  const id = new Uint8Array(ID_BYTES);
  const view = new DataView(id.buffer);
  view.setUint16(0, from.port);
  view.setUint16(2, to.port);
  id.set(from.address, 4);
  id.set(to.address, 20);
  id.fill(0xff, COOKIE_AT);
  const family = local.address.length === 4 ? AF_INET : AF_INET6;
  const sequence = socket.nextSequence();
  const flags = NLM_F_REQUEST | NLM_F_ACK;
  const fixed = request(family, protocol, id, ALL_STATES);
  const writer = new MessageWriter(128).begin(SOCK_DIAG_BY_FAMILY, flags, sequence, fixed).end();
  const { messages } = socket.request(writer.bytes, sequence, sequence);
  const found = messages[0] && kernelSocket(messages[0], protocol);
  return found !== undefined && found.remote.port === remote.port ? found : undefined;
}

/** Destroys sockets: how many, and why not the others. One that is gone already is no failure. */
export function destroySockets(
  socket: NetlinkSocket,
  sockets: readonly KernelSocket[],
): { readonly destroyed: number; readonly failed?: string } {
  let destroyed = 0;
  let failed: string | undefined;
  for (const one of sockets) {
    const { error, says } = destroy(socket, one);
    if (error === 0) destroyed++;
    else if (error !== -ENOENT) failed ??= says;
  }
  return { destroyed, ...(failed !== undefined && { failed }) };
}

function destroy(socket: NetlinkSocket, { family, protocol, id }: KernelSocket): Answer {
  const sequence = socket.nextSequence();
  const flags = NLM_F_REQUEST | NLM_F_ACK;
  const fixed = request(family, protocol, id, ALL_STATES);
  const writer = new MessageWriter(128).begin(SOCK_DESTROY, flags, sequence, fixed).end();
  return socket.request(writer.bytes, sequence, sequence);
}

/** What a message of the kernel's tells; undefined when it is too short to be one. */
export function kernelSocket(
  { type, body }: NetlinkMessage,
  protocol: SocketProtocol,
): KernelSocket | undefined {
  if (type !== SOCK_DIAG_BY_FAMILY || body.length < INET_DIAG_MSG_BYTES) return undefined;
  const family = body[0]!;
  if (family !== AF_INET && family !== AF_INET6) return undefined;
  const view = new DataView(body.buffer, body.byteOffset, body.byteLength);
  const bytes = family === AF_INET ? 4 : 16;
  const end = (portAt: number, at: number): SocketEnd => ({
    address: body.slice(at, at + bytes),
    port: view.getUint16(portAt),
  });
  const cgroup = attributeMap(body, INET_DIAG_MSG_BYTES).get(INET_DIAG_CGROUP_ID);
  return {
    family,
    protocol,
    state: STATES[body[1]! - 1],
    local: end(ID_AT, ID_AT + 4),
    remote: end(ID_AT + 2, ID_AT + 20),
    inode: view.getUint32(68, true),
    cgroup:
      cgroup?.length === 8
        ? new DataView(cgroup.buffer, cgroup.byteOffset).getBigUint64(0, true)
        : undefined,
    id: body.slice(ID_AT, ID_AT + ID_BYTES),
  };
}

/** `struct inet_diag_req_v2`; for raw sockets `inet_diag_req_raw`, with their protocol as its pad. */
function request(
  family: number,
  protocol: SocketProtocol,
  id: Uint8Array,
  states: number,
): Uint8Array {
  const bytes = new Uint8Array(8 + ID_BYTES);
  bytes[0] = family;
  bytes[1] = PROTOCOLS[protocol];
  // A raw socket's own protocol stands where others have their local port.
  if (protocol === "raw") bytes[3] = id[1]!;
  new DataView(bytes.buffer).setUint32(4, states, true);
  bytes.set(id, 8);
  return bytes;
}

export type SocketProtocol = keyof typeof PROTOCOLS;
export type SocketState = (typeof STATES)[number];

const PROTOCOLS = { tcp: 6, udp: 17, udplite: 136, raw: 255 } as const;
/** From TCP_ESTABLISHED, 1, on (<net/tcp_states.h>). */
const STATES = [
  "established",
  "syn-sent",
  "syn-received",
  "fin-wait-1",
  "fin-wait-2",
  "time-wait",
  "close",
  "close-wait",
  "last-ack",
  "listen",
  "closing",
  "new-syn-received",
] as const;
const ALL_STATES = 0xffffffff;
const SOCK_DIAG_BY_FAMILY = 20;
const SOCK_DESTROY = 21;
const ID_AT = 4;
const ID_BYTES = 48;
const COOKIE_AT = 40;
const ANY_ID = new Uint8Array(ID_BYTES);
const INET_DIAG_MSG_BYTES = 72;
const INET_DIAG_CGROUP_ID = 21;
const ENOENT = 2;
