/**
 * Kafka (its protocol guide): requests and responses behind a length of 4 bytes.
 *
 *     request    | length (4) | key (2) | version (2) | correlation (4) | client id (2 + ..) | body
 *     response   | length (4) | correlation (4) | body
 *
 * A response says nothing of itself, so it counts only where it answers the request. TLS is never asked for;
 * SASL's PLAIN has the password in SaslAuthenticate, or, in old clients, in a frame of its own.
 */
import type { Detector, Exposure, Match, Opening } from "./detector.ts";
import { answer, type Fit } from "./fit.ts";
import { printable, u16, u32 } from "./number.ts";
import type { Said } from "./said.ts";

export const kafka: Detector = {
  protocol: "kafka",
  transports: ["tcp"],
  begins: { client: "\0\x01\x02\x03", server: "\0\x01\x02\x03" },
  detect,
};

function detect({ client, server }: Opening) {
  const asked = requestFit(client, 0);
  const answered = server.length < 8 || client.length < 12 ? "maybe" : responseFit(client, server);
  const fit = asked === "no" ? "no" : answered === "no" ? "no" : asked;
  return answer(fit, (): Match => ({ exposes: exposed(client), startTls: "none" }));
}

function requestFit({ bytes, length }: Said, at: number): Fit {
  if (length - at < 14) return "maybe";
  const size = u32(bytes, at);
  const count = u16(bytes, at + 12);
  if (size < 10 || size > REQUEST_BYTES_MAX) return "no";
  if (u16(bytes, at + 4) > KEY_MAX || u16(bytes, at + 6) > VERSION_MAX) return "no";
  // A client without a name is rare, and then there is too little to tell it by.
  if (count === 0 || count > CLIENT_ID_BYTES_MAX || 10 + count > size) return "no";
  if (!printable(bytes, at + 14, at + 14 + count)) return "no";
  return length >= at + 14 + count ? "yes" : "maybe";
}

function responseFit(client: Said, server: Said): Fit {
  const size = u32(server.bytes, 0);
  if (size < 4 || size > REQUEST_BYTES_MAX) return "no";
  return u32(server.bytes, 4) === u32(client.bytes, 8) ? "yes" : "no";
}

function exposed(client: Said): Exposure[] {
  const { bytes, length, text } = client;
  let raw = false;
  for (let at = 0, frames = 0; length - at >= 4 && frames < FRAMES_MAX; frames++) {
    const end = at + 4 + u32(bytes, at);
    if (end > length) break;
    const token = raw ? at + 4 : tokenAt(client, at);
    // A token in an old client's frame is told from a request by how it begins: nothing, or a name, and 0.
    const said =
      token === undefined ? null : /^[^\0]*\0([^\0]+)\0([^\0]+)/.exec(text.slice(token, end));
    if (token !== undefined && said?.[1] !== undefined && said[2] !== undefined) {
      const password = token + said[0].length - said[2].length;
      return [
        {
          what: "kafka user",
          side: "client",
          offset: password - 1 - said[1].length,
          bytes: said[1].length,
        },
        { what: "kafka password", side: "client", offset: password, bytes: said[2].length },
      ];
    }
    raw = u16(bytes, at + 4) === SASL_HANDSHAKE && u16(bytes, at + 6) === 0;
    at = end;
  }
  return [];
}

/** Where SaslAuthenticate's token begins: behind the header and a length, which is short from version 2 on. */
function tokenAt({ bytes }: Said, at: number): number | undefined {
  if (u16(bytes, at + 4) !== SASL_AUTHENTICATE) return undefined;
  const body = at + 14 + u16(bytes, at + 12);
  return u16(bytes, at + 6) < 2 ? body + 4 : body + 2;
}

const SASL_HANDSHAKE = 17;
const SASL_AUTHENTICATE = 36;
/** Keys reached 92 with Kafka 4, and versions 18. */
const KEY_MAX = 127;
const VERSION_MAX = 31;
const CLIENT_ID_BYTES_MAX = 255;
/** socket.request.max.bytes. */
const REQUEST_BYTES_MAX = 104_857_600;
const FRAMES_MAX = 32;
