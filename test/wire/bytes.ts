/** Numbers and pieces to bytes: what every writer of test packets is built from. */

export type Endian = "big" | "little";

/** All pieces, one after the other, in a buffer of its own. */
export function concat(...pieces: readonly Uint8Array[]): Uint8Array {
  const out = new Uint8Array(pieces.reduce((sum, piece) => sum + piece.length, 0));
  let at = 0;
  for (const piece of pieces) {
    out.set(piece, at);
    at += piece.length;
  }
  return out;
}

/** `value` in `width` bytes; what does not fit is cut off at the top, so lies are easy to write. */
export function uint(value: number | bigint, width: number, endian: Endian = "big"): Uint8Array {
  const out = new Uint8Array(width);
  let rest = BigInt(value);
  for (let index = 0; index < width; index++) {
    out[endian === "big" ? width - 1 - index : index] = Number(rest & 255n);
    rest >>= 8n;
  }
  return out;
}

/** One character a byte. */
export function latin1(text: string): Uint8Array {
  return Uint8Array.from(Buffer.from(text, "latin1"));
}

/** Hex digits to bytes; white space is allowed anywhere. */
export function hex(digits: string): Uint8Array {
  return Uint8Array.from(Buffer.from(digits.replace(/\s/g, ""), "hex"));
}

/** `body` behind its own length in `width` bytes (big endian), as TLS vectors are. */
export function vector(width: number, ...body: readonly Uint8Array[]): Uint8Array {
  const whole = concat(...body);
  return concat(uint(whole.length, width), whole);
}

/** `count` bytes whose values tell where they stand: a lost or doubled byte never goes unseen. */
export function pattern(count: number, seed = 0): Uint8Array {
  const out = new Uint8Array(count);
  for (let index = 0; index < count; index++) out[index] = (index * 31 + (index >> 8) + seed) & 255;
  return out;
}
