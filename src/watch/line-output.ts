/**
 * Standard output and standard error of a process that must never wait for whoever reads them.
 *
 *     push(text) ──► queue, at most `bytesMax` ──► one piece at a time ──► descriptor
 *                      │ full
 *                      └─► dropped and counted, told once there is room again
 *
 * Three facts shape it. A plain write blocks when a pipe is full, and then nobody would fence. A stream of
 * Node does not block: it queues in memory without end, and `process.exit` loses the queue. And a
 * workload may fill our output on purpose, so what is dropped goes by what it is worth: `notes` leave
 * before anything that a person must know, which the journal holds as well.
 */
import { fstatSync, write } from "node:fs";
import { Socket } from "node:net";

export interface Dropped {
  /** Lines that were of little weight, and lines that a person should have seen. */
  readonly notes: number;
  readonly weighty: number;
}

export interface LineOutputOptions {
  /** Waiting text at most, in bytes. */
  readonly bytesMax?: number;
  /** Told when there is room again: answers with the line that says what was lost. */
  readonly onDropped?: (dropped: Dropped) => string;
}

export class LineOutput {
  readonly #bytesMax: number;
  readonly #onDropped: LineOutputOptions["onDropped"];
  readonly #writer: Writer;
  #queue: Entry[] = [];
  #bytes = 0;
  #busy = false;
  #notesDropped = 0;
  #weightyDropped = 0;
  #untold = 0;
  #closed: string | undefined;
  #waiting: (() => void)[] = [];

  /** Takes the descriptor over; two of them on one descriptor would mix their lines. */
  constructor(fd: number, { bytesMax = BYTES_MAX, onDropped }: LineOutputOptions = {}) {
    this.#bytesMax = bytesMax;
    this.#onDropped = onDropped;
    this.#writer = writerFor(fd, (why) => this.#close(why));
  }

  /** `text` is whole lines. Never blocks, never throws; a note is dropped before what is weighty. */
  push(text: string, weight: "note" | "weighty"): void {
    const bytes = Buffer.byteLength(text);
    if (this.#closed !== undefined || !this.#makeRoom(bytes, weight)) {
      this.#drop(weight);
      return;
    }
    this.#queue.push({ text, bytes, weight });
    this.#bytes += bytes;
    this.#writeOn();
  }

  /** All that was ever dropped. */
  get dropped(): Dropped {
    return { notes: this.#notesDropped, weighty: this.#weightyDropped };
  }

  /** Bytes that wait for the reader. */
  get waitingBytes(): number {
    return this.#bytes;
  }

  /** Why nobody reads any more, as `EPIPE`; undefined while somebody may. */
  get closed(): string | undefined {
    return this.#closed;
  }

  /** Waits until all is written or the deadline is over. Answers how many bytes were left behind. */
  async drain(deadlineMs: number): Promise<number> {
    if (this.#bytes > 0 && this.#closed === undefined) {
      const late = Promise.withResolvers<void>();
      const timer = setTimeout(late.resolve, deadlineMs);
      this.#waiting.push(late.resolve);
      await late.promise;
      clearTimeout(timer);
    }
    return this.#bytes;
  }

  #makeRoom(bytes: number, weight: Entry["weight"]): boolean {
    if (this.#bytes + bytes <= this.#bytesMax) return true;
    if (weight === "note") return false;
    // What is being written is not in the queue, so all of this can still go.
    let kept = 0;
    for (const entry of this.#queue) {
      if (entry.weight === "note" && this.#bytes + bytes > this.#bytesMax) {
        this.#bytes -= entry.bytes;
        this.#drop("note");
      } else {
        this.#queue[kept++] = entry;
      }
    }
    this.#queue.length = kept;
    return this.#bytes + bytes <= this.#bytesMax;
  }

  #drop(weight: Entry["weight"]): void {
    if (weight === "note") this.#notesDropped++;
    else this.#weightyDropped++;
    this.#untold++;
  }

  #writeOn(): void {
    if (this.#busy) return;
    if (this.#queue.length === 0) {
      for (const resolve of this.#waiting.splice(0)) resolve();
      return;
    }
    let taken = 0;
    let bytes = 0;
    while (taken < this.#queue.length && bytes < PIECE_BYTES) bytes += this.#queue[taken++]!.bytes;
    const texts = this.#queue.splice(0, taken).map(({ text }) => text);
    this.#busy = true;
    this.#writer(Buffer.from(texts.join("")), () => {
      this.#busy = false;
      this.#bytes -= bytes;
      this.#tell();
      this.#writeOn();
    });
  }

  /** Half empty is room enough: a line at each dropped one would keep the queue full. */
  #tell(): void {
    if (this.#untold === 0 || this.#onDropped === undefined) return;
    if (this.#bytes > this.#bytesMax / 2) return;
    this.#untold = 0;
    this.push(this.#onDropped(this.dropped), "weighty");
  }

  #close(why: string): void {
    this.#closed = why;
    for (const { weight } of this.#queue.splice(0)) this.#drop(weight);
    this.#bytes = 0;
    for (const resolve of this.#waiting.splice(0)) resolve();
  }
}

interface Entry {
  readonly text: string;
  readonly bytes: number;
  readonly weight: "note" | "weighty";
}

/** Writes one piece and then calls back; never called again before that. */
type Writer = (piece: Buffer, done: () => void) => void;

/**
 * A pipe or a socket is put into non-blocking mode and waited for by the event loop. A file or a terminal
 * has no such mode: a thread of the pool writes it, at most one, so that it can delay nobody else.
 */
function writerFor(fd: number, broken: (why: string) => void): Writer {
  const what = fstatSync(fd);
  if (what.isFIFO() || what.isSocket()) {
    const socket = new Socket({ fd, readable: false, writable: true });
    socket.on("error", (error) => broken(codeOf(error)));
    // What waits for a reader must not keep the process alive: `drain` has the deadline.
    socket.unref();
    return (piece, done) => socket.write(piece, (error) => error ?? done());
  }
  const writeRest = (piece: Buffer, at: number, done: () => void): void => {
    write(fd, piece, at, piece.length - at, null, (error, written) => {
      if (error !== null) broken(codeOf(error));
      else if (at + written < piece.length) writeRest(piece, at + written, done);
      else done();
    });
  };
  return (piece, done) => writeRest(piece, 0, done);
}

function codeOf(error: Error): string {
  return "code" in error ? String(error.code) : error.message;
}

/** About 10,000 lines: what a reader that restarts may miss. */
const BYTES_MAX = 4 * 2 ** 20;
/** What a pipe holds on Linux (pipe(7)). */
const PIECE_BYTES = 2 ** 16;
