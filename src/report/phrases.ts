/**
 * What many lines repeat, kept once.
 *
 * Ten thousand equal handshakes make ten thousand lines that differ in their first hundred bytes: time,
 * flow and ends. The rest of such a line is a *phrase*: while lines wait to be sorted it stands in them
 * as a reference of four characters, and is put back when they are written.
 *
 *     NUL | three characters of 1..127: the phrase's number
 *
 * No printed line holds a NUL (escape.ts), so nothing else can look like a reference.
 */
import { copyBytes, type WriteBytes } from "./joiner.ts";

export class Phrases {
  readonly #known: Uint8Array[] = [];
  #bytes = 0;

  /** A reference to `text`, or `text` itself when there is no room for more. */
  add(text: string): string {
    const bytes = Buffer.from(text, "utf8");
    const number = this.#known.length;
    if (number >= PHRASES_MAX || this.#bytes + bytes.length > PHRASES_BYTES_MAX) return text;
    this.#known.push(bytes);
    this.#bytes += bytes.length;
    const first = 1 + Math.floor(number / (RADIX * RADIX));
    const second = 1 + (Math.floor(number / RADIX) % RADIX);
    return String.fromCharCode(0, first, second, 1 + (number % RADIX));
  }

  /** A writer that puts phrases back. It is handed whole lines, and hands on what `write` can take. */
  expander(write: WriteBytes): Expander {
    return new Expander(this.#known, write);
  }
}

export class Expander {
  readonly #phrases: readonly Uint8Array[];
  readonly #write: WriteBytes;
  readonly #out = Buffer.allocUnsafeSlow(OUT_BYTES);
  #filled = 0;

  constructor(phrases: readonly Uint8Array[], write: WriteBytes) {
    this.#phrases = phrases;
    this.#write = write;
  }

  push(bytes: Uint8Array, from: number, to: number): void {
    let at = from;
    while (at < to) {
      let mark = bytes.indexOf(0, at);
      if (mark < 0 || mark >= to) mark = to;
      if (mark > at) this.#put(bytes, at, mark);
      if (mark === to) return;
      const number =
        ((bytes[mark + 1]! - 1) * RADIX + bytes[mark + 2]! - 1) * RADIX + bytes[mark + 3]! - 1;
      const phrase = this.#phrases[number]!;
      this.#put(phrase, 0, phrase.length);
      at = mark + 4;
    }
  }

  flush(): void {
    if (this.#filled > 0) this.#write(this.#out, 0, this.#filled);
    this.#filled = 0;
  }

  #put(bytes: Uint8Array, from: number, to: number): void {
    if (to - from > this.#out.length - this.#filled) this.flush();
    if (to - from > this.#out.length) return this.#write(bytes, from, to);
    copyBytes(bytes, from, to, this.#out, this.#filled);
    this.#filled += to - from;
  }
}

const RADIX = 127;
/** Distinct rests of lines: more than a capture has, unless somebody makes them up. */
const PHRASES_MAX = 65_536;
const PHRASES_BYTES_MAX = 2 ** 24;
const OUT_BYTES = 2 ** 17;
