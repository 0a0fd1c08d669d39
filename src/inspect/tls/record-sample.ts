/**
 * The first records of application data of one side, each by its first bytes: can they be read? (B06)
 *
 * Sealed bytes are as good as random. So a record is readable when 9 in 10 of its bytes are printable, or
 * when far fewer different values stand in it than random bytes would show: with n bytes these are
 * 256 (1 - (255/256)^n), with a standard deviation of less than 6; 7 in 10 of them is 7 deviations away.
 *
 * It runs for every connection, so a record that lies in one piece is read where it lies; only one that
 * is cut is put together first, so that the answer is the same however it was cut. The end of a record is
 * left out, where a MAC or a tag is random whatever stands before it.
 */
import type { RecordsSampled } from "../observation.ts";

export class RecordSample implements RecordsSampled {
  records = 0;
  readable = 0;
  /** Bytes of the record underway that are still asked for; 0 when there is none. */
  #wanted = 0;
  #tries = 0;
  /** What was put together of a record in pieces. */
  #held: Uint8Array | undefined;
  #heldBytes = 0;

  /** Nothing more is asked for. */
  get full(): boolean {
    return this.records >= RECORDS_MAX || this.#tries >= TRIES_MAX;
  }

  /** A record of so many bytes begins. */
  begin(length: number): void {
    if (this.full) return;
    this.#tries++;
    this.#heldBytes = 0;
    const wanted = Math.min(SAMPLE_BYTES, length - TAIL_BYTES);
    this.#wanted = wanted < SAMPLE_BYTES_MIN ? 0 : wanted;
  }

  get isUnderway(): boolean {
    return this.#wanted > 0;
  }

  /** The next piece of its body. */
  take(bytes: Uint8Array, from: number, to: number): void {
    const count = Math.min(to - from, this.#wanted);
    if (this.#heldBytes === 0 && count === this.#wanted) {
      this.#count(bytes, from, from + count);
      return;
    }
    this.#held ??= new Uint8Array(SAMPLE_BYTES);
    this.#held.set(bytes.subarray(from, from + count), this.#heldBytes);
    this.#heldBytes += count;
    this.#wanted -= count;
    if (this.#wanted > 0) return;
    this.#count(this.#held, 0, this.#heldBytes);
    this.#heldBytes = 0;
  }

  /** Bytes of the record underway are lost: nothing is said of it. */
  lose(): void {
    this.#wanted = 0;
    this.#heldBytes = 0;
  }

  #count(bytes: Uint8Array, from: number, to: number): void {
    this.#wanted = 0;
    this.records++;
    if (isReadable(bytes, from, to)) this.readable++;
  }
}

/**
 * Of at least SAMPLE_BYTES_MIN bytes, and at most SAMPLE_BYTES. Sealed bytes are told after about half of
 * them, when neither of the two ways to be readable is open any more.
 */
export function isReadable(bytes: Uint8Array, from: number, to: number): boolean {
  const count = to - from;
  const unprintableMin = count * (1 - PRINTABLE_MIN);
  const differentMin = count >= DIFFERENT_BYTES_MIN ? DIFFERENT_OF[count]! : 0;
  let unprintable = 0;
  let different = 0;
  // A stamp of its own for each look spares clearing what the one before it saw.
  stamp = (stamp + 1) & 0xffff;
  if (stamp === 0) {
    SEEN.fill(0);
    stamp = 1;
  }
  for (let at = from; at < to; at++) {
    const value = bytes[at]!;
    unprintable += UNPRINTABLE[value]!;
    if (SEEN[value] !== stamp) {
      SEEN[value] = stamp;
      different++;
    }
    if (unprintable >= unprintableMin && different >= differentMin) return false;
  }
  return true;
}

/** ARCHITECTURE: three records a side, 256 bytes of each. */
const RECORDS_MAX = 3;
const SAMPLE_BYTES = 256;
/** 32 random bytes are printable by 9 in 10 once in a thousand million times. */
const SAMPLE_BYTES_MIN = 32;
/** The longest MAC in use is 32 bytes; SHA-384's 48 leave text enough. */
const TAIL_BYTES = 32;
/** Records that are too short count as well, or a side of such would never be shunted. */
const TRIES_MAX = 8;
const PRINTABLE_MIN = 0.9;
const DIFFERENT_BYTES_MIN = 64;
const DIFFERENT_MAX = 0.7;
/** So many different values among so many bytes are as random ones have. */
const DIFFERENT_OF = Float64Array.from(
  { length: SAMPLE_BYTES + 1 },
  (_, count) => 256 * (1 - (255 / 256) ** count) * DIFFERENT_MAX,
);
const UNPRINTABLE = Uint8Array.from({ length: 256 }, (_, value) =>
  Number(!((value >= 0x20 && value < 0x7f) || (value >= 0x09 && value <= 0x0d))),
);
/** Which look met a value last: 16 bits. */
const SEEN = new Uint16Array(256);
let stamp = 0;
