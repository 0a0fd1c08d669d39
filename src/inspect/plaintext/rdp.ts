/**
 * RDP's connection request and confirm (MS-RDPBCGR §2.2.1), in X.224 and TPKT.
 *
 *     TPKT  | 3 | 0 | length (2) |   X.224  | rest | e0 or d0 | to (2) | from (2) | class 0 |
 *     client   Cookie: mstshash=NAME\r\n | 1 flags 8 0 protocols (4, little-endian)
 *     server   2 flags 8 0 the one chosen (4), or 3 and a reason
 *
 * Any protocol above 0 is TLS, which then begins at once. Without it RDP may still encrypt with RC4, keys from
 * an unchecked certificate: called RDP in clear, as there is nothing to trust.
 */
import type { Detector, Exposure, Match, Opening, StartTls } from "./detector.ts";
import { answer, type Fit, together } from "./fit.ts";
import { u16, u16le, u32le } from "./number.ts";
import { logonIn } from "./rdp-logon.ts";
import type { Said } from "./said.ts";

export const rdp: Detector = {
  protocol: "rdp",
  transports: ["tcp"],
  begins: { client: "\x03", server: "\x03" },
  detect,
};

function detect({ client, server }: Opening) {
  const fit = together(requestFit(client), confirmFit(server));
  return answer(
    fit,
    (): Match => ({
      exposes: exposed(client),
      startTls: startTlsOf(client, server),
    }),
  );
}

function requestFit(said: Said): Fit {
  const { text, length } = said;
  const fit = headerFit(said, REQUEST);
  if (fit !== "yes") return fit;
  const size = u16(said.bytes, 2);
  if (size === HEADER_BYTES) return conferenceFit(text.slice(size));
  const begins = text.slice(HEADER_BYTES, size);
  if (/^Cookie: mst(?:shash|s)=|^\x01[\s\S]\x08\0|^tsv:\/\//.test(begins)) return "yes";
  return length < HEADER_BYTES + 13 && "Cookie: mstsh".startsWith(begins) ? "maybe" : "no";
}

function confirmFit(said: Said): Fit {
  const fit = headerFit(said, CONFIRM);
  if (fit !== "yes") return fit;
  const size = u16(said.bytes, 2);
  if (size === HEADER_BYTES) return conferenceFit(said.text.slice(size));
  if (size !== HEADER_BYTES + NEGOTIATION_BYTES) return "no";
  const begins = said.text.slice(HEADER_BYTES, HEADER_BYTES + 4);
  if (begins.length < 4) return "maybe";
  return /^[\x02\x03][\s\S]\x08\0/.test(begins) ? "yes" : "no";
}

/** X.224 alone is others' as well: RDP goes on with T.125's Connect-Initial or its response. */
function conferenceFit(next: string): Fit {
  if (next.length < 9) return next === "" || next.startsWith("\x03") ? "maybe" : "no";
  return /^\x03\0[\s\S]{2}\x02\xf0\x80\x7f[\x65\x66]/.test(next) ? "yes" : "no";
}

function headerFit({ bytes, length }: Said, code: number): Fit {
  if (length < HEADER_BYTES) return length > 1 && bytes[1] !== 0 ? "no" : "maybe";
  const size = u16(bytes, 2);
  if (bytes[1] !== 0 || size < HEADER_BYTES || size > REQUEST_BYTES_MAX) return "no";
  return bytes[4] === size - 5 && bytes[5] === code && bytes[10] === 0 ? "yes" : "no";
}

function startTlsOf(client: Said, server: Said): StartTls {
  const asked = protocolsAsked(client);
  if (server.length < HEADER_BYTES) return asked > 0 ? "asked" : "none";
  const at = HEADER_BYTES;
  if (server.bytes[at] === CHOSEN && u16(server.bytes, 2) > at) {
    if (u32le(server.bytes, at + 4) > 0) return "agreed";
  }
  return asked > 0 ? "refused" : "none";
}

function protocolsAsked({ bytes, length }: Said): number {
  const end = u16(bytes, 2);
  // It stands last, but for an identifier of 36 bytes that a flag announces.
  for (const at of [end - NEGOTIATION_BYTES, end - NEGOTIATION_BYTES - CORRELATION_BYTES]) {
    if (at < HEADER_BYTES || at + NEGOTIATION_BYTES > length) continue;
    if (bytes[at] === 1 && u16le(bytes, at + 2) === NEGOTIATION_BYTES) return u32le(bytes, at + 4);
  }
  return 0;
}

function exposed(client: Said): Exposure[] {
  const name = /^[\s\S]{11}Cookie: mstshash=([^\r\n]+)\r\n/.exec(client.text)?.[1];
  const logon = logonIn(client);
  if (name === undefined) return logon;
  const offset = HEADER_BYTES + 17;
  return [{ what: "rdp user", side: "client", offset, bytes: name.length }, ...logon];
}

const REQUEST = 0xe0;
const CONFIRM = 0xd0;
const CHOSEN = 2;
/** TPKT's 4 and X.224's 7. */
const HEADER_BYTES = 11;
const NEGOTIATION_BYTES = 8;
const CORRELATION_BYTES = 36;
/** X.224's length is one byte, and counts neither itself nor TPKT. */
const REQUEST_BYTES_MAX = 5 + 254;
