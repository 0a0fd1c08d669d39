/**
 * A run: lines with their keys, in memory or in a temporary file, read from first to last.
 *
 * In memory a line is bytes in a chunk and five numbers in typed arrays, not a string or an object:
 * the collector has nothing to trace, and the same bytes are what is written. In the file:
 *
 *     byte  0         8        12        16      17 ..
 *          +---------+---------+---------+-------+-- ..
 *          |  atUs   |  flow   |  bytes  | kind  |  line
 *          +---------+---------+---------+-------+-- ..
 */
import { Joiner, type WriteBytes } from "./joiner.ts";
import type { Spool } from "./spool.ts";

/** The line that a run stands at. `next` moves on, and is false at the end. */
export interface Run {
  readonly atUs: number;
  readonly flow: number;
  readonly kind: number;
  readonly bytesAt: Uint8Array;
  readonly from: number;
  readonly to: number;
  next(): boolean;
}

export class MemoryRun implements Run {
  atUs = 0;
  flow = 0;
  kind = 0;
  bytesAt: Buffer = NOTHING;
  from = 0;
  to = 0;
  /** How many lines, and how many bytes they have together. */
  lines = 0;
  bytes = 0;

  #chunks: Buffer[] = [];
  /** The chunk that is being filled, and how far. */
  #chunk = -1;
  #filled = 0;
  #sorted = true;
  #order: number[] | undefined;
  #at = 0;
  readonly #atUs = new Float64Array(RUN_LINES_MAX);
  readonly #flow = new Uint32Array(RUN_LINES_MAX);
  readonly #kind = new Uint8Array(RUN_LINES_MAX);
  readonly #chunkOf = new Uint32Array(RUN_LINES_MAX);
  readonly #fromOf = new Uint32Array(RUN_LINES_MAX);
  readonly #toOf = new Uint32Array(RUN_LINES_MAX);

  /** There must be fewer than `RUN_LINES_MAX` in it. */
  add(atUs: number, flow: number, kind: number, text: string): void {
    const index = this.lines++;
    this.#write(index, text);
    this.#atUs[index] = atUs;
    this.#flow[index] = flow;
    this.#kind[index] = kind;
    if (index > 0 && this.#sorted && this.#compare(index - 1, index) > 0) this.#sorted = false;
  }

  /** To be called once, after the last `add` and before the first `next`. */
  sort(): void {
    this.#at = 0;
    this.#order = undefined;
    if (this.#sorted) return;
    // An array and not a typed array: its sort is quick on what is nearly in order, as here.
    const order = Array.from({ length: this.lines }, (_, index) => index);
    this.#order = order.sort((a, b) => this.#compare(a, b) || a - b);
  }

  next(): boolean {
    if (this.#at >= this.lines) return false;
    const index = this.#order?.[this.#at] ?? this.#at;
    this.#at++;
    this.atUs = this.#atUs[index]!;
    this.flow = this.#flow[index]!;
    this.kind = this.#kind[index]!;
    this.bytesAt = this.#chunks[this.#chunkOf[index]!]!;
    this.from = this.#fromOf[index]!;
    this.to = this.#toOf[index]!;
    return true;
  }

  /** Forgets the lines and keeps the memory. */
  clear(): void {
    this.lines = 0;
    this.bytes = 0;
    this.#chunks = this.#chunks.filter((chunk) => chunk.length === CHUNK_BYTES);
    this.#chunk = -1;
    this.#filled = 0;
    this.#sorted = true;
    this.#order = undefined;
    this.#at = 0;
  }

  #write(index: number, text: string): void {
    // A UTF-16 unit takes at most three bytes of UTF-8.
    let chunk = this.#chunks[this.#chunk];
    if (chunk === undefined || chunk.length - this.#filled < text.length * 3) {
      chunk = this.#nextChunk(text.length * 3);
    }
    const written = chunk.write(text, this.#filled, "utf8");
    this.#chunkOf[index] = this.#chunk;
    this.#fromOf[index] = this.#filled;
    this.#filled += written;
    this.#toOf[index] = this.#filled;
    this.bytes += written;
  }

  #nextChunk(bytes: number): Buffer {
    this.#chunk++;
    this.#filled = 0;
    const known = this.#chunks[this.#chunk];
    if (known !== undefined && known.length >= bytes) return known;
    const chunk = Buffer.allocUnsafeSlow(Math.max(bytes, CHUNK_BYTES));
    this.#chunks[this.#chunk] = chunk;
    return chunk;
  }

  #compare(a: number, b: number): number {
    return (
      this.#atUs[a]! - this.#atUs[b]! ||
      this.#flow[a]! - this.#flow[b]! ||
      this.#kind[a]! - this.#kind[b]!
    );
  }
}

/** A sorted run that `RunWriter` wrote to [from, end) of a spool. */
export class SpooledRun implements Run {
  atUs = 0;
  flow = 0;
  kind = 0;
  bytesAt: Buffer = Buffer.allocUnsafeSlow(READ_BYTES);
  from = 0;
  to = 0;
  readonly #spool: Spool;
  readonly #end: number;
  /** Where in the spool the byte behind the buffer's last one stands. */
  #position: number;
  #filled = 0;

  constructor(spool: Spool, from: number, end: number) {
    this.#spool = spool;
    this.#position = from;
    this.#end = end;
  }

  next(): boolean {
    if (!this.#have(HEADER_BYTES)) return false;
    const bytes = this.bytesAt.readUInt32LE(this.to + 12);
    if (!this.#have(HEADER_BYTES + bytes)) return false;
    this.atUs = this.bytesAt.readDoubleLE(this.to);
    this.flow = this.bytesAt.readUInt32LE(this.to + 8);
    this.kind = this.bytesAt.readUInt8(this.to + 16);
    this.from = this.to + HEADER_BYTES;
    this.to = this.from + bytes;
    return true;
  }

  /** Makes the `bytes` behind `to` readable; false when the run ends before. */
  #have(bytes: number): boolean {
    if (this.#filled - this.to >= bytes) return true;
    const old = this.bytesAt;
    if (bytes > old.length) this.bytesAt = Buffer.allocUnsafeSlow(bytes);
    old.copy(this.bytesAt, 0, this.to, this.#filled);
    this.#filled -= this.to;
    this.to = 0;
    const room = Math.min(this.bytesAt.length - this.#filled, this.#end - this.#position);
    const into = this.bytesAt.subarray(this.#filled, this.#filled + room);
    const count = this.#spool.read(into, this.#position);
    this.#position += count;
    this.#filled += count;
    return this.#filled >= bytes;
  }
}

/** Writes lines with their keys, as `SpooledRun` reads them. */
export class RunWriter {
  readonly #out: Joiner;
  readonly #header = Buffer.alloc(HEADER_BYTES);

  constructor(write: WriteBytes) {
    this.#out = new Joiner(write);
  }

  push(run: Run): void {
    this.#header.writeDoubleLE(run.atUs, 0);
    this.#header.writeUInt32LE(run.flow, 8);
    this.#header.writeUInt32LE(run.to - run.from, 12);
    this.#header.writeUInt8(run.kind, 16);
    this.#out.push(this.#header, 0, HEADER_BYTES);
    this.#out.push(run.bytesAt, run.from, run.to);
  }

  flush(): void {
    this.#out.flush();
  }
}

const NOTHING = Buffer.alloc(0);
/**
 * Keys take 25 bytes a line: at most 6.5 MB beside the lines. There is room for all from the beginning; what
 * is never written is never more than an address (zeroed pages come when they are touched).
 */
export const RUN_LINES_MAX = 2 ** 18;
/** Small enough that a small capture costs little, and a hundredth of a run is wasted at most. */
const CHUNK_BYTES = 2 ** 18;
const READ_BYTES = 2 ** 16;
const HEADER_BYTES = 17;
