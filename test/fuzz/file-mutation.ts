/** Capture files with something wrong in their packets' headers, their own lengths, or anywhere. */
import type { WrittenCapture } from "./capture-writer.ts";
import type { Random } from "./random.ts";

/** A link, IP or TCP header that lies. Changes the capture in place. */
export function mutateHeader({ bytes, packets, linkBytes }: WrittenCapture, random: Random): void {
  const packet = random.pick(packets);
  if (!packet) return;
  const { from, to } = packet;
  const headers = Math.min(to - from, linkBytes + 60);
  if (random.chance(30)) {
    bytes[from + random.below(headers)]! ^= 1 << random.below(8);
    return;
  }
  const ip = from + linkBytes;
  const six = bytes[ip]! >> 4 === 6;
  const [offset, width] = random.pick(six ? FIELDS_6 : FIELDS_4);
  if (ip + offset + width > to) return;
  let was = 0;
  for (let index = 0; index < width; index++) was = was * 256 + bytes[ip + offset + index]!;
  let lie = random.lie(was, width * 8);
  for (let index = width - 1; index >= 0; index--, lie = Math.floor(lie / 256))
    bytes[ip + offset + index] = lie % 256;
}

/** The file itself lies, or is cut. Returns what is left of it. */
export function mutateFile(capture: WrittenCapture, random: Random): Uint8Array {
  const { bytes, fields } = capture;
  switch (random.below(6)) {
    case 0:
      return bytes.subarray(0, random.below(bytes.length));
    case 1:
    case 2:
    case 3: {
      const at = random.pick(fields) ?? 0;
      const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
      const littleEndian = random.chance(80);
      if (at + 4 <= bytes.length)
        view.setUint32(at, random.lie(view.getUint32(at, littleEndian), 32), littleEndian);
      return bytes;
    }
    case 4: {
      // A piece of the file once more, somewhere else.
      const from = random.below(bytes.length);
      bytes.copyWithin(random.below(bytes.length), from, from + random.below(2000));
      return bytes;
    }
    default:
      return flipAnywhere(bytes, random);
  }
}

export function flipAnywhere(bytes: Uint8Array, random: Random): Uint8Array {
  for (let round = random.below(8); round >= 0; round--)
    bytes[random.below(bytes.length)]! ^= 1 << random.below(8);
  return bytes;
}

/** [offset, width] from the IP header on: IPv4 lengths, fragments, protocol; TCP behind 20 bytes. */
const FIELDS_4: readonly (readonly [number, number])[] = [
  [0, 1],
  [2, 2],
  [2, 2],
  [4, 2],
  [6, 2],
  [6, 2],
  [9, 1],
  [12, 4],
  [20, 2],
  [22, 2],
  [24, 4],
  [28, 4],
  [32, 1],
  [33, 1],
];
const FIELDS_6: readonly (readonly [number, number])[] = [
  [0, 1],
  [4, 2],
  [4, 2],
  [6, 1],
  [6, 1],
  [40, 1],
  [41, 1],
  [42, 2],
  [44, 4],
  [48, 4],
  [52, 1],
  [53, 1],
];
