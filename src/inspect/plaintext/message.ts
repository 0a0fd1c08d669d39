/**
 * Messages as HTTP/1, RTSP and SIP write them: a start line, header fields, an empty line, a body.
 *
 *     GET /path HTTP/1.1 ␍␊                    RFC 9112 §2
 *     Authorization: Basic dXNlcjpwYXNz ␍␊
 *     ␍␊
 */
import type { Exposure } from "./detector.ts";

export interface Field {
  /** Lower case. */
  readonly name: string;
  readonly value: string;
  /** Where the value begins in its direction. */
  readonly at: number;
}

export interface Message {
  readonly startLine: string;
  readonly fields: readonly Field[];
  /** Offset behind the empty line; absent while that has not come. */
  readonly bodyAt?: number;
}

/**
 * The messages of one direction, as far as they can be followed: a body without a length ends it.
 * `isStart` says what a start line looks like.
 */
export function messagesOf(text: string, isStart: RegExp): Message[] {
  const messages: Message[] = [];
  let at = 0;
  while (at < text.length && messages.length < MESSAGES_MAX) {
    const end = text.indexOf("\n", at);
    const line = trimEnd(text.slice(at, end < 0 ? undefined : end));
    if (!isStart.test(line)) break;
    const message = end < 0 ? { startLine: line, fields: [] } : messageAt(text, line, end + 1);
    messages.push(message);
    const { bodyAt } = message;
    if (bodyAt === undefined) break;
    at = bodyAt + bodyBytes(message, text, bodyAt, isStart);
  }
  return messages;
}

function messageAt(text: string, startLine: string, from: number): Message {
  const fields: Field[] = [];
  let at = from;
  for (;;) {
    const end = text.indexOf("\n", at);
    const line = trimEnd(text.slice(at, end < 0 ? undefined : end));
    if (line === "" && end >= 0) return { startLine, fields, bodyAt: end + 1 };
    const field = FIELD.exec(line);
    if (field !== null && fields.length < FIELDS_MAX) {
      const [whole, name = "", value = ""] = field;
      fields.push({
        name: name.toLowerCase(),
        value: value.trimEnd(),
        at: at + whole.length - value.length,
      });
    }
    if (end < 0) return { startLine, fields };
    at = end + 1;
  }
}

export function fieldOf(message: Message | undefined, name: string): string | undefined {
  return message?.fields.find((field) => field.name === name)?.value;
}

/** Where a message's next one begins behind its body. */
function bodyBytes(message: Message, text: string, at: number, isStart: RegExp): number {
  const length = fieldOf(message, "content-length") ?? fieldOf(message, "l");
  if (length !== undefined && /^\d{1,9}$/.test(length)) return Number(length);
  if (fieldOf(message, "transfer-encoding")?.toLowerCase().includes("chunked") !== true) return 0;
  // The last chunk is empty (RFC 9112 §7.1); only what follows it can be a start line.
  for (let end = text.indexOf(LAST_CHUNK, at); end >= 0; end = text.indexOf(LAST_CHUNK, end + 1)) {
    const next = end + LAST_CHUNK.length;
    const line = /^[^\r\n]{0,512}/.exec(text.slice(next, next + START_LINE_MAX))?.[0] ?? "";
    if (next === text.length || isStart.test(line)) {
      return next - at;
    }
  }
  return text.length - at;
}

/** Every credential in the header fields of one side's messages. */
export function fieldExposures(
  protocol: string,
  side: "client" | "server",
  messages: readonly Message[],
): Exposure[] {
  return messages.flatMap(({ fields }) =>
    fields.flatMap((field) => exposureOf(protocol, side, field)),
  );
}

function exposureOf(protocol: string, side: "client" | "server", field: Field): Exposure | [] {
  const { name, value, at } = field;
  if (value === "") return [];
  if (name === "authorization" || name === "proxy-authorization") {
    const [, scheme = "", gap = "", rest = ""] = /^([A-Za-z0-9_-]+)?( *)(.*)$/.exec(value) ?? [];
    if (rest === "") return { what: `${protocol} ${name}`, side, offset: at, bytes: value.length };
    const known = SCHEMES.has(scheme.toLowerCase()) ? ` ${scheme.toLowerCase()}` : "";
    const offset = at + scheme.length + gap.length;
    return { what: `${protocol}${known} ${name}`, side, offset, bytes: rest.length };
  }
  if (name === "cookie" || name === "set-cookie" || name === "x-registry-auth") {
    return { what: `${protocol} ${name}`, side, offset: at, bytes: value.length };
  }
  return [];
}

function trimEnd(line: string): string {
  return line.endsWith("\r") ? line.slice(0, -1) : line;
}

const FIELD = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+)[ \t]*:[ \t]*(.*)$/;
const LAST_CHUNK = "\r\n0\r\n\r\n";
/** Of a start line, to be told by its beginning. */
const START_LINE_MAX = 512;
/** IANA's registry of HTTP authentication schemes, and what is used without being in it. */
const SCHEMES = new Set([
  "basic",
  "bearer",
  "digest",
  "negotiate",
  "ntlm",
  "dpop",
  "hoba",
  "mutual",
  "scram-sha-1",
  "scram-sha-256",
  "aws4-hmac-sha256",
  "token",
  "apikey",
]);
/** A keep-alive connection of very short requests within what is looked at. */
const MESSAGES_MAX = 64;
const FIELDS_MAX = 128;
