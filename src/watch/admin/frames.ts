/**
 * Lines out of a stream of bytes, for the admin socket: JSON, one object a line, each with a limit.
 *
 * Whoever may connect may also send anything: a line without end, half a character, what is no JSON. All
 * of that ends the reader with a reason, since nobody knows where the next line begins.
 */
export type Frame = { readonly value: Record<string, unknown> } | { readonly refused: string };

export class FrameReader {
  readonly #bytesMax: number;
  #waiting: Buffer[] = [];
  #bytes = 0;
  #broken = false;

  constructor(bytesMax = FRAME_BYTES_MAX) {
    this.#bytesMax = bytesMax;
  }

  /** The frames that these bytes end. After a refused one there are no more. */
  push(bytes: Uint8Array): Frame[] {
    const frames: Frame[] = [];
    for (let at = 0; at < bytes.length && !this.#broken; ) {
      const end = bytes.indexOf(LINE_FEED, at);
      const piece = bytes.subarray(at, end < 0 ? bytes.length : end);
      this.#bytes += piece.length;
      if (this.#bytes > this.#bytesMax) {
        frames.push(this.#refuse(`a line of more than ${this.#bytesMax} bytes`));
        break;
      }
      this.#waiting.push(Buffer.from(piece));
      if (end < 0) break;
      frames.push(this.#frame());
      at = end + 1;
    }
    return frames;
  }

  #frame(): Frame {
    const bytes = Buffer.concat(this.#waiting);
    this.#waiting = [];
    this.#bytes = 0;
    try {
      const value: unknown = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
      if (typeof value === "object" && value !== null && !Array.isArray(value)) {
        return { value: value as Record<string, unknown> };
      }
    } catch {
      // What is wrong with it helps nobody who sends it on purpose.
    }
    return this.#refuse("a line that is not a JSON object");
  }

  #refuse(why: string): Frame {
    this.#broken = true;
    this.#waiting = [];
    return { refused: `${why}, expected one JSON object a line` };
  }
}

const LINE_FEED = 0x0a;
/** A reason of a few thousand words. */
const FRAME_BYTES_MAX = 16 * 1024;
