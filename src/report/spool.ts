/**
 * A private temporary file for what does not fit into memory.
 *
 * It has no name from the moment it is made (unlinked), nobody else may open it (0600), and a link
 * or a file that someone laid in its way is refused (O_EXCL). When the process ends, however it
 * ends, the kernel frees it. The file descriptor is all there is, so worker threads, which share
 * descriptors with the main thread, can hand one over.
 */
import { randomBytes } from "node:crypto";
import { closeSync, constants, openSync, readSync, unlinkSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

export class Spool {
  #fd: number;
  #bytes = 0;

  /** Throws `SpoolRefused` when the machine does not let us have a temporary file. */
  static open(folder: string = tmpdir()): Spool {
    const path = join(folder, `portcullis-${randomBytes(12).toString("hex")}`);
    try {
      const { O_RDWR, O_CREAT, O_EXCL, O_NOFOLLOW } = constants;
      const fd = openSync(path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600);
      unlinkSync(path);
      return new Spool(fd, 0);
    } catch (cause) {
      throw refusal(folder, cause);
    }
  }

  /** A spool that another thread has filled and given up. */
  static adopt(fd: number, bytes: number): Spool {
    return new Spool(fd, bytes);
  }

  private constructor(fd: number, bytes: number) {
    this.#fd = fd;
    this.#bytes = bytes;
  }

  get fd(): number {
    return this.#fd;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Appends. Throws `SpoolRefused` when the disk is full. */
  append(bytes: Uint8Array, from = 0, to = bytes.length): void {
    try {
      for (let at = from; at < to; ) {
        const written = writeSync(this.#fd, bytes, at, to - at, this.#bytes);
        at += written;
        this.#bytes += written;
      }
    } catch (cause) {
      throw refusal(tmpdir(), cause);
    }
  }

  /** Fills `into` from `position` as far as the file goes; how many bytes that were. */
  read(into: Uint8Array, position: number): number {
    const wanted = Math.min(into.length, this.#bytes - position);
    let filled = 0;
    while (filled < wanted) {
      const count = readSync(this.#fd, into, filled, wanted - filled, position + filled);
      if (count === 0) break;
      filled += count;
    }
    return filled;
  }

  close(): void {
    closeSync(this.#fd);
  }
}

/** The machine refuses a temporary file: no space, a read-only file system, no rights. */
export class SpoolRefused extends Error {
  override readonly name = "SpoolRefused";
}

function refusal(folder: string, cause: unknown): SpoolRefused {
  const why = cause instanceof Error ? cause.message : String(cause);
  const says = `cannot keep a temporary file in ${folder} (TMPDIR names another): ${why}`;
  return new SpoolRefused(says, { cause });
}
