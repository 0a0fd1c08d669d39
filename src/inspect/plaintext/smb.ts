/**
 * SMB 1 (MS-CIFS), 2 and 3 (MS-SMB2), behind a length, with or without NetBIOS's session before it, and in
 * NetBIOS datagrams (RFC 1002 §4.3, §4.4).
 *
 *     | 0 | length (3) | ff S M B ..  1        fe S M B ..  2 and 3, in clear
 *                      | fd S M B ..  3, encrypted           fc S M B ..  3, compressed
 *
 * Session setup is always in clear; a conversation in which an encrypted message follows is not plaintext.
 */
import type { Detector, Exposure, Match, Opening } from "./detector.ts";
import { answer, type Fit, together } from "./fit.ts";
import { datagramsOf, u16, u16le, u32le } from "./number.ts";
import type { Said } from "./said.ts";

export const smb: Detector = {
  protocol: "smb",
  transports: ["tcp", "udp"],
  begins: { client: "\0\x81\x10\x11\x12", server: "\0\x82\x83\x10\x11\x12" },
  detect,
};

function detect({ transport, client, server }: Opening) {
  if (transport === "udp") {
    const fit = together(datagramFit(client), datagramFit(server));
    return answer(fit, (): Match => ({ exposes: [], startTls: "none" }));
  }
  const fit = together(streamFit(client, false), streamFit(server, true));
  if (client.text.includes(ENCRYPTED) || server.text.includes(ENCRYPTED)) return undefined;
  return answer(fit, (): Match => ({ exposes: exposed(client), startTls: "none" }));
}

function streamFit({ bytes, length, text }: Said, responds: boolean): Fit {
  let at = 0;
  // A session is asked for by two names, and granted or refused.
  if (bytes[0] === SESSION_REQUEST && !responds) {
    if (length < 6) return "maybe";
    if (u16(bytes, 2) !== 68 || bytes[4] !== 0x20) return "no";
    at = 72;
  } else if (bytes[0] === SESSION_GRANTED || bytes[0] === SESSION_REFUSED) {
    if (!responds || (length >= 4 && u16(bytes, 2) > 1)) return "no";
    at = 4 + (bytes[3] ?? 0);
  }
  if (length < at + 9) return "maybe";
  if (bytes[at] !== 0 || !/^[\xff\xfe\xfc]SMB/.test(text.slice(at + 4, at + 8))) return "no";
  if (bytes[at + 4] === 0xff && length > at + 13) {
    // The highest bit of the flags says which way it goes.
    return bytes[at + 13]! >> 7 === (responds ? 1 : 0) ? "yes" : "no";
  }
  if (bytes[at + 4] === 0xfe && length > at + 20) {
    if (u16le(bytes, at + 8) !== 64) return "no";
    return (bytes[at + 20]! & 1) === (responds ? 1 : 0) ? "yes" : "no";
  }
  return "maybe";
}

/** A mailslot's message, between two names in their 32 letters. */
function datagramFit(said: Said): Fit {
  const [first] = datagramsOf(said);
  if (first === undefined) return "maybe";
  const [from, to] = first;
  if (to - from < 86) return "no";
  const names = /^ [A-P]{32}\0 [A-P]{32}\0\xffSMB$/.test(said.text.slice(from + 14, from + 86));
  return names ? "yes" : "no";
}

/** What answers an NTLM challenge: with it, guesses at the password can be tried. */
function exposed({ bytes, length, text }: Said): Exposure[] {
  const at = text.indexOf("NTLMSSP\0\x03\0\0\0");
  if (at < 0 || at + 28 > length) return [];
  const count = u16le(bytes, at + 20);
  const from = at + u32le(bytes, at + 24);
  if (count === 0 || from + count > length) return [];
  return [{ what: "smb ntlm response", side: "client", offset: from, bytes: count }];
}

const ENCRYPTED = "\xfdSMB";
const SESSION_REQUEST = 0x81;
const SESSION_GRANTED = 0x82;
const SESSION_REFUSED = 0x83;
