/**
 * One direction of one connection while somebody still reads it: what was delivered (so that a
 * retransmission can be compared with it) and what came early (so that it can be delivered later).
 *
 * Segments that cover bytes already seen must repeat them exactly. If they do not, two receivers
 * may read two different conversations, which is how sensors are fooled (Ptacek and Newsham, 1998):
 * that is reported. The bytes that came first count.
 */
export interface Segment {
  /** Offset in the direction. */
  offset: number;
  bytes: Uint8Array;
  /** Bytes that the packet had behind these and that were not captured. */
  missing: number;
  atUs: number;
}

export class Stream {
  /** Delivered bytes from offset 0 on, as far as they are kept. */
  #kept: Uint8Array = NOTHING;
  #keptBytes = 0;
  /** Early segments, by offset, not overlapping. */
  pending: Segment[] = [];
  pendingBytes = 0;
  /** Bytes that count against the table's budget; the table keeps it. */
  held = 0;

  /** Remembers delivered bytes. Only the beginning of a direction is kept. */
  keep(bytes: Uint8Array, from: number, to: number, offset: number): void {
    if (offset !== this.#keptBytes || offset >= KEPT_BYTES_MAX) return;
    const count = Math.min(to - from, KEPT_BYTES_MAX - offset);
    if (offset + count > this.#kept.length) this.#widen(offset + count);
    // `set(subarray())` would make an object for every segment of every handshake.
    Buffer.prototype.copy.call(bytes, this.#kept, offset, from, from + count);
    this.#keptBytes = offset + count;
  }

  /** Whether bytes that repeat delivered ones repeat them exactly. True where none are kept. */
  agrees(bytes: Uint8Array, from: number, to: number, offset: number): boolean {
    const first = Math.max(offset, 0);
    const last = Math.min(offset + (to - from), this.#keptBytes);
    for (let at = first; at < last; at++) {
      if (this.#kept[at] !== bytes[from + (at - offset)]) return false;
    }
    return true;
  }

  /**
   * Holds a segment that came early, cut to what no other pending segment covers.
   *
   * @returns whether it agrees with what it overlaps
   */
  hold(
    bytes: Uint8Array,
    from: number,
    to: number,
    offset: number,
    missing: number,
    atUs: number,
  ): boolean {
    let agrees = true;
    let start = offset;
    let at = 0;
    const last = offset + (to - from);
    const pieces: Segment[] = [];
    for (; at < this.pending.length && start < last; at++) {
      const other = this.pending[at]!;
      const otherEnd = other.offset + other.bytes.length;
      if (otherEnd <= start) continue;
      if (other.offset >= last) break;
      if (other.offset > start) pieces.push(piece(start, other.offset, 0));
      const until = Math.min(last, otherEnd);
      for (let byte = Math.max(start, other.offset); byte < until; byte++) {
        if (other.bytes[byte - other.offset] !== bytes[from + (byte - offset)]) agrees = false;
      }
      start = Math.max(start, otherEnd);
    }
    if (start < last || (missing > 0 && start === last)) pieces.push(piece(start, last, missing));
    for (const one of pieces) this.pendingBytes += one.bytes.length;
    if (pieces.length > 0) {
      this.pending.push(...pieces);
      this.pending.sort((one, other) => one.offset - other.offset);
    }
    return agrees;

    function piece(first: number, end: number, missing: number): Segment {
      const copy = bytes.slice(from + (first - offset), from + (end - offset));
      return { offset: first, bytes: copy, missing, atUs };
    }
  }

  /** The next early segment, once nothing is missing before it. */
  take(offset: number): Segment | undefined {
    const first = this.pending[0];
    if (first === undefined || first.offset > offset) return undefined;
    this.pending.shift();
    this.pendingBytes -= first.bytes.length;
    return first;
  }

  /** Forgets what was delivered: nobody compares any more. Early segments stay. */
  forget(): void {
    this.#kept = NOTHING;
    this.#keptBytes = 0;
  }

  reset(): void {
    this.#keptBytes = 0;
    if (this.#kept.length > SPARE_KEPT_BYTES_MAX) this.#kept = NOTHING;
    if (this.pending.length > 0) this.pending = [];
    this.pendingBytes = 0;
    this.held = 0;
  }

  #widen(least: number): void {
    let size = Math.max(this.#kept.length, FIRST_KEPT_BYTES);
    while (size < least) size *= 2;
    const wider = new Uint8Array(size);
    wider.set(this.#kept.subarray(0, this.#keptBytes));
    this.#kept = wider;
  }
}

const NOTHING = new Uint8Array(0);
/** Small, since a stranger may open very many connections with a byte in each. */
const FIRST_KEPT_BYTES = 512;
/** The buffer of a stream that is used again. */
const SPARE_KEPT_BYTES_MAX = 16_384;
/** A handshake, and room: what comes later is application data that nobody reads. */
const KEPT_BYTES_MAX = 65_536;
