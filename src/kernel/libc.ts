/**
 * The system calls that Node has no function for, made through the C library that Node itself is
 * linked with. Nothing else in the project calls into foreign code.
 *
 * Three facts shape it:
 *
 *   1. A call costs about 0.8 us, so buffers are the caller's, fixed and reused; structures are
 *      written and read by offset, and no object is made per call.
 *   2. A failed call is an answer and no exception: every function returns what the call gave, or
 *      minus the errno, as the kernel itself does. `errnoName` spells it.
 *   3. libuv watches any descriptor that epoll takes, netlink and packet sockets too. Measured over
 *      500 wake-ups: 5 us (p99 15 us) from a write to the callback, against 12 us (p99 30 us) by
 *      poll(2) in a thread of libuv's pool, which would also keep one of its four threads.
 *
 * Byte order is the host's where the kernel says so, and Node runs here on little-endian machines
 * alone (package.json pins x64 and arm64).
 */
import koffi from "koffi";

/** A capability or feature that the kernel did not grant. The message names what to grant. */
export class KernelRefused extends Error {
  override readonly name = "KernelRefused";
  /** The errno's name, `EPERM`. */
  readonly code: string;
  /** What would have to be there: `CAP_NET_ADMIN`, `CONFIG_NF_TABLES`. */
  readonly needs: string;

  constructor(what: string, answer: number, needs: string) {
    const code = errnoName(answer);
    super(`${what}: the kernel answered ${code}, expected success; it takes ${needs}`);
    this.code = code;
    this.needs = needs;
  }
}

/** `EPERM` for -1; a number that has no name is shown as it is. */
export function errnoName(answer: number): string {
  return ERRNO_NAMES.get(-answer) ?? `errno ${-answer}`;
}

/** socket(2): a descriptor, closed on exec. */
export function socket(family: number, type: number, protocol: number): number {
  return answered(call.socket(family, type | SOCK_CLOEXEC, protocol));
}

/** bind(2). `address` is a whole sockaddr. */
export function bind(fd: number, address: Uint8Array): number {
  return answered(call.bind(fd, address, address.length));
}

/** getsockname(2): the number of bytes of the socket's own address that were written to `into`. */
export function getsockname(fd: number, into: Uint8Array): number {
  LENGTH[0] = into.length;
  const answer = answered(call.getsockname(fd, into, LENGTH));
  return answer < 0 ? answer : LENGTH[0];
}

/** setsockopt(2). A number is written as an `int`. */
export function setsockopt(
  fd: number,
  level: number,
  option: number,
  value: number | Uint8Array,
): number {
  const bytes = typeof value === "number" ? int32(value) : value;
  return answered(call.setsockopt(fd, level, option, bytes, bytes.length));
}

/** getsockopt(2): the number of bytes that were written to `into`. */
export function getsockopt(fd: number, level: number, option: number, into: Uint8Array): number {
  LENGTH[0] = into.length;
  const answer = answered(call.getsockopt(fd, level, option, into, LENGTH));
  return answer < 0 ? answer : LENGTH[0];
}

/** How many packets or messages a socket had no room for, since it was opened; undefined: not told. */
export function socketDrops(fd: number): number | undefined {
  const answer = getsockopt(fd, SOL_SOCKET, SO_MEMINFO, MEMINFO);
  const at = SK_MEMINFO_DROPS * 4;
  return answer < at + 4 ? undefined : new DataView(MEMINFO.buffer).getUint32(at, true);
}

/** sendto(2): the number of bytes sent. Without `address`, to where the socket is connected. */
export function sendto(fd: number, bytes: Uint8Array, flags = 0, address?: Uint8Array): number {
  return answered(
    call.sendto(fd, bytes, bytes.length, flags, address ?? null, address?.length ?? 0),
  );
}

/**
 * recv(2): the number of bytes written to `into`; with `MSG_TRUNC` the length that the message had.
 * A batch is read by calling it with `MSG_DONTWAIT` until it answers `-EAGAIN`: a netlink socket
 * gives many messages at each call as it is.
 */
export function recv(fd: number, into: Uint8Array, flags = 0): number {
  return answered(call.recv(fd, into, into.length, flags));
}

/** recvfrom(2): as `recv`, and the sender's sockaddr in `address`, zeroed where it is shorter. */
export function recvfrom(fd: number, into: Uint8Array, flags: number, address: Uint8Array): number {
  LENGTH[0] = address.length;
  const answer = answered(call.recvfrom(fd, into, into.length, flags, address, LENGTH));
  address.fill(0, Math.min(LENGTH[0], address.length));
  return answer;
}

/** poll(2) of one descriptor. Blocks for up to `milliseconds`; returns the events that are there. */
export function poll(fd: number, events: number, milliseconds: number): number {
  POLLED.setInt32(0, fd, true);
  POLLED.setInt16(4, events, true);
  POLLED.setInt16(6, 0, true);
  const answer = answered(call.poll(POLLED_BYTES, 1, milliseconds));
  return answer < 0 ? answer : POLLED.getInt16(6, true);
}

/**
 * mmap(2), shared, readable and writable: the memory, or minus the errno.
 *
 * @param fd -1 for memory that belongs to no file
 * @param offset some descriptors have several areas, told apart by it
 */
export function mmap(fd: number, bytes: number, offset = 0): Mapping | number {
  const flags = MAP_SHARED | (fd === -1 ? MAP_ANONYMOUS : 0);
  const at = call.mmap(null, bytes, PROT_READ | PROT_WRITE, flags, fd, offset) as bigint | null;
  if (at === null || BigInt.asIntN(64, at) === -1n) return -koffi.errno();
  return { memory: koffi.view(at, bytes), address: at, bytes };
}

/** Memory that is shared with the kernel. It must not be touched after `munmap`. */
export interface Mapping {
  readonly memory: ArrayBuffer;
  readonly address: bigint;
  readonly bytes: number;
}

export function munmap(mapping: Mapping): number {
  return answered(call.munmap(mapping.address, mapping.bytes));
}

export function close(fd: number): number {
  return answered(call.close(fd));
}

/** if_nametoindex(3) in the network namespace of this thread; 0 when there is no such interface. */
export function interfaceIndex(name: string): number {
  return call.if_nametoindex(name) as number;
}

/**
 * setns(2) for this thread, to the network namespace that `fd` is open on. Sockets keep the namespace
 * they were made in, so one can enter, open sockets, and come back.
 */
export function setNetworkNamespace(fd: number): number {
  return answered(call.setns(fd, CLONE_NEWNET));
}

/**
 * Calls back in Node's loop whenever `fd` has something to read, until it is stopped. It does not
 * keep the process alive by itself. Stop it before the descriptor is closed.
 *
 * A socket that reports an error is not watched any further, and nobody is told. A netlink socket
 * reports one when it was full: `NETLINK_NO_ENOBUFS` forbids it that, and `socketDrops` tells instead.
 */
export function onReadable(fd: number, callback: () => void): { stop(): void } {
  const handle = koffi.node.poll(fd, { readable: true }, callback);
  handle.unref();
  WATCHED.add(handle);
  return {
    stop() {
      if (!WATCHED.delete(handle)) return;
      handle.stop();
      handle.close();
    },
  };
}

function answered(result: unknown): number {
  return (result as number) < 0 ? -koffi.errno() : (result as number);
}

function int32(value: number): Uint8Array {
  INT.setInt32(0, value, true);
  return INT_BYTES;
}

/** Of the program itself: glibc and musl are both found so, by whatever name they have. */
const library = koffi.load(null);
const call = {
  socket: library.func("int socket(int family, int type, int protocol)"),
  bind: library.func("int bind(int fd, const void *address, unsigned int length)"),
  getsockname: library.func("int getsockname(int fd, void *address, void *length)"),
  setsockopt: library.func(
    "int setsockopt(int fd, int level, int option, const void *value, unsigned int length)",
  ),
  getsockopt: library.func(
    "int getsockopt(int fd, int level, int option, void *value, void *length)",
  ),
  sendto: library.func(
    "long sendto(int fd, const void *bytes, size_t length, int flags, const void *address, unsigned int addressLength)",
  ),
  recv: library.func("long recv(int fd, void *bytes, size_t length, int flags)"),
  recvfrom: library.func(
    "long recvfrom(int fd, void *bytes, size_t length, int flags, void *address, void *addressLength)",
  ),
  poll: library.func("int poll(void *descriptors, unsigned long count, int milliseconds)"),
  mmap: library.func(
    "void *mmap(void *at, size_t length, int protection, int flags, int fd, long offset)",
  ),
  munmap: library.func("int munmap(void *at, size_t length)"),
  close: library.func("int close(int fd)"),
  setns: library.func("int setns(int fd, int type)"),
  if_nametoindex: library.func("unsigned int if_nametoindex(const char *name)"),
};

const ERRNO_NAMES = new Map(
  // EWOULDBLOCK and EOPNOTSUPP are second names of the same numbers: the first one stays.
  Object.entries(koffi.os.errno)
    .reverse()
    .map(([name, number]) => [number, name]),
);
/** A handle that nobody holds is collected as garbage, and what libuv then calls ends the process. */
const WATCHED = new Set<object>();
const LENGTH = new Uint32Array(1);
const MEMINFO = new Uint8Array(64);
const INT_BYTES = new Uint8Array(4);
const INT = new DataView(INT_BYTES.buffer);
const POLLED_BYTES = new Uint8Array(8);
const POLLED = new DataView(POLLED_BYTES.buffer);

export const AF_INET = 2;
export const AF_INET6 = 10;
export const AF_NETLINK = 16;
export const AF_PACKET = 17;
export const SOCK_STREAM = 1;
export const SOCK_DGRAM = 2;
export const SOCK_RAW = 3;
export const SOL_SOCKET = 1;
export const SO_SNDBUF = 7;
export const SO_RCVBUF = 8;
export const SO_RCVTIMEO = 20;
export const SO_SNDBUFFORCE = 32;
export const SO_RCVBUFFORCE = 33;
const SO_MEMINFO = 55;
const SK_MEMINFO_DROPS = 8;
export const MSG_DONTWAIT = 0x40;
export const MSG_TRUNC = 0x20;
export const POLLIN = 1;
const SOCK_CLOEXEC = 0o2000000;
const CLONE_NEWNET = 0x40000000;
const PROT_READ = 1;
const PROT_WRITE = 2;
const MAP_SHARED = 1;
const MAP_ANONYMOUS = 0x20;
