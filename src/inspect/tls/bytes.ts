/** Numbers and text as TLS messages hold them. */

export function u16(bytes: Uint8Array, at: number): number {
  return (bytes[at]! << 8) | bytes[at + 1]!;
}

/** UTF-8 where it is that, else a character a byte. Hostile text: escape before printing. */
export function textOf(bytes: Uint8Array, from: number, to: number): string {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset + from, to - from);
  for (let at = from; at < to; at++) {
    if (bytes[at]! < 128) continue;
    const text = buffer.toString("utf8");
    return text.includes("\ufffd") ? buffer.toString("latin1") : text;
  }
  return buffer.toString("latin1");
}
