/**
 * AMQP 0-9-1 and its predecessors (its specification §2.3.5, §4.2). The client sends `AMQP` and a version;
 * then both send frames, and the server's first one is Connection.Start.
 *
 *     | type | channel (2) | length (4) | class (2) | method (2) | arguments .. | 0xce |
 */
import { AMQP_0_9, headerFit } from "./amqp-header.ts";
import type { Detector, Exposure, Match, Opening } from "./detector.ts";
import { answer, type Fit, together } from "./fit.ts";
import { u16, u32 } from "./number.ts";
import type { Said } from "./said.ts";

export const amqp: Detector = {
  protocol: "amqp",
  transports: ["tcp"],
  begins: { client: "A\x01", server: "\x01A" },
  detect,
};

function detect({ client, server }: Opening) {
  const joined = client.bytes[0] !== HEADER_BEGINS && server.bytes[0] !== HEADER_BEGINS;
  const opened = together(headerFit(client, AMQP_0_9), startFit(server));
  const fit = joined && opened === "no" ? together(frameFit(client), frameFit(server)) : opened;
  return answer(fit, (): Match => ({ exposes: exposed(client), startTls: "none" }));
}

/** Connection.Start, or the version that the server would have liked. */
function startFit(server: Said): Fit {
  const { bytes, length } = server;
  if (bytes[0] === 0x41) return headerFit(server, AMQP_0_9);
  if (length < 12) return "maybe";
  if (bytes[0] !== METHOD || u16(bytes, 1) !== 0 || u32(bytes, 3) > FRAME_BYTES_MAX) return "no";
  if (u16(bytes, 7) !== CONNECTION || u16(bytes, 9) !== START) return "no";
  return bytes[11] === 0 || bytes[11] === 8 ? "yes" : "no";
}

/** A method of a class that exists, in a frame that ends where it says, of a connection joined late. */
function frameFit({ bytes, length }: Said): Fit {
  if (length < 12) return "maybe";
  const size = u32(bytes, 3);
  if (bytes[0] !== METHOD || size < 4 || size > FRAME_BYTES_MAX) return "no";
  if (!CLASSES.has(u16(bytes, 7)) || u16(bytes, 9) > METHOD_MAX) return "no";
  if (length < size + 8) return "maybe";
  return bytes[size + 7] === FRAME_END ? "yes" : "no";
}

/** What Connection.StartOk answers, where its mechanism is PLAIN or AMQPLAIN. */
function exposed({ bytes, length, text }: Said): Exposure[] {
  const at = 8;
  if (length < at + 15 || bytes[at] !== METHOD || u16(bytes, at + 7) !== CONNECTION) return [];
  if (u16(bytes, at + 9) !== START_OK) return [];
  const mechanism = at + 15 + u32(bytes, at + 11);
  const response = mechanism + 1 + (bytes[mechanism] ?? 0);
  const from = response + 4;
  const end = from + u32(bytes, response);
  if (from >= length || end > length) return [];
  const said = text.slice(from, end);
  const password = {
    PLAIN: /^[^\0]*\0[^\0]*\0([\s\S]+)$/,
    AMQPLAIN: /PASSWORDS.{4}([\s\S]+?)(?:\x05LOGIN|$)/s,
  };
  const name = text.slice(mechanism + 1, response);
  const found = name === "PLAIN" || name === "AMQPLAIN" ? password[name].exec(said) : null;
  if (found?.[1] === undefined) return [];
  const offset = from + found.index + found[0].indexOf(found[1], name === "PLAIN" ? 2 : 13);
  return [{ what: "amqp password", side: "client", offset, bytes: found[1].length }];
}

const HEADER_BEGINS = 0x41;
const FRAME_END = 0xce;
/** connection, channel, access, exchange, queue, basic, confirm, transactions. */
const CLASSES = new Set([10, 20, 30, 40, 50, 60, 85, 90]);
const METHOD_MAX = 120;
const METHOD = 1;
const CONNECTION = 10;
const START = 10;
const START_OK = 11;
/** Before anything was tuned a frame has at most 4096 bytes; a server's list of properties may be longer. */
const FRAME_BYTES_MAX = 131_072;
