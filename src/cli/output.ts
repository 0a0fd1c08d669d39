/**
 * Writes to standard output and standard error by their descriptors.
 *
 * `process.stdout` is a stream that takes milliseconds to set up and, on a pipe, may queue without
 * bound. A plain write blocks until the reader has taken the bytes, which is what a filter should do.
 * A reader that went away (`| head`) ends the output quietly: the exit code still says what was found.
 */
import { writeSync } from "node:fs";

export class Output {
  readonly #fd: number;
  #closed = false;

  constructor(fd: number) {
    this.#fd = fd;
  }

  /** Bound, so that it can be handed over as a function. Throws `OutputRefused`. */
  readonly write = (bytes: Uint8Array, from: number, to: number): void => {
    for (let at = from; at < to && !this.#closed; ) {
      try {
        at += writeSync(this.#fd, bytes, at, to - at);
      } catch (error) {
        const code = codeOf(error);
        if (code === "EPIPE") this.#closed = true;
        else if (code === "EAGAIN") waitAWhile();
        else throw new OutputRefused(this.#fd, error);
      }
    }
  };

  print(text: string): void {
    const bytes = Buffer.from(text);
    this.write(bytes, 0, bytes.length);
  }
}

/** The machine does not take what we print: the disk is full, a terminal went away. */
export class OutputRefused extends Error {
  override readonly name = "OutputRefused";

  constructor(fd: number, cause: unknown) {
    const what = fd === 1 ? "standard output" : "standard error";
    super(`cannot write ${what}: ${cause instanceof Error ? cause.message : String(cause)}`);
  }
}

/** A message of the program itself, on standard error. `text` must hold nothing hostile. */
export function complain(text: string): void {
  new Output(2).print(`portcullis: ${text}\n`);
}

/** As `ENOENT`; undefined for what is not an error of the operating system. */
export function codeOf(error: unknown): string | undefined {
  return error instanceof Error && "code" in error ? String(error.code) : undefined;
}

/** The reader's end is in non-blocking mode and full: another program shares it and set it so. */
function waitAWhile(): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, WAIT_MS);
}

const WAIT_MS = 2;
