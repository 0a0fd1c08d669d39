/**
 * The first 64 KiB of each connection, by nflog: the kernel sends a copy of each such packet to a netlink
 * socket, at once (nflog-rules.ts).
 *
 * Every packet of the group has a number, also one for which the socket had no room: a gap is a loss, and
 * says of how many. Where no packet comes behind the gap the socket's own counter says it a second later.
 * What a packet costs us is one call; after some hundreds the loop gets its turn, since
 * timers and sockets must not starve because somebody sends much.
 */
import {
  AF_NETLINK,
  bind,
  close,
  errnoName,
  KernelRefused,
  MSG_DONTWAIT,
  onReadable,
  recvfrom,
  SO_RCVBUF,
  SO_RCVBUFFORCE,
  SOCK_RAW,
  SOL_SOCKET,
  sendto,
  setsockopt,
  socket,
  socketDrops,
} from "../../kernel/libc.ts";
import {
  NETLINK_NETFILTER,
  NETLINK_NO_ENOBUFS,
  NLM_F_ACK,
  NLM_F_REQUEST,
  SOL_NETLINK,
} from "../../kernel/netlink.ts";
import { MessageWriter, u16be, u32be } from "../../kernel/netlink-message.ts";
import type { LiveClock } from "./live-clock.ts";
import { NflogReader } from "./nflog-message.ts";
import { NflogRules } from "./nflog-rules.ts";
import type { Tap, TapListener } from "./tap.ts";

export interface NflogOptions {
  readonly clock: LiveClock;
  readonly group?: number;
  /** Room in the kernel for what was not read yet. */
  readonly bufferBytes?: number | undefined;
}

/** Begins to capture; answers why it cannot be, where the kernel refuses. */
export function openNflog(listener: TapListener, options: NflogOptions): Tap | string {
  const group = options.group ?? GROUP;
  let fd = -1;
  try {
    fd = openSocket(group, options.bufferBytes ?? RECEIVE_BYTES);
    const rules = NflogRules.load(group);
    if (typeof rules === "string") {
      close(fd);
      return rules;
    }
    return new Nflog(listener, { clock: options.clock, fd, rules });
  } catch (error) {
    if (fd >= 0) close(fd);
    if (error instanceof KernelRefused) return error.message;
    throw error;
  }
}

class Nflog implements Tap {
  readonly method = "nflog";
  readonly started = Promise.resolve();
  readonly firstBytesOnly = true;
  readonly #listener: TapListener;
  readonly #clock: LiveClock;
  readonly #fd: number;
  readonly #rules: NflogRules;
  readonly #into = new Uint8Array(MESSAGE_BYTES_MAX);
  readonly #from = new Uint8Array(SOCKADDR_NL_BYTES);
  readonly #fromView = new DataView(this.#from.buffer);
  readonly #reader = new NflogReader(this.#into);
  readonly #watch: { stop(): void };
  #expected = -1;
  /** Packets lost by their numbers, and those that were told. */
  #missing = 0;
  #told = 0;
  #checks = 0;
  #stopped = false;

  constructor(
    listener: TapListener,
    { clock, fd, rules }: { clock: LiveClock; fd: number; rules: NflogRules },
  ) {
    this.#listener = listener;
    this.#clock = clock;
    this.#fd = fd;
    this.#rules = rules;
    this.#watch = onReadable(fd, () => this.#read());
  }

  check(): void {
    this.#read();
    this.#tellLost(socketDrops(this.#fd) ?? 0);
    // Listing rules takes a fraction of a millisecond, but others may list and change them too.
    if (++this.#checks % CHECK_EVERY !== 0) return;
    const wrong = this.#rules.check();
    if (wrong !== undefined) this.#listener.lost(0, `nflog: ${wrong}`);
  }

  async stop(): Promise<void> {
    if (this.#stopped) return;
    this.#rules.unload();
    // What was logged before is still read.
    this.#read();
    this.#stopped = true;
    this.#watch.stop();
    close(this.#fd);
  }

  #read(): void {
    if (this.#stopped) return;
    const nowUs = this.#clock.nowUs();
    for (let messages = 0; messages < MESSAGES_MAX; messages++) {
      const length = recvfrom(this.#fd, this.#into, MSG_DONTWAIT, this.#from);
      if (length === -EINTR) continue;
      if (length < 0) {
        if (length !== -EAGAIN) this.#listener.lost(0, `nflog: recv answered ${errnoName(length)}`);
        return;
      }
      if (this.#fromView.getUint32(4, true) === KERNEL_PORT) this.#take(length, nowUs);
    }
  }

  #take(length: number, nowUs: number): void {
    const { packet } = this.#reader;
    this.#reader.begin(length);
    while (this.#reader.next()) {
      const { sequence, from, to, wallUs } = packet;
      if (sequence >= 0) this.#follow(sequence);
      if (to <= from) continue;
      this.#listener.clock[0] = wallUs === 0 ? nowUs : this.#clock.stamped(wallUs, nowUs);
      this.#listener.packet(this.#into, from, to - from, to - from, RAW);
    }
  }

  #follow(sequence: number): void {
    const missing = this.#expected < 0 ? sequence : (sequence - this.#expected) >>> 0;
    this.#expected = (sequence + 1) >>> 0;
    if (missing === 0) return;
    this.#missing += missing;
    this.#tellLost(this.#missing);
  }

  /** Gaps and the socket's counter tell of the same packets, one before the other. */
  #tellLost(known: number): void {
    if (known <= this.#told) return;
    this.#listener.lost(known - this.#told, "nflog: its socket was full");
    this.#told = known;
  }
}

/** A socket that hears the group. Throws `KernelRefused`. */
function openSocket(group: number, receiveBytes: number): number {
  const fd = socket(AF_NETLINK, SOCK_RAW, NETLINK_NETFILTER);
  if (fd < 0) throw new KernelRefused("netlink socket for nflog", fd, "CONFIG_NETFILTER_NETLINK");
  const address = new Uint8Array(SOCKADDR_NL_BYTES);
  address[0] = AF_NETLINK;
  const refuse = (answer: number, what: string, needs: string) => {
    if (answer >= 0) return;
    close(fd);
    throw new KernelRefused(what, answer, needs);
  };
  refuse(bind(fd, address), "binding the netlink socket for nflog", "a free netlink port");
  if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, receiveBytes) < 0) {
    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, receiveBytes);
  }
  setsockopt(fd, SOL_NETLINK, NETLINK_NO_ENOBUFS, 1);
  const settings = [
    [NFULA_CFG_CMD, Uint8Array.of(NFULNL_CFG_CMD_BIND)],
    [NFULA_CFG_MODE, Uint8Array.of(...u32be(COPY_BYTES), NFULNL_COPY_PACKET, 0)],
    [NFULA_CFG_FLAGS, u16be(NFULNL_CFG_F_SEQ)],
    [NFULA_CFG_QTHRESH, u32be(1)],
  ] as const;
  for (const [index, [type, value]] of settings.entries()) {
    const writer = new MessageWriter(CONFIG_BYTES);
    const family = Uint8Array.of(0, 0, ...u16be(group));
    writer.begin(CONFIG_TYPE, NLM_F_REQUEST | NLM_F_ACK, index + 1, family).value(type, value);
    const answer = request(fd, writer.end().bytes);
    refuse(answer, `nflog group ${group}`, "CAP_NET_ADMIN, and that nobody else listens to it");
  }
  return fd;
}

/** Sends a setting and reads its acknowledgement: 0 or minus the errno. Packets may come before it. */
function request(fd: number, message: Uint8Array): number {
  const address = new Uint8Array(SOCKADDR_NL_BYTES);
  address[0] = AF_NETLINK;
  const sent = sendto(fd, message, 0, address);
  if (sent < 0) return sent;
  const into = new Uint8Array(MESSAGE_BYTES_MAX);
  const view = new DataView(into.buffer);
  for (let reads = 0; reads < ANSWERS_MAX; reads++) {
    const length = recvfrom(fd, into, MSG_DONTWAIT, address);
    if (length < 0) return length;
    if (length >= 20 && view.getUint16(4, true) === NLMSG_ERROR) return view.getInt32(16, true);
  }
  return -EAGAIN;
}

/** As in VISIBILITY; any that nobody else in this namespace uses will do. */
const GROUP = 5;
/** LINKTYPE_RAW: a packet begins with its IP header. */
const RAW = 101;
/** A second of handshakes at some thousand connections a second. */
const RECEIVE_BYTES = 8 * 1024 * 1024;
/** An attribute holds less than 64 KiB; with the others it fits. */
const MESSAGE_BYTES_MAX = 128 * 1024;
const COPY_BYTES = 0xffff;
/** Read in one go, before timers and sockets get their turn. */
const MESSAGES_MAX = 512;
const CHECK_EVERY = 5;
const ANSWERS_MAX = 64;
const CONFIG_BYTES = 256;
const SOCKADDR_NL_BYTES = 12;
const KERNEL_PORT = 0;
const EINTR = 4;
const EAGAIN = 11;
const NLMSG_ERROR = 2;
/** NFNL_SUBSYS_ULOG, NFULNL_MSG_CONFIG. */
const CONFIG_TYPE = (4 << 8) | 1;
const NFULA_CFG_CMD = 1;
const NFULA_CFG_MODE = 2;
const NFULA_CFG_QTHRESH = 5;
const NFULA_CFG_FLAGS = 6;
const NFULNL_CFG_CMD_BIND = 1;
const NFULNL_COPY_PACKET = 2;
const NFULNL_CFG_F_SEQ = 1;
