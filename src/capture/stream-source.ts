/**
 * Standard input, pipes and compressed captures. In a module of its own, because a plain file needs
 * neither streams nor zlib, and both take time to load.
 *
 * A compressed file that breaks is read a second time: up to the piece that broke as before, then
 * byte by byte, so that everything before the damage comes out.
 */
import { createReadStream } from "node:fs";
import { constants, createGunzip, createZstdDecompress } from "node:zlib";
import type { Damage } from "./packet-sink.ts";
import { compression, type Source, type SourceOptions, stoppedAt } from "./source.ts";

type Pieces = AsyncIterable<Uint8Array>;

/**
 * @param pieces the input itself
 * @param size its size in bytes, where known
 * @param path where it can be read again, if it can
 */
export async function streamSource(
  pieces: Pieces,
  size: number | undefined,
  options: SourceOptions,
  path?: string,
): Promise<Source> {
  const source = new StreamSource(size, options);
  const iterator = pieces[Symbol.asyncIterator]();
  const first: Uint8Array[] = [];
  let known = 0;
  while (known < 4) {
    const next = await iterator.next();
    if (next.done === true) break;
    first.push(next.value);
    known += next.value.length;
  }
  const kind = compression(Buffer.concat(first.map((piece) => piece.subarray(0, 4))));
  const raw = source.counted(resume(first, iterator));
  source.feed(kind === undefined ? raw : unpack(kind, raw, source, path));
  return source;
}

class StreamSource implements Source {
  damage: Damage | undefined;
  taken = 0;
  readonly size: number | undefined;
  readonly #options: SourceOptions;
  readonly #maxBytes: number;
  #pieces: AsyncIterator<Uint8Array> | undefined;
  #piece: Uint8Array = new Uint8Array(0);
  #given = 0;

  constructor(size: number | undefined, options: SourceOptions) {
    this.size = size;
    this.#options = options;
    this.#maxBytes = options.maxBytes ?? Number.POSITIVE_INFINITY;
  }

  feed(pieces: AsyncGenerator<Uint8Array>): void {
    this.#pieces = pieces;
  }

  async *counted(pieces: AsyncGenerator<Uint8Array>): AsyncGenerator<Uint8Array> {
    for await (const piece of pieces) {
      this.#options.raw?.(piece);
      this.taken += piece.length;
      yield piece;
    }
  }

  async read(into: Uint8Array, at: number): Promise<number> {
    while (this.#piece.length === 0) {
      const next = await this.#next();
      if (next === undefined) return 0;
      this.#piece = next;
    }
    if (this.#given >= this.#maxBytes) {
      this.damage = stoppedAt(this.#maxBytes);
      return 0;
    }
    const count = Math.min(into.length - at, this.#piece.length, this.#maxBytes - this.#given);
    into.set(this.#piece.subarray(0, count), at);
    this.#piece = this.#piece.subarray(count);
    this.#given += count;
    return count;
  }

  async #next(): Promise<Uint8Array | undefined> {
    try {
      const next = await this.#pieces?.next();
      return next === undefined || next.done === true ? undefined : next.value;
    } catch (error) {
      this.damage ??= { atByte: this.taken, reason: (error as Error).message };
      return undefined;
    }
  }

  close(): void {
    // A pending read may never settle; nobody waits for it any more.
    void this.#pieces?.return?.(undefined);
  }
}

async function* resume(
  first: readonly Uint8Array[],
  rest: AsyncIterator<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  yield* first;
  try {
    for (let next = await rest.next(); next.done !== true; next = await rest.next()) {
      yield next.value;
    }
  } finally {
    await rest.return?.(undefined);
  }
}

async function* unpack(
  kind: "gzip" | "zstd",
  raw: AsyncGenerator<Uint8Array>,
  source: StreamSource,
  path: string | undefined,
): AsyncGenerator<Uint8Array> {
  let given = 0;
  const limited = (piece: Uint8Array): Uint8Array => {
    given += piece.length;
    if (given > EXPANSION_FREE_BYTES && given > source.taken * EXPANSION_MAX) {
      throw new Error(
        `${source.taken} compressed bytes became ${given}, expected at most ` +
          `${EXPANSION_MAX} times as many: decompress the file yourself if you trust it`,
      );
    }
    return piece;
  };
  let fed = 0;
  let lastFed = 0;
  const watched = async function* (): AsyncGenerator<Uint8Array> {
    for await (const piece of raw) {
      lastFed = fed;
      fed += piece.length;
      yield piece;
    }
  };
  try {
    for await (const piece of inflate(kind, watched())) yield limited(piece);
  } catch (error) {
    source.damage = {
      atByte: source.taken,
      reason: `${kind}: ${(error as Error).message}`,
    };
    if (path !== undefined && given <= EXPANSION_FREE_BYTES)
      yield* salvage(kind, path, lastFed, given);
  }
}

/** What a broken file still gives after the first `given` bytes: fed byte by byte from `fineFrom`. */
async function* salvage(
  kind: "gzip" | "zstd",
  path: string,
  fineFrom: number,
  given: number,
): AsyncGenerator<Uint8Array> {
  const fine = async function* (): AsyncGenerator<Uint8Array> {
    let at = 0;
    for await (const piece of createReadStream(path) as Pieces) {
      if (at < fineFrom) yield piece;
      else for (let byte = 0; byte < piece.length; byte++) yield piece.subarray(byte, byte + 1);
      at += piece.length;
    }
  };
  let skip = given;
  try {
    for await (const piece of inflate(kind, fine())) {
      const dropped = Math.min(skip, piece.length);
      skip -= dropped;
      if (dropped < piece.length) yield piece.subarray(dropped);
    }
  } catch {
    // The same damage as before, now with everything in front of it delivered.
  }
}

/**
 * Decompresses pieces as they come. A zstd file may hold several frames (RFC 8878 §3.1) and Node's
 * decoder ends after one, so what it left over goes to a fresh one; for gzip Node does that itself.
 */
async function* inflate(
  kind: "gzip" | "zstd",
  pieces: AsyncGenerator<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  let rest: Uint8Array | undefined;
  try {
    for (;;) {
      const first = rest ?? (await nextPiece(pieces));
      if (first === undefined) return;
      const decoder = new Decoder(kind);
      try {
        let piece: Uint8Array | undefined = first;
        while (piece !== undefined && !decoder.ended) {
          yield* decoder.feed(piece);
          if (!decoder.ended) piece = await nextPiece(pieces);
        }
        if (!decoder.ended) yield* decoder.finish();
        rest = piece === undefined ? undefined : decoder.leftOf(piece);
      } finally {
        decoder.close();
      }
      if (rest === undefined && decoder.exhausted) return;
    }
  } finally {
    await pieces.return(undefined);
  }
}

async function nextPiece(pieces: AsyncGenerator<Uint8Array>): Promise<Uint8Array | undefined> {
  const next = await pieces.next();
  return next.done === true ? undefined : next.value;
}

/** One zlib stream, fed by hand: what it gave before it failed is kept. */
class Decoder {
  /** The compressed data came to its own end. */
  ended = false;
  /** No input is left either. */
  exhausted = false;
  readonly #stream: ReturnType<typeof createGunzip> | ReturnType<typeof createZstdDecompress>;
  #out: Uint8Array[] = [];
  #outBytes = 0;
  #fed = 0;
  #failure: Error | undefined;
  #wake: () => void = () => {};

  constructor(kind: "gzip" | "zstd") {
    const params = { [constants.ZSTD_d_windowLogMax]: ZSTD_WINDOW_LOG_MAX };
    const stream =
      kind === "gzip" ? createGunzip({ chunkSize: CHUNK_BYTES }) : createZstdDecompress({ params });
    stream.on("data", (piece: Uint8Array) => {
      this.#out.push(piece);
      this.#outBytes += piece.length;
      // Bounds what one piece of input may become before it is taken.
      if (this.#outBytes > HELD_BYTES_MAX) stream.pause();
      this.#wake();
    });
    stream.on("end", () => {
      this.ended = true;
      this.#wake();
    });
    stream.on("error", (error) => {
      this.#failure = error;
      this.#wake();
    });
    this.#stream = stream;
  }

  async *feed(piece: Uint8Array): AsyncGenerator<Uint8Array> {
    this.#fed += piece.length;
    let taken = false;
    this.#stream.write(piece, () => {
      taken = true;
      this.#wake();
    });
    yield* this.#until(() => taken);
  }

  async *finish(): AsyncGenerator<Uint8Array> {
    this.exhausted = true;
    this.#stream.end();
    yield* this.#until(() => false);
  }

  /** The end of the last piece that was fed, if the decoder did not use it. */
  leftOf(piece: Uint8Array): Uint8Array | undefined {
    const left = Math.min(this.#fed - this.#stream.bytesWritten, piece.length);
    return left > 0 ? piece.subarray(piece.length - left) : undefined;
  }

  close(): void {
    this.#stream.destroy();
  }

  async *#until(done: () => boolean): AsyncGenerator<Uint8Array> {
    for (;;) {
      const out = this.#out;
      this.#out = [];
      this.#outBytes = 0;
      yield* out;
      if (this.#stream.isPaused()) this.#stream.resume();
      if (this.#out.length > 0) continue;
      if (this.#failure !== undefined) throw this.#failure;
      if (this.ended || done()) return;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }
}

const CHUNK_BYTES = 65_536;
const HELD_BYTES_MAX = 1_048_576;
/** 128 MiB: what `zstd --long=27` needs, and no more memory than that for a stranger's file. */
const ZSTD_WINDOW_LOG_MAX = 27;
/** A decompressed size that needs no ratio: whatever it came from, it is soon read. */
const EXPANSION_FREE_BYTES = 268_435_456;
/** Deflate reaches 1,032 at most; real captures stay below 30. */
const EXPANSION_MAX = 1_032;
