/**
 * Reads one capture input from its first to its last whole record: opens it, tells the format by
 * its first bytes, and keeps the format's buffer filled.
 */
import { createHash } from "node:crypto";
import type { CaptureFormat, Damage, PacketSink } from "./packet-sink.ts";
import {
  MAGIC_MICROSECONDS,
  MAGIC_MICROSECONDS_SWAPPED,
  MAGIC_NANOSECONDS,
  MAGIC_NANOSECONDS_SWAPPED,
  PcapFormat,
  u32be,
} from "./pcap.ts";
import { PcapngFormat, SECTION_HEADER } from "./pcapng.ts";
import { BUFFER_BYTES, openSource, type SourceOptions } from "./source.ts";

export interface CaptureEnd {
  /** Bytes of the input itself (compressed, if it is); of a damaged pipe, those before the damage. */
  readonly bytes: number;
  readonly sha256?: string;
  /** Where and why reading stopped before the end. What came before was delivered. */
  readonly damage?: Damage;
  /** Blocks that were stepped over because they cannot be right. */
  readonly oddities: readonly Damage[];
}

export interface ReadOptions extends Pick<SourceOptions, "maxBytes" | "stdin"> {
  /** Also the input's SHA-256. Costs more than the rest of the reading: only when asked. */
  readonly hash?: boolean;
  /** The buffer to use: one for many inputs. */
  readonly buffer?: Uint8Array;
  /** Bytes came, of which nothing was looked at yet. */
  readonly onBytes?: () => void;
  /** Called after each read with the input's bytes taken so far. True stops the reading. */
  // biome-ignore lint/suspicious/noConfusingVoidType: a watcher has nothing to return
  readonly onRead?: (taken: number, size: number | undefined) => boolean | void;
}

/**
 * Delivers every packet of a capture file to `sink`. Never throws because of what is in the file;
 * throws what the operating system says when it cannot be opened.
 */
export async function readCapture(
  path: string,
  sink: PacketSink,
  options: ReadOptions = {},
): Promise<CaptureEnd> {
  const hash = options.hash === true ? createHash("sha256") : undefined;
  const raw = hash && ((piece: Uint8Array) => void hash.update(piece));
  const source = await openSource(path, { ...options, raw });
  const buffer = options.buffer ?? new Uint8Array(BUFFER_BYTES);
  let format: CaptureFormat | string | undefined;
  let kept = 0;
  /** Where buffer[0] stands in the (decompressed) capture. */
  let position = 0;
  try {
    for (;;) {
      const reading = source.read(buffer, kept);
      const count = typeof reading === "number" ? reading : await reading;
      if (count === 0) break;
      const filled = kept + count;
      options.onBytes?.();
      format ??= tellFormat(buffer, filled, sink);
      if (typeof format === "string") break;
      const taken = format === undefined ? 0 : format.read(buffer, 0, filled, position);
      kept = filled - taken;
      if (taken > 0 && kept > 0) buffer.copyWithin(0, taken, filled);
      position += taken;
      if (options.onRead?.(source.taken, source.size) === true || format?.damage) break;
    }
  } finally {
    source.close();
  }
  const damage = source.damage ?? ended(format, buffer, kept, position);
  const pcapng = format instanceof PcapngFormat ? format : undefined;
  return {
    bytes: damage === undefined ? source.taken : (source.size ?? damage.atByte),
    ...(hash && { sha256: hash.digest("hex") }),
    ...(damage && { damage }),
    oddities: pcapng?.oddities ?? [],
  };
}

function ended(
  format: CaptureFormat | string | undefined,
  buffer: Uint8Array,
  kept: number,
  position: number,
): Damage | undefined {
  if (typeof format === "string") return { atByte: 0, reason: format };
  if (format !== undefined) return format.end(kept, position);
  if (kept === 0) return { atByte: 0, reason: "empty file, expected a pcap or pcapng capture" };
  const found = Buffer.from(buffer.subarray(0, kept)).toString("hex");
  return { atByte: 0, reason: `${kept} byte file (${found}), expected a pcap or pcapng capture` };
}

/** The reader for what begins like this; a string says why there is none; nothing: too short yet. */
function tellFormat(
  bytes: Uint8Array,
  length: number,
  sink: PacketSink,
): CaptureFormat | string | undefined {
  if (length < 4) return undefined;
  const magic = u32be(bytes, 0);
  switch (magic) {
    case MAGIC_MICROSECONDS:
    case MAGIC_NANOSECONDS:
    case MAGIC_MICROSECONDS_SWAPPED:
    case MAGIC_NANOSECONDS_SWAPPED:
      return new PcapFormat(sink);
    case SECTION_HEADER:
      return new PcapngFormat(sink);
  }
  const known = OTHER_FORMATS.get(magic);
  const found = known ?? `first bytes 0x${magic.toString(16).padStart(8, "0")}`;
  return `${found}, expected pcap or pcapng${known ? ": convert it with `editcap -F pcapng`" : ""}`;
}

/** What else people hand to a capture reader. */
const OTHER_FORMATS = new Map([
  [0xa1b2cd34, "a pcap with the record header of old patched kernels"],
  [0x34cdb2a1, "a pcap with the record header of old patched kernels"],
  [0x736e6f6f, "a snoop capture"],
  [0x54525344, "a Sniffer capture"],
  [0x52545353, "a NetXray capture"],
  [0x474d4255, "a Microsoft Network Monitor capture"],
  [0x504b0304, "a zip archive"],
  [0xfd377a58, "an xz file"],
  [0x425a6839, "a bzip2 file"],
]);
