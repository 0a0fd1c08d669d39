/** Writes DER (X.690), and can be told to lie about a length. */
import { concat, latin1, uint } from "./bytes.ts";

/** One element: tag, length, contents. `length` is what the length field says. */
export function tlv(tag: number, contents: Uint8Array, length = contents.length): Uint8Array {
  return concat(uint(tag, 1), lengthBytes(length), contents);
}

export function sequence(...parts: readonly Uint8Array[]): Uint8Array {
  return tlv(0x30, concat(...parts));
}

export function set(...parts: readonly Uint8Array[]): Uint8Array {
  return tlv(0x31, concat(...parts));
}

/** Context-specific and constructed: `[tag] EXPLICIT`, or IMPLICIT for a constructed type. */
export function explicit(tag: number, ...parts: readonly Uint8Array[]): Uint8Array {
  return tlv(0xa0 + tag, concat(...parts));
}

/** A non-negative INTEGER of any size, big endian. */
export function integer(value: Uint8Array | number): Uint8Array {
  let bytes = typeof value === "number" ? uint(value, 4) : value;
  while (bytes.length > 1 && bytes[0] === 0) bytes = bytes.subarray(1);
  return tlv(2, bytes[0]! & 128 ? concat(uint(0, 1), bytes) : bytes);
}

export function boolean(value: boolean): Uint8Array {
  return tlv(1, uint(value ? 255 : 0, 1));
}

export function octetString(bytes: Uint8Array): Uint8Array {
  return tlv(4, bytes);
}

export function bitString(bytes: Uint8Array, unusedBits = 0): Uint8Array {
  return tlv(3, concat(uint(unusedBits, 1), bytes));
}

/** A dotted object identifier. */
export function oid(dotted: string): Uint8Array {
  const [first = 0, second = 0, ...rest] = dotted.split(".").map(Number);
  return tlv(6, concat(...[first * 40 + second, ...rest].map(base128)));
}

export function utf8(text: string): Uint8Array {
  return tlv(12, Uint8Array.from(Buffer.from(text, "utf8")));
}

export function printable(text: string): Uint8Array {
  return tlv(19, latin1(text));
}

/** UTCTime before 2050, GeneralizedTime from then on (RFC 5280 §4.1.2.5). */
export function time(date: Date): Uint8Array {
  const digits = `${date.toISOString().replace(/[-:T]/g, "").slice(0, 14)}Z`;
  const utc = date.getUTCFullYear() >= 1950 && date.getUTCFullYear() < 2050;
  return utc ? tlv(23, latin1(digits.slice(2))) : tlv(24, latin1(digits));
}

function lengthBytes(length: number): Uint8Array {
  if (length < 128) return uint(length, 1);
  const width = length < 256 ? 1 : length < 65_536 ? 2 : length < 2 ** 24 ? 3 : 4;
  return concat(uint(128 + width, 1), uint(length, width));
}

function base128(value: number): Uint8Array {
  const out = [value & 127];
  for (let rest = Math.floor(value / 128); rest > 0; rest = Math.floor(rest / 128))
    out.unshift((rest & 127) | 128);
  return Uint8Array.from(out);
}
