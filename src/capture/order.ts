/**
 * Several capture files are one capture: this puts them in the order of their first packets.
 */
import { statSync } from "node:fs";
import type { PacketSink } from "./packet-sink.ts";
import { readCapture } from "./read.ts";

/**
 * @returns the paths by the time of their first packet; equal times keep the order given. Standard
 * input and pipes cannot be read twice and go last; so do files without a packet, and those that
 * cannot be opened, which will say so when they are read.
 */
export async function inCaptureOrder(paths: readonly string[]): Promise<string[]> {
  if (paths.length < 2) return [...paths];
  const first = new Map<string, number>();
  for (const path of paths) first.set(path, readsTwice(path) ? await firstPacket(path) : LAST);
  return [...paths].sort((one, other) => first.get(one)! - first.get(other)!);
}

function readsTwice(path: string): boolean {
  return path !== "-" && statSync(path, { throwIfNoEntry: false })?.isFile() === true;
}

async function firstPacket(path: string): Promise<number> {
  let atUs = LAST;
  const sink: PacketSink = {
    clock: new Float64Array(1),
    packet() {
      if (atUs === LAST) atUs = sink.clock[0]!;
    },
  };
  const buffer = new Uint8Array(PEEK_BYTES);
  try {
    await readCapture(path, sink, { buffer, onRead: () => atUs !== LAST });
  } catch {
    return LAST;
  }
  return atUs;
}

/** Finite, so that two of them compare as equal and not as NaN. */
const LAST = Number.MAX_VALUE;
/** The longest record fits (packet-sink.ts, pcapng.ts). */
const PEEK_BYTES = 524_288;
