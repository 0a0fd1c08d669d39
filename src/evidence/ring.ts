/**
 * The packets of handshakes, in memory, for as long as there is room: what a verdict can be proved by.
 *
 *     | frame of 7 | frame of 9 | frame of 7 | the oldest ... and so on |
 *                                            ^ the next frame overwrites from here
 *
 * One buffer, allocated once and written round and round, because a buffer a packet would be work for
 * the garbage collector at every packet. Of each connection only the positions of its frames are kept,
 * as numbers that count up for ever: a frame is still there if nothing was written a buffer's length
 * behind it. Whatever is not kept is counted, and said with the evidence.
 */

/** A captured packet as it was handed over. */
export interface KeptPacket {
  readonly bytes: Uint8Array;
  /** Integer microseconds since 1970. */
  readonly atUs: number;
  /** Bytes that the packet had on the wire. */
  readonly original: number;
  /** LINKTYPE_ value. */
  readonly link: number;
  /** Counts up with every packet that was kept: their order, whatever their clocks say. */
  readonly position: number;
}

export interface Frozen {
  /** In the order in which they were captured. */
  readonly packets: readonly KeptPacket[];
  /** Packets of the connection that were not kept, or not long enough. */
  readonly missed: number;
}

export interface RingLimits {
  /** Of all frames together. */
  readonly bytes: number;
  readonly connections: number;
  /** Of one connection's frames. */
  readonly bytesPerConnection: number;
}

export class EvidenceRing {
  /** Frames that were overwritten, that one connection had too many of, and connections given up. */
  readonly dropped = { overwritten: 0, beyondConnection: 0, connections: 0 };
  readonly #limits: RingLimits;
  readonly #bytes: Buffer;
  readonly #kept = new Map<number | string, Kept>();
  /** How many bytes were ever written, gaps at the buffer's end included. */
  #written = 0;

  constructor(limits: RingLimits = RING_LIMITS) {
    this.#limits = limits;
    // Not from Node's pool, and not touched before it is written: until then it takes no memory.
    this.#bytes = Buffer.allocUnsafeSlow(limits.bytes);
  }

  /**
   * Keeps a copy of [from, to) for a connection, or for the datagram whose fragment it is.
   *
   * @param of number of the connection, or the datagram's key
   */
  add(
    of: number | string,
    bytes: Uint8Array,
    from: number,
    to: number,
    atUs: number,
    original: number,
    link: number,
  ): void {
    const kept = this.#of(of);
    const room = HEADER_BYTES + to - from;
    if (kept.bytes + room > this.#limits.bytesPerConnection || room > this.#bytes.length) {
      kept.missed++;
      this.dropped.beyondConnection++;
      return;
    }
    const position = this.#place(room);
    const at = position % this.#bytes.length;
    this.#bytes.writeDoubleLE(atUs, at);
    this.#bytes.writeUInt32LE(to - from, at + 8);
    this.#bytes.writeUInt32LE(original >>> 0, at + 12);
    this.#bytes.writeUInt32LE(link >>> 0, at + 16);
    this.#bytes.set(bytes.subarray(from, to), at + HEADER_BYTES);
    kept.positions.push(position);
    kept.bytes += room;
  }

  /** A datagram's fragments turn out to belong to a connection. */
  adopt(key: string, flow: number): void {
    const fragments = this.#kept.get(key);
    if (fragments === undefined) return;
    this.#kept.delete(key);
    const kept = this.#of(flow);
    kept.missed += fragments.missed;
    if (kept.bytes + fragments.bytes > this.#limits.bytesPerConnection) {
      kept.missed += fragments.positions.length;
      this.dropped.beyondConnection += fragments.positions.length;
      return;
    }
    kept.positions.push(...fragments.positions);
    kept.bytes += fragments.bytes;
  }

  /** A connection's packets, copied out of the ring. One that it never saw has none. */
  freeze(flow: number): Frozen {
    const kept = this.#kept.get(flow);
    if (kept === undefined) return { packets: [], missed: 0 };
    const there = kept.positions.filter((position) => this.#isThere(position));
    const overwritten = kept.positions.length - there.length;
    this.dropped.overwritten += overwritten;
    there.sort((a, b) => a - b);
    return {
      packets: there.map((position) => this.#read(position)),
      missed: kept.missed + overwritten,
    };
  }

  #of(of: number | string): Kept {
    const known = this.#kept.get(of);
    if (known !== undefined) return known;
    const made: Kept = { positions: [], bytes: 0, missed: 0 };
    this.#kept.set(of, made);
    if (this.#kept.size > this.#limits.connections) {
      const [oldest] = this.#kept.keys();
      this.#kept.delete(oldest!);
      this.dropped.connections++;
    }
    return made;
  }

  /** A frame lies in one piece: what is too little at the buffer's end is left free. */
  #place(room: number): number {
    const left = this.#bytes.length - (this.#written % this.#bytes.length);
    if (left < room) this.#written += left;
    const position = this.#written;
    this.#written += room;
    return position;
  }

  #isThere(position: number): boolean {
    return this.#written - position <= this.#bytes.length;
  }

  #read(position: number): KeptPacket {
    const at = position % this.#bytes.length;
    const captured = this.#bytes.readUInt32LE(at + 8);
    const from = at + HEADER_BYTES;
    return {
      bytes: Uint8Array.from(this.#bytes.subarray(from, from + captured)),
      atUs: this.#bytes.readDoubleLE(at),
      original: this.#bytes.readUInt32LE(at + 12),
      link: this.#bytes.readUInt32LE(at + 16),
      position,
    };
  }
}

interface Kept {
  readonly positions: number[];
  bytes: number;
  missed: number;
}

const HEADER_BYTES = 20;
/**
 * 8 MiB hold a thousand handshakes; a sidecar that has to do with 96 MB can spare no more. Half of it
 * is what one connection with a very long chain, or one in clear, may take of that in the worst case.
 */
export const RING_LIMITS: RingLimits = {
  bytes: 8_388_608,
  connections: 8192,
  bytesPerConnection: 131_072,
};
