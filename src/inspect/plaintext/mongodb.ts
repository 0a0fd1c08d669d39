/**
 * MongoDB's wire protocol (its documentation): messages of BSON documents.
 *
 *     | length (4) | request (4) | response to (4) | opcode (4) | ..        numbers are little-endian
 *     OP_MSG    2013   flags (4) | kind 0 | document
 *     OP_QUERY  2004   flags (4) | collection 0 | skip (4) | count (4) | document
 *
 * There is no upgrade to TLS. With SASL's PLAIN a password stands in `saslStart`, or in the greeting's
 * `speculativeAuthenticate`.
 */
import type { Detector, Exposure, Match, Opening } from "./detector.ts";
import { answer, type Fit, together } from "./fit.ts";
import { u32le } from "./number.ts";
import type { Said } from "./said.ts";

export const mongodb: Detector = { protocol: "mongodb", transports: ["tcp"], begins: {}, detect };

function detect({ client, server }: Opening) {
  const fit = together(messageFit(client, false), messageFit(server, true));
  return answer(fit, (): Match => ({ exposes: exposed(client), startTls: "none" }));
}

function messageFit({ bytes, length, text }: Said, responds: boolean): Fit {
  if (length < 16) return "maybe";
  const size = u32le(bytes, 0);
  const opcode = u32le(bytes, 12);
  // A client's messages answer nothing.
  if (size < 21 || size > MESSAGE_BYTES_MAX || (u32le(bytes, 8) !== 0 && !responds)) return "no";
  if (!(responds ? RESPONSES : REQUESTS).has(opcode)) return "no";
  if (length < 21) return "maybe";
  const flags = u32le(bytes, 16);
  switch (opcode) {
    case OP_MSG:
      if ((flags & 0xffff & ~OP_MSG_FLAGS) !== 0 || bytes[20]! > 1) return "no";
      return bytes[20] === 0 ? documentFit(bytes, 21, size) : "maybe";
    case OP_QUERY: {
      const end = bytes.indexOf(0, 20);
      if (!/^[^\0]{1,120}\.[^\0]{1,120}(?:\0|$)/.test(text.slice(20, 264))) return "no";
      return end < 0 ? "maybe" : documentFit(bytes, end + 9, size);
    }
    case OP_REPLY:
      return flags > 0xf ? "no" : documentFit(bytes, 36, size);
    case OP_COMPRESSED: {
      const inner = u32le(bytes, 16);
      if (!(responds ? RESPONSES : REQUESTS).has(inner) || length < 25) return "no";
      return bytes[24]! <= COMPRESSOR_MAX && u32le(bytes, 20) <= MESSAGE_BYTES_MAX ? "yes" : "no";
    }
  }
  return "maybe";
}

/** A document's length and the type and name of its first element. */
function documentFit(bytes: Uint8Array, at: number, size: number): Fit {
  if (bytes.length < at + 4) return "maybe";
  const length = u32le(bytes, at);
  if (length < 5 || at + length > size) return "no";
  if (bytes.length < at + 6) return "maybe";
  if (length === 5) return bytes[at + 4] === 0 ? "yes" : "no";
  const type = bytes[at + 4]!;
  const named = bytes[at + 5]! > 0x20 && bytes[at + 5]! < 0x7f;
  return type >= 1 && type <= ELEMENT_TYPE_MAX && named ? "yes" : "no";
}

/** The password of PLAIN: `mechanism` and `payload` in one document, in either order. */
function exposed({ bytes, text }: Said): Exposure[] {
  const plain = text.indexOf("\x02mechanism\0\x06\0\0\0PLAIN\0");
  if (plain < 0) return [];
  const near = text.slice(Math.max(0, plain - NEAR_BYTES), plain + NEAR_BYTES);
  // Drivers send it as binary; as a string it would be base64, which is as clear.
  const payload = /[\x02\x05]payload\0/.exec(near);
  if (payload === null) return [];
  const at = Math.max(0, plain - NEAR_BYTES) + payload.index + payload[0].length;
  const isText = payload[0].charCodeAt(0) === 2;
  const from = at + (isText ? 4 : 5);
  const end = from + u32le(bytes, at) - (isText ? 1 : 0);
  if (end > bytes.length || end <= from) return [];
  const split = isText ? -1 : text.slice(from, end).lastIndexOf("\0");
  const offset = from + split + 1;
  return [{ what: "mongodb password", side: "client", offset, bytes: end - offset }];
}

const OP_REPLY = 1;
const OP_QUERY = 2004;
const OP_COMPRESSED = 2012;
const OP_MSG = 2013;
/** update, insert, query, get more, delete, kill cursors, command, compressed, message. */
const REQUESTS = new Set([2001, 2002, OP_QUERY, 2005, 2006, 2007, 2010, OP_COMPRESSED, OP_MSG]);
const RESPONSES = new Set([OP_REPLY, 2011, OP_COMPRESSED, OP_MSG]);
/** checksumPresent and moreToCome; of the lower 16 bits the others must be clear. */
const OP_MSG_FLAGS = 0x3;
/** 48 million bytes (maxMessageSizeBytes). */
const MESSAGE_BYTES_MAX = 48_000_000;
/** none, snappy, zlib, zstd. */
const COMPRESSOR_MAX = 3;
/** Of BSON's types the positive ones, but for the key's ends. */
const ELEMENT_TYPE_MAX = 0x13;
/** How far apart the two may stand: the payload, and the database's name between them. */
const NEAR_BYTES = 512;
