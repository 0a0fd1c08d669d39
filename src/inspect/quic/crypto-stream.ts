/**
 * The TLS messages of one side at one level, put together from CRYPTO frames (RFC 9000 §19.6), which
 * come in any order, twice, and in pieces that overlap.
 *
 * What came first stays. A later frame that says something else for the same place is told: its sender
 * may have wanted us to read one conversation and its peer another. So the bytes are kept while the
 * handshake lasts, and all streams together may hold no more than `HELD_BYTES_MAX`.
 */
export interface CryptoFault {
  readonly says: string;
  /** The first byte of which two frames say different things. */
  readonly differsAt?: number;
}

export class CryptoStream {
  /** How many bytes there are without a hole, from the first. */
  ready = 0;
  #bytes = NOTHING;
  /** [from, to) that came, in order, never touching. */
  readonly #ranges: { from: number; to: number }[] = [];

  /** What came stands in the first `ready` of these. Lent: the next `take` may move them. */
  get bytes(): Uint8Array {
    return this.#bytes;
  }

  /** Takes a piece that stands at `offset`, and says what is wrong with it, if anything is. */
  take(offset: number, piece: Uint8Array, from: number, to: number): CryptoFault | undefined {
    const end = offset + (to - from);
    if (end > STREAM_BYTES_MAX) {
      return { says: `CRYPTO to byte ${end}, expected at most ${STREAM_BYTES_MAX}` };
    }
    if (end > this.ready + AHEAD_BYTES_MAX) {
      return { says: `CRYPTO to byte ${end}, with a hole at ${this.ready}` };
    }
    if (from === to) return undefined;
    if (!this.#room(end)) {
      return { says: `CRYPTO past the ${HELD_BYTES_MAX} bytes that are held of all connections` };
    }
    const differsAt = this.#differsAt(offset, end, piece, from);
    const fault = this.#fill(offset, end, piece, from);
    if (this.#ranges[0]?.from === 0) this.ready = this.#ranges[0].to;
    if (differsAt === undefined) return fault;
    return { says: `CRYPTO byte ${differsAt} twice, and not the same`, differsAt };
  }

  /** Gives the memory back: nothing more is read. */
  close(): void {
    held -= this.#bytes.length;
    this.#bytes = NOTHING;
    this.#ranges.length = 0;
    this.ready = 0;
  }

  #room(end: number): boolean {
    if (end <= this.#bytes.length) return true;
    const size = Math.max(end, Math.min(this.#bytes.length * 2, STREAM_BYTES_MAX), FIRST_BYTES);
    if (held - this.#bytes.length + size > HELD_BYTES_MAX) return false;
    const wider = new Uint8Array(size);
    wider.set(this.#bytes);
    held += size - this.#bytes.length;
    this.#bytes = wider;
    return true;
  }

  /** The first place in [offset, end) where what came before differs from the piece. */
  #differsAt(offset: number, end: number, piece: Uint8Array, from: number): number | undefined {
    for (const range of this.#ranges) {
      const stop = Math.min(range.to, end);
      for (let at = Math.max(range.from, offset); at < stop; at++) {
        if (this.#bytes[at] !== piece[from + (at - offset)]) return at;
      }
    }
    return undefined;
  }

  /** Writes where nothing was written, and joins the ranges that now touch. */
  #fill(offset: number, end: number, piece: Uint8Array, from: number): CryptoFault | undefined {
    const ranges = this.#ranges;
    let first = 0;
    while (first < ranges.length && ranges[first]!.to < offset) first++;
    let behind = first;
    let at = offset;
    const joined = { from: offset, to: end };
    while (behind < ranges.length && ranges[behind]!.from <= end) {
      const range = ranges[behind++]!;
      if (at < range.from) this.#write(at, range.from, piece, from + (at - offset));
      at = Math.max(at, range.to);
      joined.from = Math.min(joined.from, range.from);
      joined.to = Math.max(joined.to, range.to);
    }
    if (behind === first && ranges.length >= RANGES_MAX) {
      return { says: `CRYPTO in more than ${RANGES_MAX} pieces with holes between them` };
    }
    if (at < end) this.#write(at, end, piece, from + (at - offset));
    ranges.splice(first, behind - first, joined);
    return undefined;
  }

  #write(at: number, to: number, piece: Uint8Array, from: number): void {
    this.#bytes.set(piece.subarray(from, from + (to - at)), at);
  }
}

/** Of all streams together. */
let held = 0;

/** Test: what all open streams hold. */
export function heldBytes(): number {
  return held;
}

const NOTHING = new Uint8Array(0);
/** A ClientHello is a quarter of it or less. */
const FIRST_BYTES = 2048;
/** As of a message over TCP: a chain of certificates with room to spare. */
const STREAM_BYTES_MAX = 262_144;
/** More than servers send before they hear of a loss. One byte may cost us this much. */
const AHEAD_BYTES_MAX = 32_768;
const HELD_BYTES_MAX = 33_554_432;
/** Browsers send a hello in a dozen shuffled pieces. */
const RANGES_MAX = 64;
