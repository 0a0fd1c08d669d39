/** Reads a capture that a test has built, and keeps what a sink is only lent. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { PacketSink } from "../../src/capture/packet-sink.ts";
import { type CaptureEnd, type ReadOptions, readCapture } from "../../src/capture/read.ts";

export interface ReadPacket {
  readonly atUs: number;
  readonly bytes: Uint8Array;
  readonly original: number;
  readonly link: number;
}

export interface Reading extends CaptureEnd {
  readonly secrets: readonly { readonly type: number; readonly bytes: Uint8Array }[];
  readonly packets: readonly ReadPacket[];
}

/** As from standard input, which hands over `pieces` one at a time. */
export function readPieces(pieces: Iterable<Uint8Array>, options: ReadOptions = {}) {
  return read("-", { ...options, stdin: given(pieces) });
}

/** As from a file that holds `bytes`. */
export async function readBytes(bytes: Uint8Array, options: ReadOptions = {}): Promise<Reading> {
  const folder = mkdtempSync(join(tmpdir(), "capture-"));
  try {
    writeFileSync(join(folder, "capture"), bytes);
    return await read(join(folder, "capture"), options);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Whatever `path` names. */
export async function read(path: string, options: ReadOptions = {}): Promise<Reading> {
  const packets: ReadPacket[] = [];
  const secrets: { type: number; bytes: Uint8Array }[] = [];
  const clock = new Float64Array(1);
  const sink: PacketSink = {
    clock,
    packet(bytes, offset, captured, original, link) {
      const kept = bytes.slice(offset, offset + captured);
      packets.push({ atUs: clock[0]!, bytes: kept, original, link });
    },
  };
  sink.secrets = (type, bytes) => void secrets.push({ type, bytes: bytes.slice() });
  const end = await readCapture(path, sink, options);
  return { ...end, packets, secrets };
}

async function* given(pieces: Iterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  yield* pieces;
}
