/**
 * VNC's remote framebuffer (RFC 6143 §7.1), and its extension VeNCrypt (rfbproto, "VeNCrypt").
 *
 *     server   RFB 003.008\n | count | security types    (3.3: one type in 4 bytes)
 *     client   RFB 003.008\n | the type it chose
 *     VeNCrypt  version 0 2 from both | 0 | count | subtypes (4 each) | the one chosen (4) | 1, and TLS
 *
 * Some vendors' types encrypt by themselves; of such a conversation only the greeting can be read, and it is
 * not called plaintext.
 */
import type { Detector, Exposure, Match, Opening, StartTls } from "./detector.ts";
import { answer, type Fit, together } from "./fit.ts";
import { u32 } from "./number.ts";
import type { Said } from "./said.ts";

export const vnc: Detector = {
  protocol: "vnc",
  transports: ["tcp"],
  begins: { client: "R", server: "R" },
  detect,
};

function detect({ client, server, first }: Opening) {
  // Both say the same: who has said it first is the server.
  if (first === "client" && client.length > 0 && server.length > 0) return undefined;
  const chosen = choiceOf(client, server);
  const fit = together(versionFit(client), versionFit(server));
  if (fit === "no" || (chosen !== undefined && ENCRYPTED.has(chosen))) return undefined;
  return answer(fit, (): Match => {
    return {
      exposes: exposed(client, server, chosen),
      startTls: startTlsOf(client, server, chosen),
    };
  });
}

function versionFit({ text, length }: Said): Fit {
  if (/^RFB \d{3}\.\d{3}\n/.test(text)) return "yes";
  const begun = "RFB 000.000\n".slice(0, length);
  return text.slice(0, 12).replace(/\d/g, "0") === begun ? "maybe" : "no";
}

/** The security type that was agreed on. */
function choiceOf({ bytes, text, length }: Said, server: Said): number | undefined {
  const old = text.slice(4, 11) <= "003.006" && length >= 12;
  if (old) return server.length >= 16 ? u32(server.bytes, 12) : undefined;
  return bytes[12];
}

function startTlsOf(client: Said, server: Said, chosen: number | undefined): StartTls {
  if (chosen === ANONYMOUS_TLS) return "agreed";
  if (chosen === VENCRYPT) {
    const subtype = subtypeOf(client);
    return subtype === undefined || subtype === PLAIN ? "offered" : "agreed";
  }
  const types = server.bytes.subarray(13, 13 + (server.bytes[12] ?? 0));
  return types.includes(ANONYMOUS_TLS) || types.includes(VENCRYPT) ? "offered" : "none";
}

/** Behind the type, the client says VeNCrypt's version and then which of its kinds. */
function subtypeOf({ bytes, length }: Said): number | undefined {
  return length >= 19 ? u32(bytes, 15) : undefined;
}

function exposed({ bytes, length }: Said, { bytes: served }: Said, chosen: number | undefined) {
  const exposes: Exposure[] = [];
  if (chosen === CHALLENGE) {
    // In 3.3 the client chooses nothing, and its answer of 16 bytes stands one earlier.
    const from = served[12] === 0 && served[13] === 0 ? 12 : 13;
    if (length >= from + 16) {
      exposes.push({ what: "vnc challenge response", side: "client", offset: from, bytes: 16 });
    }
  } else if (chosen === VENCRYPT && length >= 27 && u32(bytes, 15) === PLAIN) {
    const user = u32(bytes, 19);
    const password = u32(bytes, 23);
    if (27 + user + password > length) return exposes;
    exposes.push({ what: "vnc user", side: "client", offset: 27, bytes: user });
    exposes.push({ what: "vnc password", side: "client", offset: 27 + user, bytes: password });
  }
  return exposes.filter(({ bytes: count }) => count > 0);
}

const CHALLENGE = 2;
const ANONYMOUS_TLS = 18;
const VENCRYPT = 19;
/** VeNCrypt's one kind without TLS. */
const PLAIN = 256;
/** RA2 with 128 and 256 bits, and the same with their newer exchange: IANA's list of RFB's types. */
const ENCRYPTED = new Set([5, 13, 129, 133]);
