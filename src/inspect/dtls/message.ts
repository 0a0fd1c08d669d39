/**
 * One handshake message out of fragments, which come in any order, again, and overlapping.
 *
 * Memory follows what was received, not what was promised: a fragment of one byte may say that it is
 * the last of sixteen million. All handshakes together hold a limited number of bytes.
 */

export class Message {
  readonly type: number;
  readonly length: number;
  #pieces: Piece[] = [];
  #filled = 0;
  #held = 0;

  constructor(type: number, length: number) {
    this.type = type;
    this.length = length;
  }

  /** Bytes of it that have come. */
  get filled(): number {
    return this.#filled;
  }

  get whole(): boolean {
    return this.#filled === this.length;
  }

  /**
   * Takes [from, to), which stands at `offset` of the message. `differs`: bytes that came before were
   * others, and those still count. `full`: there is no memory for it.
   */
  add(offset: number, bytes: Uint8Array, from: number, to: number): "fits" | "differs" | "full" {
    const end = offset + (to - from);
    let answer: "fits" | "differs" = "fits";
    let at = offset;
    const fresh: Piece[] = [];
    const take = (until: number): boolean => {
      const cost = until - at + PIECE_BYTES;
      if (heldBytes + cost > HELD_BYTES_MAX || this.#pieces.length + fresh.length >= PIECES_MAX)
        return false;
      heldBytes += cost;
      this.#held += cost;
      fresh.push({ at, bytes: bytes.slice(from + at - offset, from + until - offset) });
      return true;
    };
    let room = true;
    for (const piece of this.#pieces) {
      const pieceEnd = piece.at + piece.bytes.length;
      if (pieceEnd <= at) continue;
      if (piece.at >= end || !room) break;
      if (piece.at > at) room = take(piece.at);
      const first = Math.max(at, piece.at);
      const until = Math.min(end, pieceEnd);
      if (!same(bytes, from + first - offset, piece.bytes, first - piece.at, until - first))
        answer = "differs";
      at = until;
    }
    if (room && at < end) room = take(end);
    for (const piece of fresh) this.#insert(piece);
    return room ? answer : "full";
  }

  /** The body, once it is whole. */
  read(): Uint8Array {
    const [first] = this.#pieces;
    if (this.#pieces.length > 1) {
      const whole = new Uint8Array(this.length);
      for (const { at, bytes } of this.#pieces) whole.set(bytes, at);
      this.release();
      heldBytes += whole.length;
      this.#held = whole.length;
      this.#pieces = [{ at: 0, bytes: whole }];
      return whole;
    }
    return first?.bytes ?? NOTHING;
  }

  /** Gives memory back: nobody may read it any more. */
  release(): void {
    heldBytes -= this.#held;
    this.#held = 0;
    this.#pieces = [];
  }

  #insert(piece: Piece): void {
    this.#filled += piece.bytes.length;
    const behind = this.#pieces.findLastIndex(({ at }) => at < piece.at);
    this.#pieces.splice(behind + 1, 0, piece);
  }
}

/** Of all handshakes underway. */
export function heldNow(): number {
  return heldBytes;
}

function same(
  bytes: Uint8Array,
  at: number,
  other: Uint8Array,
  otherAt: number,
  count: number,
): boolean {
  const compare = Buffer.prototype.compare;
  return compare.call(bytes, other, otherAt, otherAt + count, at, at + count) === 0;
}

interface Piece {
  readonly at: number;
  readonly bytes: Uint8Array;
}

let heldBytes = 0;
const NOTHING = new Uint8Array(0);
/** As much as a flow table holds of unfinished streams in its smallest setting: thousands of handshakes. */
const HELD_BYTES_MAX = 33_554_432;
/** What a piece costs beside its bytes: two objects and a place in a list. */
const PIECE_BYTES = 128;
/** A chain of 16 KB in fragments of four bytes; real ones carry some 200 or more. */
const PIECES_MAX = 4096;
