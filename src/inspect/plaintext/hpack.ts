/**
 * HPACK (RFC 7541), as far as it tells which headers a first request has and where their values stand. There
 * is no dynamic table: what a field refers to there was spelt out before, and was read then.
 *
 *     1 index (7)                              a field of a table
 *     01 index (6), 000x index (4)             a name of a table, or spelt out, and a value
 *     001 size (5)                             a new size for the dynamic table
 *     string: H length (7) | bytes             H: in Huffman's code
 */

export interface Field {
  /** Empty for a name of the tables that nobody here asks for. */
  readonly name: string;
  readonly value: string;
  /** Where the value stands, as coded. */
  readonly from: number;
  readonly end: number;
}

/** The literal fields in [at, end), as far as they can be read; at most `FIELDS_MAX`. */
export function fieldsIn(bytes: Uint8Array, at: number, end: number): Field[] {
  const fields: Field[] = [];
  let next = at;
  for (let count = 0; next < end && count < FIELDS_MAX; count++) {
    const first = bytes[next]!;
    const isIndexed = first >= 0x80;
    const isSize = !isIndexed && (first & 0xe0) === 0x20;
    const bits = isIndexed ? 7 : isSize ? 5 : first >= 0x40 ? 6 : 4;
    const index = integerAt(bytes, next, end, bits);
    if (index === undefined) break;
    next = index.end;
    if (isIndexed || isSize) continue;
    const name = index.value === 0 ? stringAt(bytes, next, end) : undefined;
    if (index.value === 0 && name === undefined) break;
    if (name !== undefined) next = name.end;
    const value = stringAt(bytes, next, end);
    if (value === undefined) break;
    next = value.end;
    const named = name?.text ?? STATIC_NAMES[index.value] ?? "";
    fields.push({ name: named, value: value.text, from: value.from, end: value.end });
  }
  return fields;
}

function stringAt(bytes: Uint8Array, at: number, end: number) {
  if (at >= end) return undefined;
  const length = integerAt(bytes, at, end, 7);
  if (length === undefined || length.end + length.value > end) return undefined;
  const from = length.end;
  const to = from + length.value;
  const text =
    bytes[at]! >= 0x80
      ? huffman(bytes, from, to)
      : Buffer.prototype.toString.call(bytes, "latin1", from, to);
  return text === undefined ? undefined : { text, from, end: to };
}

/** RFC 7541 §5.1: what does not fit into the first byte's `bits` follows, 7 bits a byte. */
function integerAt(bytes: Uint8Array, at: number, end: number, bits: number) {
  const most = 2 ** bits - 1;
  let value = bytes[at]! & most;
  if (value < most) return { value, end: at + 1 };
  for (let count = 0; count < INTEGER_BYTES_MAX && at + 1 + count < end; count++) {
    const byte = bytes[at + 1 + count]!;
    value += (byte & 0x7f) << (7 * count);
    if (byte < 0x80) return { value, end: at + 2 + count };
  }
  return undefined;
}

/** Bit by bit: a code of `length` bits is one if it lies below the last of that length. */
function huffman(bytes: Uint8Array, from: number, to: number): string | undefined {
  let text = "";
  let code = 0;
  let length = 0;
  for (let at = from; at < to; at++) {
    for (let bit = 7; bit >= 0; bit--) {
      code = (code << 1) | ((bytes[at]! >> bit) & 1);
      length++;
      if (length > CODE_BITS_MAX) return undefined;
      const symbol = CODES[length]?.get(code);
      if (symbol === undefined) continue;
      text += symbol;
      code = 0;
      length = 0;
    }
  }
  // The padding is less than a byte, of the ones that the end of the string begins with.
  return length < 8 && code === 2 ** length - 1 ? text : undefined;
}

/** Names of the static table (appendix A) that are asked for. */
const STATIC_NAMES: Record<number, string> = {
  1: ":authority",
  4: ":path",
  5: ":path",
  23: "authorization",
  31: "content-type",
  32: "cookie",
  49: "proxy-authorization",
  55: "set-cookie",
};

/** More than clients send; with cookies split into crumbs there may be as many. */
const FIELDS_MAX = 128;
/** 28 bits: no header of ours is larger. */
const INTEGER_BYTES_MAX = 4;
const CODE_BITS_MAX = 30;

/**
 * Appendix B: the length of each octet's code, 5 as `a`. The code is canonical, so lengths are all of it: codes
 * of one length count up in the order of octets, behind those that are shorter.
 */
const CODE_BITS = [
  "isxxxxxxxtzxxzxxxxxxxxzxxxxxxxxxbffhibdgffdgdbbbaaabbbbbbbcdkbhf",
  "ibccccccccccccccccccccccdcdioijbkabababbbaccbbbabcbaabccccckgjix",
  "prpprrrsrssssststtrstssssqrsrsstrqprrssqsrrtqrssqqrqsrssprrrsrrs",
  "vvporsruvvvwwvtuoqvwwvwtqqvvxwwwptpqrqqsrruuttvsvwvvwwwwwxwwwwwv",
].join("");

/** By length: the character of each code. */
const CODES = canonical();

function canonical(): readonly (ReadonlyMap<number, string> | undefined)[] {
  const codes: Map<number, string>[] = [];
  let code = 0;
  for (let length = 5; length <= CODE_BITS_MAX; length++) {
    const own = new Map<number, string>();
    code <<= 1;
    for (let octet = 0; octet < 256; octet++) {
      if (CODE_BITS.charCodeAt(octet) - 97 + 5 === length) {
        own.set(code++, String.fromCharCode(octet));
      }
    }
    codes[length] = own;
  }
  return codes;
}
