/**
 * Everything, by a ring of memory shared with the kernel (AF_PACKET, TPACKET_V3): it fills blocks of
 * packets, and hands each over when it is full or two milliseconds old. What found no room is counted by the
 * kernel, which is asked every second.
 *
 * It sees what AF_PACKET sees: not AF_XDP, and not what PACKET_QDISC_BYPASS sends (THREATS.md).
 */
import {
  AF_PACKET,
  close,
  errnoName,
  getsockopt,
  KernelRefused,
  type Mapping,
  mmap,
  munmap,
  onReadable,
  SOCK_DGRAM,
  setsockopt,
  socket,
} from "../../kernel/libc.ts";
import type { LiveClock } from "./live-clock.ts";
import { COOKED_BYTES, giveBack, hasLost, isFilled, readBlock } from "./ring-block.ts";
import type { Tap, TapListener } from "./tap.ts";

export interface RingOptions {
  readonly clock: LiveClock;
  /** Of the ring: whole blocks of 128 KiB, two at least. */
  readonly bufferBytes?: number | undefined;
}

/** Begins to capture; answers why it cannot be, where the kernel refuses. */
export function openRing(listener: TapListener, options: RingOptions): Tap | string {
  try {
    return new Ring(listener, options);
  } catch (error) {
    if (error instanceof KernelRefused) return error.message;
    throw error;
  }
}

class Ring implements Tap {
  readonly method = "ring";
  readonly started = Promise.resolve();
  readonly firstBytesOnly = false;
  readonly #listener: TapListener;
  readonly #clock: LiveClock;
  readonly #fd: number;
  readonly #ring: Mapping;
  readonly #blocks: number;
  readonly #bytes: Uint8Array;
  readonly #words: Int32Array;
  readonly #watch: { stop(): void };
  readonly #statistics = new Uint8Array(12);
  #block = 0;
  #stopped = false;

  constructor(listener: TapListener, { clock, bufferBytes = RING_BYTES }: RingOptions) {
    const blocks = Math.max(2, Math.floor(bufferBytes / BLOCK_BYTES));
    this.#listener = listener;
    this.#clock = clock;
    this.#blocks = blocks;
    const fd = socket(AF_PACKET, SOCK_DGRAM, ETH_P_ALL_BE);
    if (fd < 0) throw new KernelRefused("AF_PACKET socket", fd, "CAP_NET_RAW");
    this.#fd = fd;
    const expect = (answer: number, what: string) => {
      if (answer >= 0) return;
      close(fd);
      throw new KernelRefused(what, answer, "a kernel with TPACKET_V3, and memory for the ring");
    };
    expect(setsockopt(fd, SOL_PACKET, PACKET_VERSION, TPACKET_V3), "PACKET_VERSION");
    expect(setsockopt(fd, SOL_PACKET, PACKET_RESERVE, COOKED_BYTES), "PACKET_RESERVE");
    expect(setsockopt(fd, SOL_PACKET, PACKET_RX_RING, request(blocks)), "PACKET_RX_RING");
    const ring = mmap(fd, blocks * BLOCK_BYTES);
    if (typeof ring === "number") {
      close(fd);
      throw new KernelRefused("mapping the ring", ring, "memory for the ring");
    }
    this.#ring = ring;
    this.#bytes = new Uint8Array(ring.memory);
    this.#words = new Int32Array(ring.memory);
    this.#watch = onReadable(fd, () => this.#read());
  }

  check(): void {
    this.#count();
    // Where no new block is opened nobody is woken.
    this.#read();
  }

  #count(): void {
    const got = getsockopt(this.#fd, SOL_PACKET, PACKET_STATISTICS, this.#statistics);
    if (got < 8) {
      const why = got < 0 ? errnoName(got) : `${got} bytes`;
      this.#listener.lost(0, `ring: its counters cannot be read: ${why}`);
      return;
    }
    // They are zeroed by being read.
    const dropped = new DataView(this.#statistics.buffer).getUint32(4, true);
    if (dropped > 0) this.#listener.lost(dropped, "ring: all of its blocks were full");
  }

  async stop(): Promise<void> {
    if (this.#stopped) return;
    this.check();
    this.#stopped = true;
    this.#watch.stop();
    munmap(this.#ring);
    close(this.#fd);
  }

  #read(): void {
    if (this.#stopped) return;
    const nowUs = this.#clock.nowUs();
    for (let read = 0; read < BLOCKS_AT_ONCE; read++) {
      const blockAt = this.#block * BLOCK_BYTES;
      if (!isFilled(this.#words, blockAt)) return;
      // Told before what came behind it is read: it may be what is missing there.
      if (hasLost(this.#words, blockAt)) this.#count();
      const place = { blockAt, blockBytes: BLOCK_BYTES, nowUs };
      const packets = readBlock(this.#bytes, place, { sink: this.#listener, clock: this.#clock });
      if (packets < 0) this.#listener.lost(0, "ring: a block that cannot be right was left off");
      giveBack(this.#words, blockAt);
      this.#block = (this.#block + 1) % this.#blocks;
    }
  }
}

/** struct tpacket_req3: block size and count, frame size and count, time-out in ms, private, features. */
function request(blocks: number): Uint8Array {
  const bytes = new Uint8Array(28);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, BLOCK_BYTES, true);
  view.setUint32(4, blocks, true);
  view.setUint32(8, FRAME_BYTES, true);
  view.setUint32(12, (BLOCK_BYTES / FRAME_BYTES) * blocks, true);
  view.setUint32(16, RETIRE_MS, true);
  return bytes;
}

/** htons(ETH_P_ALL). */
const ETH_P_ALL_BE = 0x0300;
const SOL_PACKET = 263;
const PACKET_RX_RING = 5;
const PACKET_STATISTICS = 6;
const PACKET_VERSION = 10;
const PACKET_RESERVE = 12;
const TPACKET_V3 = 2;
/** Larger than the largest segment that a network card is handed, 64 KiB and headers. */
const BLOCK_BYTES = 131_072;
/** An eighth of a second at 1 Gbit/s. */
const RING_BYTES = 16_777_216;
const BLOCKS_AT_ONCE = 16;
const FRAME_BYTES = 2048;
/** A block is handed over after so long, however little is in it: all of them last for 256 ms of that. */
const RETIRE_MS = 2;
