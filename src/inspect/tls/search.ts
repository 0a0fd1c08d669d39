/**
 * Finds where TLS begins in a direction that began with something else: a database's SSLRequest, a
 * proxy's answer, a banner. What a protocol says before it upgrades is not understood here; only a
 * hello is recognised, by what its first bytes must be:
 *
 *     record    16 | version | length         (RFC 8446 §5.1: whose version is ignored)
 *     message   01 or 02 | length             (RFC 8446 §4)
 *     hello     03 .. or a draft's number
 *
 * or the same in crumbs, which some servers take: a record of a few bytes, then the next header.
 *
 * However the bytes are sliced the answer is the same: what could be the beginning of a hello is
 * carried over to the next piece.
 */

export interface Found {
  /** The hello's first bytes, those that came in earlier pieces. */
  readonly carried: Uint8Array;
  /** Index in the piece at which the hello goes on (or begins, if nothing is carried). */
  readonly at: number;
}

export class HelloSearch {
  /** No hello can begin here any more: too much else came before it. */
  exhausted = false;
  #carry = NOTHING;
  /** Places that were looked at. */
  #searched = 0;

  /** Looks at the next piece, [from, to). `undefined`: no hello has begun yet, or not wholly. */
  push(bytes: Uint8Array, from: number, to: number): Found | undefined {
    const carried = this.#carry.length;
    // With what is carried in front, until the carried bytes lie behind: at most a pattern more.
    const ahead = Math.min(to - from, HELLO_START_BYTES - 1);
    const joined = carried === 0 ? NOTHING : join(this.#carry, bytes, from, from + ahead);
    for (let at = 0; at < carried; at++, this.#searched++) {
      if (this.#spent()) return undefined;
      if (at + HELLO_START_BYTES > joined.length) return this.#keep(joined, at, joined.length);
      if (isHelloStart(joined, at)) return { carried: joined.slice(at, carried), at: from };
    }
    const last = Math.min(to - HELLO_START_BYTES + 1, from + SEARCHED_BYTES_MAX - this.#searched);
    const piece = bytes.subarray(from, Math.max(from, last));
    for (let at = piece.indexOf(0x16); at >= 0; at = piece.indexOf(0x16, at + 1)) {
      if (isHelloStart(bytes, from + at)) return { carried: NOTHING, at: from + at };
    }
    this.#searched += piece.length;
    if (this.#spent()) return undefined;
    return this.#keep(bytes, from + piece.length, to);
  }

  /** Bytes are missing: what is carried does not go on. */
  gap(): void {
    this.#carry = NOTHING;
  }

  #keep(bytes: Uint8Array, from: number, to: number): undefined {
    this.#carry = bytes.slice(from, to);
  }

  #spent(): boolean {
    if (this.#searched < SEARCHED_BYTES_MAX) return false;
    this.exhausted = true;
    this.#carry = NOTHING;
    return true;
  }
}

/** Whether a record with a hello in it begins at `at`; HELLO_START_BYTES must be there. */
function isHelloStart(bytes: Uint8Array, at: number): boolean {
  if (bytes[at] !== 0x16) return false;
  const recordBytes = (bytes[at + 3]! << 8) | bytes[at + 4]!;
  const type = bytes[at + 5]!;
  if (recordBytes <= CRUMB_BYTES_MAX) return isCrumb(bytes, at, recordBytes, type);
  const messageBytes = (bytes[at + 6]! << 16) | (bytes[at + 7]! << 8) | bytes[at + 8]!;
  const major = bytes[at + 9]!;
  const known = major === 3 || major === 0x7f;
  const sized = recordBytes <= 16_384 && messageBytes >= HELLO_BYTES_MIN;
  return (type === 1 || type === 2) && known && sized && messageBytes < 65_536;
}

/** A record too short for the pattern, with the next one's header behind it. */
function isCrumb(bytes: Uint8Array, at: number, recordBytes: number, type: number): boolean {
  const next = at + RECORD_HEADER_BYTES + recordBytes;
  const same = next + 1 >= at + HELLO_START_BYTES || bytes[next + 1] === bytes[at + 1];
  const small = recordBytes === 1 || bytes[at + 6] === 0;
  const hello = type === 1 || type === 2;
  return recordBytes > 0 && hello && small && bytes[at + 1] === 3 && bytes[next] === 0x16 && same;
}

function join(first: Uint8Array, bytes: Uint8Array, from: number, to: number): Uint8Array {
  const joined = new Uint8Array(first.length + to - from);
  joined.set(first);
  joined.set(bytes.subarray(from, to), first.length);
  return joined;
}

const NOTHING = new Uint8Array(0);
/** Record header, message header, version. */
const HELLO_START_BYTES = 11;
const RECORD_HEADER_BYTES = 5;
/** Behind more than these the next header begins beyond the pattern. */
const CRUMB_BYTES_MAX = HELLO_START_BYTES - RECORD_HEADER_BYTES - 1;
/** Version, random, empty session id, one suite, and a compression (RFC 5246 §7.4.1.2); or 36 in old drafts. */
const HELLO_BYTES_MIN = 36;
/** Where a hello may begin. Upgrades come within some hundred bytes; mail servers list more than most. */
const SEARCHED_BYTES_MAX = 4096;
