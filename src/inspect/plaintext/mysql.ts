/**
 * MySQL and MariaDB (their documentation, "Connection Phase"): the server speaks first.
 *
 *     | length (3) | number (1) | payload      numbers are little-endian
 *     server   10 | version 0 | thread (4) | salt (8) | 0 | flags (2) | charset | status (2) | flags (2) | ..
 *     client   flags (4) | packet size (4) | charset | zeros (19..23) | user 0 | response | database | plugin
 *
 * A client that wants TLS ends its first packet before the user (32 bytes), and TLS begins.
 */
import type { Detector, Exposure, Match, Opening, StartTls } from "./detector.ts";
import { answer, type Fit, together } from "./fit.ts";
import { printable, u16le, u24le, u32le, zeros } from "./number.ts";
import type { Said } from "./said.ts";

export const mysql: Detector = { protocol: "mysql", transports: ["tcp"], begins: {}, detect };

function detect({ client, server }: Opening) {
  const greeting = greetingOf(server);
  const fit = together(responseFit(client), greeting.fit);
  return answer(fit, (): Match => {
    const exposes = exposed(client, greeting.plugin, server);
    return { exposes, startTls: startTlsOf(client, greeting.flags) };
  });
}

interface Greeting {
  readonly fit: Fit;
  readonly flags?: number;
  /** How the server wants to authenticate, if it said. */
  readonly plugin?: string;
}

function greetingOf({ bytes, length, text }: Said): Greeting {
  // Without its beginning, the client decides.
  if (length < 5 || bytes[3] !== 0) return { fit: "maybe" };
  const size = u24le(bytes, 0);
  if (size < 5 || size > GREETING_BYTES_MAX) return { fit: "no" };
  if (bytes[4] === 0xff) return { fit: errorFit(bytes, size) };
  const end = bytes.indexOf(0, 5);
  if (bytes[4] !== PROTOCOL_10 || (end < 0 ? length : end) > 5 + VERSION_BYTES_MAX)
    return { fit: "no" };
  if (!/^\d+\.\d+[ -~]*$/.test(text.slice(5, end < 0 ? length : end))) {
    return { fit: end < 0 ? "maybe" : "no" };
  }
  if (end < 0 || length < end + 16) return { fit: "maybe" };
  if (bytes[end + 13] !== 0) return { fit: "no" };
  const low = u16le(bytes, end + 14);
  if (length < end + 32) return { fit: "yes", flags: low };
  const flags = (low | (u16le(bytes, end + 19) << 16)) >>> 0;
  if (!zeros(bytes, end + 22, end + 28)) return { fit: "no" };
  const plugin = /^[a-z][a-z0-9_]+/.exec(text.slice(end + 45, 4 + size))?.[0];
  return { fit: "yes", flags, ...(plugin !== undefined && { plugin }) };
}

/** Instead of a greeting, as `Host is not allowed`: without an SQL state, since nothing is agreed on. */
function errorFit(bytes: Uint8Array, size: number): Fit {
  const code = u16le(bytes, 5);
  if (code < ERROR_MIN || code > ERROR_MAX || size < 12) return "no";
  return printable(bytes, 7, 4 + size) ? "yes" : "no";
}

function responseFit({ bytes, length }: Said): Fit {
  if (length < 36) return length > 3 && bytes[3] !== 1 ? "no" : "maybe";
  const size = u24le(bytes, 0);
  if (bytes[3] !== 1 || size < TLS_REQUEST_BYTES || size > RESPONSE_BYTES_MAX) return "no";
  if ((u32le(bytes, 4) & PROTOCOL_41) === 0 || !zeros(bytes, 13, 32)) return "no";
  // The largest packet that a client takes is some size that somebody typed, at most a gigabyte.
  if (u32le(bytes, 8) > PACKET_BYTES_MAX || bytes[12] === 0) return "no";
  return "yes";
}

function startTlsOf({ bytes, length }: Said, flags: number | undefined): StartTls {
  const asked =
    length >= 36 && (u32le(bytes, 4) & TLS) !== 0 && u24le(bytes, 0) === TLS_REQUEST_BYTES;
  if (asked) return "agreed";
  return flags !== undefined && (flags & TLS) !== 0 ? "offered" : "none";
}

/** User and response of the client's answer, and a password that was asked for in clear afterwards. */
function exposed(client: Said, offered: string | undefined, server: Said): Exposure[] {
  const { bytes, text, length } = client;
  const end = text.indexOf("\0", 36);
  const packet = 4 + u24le(bytes, 0);
  if (length <= 37 || end <= 36 || end >= packet) return [];
  const exposes: Exposure[] = [{ what: "mysql user", side: "client", offset: 36, bytes: end - 36 }];
  // A length of one byte; those of more bytes begin with 0xfb and up, and no response is so long.
  const count = bytes[end + 1] ?? 0;
  const plugin = /[a-z0-9]+_[a-z0-9_]*password/.exec(text.slice(end + 2 + count, packet))?.[0];
  if (count > 0 && count < 0xfb && end + 2 + count <= Math.min(packet, length)) {
    const what = whatOf(plugin ?? offered);
    const ended = bytes[end + 1 + count] === 0 && what === CLEAR ? 1 : 0;
    if (count > ended) {
      exposes.push({ what, side: "client", offset: end + 2, bytes: count - ended });
    }
  }
  const switched = switchOf(server);
  const size = u24le(bytes, packet);
  if (
    switched !== undefined &&
    bytes[packet + 3] === 3 &&
    size > 1 &&
    packet + 4 + size <= length
  ) {
    const what = whatOf(switched);
    const ended = what === CLEAR && bytes[packet + 3 + size] === 0 ? 1 : 0;
    exposes.push({ what, side: "client", offset: packet + 4, bytes: size - ended });
  }
  return exposes;
}

/** The plugin that the server asked to go over to (AuthSwitchRequest), in its second packet. */
function switchOf({ bytes, text, length }: Said): string | undefined {
  const at = 4 + u24le(bytes, 0);
  if (length < at + 6 || bytes[at + 3] !== 2 || bytes[at + 4] !== 0xfe) return undefined;
  return /^[a-z0-9_]+/.exec(text.slice(at + 5, at + 4 + u24le(bytes, at)))?.[0];
}

/** All but one mix the password with the server's salt, and what is sent can be tried against guesses. */
function whatOf(plugin: string | undefined): string {
  return plugin === "mysql_clear_password" || plugin === "dialog"
    ? CLEAR
    : "mysql scrambled password";
}

const CLEAR = "mysql password";
const PROTOCOL_10 = 10;
const PROTOCOL_41 = 0x200;
const TLS = 0x800;
const TLS_REQUEST_BYTES = 32;
const GREETING_BYTES_MAX = 1_024;
const VERSION_BYTES_MAX = 255;
/** Attributes of the connection may stand at its end. */
const RESPONSE_BYTES_MAX = 65_535;
const PACKET_BYTES_MAX = 2 ** 30;
/** Server errors have these numbers; clients' own begin at 2000 and are not sent. */
const ERROR_MIN = 1_000;
const ERROR_MAX = 1_999;
