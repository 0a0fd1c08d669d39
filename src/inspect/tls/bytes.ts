/** Numbers and text as TLS messages hold them. */

export function u16(bytes: Uint8Array, at: number): number {
  return (bytes[at]! << 8) | bytes[at + 1]!;
}

export function u24(bytes: Uint8Array, at: number): number {
  return (bytes[at]! << 16) | (bytes[at + 1]! << 8) | bytes[at + 2]!;
}

/** A character a byte. */
export function latin1(bytes: Uint8Array, from: number, to: number): string {
  return Buffer.prototype.toString.call(bytes, "latin1", from, to);
}

/** UTF-8 where it is that, else a character a byte. Hostile text: escape before printing. */
export function textOf(bytes: Uint8Array, from: number, to: number): string {
  const text = latin1(bytes, from, to);
  for (let at = from; at < to; at++) {
    if (bytes[at]! < 128) continue;
    const decoded = Buffer.prototype.toString.call(bytes, "utf8", from, to);
    return decoded.includes("\ufffd") ? text : decoded;
  }
  return text;
}
