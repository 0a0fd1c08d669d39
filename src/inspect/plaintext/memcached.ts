/**
 * Memcached in clear: its text commands, and the binary protocol, whose header is
 *
 *     magic 80|81 | opcode | key length (2) | extras length | type 0 | .. (2) | body length (4) | ..
 *
 * Neither has a login in text; in binary, SASL PLAIN carries user and password.
 */
import type { Detector, Exposure, Match, Opening } from "./detector.ts";
import { u16, u32 } from "./number.ts";
import type { Said } from "./said.ts";

export const memcached: Detector = {
  protocol: "memcached",
  transports: ["tcp"],
  begins: { client: "gsadriptcvfmqGSV\x80", server: "VESNDTOC0123456789H\x81" },
  detect,
};

function detect({ client, server }: Opening): Match | undefined {
  const binary = isBinary(client, 0x80) && isBinary(server, 0x81);
  if (binary && client.length + server.length > 0)
    return { exposes: exposed(client), startTls: "none" };
  if (client.length > 0 && !COMMAND.test(client.text)) return undefined;
  if (server.length > 0 && !ANSWER.test(server.text)) return undefined;
  // `get x` and `END` alone are in too many languages.
  const weak = client.length === 0 || (server.length === 0 && !STORE.test(client.text));
  return { exposes: [], startTls: "none", ...(weak && { weak: true }) };
}

function isBinary({ bytes, length }: Said, magic: number): boolean {
  if (length === 0) return true;
  if (length < HEADER_BYTES || bytes[0] !== magic || bytes[5] !== 0) return false;
  const body = u32(bytes, 8);
  const key = u16(bytes, 2);
  return bytes[1]! <= 0x48 && key <= 250 && key + bytes[4]! <= body && body <= BODY_BYTES_MAX;
}

/** SASL auth (opcode 21) with the mechanism as its key. */
function exposed({ bytes, text, length }: Said): Exposure[] {
  const exposes: Exposure[] = [];
  for (let at = 0; at + HEADER_BYTES <= length && bytes[at] === 0x80; ) {
    const body = u32(bytes, at + 8);
    const valueAt = at + HEADER_BYTES + bytes[at + 4]! + u16(bytes, at + 2);
    const end = Math.min(at + HEADER_BYTES + body, length);
    if ((bytes[at + 1] === 0x21 || bytes[at + 1] === 0x22) && end > valueAt) {
      const plain = text.slice(at + HEADER_BYTES, valueAt) === "PLAIN";
      const what = plain ? "memcached user and password" : "memcached response";
      exposes.push({ what, side: "client", offset: valueAt, bytes: end - valueAt });
    }
    at += HEADER_BYTES + body;
  }
  return exposes;
}

const HEADER_BYTES = 24;
/** The largest item a server takes is 1 MB unless it is told otherwise; 1 GB is as far as that goes. */
const BODY_BYTES_MAX = 2 ** 30;
const STORE =
  /^(?:set|add|replace|append|prepend|cas) \S{1,250} \d{1,10} -?\d{1,10} \d{1,10}(?: \d+)?(?: noreply)?\r\n/;
const COMMAND =
  /^(?:(?:set|add|replace|append|prepend|cas) \S{1,250} \d{1,10} -?\d{1,10} \d{1,10}(?: \d+)?(?: noreply)?|gets?(?: \S{1,250})+|gats? \d+ \S{1,250}|(?:incr|decr) \S{1,250} \d+(?: noreply)?|delete \S{1,250}(?: 0)?(?: noreply)?|touch \S{1,250} \d+(?: noreply)?|stats(?: \w+){0,3}|version|flush_all(?: \d+)?(?: noreply)?|verbosity \d+|m[gsdna] \S{1,250}[^\r\n]{0,200}|quit)\r?\n/;
const ANSWER =
  /^(?:VALUE \S{1,250} \d{1,10} \d{1,10}(?: \d+)?|END|STORED|NOT_STORED|EXISTS|NOT_FOUND|DELETED|TOUCHED|OK|ERROR|(?:CLIENT|SERVER)_ERROR [^\r\n]*|STAT \S+ [^\r\n]*|VERSION \d[^\r\n]*|\d{1,20}|HD[^\r\n]*|EN|VA \d+[^\r\n]*)\r\n/;
