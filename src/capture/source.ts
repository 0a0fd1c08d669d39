/**
 * Where capture bytes come from: a file, a compressed file, standard input. Each is a `Source` that
 * fills the one buffer it is given; what the bytes mean is the format's business.
 *
 * A plain file is read synchronously: with one reused buffer that measured faster than overlapping
 * asynchronous reads. Compression is told by the first bytes, not by the name.
 */
import { closeSync, createReadStream, fstatSync, openSync, readSync } from "node:fs";
import type { Damage } from "./packet-sink.ts";

export interface Source {
  /** Fills `into` from `at`. 0 means the end: see `damage` for whether it was a good one. */
  read(into: Uint8Array, at: number): number | Promise<number>;
  /** What ended the source before its end: unreadable compressed bytes, a limit. */
  readonly damage: Damage | undefined;
  /** Bytes of the input itself that were taken so far (compressed, if it is). */
  readonly taken: number;
  /** Size of the input itself, where that is known. */
  readonly size: number | undefined;
  close(): void;
}

export interface SourceOptions {
  /** Stop after this many bytes (decompressed). */
  readonly maxBytes?: number | undefined;
  /** Shown each piece of the input itself, once and in order: for its checksum. */
  readonly raw?: ((piece: Uint8Array) => void) | undefined;
  /** Instead of the process's standard input, for `-`. */
  readonly stdin?: AsyncIterable<Uint8Array> | undefined;
}

/**
 * Opens a capture input. Throws what the operating system says when it cannot be opened.
 *
 * @param path a file, or `-` for standard input
 */
export async function openSource(path: string, options: SourceOptions = {}): Promise<Source> {
  if (path === "-") {
    const { streamSource } = await import("./stream-source.ts");
    return streamSource(options.stdin ?? process.stdin, undefined, options);
  }
  const file = openSync(path, "r");
  try {
    const about = fstatSync(file);
    if (about.isDirectory()) throw new Error("it is a directory, expected a capture file");
    const first = new Uint8Array(4);
    const known = about.isFile() ? readSync(file, first, 0, 4, 0) : 0;
    if (about.isFile() && compression(first.subarray(0, known)) === undefined) {
      return new FileSource(file, about.size, options);
    }
    closeSync(file);
    const { streamSource } = await import("./stream-source.ts");
    const size = about.isFile() ? about.size : undefined;
    return await streamSource(createReadStream(path), size, options, path);
  } catch (error) {
    closeQuietly(file);
    throw error;
  }
}

/** Which compression begins like this, if any (RFC 1952 §2.3.1, RFC 8878 §3.1.1). */
export function compression(first: Uint8Array): "gzip" | "zstd" | undefined {
  if (first[0] === 0x1f && first[1] === 0x8b) return "gzip";
  const zstd = first[0] === 0x28 && first[1] === 0xb5 && first[2] === 0x2f && first[3] === 0xfd;
  const skippable = ((first[0] ?? 0) & 0xf0) === 0x50 && first[1] === 0x2a && first[2] === 0x4d;
  return zstd || (skippable && first[3] === 0x18) ? "zstd" : undefined;
}

class FileSource implements Source {
  damage: Damage | undefined;
  taken = 0;
  readonly size: number;
  readonly #file: number;
  readonly #options: SourceOptions;
  readonly #maxBytes: number;

  constructor(file: number, size: number, options: SourceOptions) {
    this.#file = file;
    this.size = size;
    this.#options = options;
    this.#maxBytes = options.maxBytes ?? Number.POSITIVE_INFINITY;
  }

  read(into: Uint8Array, at: number): number {
    const room = Math.min(into.length - at, READ_BYTES, this.#maxBytes - this.taken);
    if (room === 0) {
      if (this.taken < this.size) this.damage = stoppedAt(this.#maxBytes);
      return 0;
    }
    let count = 0;
    try {
      count = readSync(this.#file, into, at, room, null);
    } catch (error) {
      this.damage = { atByte: this.taken, reason: (error as Error).message };
      return 0;
    }
    this.#options.raw?.(into.subarray(at, at + count));
    this.taken += count;
    return count;
  }

  close(): void {
    closeQuietly(this.#file);
  }
}

/** The damage that says a --max-bytes was reached. */
export function stoppedAt(maxBytes: number): Damage {
  return { atByte: maxBytes, reason: `stopped after ${maxBytes} bytes, as --max-bytes asks` };
}

function closeQuietly(file: number): void {
  try {
    closeSync(file);
  } catch {
    // Already closed: there is nothing left to release.
  }
}

/** One read. 256 KB to 1 MB measured alike; more leaves the processor's cache. */
const READ_BYTES = 524_288;
/** What a reader's buffer holds: the longest record we read, and one read behind it. */
export const BUFFER_BYTES = 1_048_576;
