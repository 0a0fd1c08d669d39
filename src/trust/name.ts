/**
 * Distinguished names: as text that people read and write (RFC 4514), and as a key that is equal
 * exactly when two names are (RFC 5280 §7.1).
 *
 * The key folds ASCII case and runs of spaces and sees no difference between string types, as OpenSSL
 * does. RFC 4518 would fold all of Unicode; being stricter only makes an odd issuer unknown.
 */
import { DerReader, TAG } from "./der.ts";
import { Faults } from "./fault.ts";
import { ATTRIBUTE } from "./oid.ts";
import { latin1 } from "./oid-text.ts";

/** One attribute; `text` is absent when the value is no string that RFC 5280 knows. */
export interface Attribute {
  readonly oid: string;
  readonly text?: string;
  readonly der: Uint8Array;
}

/** Relative names in the order of the encoding: the root of the tree first. */
export type Name = readonly (readonly Attribute[])[];

/** Reads the SEQUENCE that a Name is; what is wrong goes to the reader's faults. */
export function readName(sequence: DerReader, what: string): Name {
  const name: Attribute[][] = [];
  while (sequence.more && name.length < RDNS_MAX) {
    const set = sequence.read(TAG.SET, what);
    const rdn: Attribute[] = [];
    while (set.more && rdn.length < RDNS_MAX) {
      const pair = set.read(TAG.SEQUENCE, what);
      const oid = pair.oid(what);
      const value = pair.any(what);
      pair.finish(what);
      if (pair.broken || value.broken) break;
      const text = readString(value, what);
      rdn.push({ oid, der: value.whole(), ...(text === undefined ? {} : { text }) });
    }
    if (rdn.length === 0 && !set.broken) set.fail(`${what}: empty relative name`);
    if (set.more || set.broken) break;
    name.push(rdn);
  }
  if (sequence.more) sequence.fail(`${what}: more than ${RDNS_MAX} parts, or one that breaks off`);
  return name;
}

/** RFC 4514: the most specific part first. Control characters stay as they are, but for NUL. */
export function formatName(name: Name): string {
  const rdns = name.map((rdn) => rdn.map(formatAttribute).join("+"));
  return rdns.reverse().join(",");
}

/** Equal keys, equal names. The lengths keep one value from spelling another attribute. */
export function nameKey(name: Name): string {
  return name.map(rdnKey).join("/");
}

/** The key of one relative name, for name constraints, which compare from the root down. */
export function rdnKey(rdn: readonly Attribute[]): string {
  return rdn.map(attributeKey).sort().join("+");
}

/** The §7.1 key of an RFC 4514 string, or `undefined` if it is none. */
export function parseDn(text: string): string | undefined {
  const rdns: Attribute[][] = [];
  let rest = text.trimStart();
  let joined = false;
  while (rest !== "") {
    const match = ATTRIBUTE_TEXT.exec(rest);
    if (match === null) return undefined;
    const oid = oidOf(match[1]!);
    const attribute = oid === undefined ? undefined : attributeOf(oid, match[2]!);
    if (attribute === undefined) return undefined;
    if (joined) rdns.at(-1)!.push(attribute);
    else rdns.push([attribute]);
    const separator = match[3]!;
    rest = rest.slice(match[0].length);
    if (separator !== "" && rest.trim() === "") return undefined;
    joined = separator === "+";
  }
  return nameKey(rdns.reverse());
}

/** The value of a string type, `undefined` for any other type; impossible text is a fault. */
export function readString(value: DerReader, what: string): string | undefined {
  const { tag, bytes, start, from, to } = value;
  const bad = (why: string) => value.faults.add("bad-string", start, `${what}: ${why}`);
  const text = latin1(bytes, from, to);
  switch (tag) {
    case TAG.PRINTABLE:
      // "@", "*", "_" and "&" are no PrintableString, and so common in old roots that nobody refuses.
      if (!PRINTABLE.test(text)) bad("PrintableString with other characters");
      return text;
    case TAG.NUMERIC:
    case TAG.VISIBLE:
    case TAG.IA5:
      if (!ASCII.test(text)) bad("more than ASCII");
      return text;
    case TAG.T61:
      return text;
    case TAG.UTF8:
      if (ASCII.test(text)) return text;
      try {
        return UTF8_DECODER.decode(bytes.subarray(from, to));
      } catch {
        bad("not UTF-8");
        return text;
      }
    case TAG.BMP:
      if ((to - from) % 2 !== 0) bad("BMPString of odd length");
      return wide(bytes, from, to, 2);
    case TAG.UNIVERSAL:
      if ((to - from) % 4 !== 0) bad("UniversalString of odd length");
      return wide(bytes, from, to, 4);
    default:
      return undefined;
  }
}

function wide(bytes: Uint8Array, from: number, to: number, width: 2 | 4): string {
  let text = "";
  for (let i = from; i + width <= to; i += width) {
    let code = 0;
    for (let j = 0; j < width; j++) code = code * 256 + bytes[i + j]!;
    text +=
      code > 0x10ffff
        ? "\ufffd"
        : width === 2
          ? String.fromCharCode(code)
          : String.fromCodePoint(code);
  }
  return text;
}

function formatAttribute({ oid, text, der }: Attribute): string {
  const type = ATTRIBUTE[oid];
  // RFC 4514 §2.4: a type without a short name has its value in hexadecimal.
  if (type === undefined || text === undefined) {
    return `${type ?? oid}=#${Buffer.from(der).toString("hex")}`;
  }
  const escaped = text
    .replace(/["+,;<>\\]/g, "\\$&")
    .replaceAll("\0", "\\00")
    .replace(/^[ #]/, "\\$&")
    .replace(/ $/, (space, at: number) => (at === 0 ? space : `\\${space}`));
  return `${type}=${text === " " ? "\\ " : escaped}`;
}

function attributeKey({ oid, text, der }: Attribute): string {
  if (text === undefined) return `${oid}#${Buffer.from(der).toString("hex")}`;
  const folded = text
    .replace(/[A-Z]+/g, (upper) => upper.toLowerCase())
    .replace(/[ \t\n\v\f\r]+/g, " ")
    .replace(/^ | $/g, "");
  return `${oid}=${folded.length}:${folded}`;
}

function oidOf(type: string): string | undefined {
  if (/^\d/.test(type)) return type;
  return OID_OF.get(type.toLowerCase());
}

function attributeOf(oid: string, value: string): Attribute | undefined {
  if (value.startsWith("#")) {
    const der = Buffer.from(value.slice(1), "hex");
    if (der.length * 2 !== value.trimEnd().length - 1) return undefined;
    const element = new DerReader(der, new Faults()).any("value");
    const text = readString(element, "value");
    return element.broken ? undefined : { oid, der, ...(text === undefined ? {} : { text }) };
  }
  const bytes: Buffer[] = [];
  for (const [part, hex] of value.matchAll(/\\([0-9a-fA-F]{2})|\\.|[^\\]+/gsu)) {
    if (hex !== undefined) bytes.push(Buffer.from(hex, "hex"));
    else bytes.push(Buffer.from(part.startsWith("\\") ? part.slice(1) : part));
  }
  return { oid, text: Buffer.concat(bytes).toString(), der: new Uint8Array() };
}

/** `type = value` up to an unescaped separator; quoted values are RFC 2253's and not read. */
const ATTRIBUTE_TEXT =
  /^\s*([A-Za-z][A-Za-z0-9-]*|\d+(?:\.\d+)+)\s*=\s*((?:\\[0-9a-fA-F]{2}|\\[^0-9a-fA-F]|[^\\,+;"<>])*)([,+]|$)/su;
const OID_OF = new Map<string, string>([
  ...Object.entries(ATTRIBUTE).map(([oid, type]): [string, string] => [type.toLowerCase(), oid]),
  ["e", "1.2.840.113549.1.9.1"],
  ["email", "1.2.840.113549.1.9.1"],
  ["s", "2.5.4.8"],
  ["surname", "2.5.4.4"],
  ["givenname", "2.5.4.42"],
]);
const PRINTABLE = /^[A-Za-z0-9 '()+,\-./:=?@*_&]*$/;
const ASCII = /^[\0-\x7f]*$/;
const UTF8_DECODER = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
/** Real names have fewer than 12 parts; a longer one is not printed whole and never matches. */
const RDNS_MAX = 64;
