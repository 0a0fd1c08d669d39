/**
 * AMQP 1.0 (OASIS, ISO 19464): `AMQP`, what is spoken (0 AMQP, 2 TLS, 3 SASL), and version 1.0.0, on both
 * sides. Layer 2 asks for TLS; a server that says the same agrees, and another one's header refuses.
 *
 *     SASL init  | length (4) | 2 | 1 | 0 0 | 00 53 41 | list | mechanism (a3) | response (a0) | ..
 */
import { AMQP_1, headerFit } from "./amqp-header.ts";
import type { Detector, Exposure, Match, Opening, StartTls } from "./detector.ts";
import { answer, together } from "./fit.ts";
import { u32 } from "./number.ts";
import type { Said } from "./said.ts";

export const amqp1: Detector = {
  protocol: "amqp1",
  transports: ["tcp"],
  begins: { client: "A", server: "A" },
  detect,
};

function detect({ client, server }: Opening) {
  const fit = together(headerFit(client, AMQP_1), headerFit(server, AMQP_1));
  return answer(
    fit,
    (): Match => ({ exposes: exposed(client), startTls: startTlsOf(client, server) }),
  );
}

function startTlsOf(client: Said, server: Said): StartTls {
  if (client.bytes[4] !== TLS || server.length < 8) return "none";
  return server.bytes[4] === TLS ? "agreed" : "refused";
}

function exposed({ bytes, length, text }: Said): Exposure[] {
  if (bytes[4] !== SASL || length < 8 + 16 || !text.startsWith("\0\x53\x41", 16)) return [];
  const end = Math.min(8 + u32(bytes, 8), length);
  const init = /\xa3\x05PLAIN(?:\xa0([\s\S])|\xb0([\s\S]{4}))/.exec(text.slice(19, end));
  if (init === null) return [];
  const from = 19 + init.index + init[0].length;
  const count = init[1] === undefined ? u32(bytes, from - 4) : init[1].charCodeAt(0);
  if (from + count > end) return [];
  const split = text.slice(from, from + count).lastIndexOf("\0");
  const offset = from + split + 1;
  return [{ what: "amqp1 password", side: "client", offset, bytes: from + count - offset }];
}

const TLS = 2;
const SASL = 3;
