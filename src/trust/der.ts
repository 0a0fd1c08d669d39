/**
 * A strict DER reader (X.690): definite, minimal lengths, and what one element holds is inside it.
 *
 *     byte  0        1 ..           from ..            to
 *          +--------+--------------+------------------+
 *          |  tag   |    length    |     content      |  next element
 *          +--------+--------------+------------------+
 *
 * Two facts shape it:
 *
 *   1. Nothing throws. A reader that met something impossible says so once to `faults`, is `broken`
 *      from then on, and answers every further question with an empty reader. The caller walks the
 *      structure straight down and looks at the faults when it is done.
 *   2. What breaks a DER rule but has one meaning all the same (a length in too many bytes) is a
 *      fault, and reading goes on: people want to see whose certificate it was.
 */
import type { Faults } from "./fault.ts";
import { dottedOid } from "./oid-text.ts";

export class DerReader {
  readonly bytes: Uint8Array;
  readonly faults: Faults;
  /** -1 when it is not one element but a range. */
  readonly tag: number;
  /** Where the element begins, and its content, and where both end: from the start of `bytes`. */
  readonly start: number;
  readonly from: number;
  readonly to: number;
  at: number;
  broken: boolean;

  constructor(bytes: Uint8Array, faults: Faults, tag = -1, start = 0, from = 0, to = bytes.length) {
    this.bytes = bytes;
    this.faults = faults;
    this.tag = tag;
    this.start = start;
    this.from = from;
    this.to = to;
    this.at = from;
    this.broken = false;
  }

  get more(): boolean {
    return this.at < this.to && !this.broken;
  }

  /** The next element's tag, or -1 at the end. */
  peek(): number {
    return this.more ? this.bytes[this.at]! : -1;
  }

  /** Bytes of the content alone; lent, as all of them. */
  content(): Uint8Array {
    return this.bytes.subarray(this.from, this.to);
  }

  /** Bytes of the element with its header. */
  whole(): Uint8Array {
    return this.bytes.subarray(this.start, this.to);
  }

  /** Steps over the next element, which must have this tag, and returns a reader of its content. */
  read(tag: number, what: string): DerReader {
    const element = this.any(what);
    if (!element.broken && element.tag !== tag) {
      return this.#break(element.start, `${what}: tag ${hex(element.tag)}, expected ${hex(tag)}`);
    }
    return element;
  }

  optional(tag: number, what: string): DerReader | undefined {
    return this.peek() === tag ? this.any(what) : undefined;
  }

  any(what: string): DerReader {
    const { bytes, to } = this;
    const start = this.at;
    if (this.broken) return this.#empty();
    if (start + 2 > to) return this.#break(start, `${what}: ends before its length`);
    const tag = bytes[start]!;
    if ((tag & 0x1f) === 0x1f) return this.#break(start, `${what}: tag above 30`);

    let from = start + 2;
    let length = bytes[start + 1]!;
    if (length >= 0x80) {
      const count = length & 0x7f;
      if (count === 0) return this.#break(start, `${what}: indefinite length`);
      if (count > 4) return this.#break(start, `${what}: length in ${count} bytes`);
      if (from + count > to) return this.#break(start, `${what}: ends inside its length`);
      length = 0;
      for (let i = 0; i < count; i++) length = length * 256 + bytes[from++]!;
      if (length < 0x80 || length < 256 ** (count - 1)) {
        this.faults.add("malformed-der", start, `${what}: length in more bytes than it needs`);
      }
    }
    if (from + length > to) {
      return this.#break(start, `${what}: ${length} bytes, expected at most ${to - from}`);
    }
    this.at = from + length;
    return new DerReader(bytes, this.faults, tag, start, from, from + length);
  }

  /** Says that nothing may follow. */
  finish(what: string): void {
    if (!this.more) return;
    const extra = this.to - this.at;
    this.faults.add("malformed-der", this.at, `${what}: ${extra} bytes follow its end`);
  }

  /** Content of a BOOLEAN; what is neither 00 nor FF counts as true, like everywhere in BER. */
  boolean(what: string): boolean {
    const element = this.read(TAG.BOOLEAN, what);
    if (element.broken) return false;
    const value = element.bytes[element.from];
    if (element.to - element.from !== 1 || (value !== 0 && value !== 0xff)) {
      this.faults.add("malformed-der", element.start, `${what}: BOOLEAN is not 00 or FF`);
    }
    return value !== 0;
  }

  /** A reader over the content of an INTEGER, after checking that it is as short as can be. */
  integer(what: string): DerReader {
    const element = this.read(TAG.INTEGER, what);
    if (element.broken) return element;
    const { bytes, from, to } = element;
    if (from === to) return this.#break(element.start, `${what}: empty INTEGER`);
    const [first, second] = [bytes[from]!, bytes[from + 1]!];
    if (to - from > 1 && ((first === 0 && second < 0x80) || (first === 0xff && second >= 0x80))) {
      this.faults.add("malformed-der", element.start, `${what}: INTEGER is not minimal`);
    }
    return element;
  }

  /** An INTEGER from 0 to 2^31 - 1; anything else is `undefined`, and the reader is broken. */
  small(what: string): number | undefined {
    const element = this.integer(what);
    if (element.broken) return undefined;
    const { bytes, from, to } = element;
    if (to - from > 4 || bytes[from]! >= 0x80) {
      this.#break(element.start, `${what}: INTEGER is out of range`);
      return undefined;
    }
    let value = 0;
    for (let i = from; i < to; i++) value = value * 256 + bytes[i]!;
    return value;
  }

  /** The dotted form of an OBJECT IDENTIFIER, "" when it is broken. */
  oid(what: string): string {
    const element = this.read(TAG.OID, what);
    return element.broken ? "" : element.oidContent(what);
  }

  /** The same for an element that was already read, whatever its tag. */
  oidContent(what: string): string {
    const dotted = dottedOid(this.bytes, this.from, this.to);
    if (dotted !== undefined) return dotted;
    this.#break(this.start, `${what}: OBJECT IDENTIFIER breaks its rules`);
    return "";
  }

  /** Content of a BIT STRING that holds whole bytes (a key, a signature). */
  octetsOfBits(what: string): DerReader {
    const element = this.read(TAG.BIT_STRING, what);
    if (element.broken) return element;
    const { bytes, start, from, to } = element;
    if (from === to) return this.#break(start, `${what}: empty BIT STRING`);
    if (bytes[from] !== 0) {
      this.faults.add("malformed-der", start, `${what}: BIT STRING is not whole bytes`);
    }
    return new DerReader(bytes, this.faults, TAG.BIT_STRING, start, from + 1, to);
  }

  /** A named BIT STRING as a number: bit 0 of the ASN.1 type is bit 0 of the number. At most 16. */
  flags(what: string): number {
    const element = this.read(TAG.BIT_STRING, what);
    const { bytes, start, from, to } = element;
    if (element.broken) return 0;
    if (from === to) {
      this.#break(start, `${what}: empty BIT STRING`);
      return 0;
    }
    const unused = bytes[from]!;
    let value = 0;
    for (let bit = 0; bit < 16 && from + 1 + (bit >> 3) < to; bit++) {
      if (bytes[from + 1 + (bit >> 3)]! & (0x80 >> (bit & 7))) value |= 1 << bit;
    }
    // Named bit lists end in a one bit (X.690 §11.2.2), and the bits behind the end are zero.
    const ends =
      to - from === 1 ? unused === 0 : (bytes[to - 1]! & ((2 << unused) - 1)) === 1 << unused;
    if (unused > 7 || !ends) {
      this.faults.add("malformed-der", start, `${what}: BIT STRING has loose trailing bits`);
    }
    return value;
  }

  /** Records that this element cannot be right; what is read from here on is empty. */
  fail(detail: string, offset = this.start): void {
    this.#break(offset, detail);
  }

  #break(offset: number, detail: string): DerReader {
    if (!this.broken) this.faults.add("unreadable", offset, detail);
    this.broken = true;
    return this.#empty();
  }

  #empty(): DerReader {
    const empty = new DerReader(this.bytes, this.faults, -1, this.at, this.at, this.at);
    empty.broken = true;
    return empty;
  }
}

function hex(tag: number): string {
  return `0x${tag.toString(16).padStart(2, "0")}`;
}

export const TAG = {
  BOOLEAN: 0x01,
  INTEGER: 0x02,
  BIT_STRING: 0x03,
  OCTET_STRING: 0x04,
  NULL: 0x05,
  OID: 0x06,
  UTF8: 0x0c,
  NUMERIC: 0x12,
  PRINTABLE: 0x13,
  T61: 0x14,
  IA5: 0x16,
  UTC_TIME: 0x17,
  GENERALIZED_TIME: 0x18,
  VISIBLE: 0x1a,
  UNIVERSAL: 0x1c,
  BMP: 0x1e,
  SEQUENCE: 0x30,
  SET: 0x31,
} as const;
