/**
 * HTTP/2 without TLS, by prior knowledge (RFC 9113 §3.3): a preface from the client, SETTINGS from both, and
 * frames. What runs over it (gRPC, etcd) is told by its first requests' headers.
 *
 *     | length (3) | type | flags | stream (4) | payload
 */
import type { Exposure } from "./detector.ts";
import { type Fit, together } from "./fit.ts";
import { type Field, fieldsIn } from "./hpack.ts";
import { u16, u32 } from "./number.ts";
import type { Said } from "./said.ts";

export interface Requests {
  readonly fit: Fit;
  /** The fields of the first requests, each with the stream that it belongs to. */
  readonly fields: readonly (Field & { readonly stream: number })[];
  /** The first payload of each stream: where it lies. */
  readonly data: ReadonlyMap<number, readonly [from: number, end: number]>;
}

/** What the client asked for, and how well both sides fit. */
export function requestsOf(client: Said, server: Said): Requests {
  const fit = together(prefaceFit(client), settingsFit(server, 0));
  const fields: (Field & { stream: number })[] = [];
  const data = new Map<number, readonly [number, number]>();
  if (fit !== "yes") return { fit, fields, data };
  for (const { type, flags, stream, from, end } of framesOf(client, PREFACE.length)) {
    if (type === HEADERS) {
      const [at, to] = unpadded(client.bytes, flags, from, Math.min(end, client.length));
      for (const field of fieldsIn(client.bytes, at + (flags & PRIORITY ? 5 : 0), to)) {
        fields.push({ ...field, stream });
      }
    } else if (type === DATA && !data.has(stream)) {
      data.set(stream, unpadded(client.bytes, flags, from, Math.min(end, client.length)));
    }
  }
  return { fit, fields, data };
}

/** Headers that authenticate whoever has them, named for the protocol that they were found in. */
export function exposedBy(protocol: string, { fields }: Requests): Exposure[] {
  return fields
    .filter(({ name, from, end }) => SECRETS.has(name) && end > from)
    .map(({ name, from, end }) => {
      return { what: `${protocol} ${name}`, side: "client", offset: from, bytes: end - from };
    });
}

function prefaceFit(client: Said): Fit {
  const { text, length } = client;
  if (!text.startsWith(PREFACE.slice(0, length))) return "no";
  if (length < PREFACE.length) return "maybe";
  return settingsFit(client, PREFACE.length) === "no" ? "no" : "yes";
}

/** SETTINGS that somebody would send, or their acknowledgement, and behind an empty one another frame. */
function settingsFit(said: Said, at: number): Fit {
  const { bytes, length } = said;
  if (length < at + 9) return "maybe";
  const size = sizeAt(bytes, at);
  if (bytes[at + 3] !== SETTINGS || bytes[at + 4]! > ACK || u32(bytes, at + 5) !== 0) return "no";
  if ((bytes[at + 4] === ACK && size > 0) || size % 6 !== 0 || size > SETTINGS_BYTES_MAX)
    return "no";
  for (let next = at + 9; next < at + 9 + size && next + 6 <= length; next += 6) {
    if (u16(bytes, next) > SETTING_MAX && u16(bytes, next) < SETTING_PRIVATE_MIN) return "no";
    if (u16(bytes, next) === ENABLE_PUSH && u32(bytes, next + 2) > 1) return "no";
  }
  if (size > 0) return length >= at + 9 + 6 ? "yes" : "maybe";
  if (length < at + 18) return "maybe";
  return bytes[at + 12]! <= FRAME_TYPE_MAX && sizeAt(bytes, at + 9) <= FRAME_BYTES_MAX
    ? "yes"
    : "no";
}

interface Frame {
  readonly type: number;
  readonly flags: number;
  readonly stream: number;
  readonly from: number;
  readonly end: number;
}

function* framesOf({ bytes, length }: Said, start: number): Generator<Frame> {
  let at = start;
  for (let count = 0; at + 9 <= length && count < FRAMES_MAX; count++) {
    const from = at + 9;
    const end = from + sizeAt(bytes, at);
    const stream = u32(bytes, at + 5) & 0x7fffffff;
    yield { type: bytes[at + 3]!, flags: bytes[at + 4]!, stream, from, end };
    at = end;
  }
}

function unpadded(bytes: Uint8Array, flags: number, from: number, end: number) {
  if ((flags & PADDED) === 0) return [from, end] as const;
  return [from + 1, Math.max(from + 1, end - bytes[from]!)] as const;
}

function sizeAt(bytes: Uint8Array, at: number): number {
  return (u16(bytes, at) << 8) | bytes[at + 2]!;
}

const PREFACE = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
const DATA = 0;
const HEADERS = 1;
const SETTINGS = 4;
const ACK = 0x01;
const PADDED = 0x08;
const PRIORITY = 0x20;
const ENABLE_PUSH = 2;
/** IANA's settings, of which TLS_RENEG_PERMITTED is 0x10; gRPC uses 0xfe03, others random ones above. */
const SETTING_MAX = 0x10;
const SETTING_PRIVATE_MIN = 0xf000;
const SETTINGS_BYTES_MAX = 240;
/** IANA's types reach PRIORITY_UPDATE. */
const FRAME_TYPE_MAX = 0x10;
const FRAME_BYTES_MAX = 2 ** 14;
const FRAMES_MAX = 64;
/** Of etcd's clients, `token` is what they got for a password. */
const SECRETS = new Set(["authorization", "proxy-authorization", "cookie", "token"]);
