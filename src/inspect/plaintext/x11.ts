/**
 * X11 without TLS (X Window System Protocol, appendix B): the client begins with its byte order.
 *
 *     client   B or l | 0 | 11 | 0 | name's length | data's length | 0 0 | name | data     numbers of 2 bytes
 *     server   1 yes, 0 no, 2 more | .. | 11 | 0 | length in words | ..
 */
import type { Detector, Exposure, Match, Opening } from "./detector.ts";
import { answer, type Fit, together } from "./fit.ts";
import { printable, u16, u16le } from "./number.ts";
import type { Said } from "./said.ts";

export const x11: Detector = {
  protocol: "x11",
  transports: ["tcp"],
  begins: { client: "Bl", server: "\0\x01\x02" },
  detect,
};

function detect({ client, server }: Opening) {
  const fit = together(setupFit(client), answerFit(server));
  return answer(fit, (): Match => ({ exposes: exposed(client), startTls: "none" }));
}

function setupFit({ bytes, length }: Said): Fit {
  if (length < 12) return length > 3 && numberIn(bytes, 2) !== MAJOR ? "no" : "maybe";
  if (numberIn(bytes, 2) !== MAJOR || numberIn(bytes, 4) !== 0) return "no";
  const count = numberIn(bytes, 6);
  if (count > NAME_BYTES_MAX || numberIn(bytes, 8) > DATA_BYTES_MAX) return "no";
  return printable(bytes, 12, 12 + count) ? "yes" : "no";
}

function answerFit({ bytes, length, text }: Said): Fit {
  if (length < 8) return "maybe";
  const big = bytes[2] === 0;
  const number = (at: number) => (big ? u16(bytes, at) : u16le(bytes, at));
  // A demand for more says no version.
  if (bytes[0] === 2) return "maybe";
  if (number(2) !== MAJOR || number(4) !== 0) return "no";
  if (bytes[0] === 0)
    return /^[\n -~]+$/.test(text.slice(8, 8 + bytes[1]!)) ? "yes" : length < 9 ? "maybe" : "no";
  if (length < 40) return "maybe";
  const vendor = number(24);
  return vendor <= NAME_BYTES_MAX && printable(bytes, 40, 40 + vendor) ? "yes" : "no";
}

function exposed({ bytes, length }: Said): Exposure[] {
  const padded = (numberIn(bytes, 6) + 3) & ~3;
  const count = numberIn(bytes, 8);
  if (count === 0 || 12 + padded + count > length) return [];
  return [{ what: "x11 cookie", side: "client", offset: 12 + padded, bytes: count }];
}

/** In the order that the client's first byte names. */
function numberIn(bytes: Uint8Array, at: number): number {
  return bytes[0] === 0x42 ? u16(bytes, at) : u16le(bytes, at);
}

const MAJOR = 11;
/** `MIT-MAGIC-COOKIE-1` has 18, and vendors' names are as short; Kerberos' tickets are longer data. */
const NAME_BYTES_MAX = 128;
const DATA_BYTES_MAX = 4_096;
