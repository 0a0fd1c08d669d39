/** Numbers as binary protocols hold them. What lies beyond the end reads as zeros. */

export function u16(bytes: Uint8Array, at: number): number {
  return (bytes[at]! << 8) | bytes[at + 1]!;
}

export function u32(bytes: Uint8Array, at: number): number {
  return ((u16(bytes, at) << 16) | u16(bytes, at + 2)) >>> 0;
}

export function u16le(bytes: Uint8Array, at: number): number {
  return bytes[at]! | (bytes[at + 1]! << 8);
}

export function u24le(bytes: Uint8Array, at: number): number {
  return u16le(bytes, at) | (bytes[at + 2]! << 16);
}

export function u32le(bytes: Uint8Array, at: number): number {
  return (u16le(bytes, at) | (u16le(bytes, at + 2) << 16)) >>> 0;
}

/** Whether [from, to) holds zeros alone, as far as there are bytes. */
export function zeros(bytes: Uint8Array, from: number, to: number): boolean {
  for (let at = from; at < to && at < bytes.length; at++) if (bytes[at] !== 0) return false;
  return true;
}

/** Whether [from, to) holds printable ASCII alone, as far as there are bytes. */
export function printable(bytes: Uint8Array, from: number, to: number): boolean {
  for (let at = from; at < to && at < bytes.length; at++) {
    if (bytes[at]! < 0x20 || bytes[at]! > 0x7e) return false;
  }
  return true;
}

/** UDP datagrams that are not empty, one at a time: where each begins and ends in what a side said. */
export function* datagramsOf(said: {
  readonly bytes: Uint8Array;
  readonly datagrams: readonly number[];
}): Generator<readonly [from: number, to: number]> {
  for (const [index, from] of said.datagrams.entries()) {
    const to = said.datagrams[index + 1] ?? said.bytes.length;
    if (to > from) yield [from, to];
  }
}
