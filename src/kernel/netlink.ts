/**
 * A netlink socket: a request goes to the kernel, and its whole answer comes back.
 *
 * The kernel does the work inside `sendto` and has its answer ready when that returns, so a request
 * is synchronous and still waits for nothing: a cut must not stand in line behind an event loop.
 * Dumps are made piece by piece as they are read. A receive time-out and a limit of messages bound
 * what a misbehaving kernel could do to us.
 *
 * Only messages from port 0, the kernel, count: another process may send to our port.
 */
import {
  AF_NETLINK,
  bind,
  close,
  errnoName,
  getsockname,
  KernelRefused,
  MSG_DONTWAIT,
  onReadable,
  recvfrom,
  SO_RCVBUF,
  SO_RCVBUFFORCE,
  SO_RCVTIMEO,
  SO_SNDBUFFORCE,
  SOCK_RAW,
  SOL_SOCKET,
  sendto,
  setsockopt,
  socket,
  socketDrops,
} from "./libc.ts";
import { attributeMap, messagesIn, type NetlinkMessage, textOf } from "./netlink-message.ts";

export interface NetlinkOptions {
  /** Multicast groups to hear, by number. */
  readonly groups?: readonly number[];
  /** Room for what was not read yet. Without it: the kernel's default. */
  readonly receiveBytes?: number;
  /** The longest request. Without it: the kernel's default, about 200 KiB. */
  readonly sendBytes?: number;
}

/** The kernel's whole answer. */
export interface Answer {
  /** 0, or minus the errno of the first message that failed. */
  readonly error: number;
  /** Of which message, by its sequence number, when `error` is not 0. */
  readonly failed?: number;
  /** What to say of it: the errno's name and the kernel's own words, when `error` is not 0. */
  readonly says?: string;
  /** What a request asked for. Copies: they outlive the next request. */
  readonly messages: readonly NetlinkMessage[];
}

export interface Notifications {
  readonly messages: readonly NetlinkMessage[];
  /** Some were dropped because we read too slowly: look at everything again. */
  readonly lost: boolean;
}

export class NetlinkSocket {
  readonly fd: number;
  /** Our own: it tells our doings from others' in notifications. */
  readonly port: number;
  #sequence = 1;
  #into = new Uint8Array(RECEIVE_BYTES);
  #from = new Uint8Array(SOCKADDR_NL_BYTES);
  /** Messages that found no room, as of the last look. */
  #drops = 0;

  private constructor(fd: number) {
    this.fd = fd;
    const own = new Uint8Array(SOCKADDR_NL_BYTES);
    getsockname(fd, own);
    this.port = new DataView(own.buffer).getUint32(4, true);
  }

  /** Opens a socket in the thread's network namespace. Throws `KernelRefused`. */
  static open(protocol: number, options: NetlinkOptions = {}): NetlinkSocket {
    const fd = socket(AF_NETLINK, SOCK_RAW, protocol);
    if (fd < 0) throw new KernelRefused(`netlink socket ${protocol}`, fd, "this netlink protocol");
    const expect = (answer: number, what: string, needs: string) => {
      if (answer >= 0) return;
      close(fd);
      throw new KernelRefused(what, answer, needs);
    };
    expect(bind(fd, SOCKADDR_NL), "binding a netlink socket", "a free netlink port");
    const wait = new Uint8Array(16);
    wait[0] = RECEIVE_SECONDS;
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, wait);
    // Older kernels know neither: then there are no words with an error, and dumps are not filtered.
    setsockopt(fd, SOL_NETLINK, NETLINK_EXT_ACK, 1);
    setsockopt(fd, SOL_NETLINK, NETLINK_CAP_ACK, 1);
    if (options.receiveBytes !== undefined) {
      const forced = setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, options.receiveBytes);
      if (forced < 0) setsockopt(fd, SOL_SOCKET, SO_RCVBUF, options.receiveBytes);
    }
    if (options.sendBytes !== undefined) {
      setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, options.sendBytes);
    }
    // Whoever waits for notifications would not be woken again after an overrun (libc.ts, `onReadable`).
    if (options.groups !== undefined) setsockopt(fd, SOL_NETLINK, NETLINK_NO_ENOBUFS, 1);
    for (const group of options.groups ?? []) {
      const joined = setsockopt(fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, group);
      expect(joined, `joining netlink group ${group}`, "CAP_NET_ADMIN");
    }
    return new NetlinkSocket(fd);
  }

  /** A number for the next message. Unique on this socket until 2^32 messages were sent. */
  nextSequence(): number {
    this.#sequence = (this.#sequence + 1) >>> 0 || 1;
    return this.#sequence;
  }

  /**
   * Sends messages and reads until the answer to `last` is whole: its acknowledgement, the end of
   * its dump, or its failure. Never throws for what the kernel says.
   *
   * @param first the lowest sequence number in `bytes`: an answer to anything earlier is stale
   * @param last the number of the message that asks for an acknowledgement or a dump
   */
  request(bytes: Uint8Array, first: number, last: number): Answer {
    const sent = sendto(this.fd, bytes, 0, SOCKADDR_NL);
    if (sent < 0) return { error: sent, failed: last, says: errnoName(sent), messages: [] };
    const messages: NetlinkMessage[] = [];
    let failure: Omit<Answer, "messages"> | undefined;
    for (let reads = 0; reads < READS_MAX; reads++) {
      // A batch reports each failure and may leave out the last acknowledgement: then none will come.
      const got = this.#receive(failure === undefined ? 0 : MSG_DONTWAIT);
      if (typeof got === "number") {
        const says = `${errnoName(got)} while waiting for the kernel's answer`;
        return { ...(failure ?? { error: got, failed: last, says }), messages };
      }
      for (const message of got) {
        if (!isWithin(message.sequence, first, last)) continue;
        if (message.type === NLMSG_ERROR) failure ??= failureOf(message);
        if ((message.flags & NLM_F_DUMP_INTR) !== 0) failure ??= interrupted(message.sequence);
        const isLast = message.sequence === last;
        if (isLast && (message.type === NLMSG_ERROR || message.type === NLMSG_DONE)) {
          const dumped = message.type === NLMSG_DONE ? failureOf(message) : undefined;
          return { ...(failure ?? dumped ?? { error: 0 }), messages };
        }
        if (message.type > NLMSG_CONTROL_MAX) {
          messages.push({ ...message, body: message.body.slice() });
        }
      }
    }
    const says = `more than ${READS_MAX} reads of an answer`;
    return { ...(failure ?? { error: -E2BIG, failed: last, says }), messages };
  }

  /** What came from groups since the last call. Does not wait. */
  notifications(): Notifications {
    const messages: NetlinkMessage[] = [];
    const drops = socketDrops(this.fd) ?? 0;
    let lost = drops !== this.#drops;
    this.#drops = drops;
    for (let reads = 0; reads < READS_MAX; reads++) {
      const got = this.#receive(MSG_DONTWAIT);
      if (typeof got === "number") {
        if (got !== -ENOBUFS) break;
        lost = true;
        continue;
      }
      for (const one of got) messages.push({ ...one, body: one.body.slice() });
    }
    return { messages, lost };
  }

  /** Calls back whenever there is something to read, until it is stopped. */
  onReadable(callback: () => void): { stop(): void } {
    return onReadable(this.fd, callback);
  }

  close(): void {
    close(this.fd);
  }

  /** One recv's messages of the kernel's, as views of the buffer; or minus the errno. */
  #receive(flags: number): readonly NetlinkMessage[] | number {
    const length = recvfrom(this.fd, this.#into, flags, this.#from);
    if (length < 0) return length;
    if (new DataView(this.#from.buffer).getUint32(4, true) !== KERNEL_PORT) return [];
    return messagesIn(this.#into.subarray(0, length)).messages;
  }
}

/** What an acknowledgement or the end of a dump says; undefined when all went well. */
export function failureOf(
  message: NetlinkMessage,
): { error: number; failed: number; says: string } | undefined {
  const { body, sequence: failed } = message;
  if (body.length < 4) {
    return { error: -EBADMSG, failed, says: `${body.length} byte answer, expected at least 4` };
  }
  const error = new DataView(body.buffer, body.byteOffset).getInt32(0, true);
  if (error >= 0) return undefined;
  // With NETLINK_CAP_ACK the request's header follows, without its body, then the kernel's words.
  const words = message.type === NLMSG_ERROR ? textOf(attributeMap(body, 20).get(1)) : undefined;
  return { error, failed, says: words ? `${errnoName(error)}: ${words}` : errnoName(error) };
}

/** What was dumped is neither as it was before a change nor as it was after it. */
function interrupted(failed: number): { error: number; failed: number; says: string } {
  return { error: -EINTR, failed, says: "EINTR: it changed while it was being listed" };
}

/** Sequence numbers wrap at 2^32. */
function isWithin(sequence: number, first: number, last: number): boolean {
  return (sequence - first) >>> 0 <= (last - first) >>> 0;
}

export const NETLINK_ROUTE = 0;
export const NETLINK_SOCK_DIAG = 4;
export const NETLINK_NETFILTER = 12;
export const NLM_F_REQUEST = 0x1;
export const NLM_F_ACK = 0x4;
const NLM_F_DUMP_INTR = 0x10;
export const NLM_F_EXCL = 0x200;
export const NLM_F_DUMP = 0x300;
export const NLM_F_CREATE = 0x400;
export const NLM_F_APPEND = 0x800;

const KERNEL_PORT = 0;
const SOCKADDR_NL_BYTES = 12;
/** Family, and zeros: port 0 is the kernel to send to, and any free port to bind. */
const SOCKADDR_NL = Uint8Array.of(AF_NETLINK, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0);
export const SOL_NETLINK = 270;
const NETLINK_ADD_MEMBERSHIP = 1;
export const NETLINK_NO_ENOBUFS = 5;
const NETLINK_CAP_ACK = 10;
const NETLINK_EXT_ACK = 11;
const NLMSG_ERROR = 2;
const NLMSG_DONE = 3;
/** Types up to this one are netlink's own (NLMSG_MIN_TYPE is 0x10). */
const NLMSG_CONTROL_MAX = 0xf;
const EINTR = 4;
const E2BIG = 7;
const EBADMSG = 74;
const ENOBUFS = 105;
/** The kernel makes dumps in pieces of at most 32 KiB (`min_dump_alloc` of what we ask for). */
const RECEIVE_BYTES = 64 * 1024;
const RECEIVE_SECONDS = 2;
/** 64 MiB of rules or sockets: far more than a namespace has, and an end. */
const READS_MAX = 2048;
