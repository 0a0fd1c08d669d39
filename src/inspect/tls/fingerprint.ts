/**
 * Fingerprints of hellos: JA3 and JA3S (Salesforce, 2017: MD5 over the fields in order) and JA4 (FoxIO,
 * 2023, BSD licence: sorted fields, so it survives shuffled extensions). The rest of JA4+ is not free for
 * products and is left out.
 *
 * Hashing costs more than all other reading of a hello, so the result is kept by shape.
 */
import { hash } from "node:crypto";
import type { SuiteOrder } from "../observation.ts";
import { textOf, u16 } from "./bytes.ts";
import { suiteOrderOf } from "./suite-order.ts";

/** What hellos of one shape have in common. */
export interface HelloShape {
  /** MD5, lower-case hex. */
  readonly ja3: string;
  readonly ja4: string;
  readonly alpnOffered: readonly string[];
  readonly suiteOrder: SuiteOrder;
  /** An extension that comes twice; peers may read either. */
  readonly oddity: string | undefined;
}

/** What ServerHellos with the same version, suite and extension types have in common. */
export interface AnswerShape {
  /** MD5, lower-case hex. */
  readonly ja3s: string;
  readonly oddity: string | undefined;
}

/** The shape of a hello from the bytes that determine it (client-hello.ts, `ShapeBytes`). */
export function shapeOf(bytes: Buffer): HelloShape {
  const key = bytes.toString("latin1");
  const known = SHAPES.get(key);
  if (known !== undefined) return known;
  const shape = workOut(bytes);
  if (key.length <= KEY_BYTES_MAX) {
    if (SHAPES.size >= SHAPES_MAX) SHAPES.clear();
    SHAPES.set(key, shape);
  }
  return shape;
}

/** JA3S is a ServerHello's version, suite and extension types, in order. */
export function answerShapeOf(
  version: number,
  cipher: number,
  types: readonly number[],
): AnswerShape {
  const text = `${version},${cipher},${types.join("-")}`;
  const known = JA3S.get(text);
  if (known !== undefined) return known;
  const shape = { ja3s: hash("md5", text), oddity: repeated(types) };
  if (text.length > KEY_BYTES_MAX) return shape;
  if (JA3S.size >= SHAPES_MAX) JA3S.clear();
  JA3S.set(text, shape);
  return shape;
}

/** RFC 8446 §4.2: no extension may come twice. */
function repeated(types: readonly number[]): string | undefined {
  const seen = new Set<number>();
  for (const type of types) {
    if (seen.has(type)) return `extension ${type} twice`;
    seen.add(type);
  }
  return undefined;
}

/** Values that clients send to keep servers tolerant (RFC 8701). */
export function isGrease(value: number): boolean {
  return (value & 0x0f0f) === 0x0a0a && value >> 8 === (value & 0xff);
}

function workOut(bytes: Buffer): HelloShape {
  const over = bytes[0]!;
  const version = u16(bytes, 1);
  const parts = new Map<number, Buffer>();
  for (let at = 3; at < bytes.length; ) {
    const type = u16(bytes, at);
    const length = u16(bytes, at + 2);
    if (!parts.has(type)) parts.set(type, bytes.subarray(at + 4, at + 4 + length));
    at += 4 + length;
  }
  const ciphers = numbers(parts.get(CIPHERS), 0);
  const types = numbers(parts.get(TYPES), 0);
  const groups = numbers(parts.get(GROUPS), 2);
  const formats = [...(parts.get(POINT_FORMATS)?.subarray(1) ?? [])];
  const algorithms = numbers(parts.get(SIGNATURE_ALGORITHMS), 2);
  const versions = numbers(parts.get(SUPPORTED_VERSIONS), 1);
  const protocols = protocolNames(parts.get(ALPN));

  const ja3 = [version, ciphers, types, groups, formats]
    .map((field) => (Array.isArray(field) ? field.join("-") : field))
    .join(",");
  // DTLS counts its versions downwards.
  const newest = over === TRANSPORTS.dtls ? Math.min : Math.max;
  const highest = versions.length > 0 ? newest(...versions) : version;
  const own = ja4(highest, ciphers, types, algorithms, protocols[0]);
  return {
    ja3: hash("md5", ja3),
    ja4: String.fromCharCode(over) + own,
    suiteOrder: suiteOrderOf(ciphers, own.split("_")[1] ?? ""),
    alpnOffered: protocols.map((protocol) => textOf(protocol, 0, protocol.length)),
    oddity: repeated(types),
  };
}

/** Without its first character, the transport. */
function ja4(
  version: number,
  ciphers: readonly number[],
  types: readonly number[],
  algorithms: readonly number[],
  protocol: Buffer | undefined,
): string {
  const count = (list: readonly number[]) => String(Math.min(list.length, 99)).padStart(2, "0");
  const named = types.includes(0) ? "d" : "i";
  const head = `${JA4_VERSIONS.get(version) ?? "00"}${named}${count(ciphers)}${count(types)}`;
  const sorted = types.filter((type) => type !== 0 && type !== ALPN);
  const third =
    algorithms.length > 0 ? `${hexList(sorted)}_${hexList(algorithms, false)}` : hexList(sorted);
  const fields = [ciphers.length > 0 ? hexList(ciphers) : "", types.length > 0 ? third : ""];
  return `${head}${protocolEnds(protocol)}_${fields.map(short).join("_")}`;
}

function hexList(list: readonly number[], sort = true): string {
  const hex = list.map((value) => value.toString(16).padStart(4, "0"));
  return (sort ? hex.sort() : hex).join(",");
}

function short(text: string): string {
  return text === "" ? "000000000000" : hash("sha256", text).slice(0, 12);
}

/** First and last character of the first protocol; of its hex form where they are not alphanumeric. */
function protocolEnds(protocol: Buffer | undefined): string {
  if (protocol === undefined || protocol.length === 0) return "00";
  const ends = `${String.fromCharCode(protocol[0]!)}${String.fromCharCode(protocol.at(-1)!)}`;
  if (/^[0-9A-Za-z]{2}$/.test(ends)) return ends;
  const hex = protocol.toString("hex");
  return `${hex[0]}${hex.at(-1)}`;
}

/** Two-byte values behind `prefix` bytes of length, without GREASE. */
function numbers(bytes: Buffer | undefined, prefix: number): number[] {
  const list: number[] = [];
  if (bytes === undefined) return list;
  for (let at = prefix; at + 2 <= bytes.length; at += 2) {
    const value = u16(bytes, at);
    if (!isGrease(value)) list.push(value);
  }
  return list;
}

/** ProtocolNameList (RFC 7301 §3.1), without GREASE. */
function protocolNames(bytes: Buffer | undefined): Buffer[] {
  const names: Buffer[] = [];
  if (bytes === undefined) return names;
  for (let at = 2; at < bytes.length; ) {
    const length = bytes[at]!;
    const name = bytes.subarray(at + 1, at + 1 + length);
    if (name.length < length || names.length === PROTOCOLS_MAX) break;
    const grease = length === 2 && isGrease(u16(name, 0));
    if (!grease) names.push(Buffer.from(name));
    at += 1 + length;
  }
  return names;
}

/** Marks of the parts of a shape that are no extension's body: GREASE values, which none has. */
export const CIPHERS = 0x0a0a;
export const TYPES = 0x1a1a;
/** Extension types (IANA) whose bodies a shape holds. */
export const GROUPS = 10;
export const POINT_FORMATS = 11;
export const SIGNATURE_ALGORITHMS = 13;
export const ALPN = 16;
export const SUPPORTED_VERSIONS = 43;

/** First character of JA4, and first byte of a shape. */
export const TRANSPORTS = { tcp: 0x74, dtls: 0x64, quic: 0x71 } as const;

const JA4_VERSIONS = new Map([
  [0x0304, "13"],
  [0x0303, "12"],
  [0x0302, "11"],
  [0x0301, "10"],
  [0x0300, "s3"],
  [0x0002, "s2"],
  // What OpenSSL before 0.9.8f called DTLS 1.0.
  [0x0100, "s1"],
  [0xfeff, "d1"],
  [0xfefd, "d2"],
  [0xfefc, "d3"],
]);

const SHAPES = new Map<string, HelloShape>();
const JA3S = new Map<string, AnswerShape>();
const SHAPES_MAX = 4096;
/** Longer ones are worked out each time: a cache is no place for megabytes of a stranger's bytes. */
const KEY_BYTES_MAX = 2048;
const PROTOCOLS_MAX = 64;
