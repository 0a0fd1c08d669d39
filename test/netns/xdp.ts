/**
 * Sending by an XDP socket in copy mode (linux/if_xdp.h): one area of memory for frames, and a ring in
 * which the kernel is told which of them to send. It goes to the driver past every hook and every tap.
 */
import {
  bind,
  getsockopt,
  interfaceIndex,
  MSG_DONTWAIT,
  mmap,
  SOCK_RAW,
  sendto,
  setsockopt,
  socket,
} from "../../src/kernel/libc.ts";

/** Sends `bytes` by eth0 at each call, whose answer is as sendto's; or minus the errno of what is not there. */
export function openXdp(bytes: Uint8Array): (() => number) | number {
  const fd = socket(AF_XDP, SOCK_RAW, 0);
  if (fd < 0) return fd;
  const memory = mmap(-1, FRAMES * FRAME_BYTES);
  if (typeof memory === "number") return memory;
  new Uint8Array(memory.memory).set(bytes);

  const registration = new Uint8Array(32);
  const umem = new DataView(registration.buffer);
  umem.setBigUint64(0, memory.address, true);
  umem.setBigUint64(8, BigInt(memory.bytes), true);
  umem.setUint32(16, FRAME_BYTES, true);
  const offsets = new Uint8Array(128);
  const address = new Uint8Array(16);
  const to = new DataView(address.buffer);
  to.setUint16(0, AF_XDP, true);
  to.setUint16(2, XDP_COPY, true);
  to.setUint32(4, interfaceIndex("eth0"), true);
  const steps = [
    () => setsockopt(fd, SOL_XDP, XDP_UMEM_REG, registration),
    () => setsockopt(fd, SOL_XDP, XDP_UMEM_FILL_RING, FRAMES),
    () => setsockopt(fd, SOL_XDP, XDP_UMEM_COMPLETION_RING, FRAMES),
    () => setsockopt(fd, SOL_XDP, XDP_TX_RING, FRAMES),
    () => getsockopt(fd, SOL_XDP, XDP_MMAP_OFFSETS, offsets),
    () => bind(fd, address),
  ];
  for (const step of steps) {
    const answer = step();
    if (answer < 0) return answer;
  }
  const mapped = mmap(fd, 4096, XDP_PGOFF_TX_RING);
  if (typeof mapped === "number") return mapped;

  const ring = new DataView(mapped.memory);
  const [producer, descriptors] = [32, 48].map((at) =>
    Number(new DataView(offsets.buffer).getBigUint64(at, true)),
  ) as [number, number];
  return () => {
    const count = ring.getUint32(producer, true);
    const at = descriptors + (count % FRAMES) * 16;
    ring.setBigUint64(at, 0n, true);
    ring.setUint32(at + 8, bytes.length, true);
    ring.setUint32(at + 12, 0, true);
    ring.setUint32(producer, count + 1, true);
    return sendto(fd, new Uint8Array(0), MSG_DONTWAIT);
  };
}

const FRAMES = 64;
const FRAME_BYTES = 4096;
const AF_XDP = 44;
const SOL_XDP = 283;
const XDP_COPY = 2;
const XDP_MMAP_OFFSETS = 1;
const XDP_TX_RING = 3;
const XDP_UMEM_REG = 4;
const XDP_UMEM_FILL_RING = 5;
const XDP_UMEM_COMPLETION_RING = 6;
const XDP_PGOFF_TX_RING = 0x80000000;
