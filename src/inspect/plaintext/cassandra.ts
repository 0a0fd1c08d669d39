/**
 * Cassandra's native protocol, versions 1 to 5 (its native_protocol specifications).
 *
 *     | version | flags | stream (1, from version 3 on 2) | opcode | length (4) | body
 *
 * The version's highest bit marks a response. In version 5 everything behind STARTUP stands in segments, whose
 * header of 6 bytes is a length and its check; TLS is never asked for.
 */
import type { Detector, Exposure, Match, Opening } from "./detector.ts";
import { answer, type Fit, together } from "./fit.ts";
import { u16, u24le, u32 } from "./number.ts";
import type { Said } from "./said.ts";

export const cassandra: Detector = {
  protocol: "cassandra",
  transports: ["tcp"],
  begins: { client: "\x01\x02\x03\x04\x05", server: "\x81\x82\x83\x84\x85" },
  detect,
};

function detect({ client, server }: Opening) {
  const fit = together(frameFit(client, REQUESTS), frameFit(server, RESPONSES));
  return answer(fit, (): Match => ({ exposes: exposed(client), startTls: "none" }));
}

interface Frame {
  readonly opcode: number;
  readonly from: number;
  readonly end: number;
}

function frameAt({ bytes, length }: Said, at: number): Frame | undefined {
  const header = (bytes[at]! & 0x7f) < 3 ? 8 : 9;
  if (length - at < header) return undefined;
  const from = at + header;
  return { opcode: bytes[from - 5]!, from, end: from + u32(bytes, from - 4) };
}

function frameFit(said: Said, opcodes: Record<number, (frame: Frame, said: Said) => Fit>): Fit {
  const frame = frameAt(said, 0);
  if (frame === undefined) return "maybe";
  if (frame.end - frame.from > FRAME_BYTES_MAX || said.bytes[1]! > FLAGS_MAX) return "no";
  return opcodes[frame.opcode]?.(frame, said) ?? "no";
}

/** A body that begins with a map or multimap of strings, one of whose names is `name`. */
function naming(name: RegExp) {
  return ({ from, end }: Frame, { bytes, length, text }: Said): Fit => {
    if (end - from < 2 || u16(bytes, from) > NAMES_MAX) return "no";
    if (name.test(text.slice(from + 2, end))) return "yes";
    return length >= end ? "no" : "maybe";
  };
}

/** Only behind a frame that is sure itself. */
function loose({ from, end }: Frame, { bytes, length }: Said): Fit {
  if (length < from + 4) return "maybe";
  return end - from >= 4 && u32(bytes, from) < FRAME_BYTES_MAX ? "maybe" : "no";
}

const empty = ({ from, end }: Frame): Fit => (from === end ? "maybe" : "no");

/** An error has a number and text, an authenticator is the name of a class. */
function text(skip: number, pattern: RegExp) {
  return ({ from, end }: Frame, { bytes, length, text }: Said): Fit => {
    const at = from + skip;
    if (length < at + 2) return "maybe";
    if (at + 2 + u16(bytes, at) > end) return "no";
    const said = text.slice(at + 2, at + 2 + u16(bytes, at));
    return pattern.test(said) ? "yes" : said === "" ? "maybe" : "no";
  };
}

/** What AUTH_RESPONSE says to a PasswordAuthenticator: 0 user 0 password, behind a length of 4 bytes. */
function exposed(said: Said): Exposure[] {
  const { bytes, text } = said;
  for (let at = 0, frames = 0; frames < FRAMES_MAX; frames++) {
    const frame = frameAt(said, at);
    if (frame === undefined || frame.end > said.length) return [];
    if (frame.opcode === AUTH_RESPONSE) {
      const token = text.slice(frame.from + 4, frame.end);
      const split = token.lastIndexOf("\0");
      if (!token.startsWith("\0") || split <= 1) return [];
      const user = frame.from + 5;
      const password = frame.from + 4 + split + 1;
      const exposes: Exposure[] = [
        { what: "cassandra user", side: "client", offset: user, bytes: split - 1 },
      ];
      const bytes = frame.end - password;
      // An empty one says nothing to anybody.
      if (bytes > 0)
        exposes.push({ what: "cassandra password", side: "client", offset: password, bytes });
      return exposes;
    }
    const segments = bytes[at] === 5 && frame.opcode === STARTUP;
    at = frame.end;
    // One that holds a whole frame, whose length then stands in the segment's header too.
    if (segments && said.length > at + 6 && (u24le(bytes, at) & 0x1ffff) > 0) at += 6;
  }
  return [];
}

const STARTUP = 1;
const AUTH_RESPONSE = 0x0f;

const REQUESTS: Record<number, (frame: Frame, said: Said) => Fit> = {
  [STARTUP]: naming(/^\0\x0bCQL_VERSION\0|\0\x0bCQL_VERSION\0/),
  5: empty, // OPTIONS
};
const RESPONSES: Record<number, (frame: Frame, said: Said) => Fit> = {
  0: text(4, /^[ -~]+$/), // ERROR
  2: empty, // READY
  3: text(0, /^[a-z]+(?:\.[A-Za-z0-9_$]+)+$/), // AUTHENTICATE
  6: naming(/\0\x0bCQL_VERSION\0/), // SUPPORTED
  14: loose, // AUTH_CHALLENGE
  16: loose, // AUTH_SUCCESS
};

/** native_transport_max_frame_size, at its default. */
const FRAME_BYTES_MAX = 256 * 2 ** 20;
/** compression, tracing, custom payload, warning, beta. */
const FLAGS_MAX = 0x1f;
const NAMES_MAX = 64;
const FRAMES_MAX = 16;
