/** Flights cut into TCP segments, and what a network or somebody hostile makes of them. */
import { pattern } from "../wire/bytes.ts";
import type { Flight } from "../wire/recorded.ts";
import type { Random } from "./random.ts";

export interface Segment {
  readonly side: 0 | 1;
  /** From the first byte behind the SYN, which itself is at -1. */
  readonly offset: number;
  readonly bytes: Uint8Array;
  readonly flags: number;
  /** Bytes that the other side had said by then. */
  readonly heard: number;
}

export function segmentsOf(flights: readonly Flight[], random: Random): Segment[] {
  const total = flights.reduce((sum, { bytes }) => sum + bytes.length, 0);
  const mss = random.chance(70) ? 1460 : Math.max(1 + random.below(1500), Math.ceil(total / 300));
  const out: Segment[] = [];
  const said: [number, number] = [0, 0];
  if (random.chance(85)) {
    out.push({ side: 0, offset: -1, bytes: NOTHING, flags: SYN, heard: -1 });
    out.push({ side: 1, offset: -1, bytes: NOTHING, flags: SYN | ACK, heard: 0 });
  }
  for (const { party, bytes } of flights) {
    const side = party === "client" ? 0 : 1;
    for (let at = 0; at < bytes.length; at += mss) {
      const part = bytes.subarray(at, at + mss);
      out.push({ side, offset: said[side], bytes: part, flags: ACK | PSH, heard: said[1 - side]! });
      said[side] += part.length;
    }
  }
  if (random.chance(60)) {
    for (const side of [0, 1] as const)
      out.push({
        side,
        offset: said[side],
        bytes: NOTHING,
        flags: ACK | FIN,
        heard: said[1 - side]!,
      });
  }
  return out;
}

/** One thing that happens to a connection on its way. */
export function mutateSegments(segments: Segment[], random: Random): Segment[] {
  const out = segments.slice();
  const at = random.below(out.length);
  const one = out[at];
  if (!one) return out;
  switch (random.below(10)) {
    case 0:
      out.splice(at, 1);
      return out;
    case 1:
      out.splice(random.below(out.length), 0, one);
      return out;
    case 2: {
      const other = random.below(out.length);
      [out[at], out[other]] = [out[other]!, one];
      return out;
    }
    case 3:
      return [...out.slice(0, at), ...out.slice(at).reverse()];
    case 4: {
      // Overlaps what was said, with other bytes.
      const bytes = pattern(1 + random.below(one.bytes.length + 20), random.word());
      const offset = one.offset - random.below(bytes.length + 1) + random.below(20);
      out.splice(at + random.below(3), 0, { ...one, bytes, offset });
      return out;
    }
    case 5:
      out.splice(at, 0, {
        ...one,
        bytes: NOTHING,
        flags: random.pick([RST, RST | ACK, FIN | ACK]),
      });
      return out;
    case 6:
      out.splice(at, 0, { ...one, offset: random.word() | 0, flags: SYN, bytes: NOTHING });
      return out;
    case 7:
      out[at] = { ...one, offset: one.offset + random.lie(0, random.pick([4, 16, 31])) };
      return out;
    case 8:
      out[at] = { ...one, flags: random.below(256) };
      return out;
    default:
      out[at] = { ...one, side: one.side === 0 ? 1 : 0 };
      return out;
  }
}

const NOTHING = new Uint8Array(0);
const FIN = 1;
const SYN = 2;
const RST = 4;
const PSH = 8;
const ACK = 16;
