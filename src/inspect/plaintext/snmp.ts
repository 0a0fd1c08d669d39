/**
 * SNMP: version 1 (RFC 1157 §4), 2c (RFC 1901 §3) and 3 (RFC 3412 §6), a message a datagram, in BER.
 *
 *     1, 2c   SEQUENCE { version INTEGER, community OCTET STRING, PDU [0]..[8] }
 *     3       SEQUENCE { 3, SEQUENCE { id, size, flags, model }, OCTET STRING, SEQUENCE | OCTET STRING }
 *
 * A community is a password that every message carries. In version 3 the flag `priv` encrypts the last part:
 * a conversation that has it is not plaintext, whatever it exchanged before to find the engine.
 */
import { elementAt, elementsIn, INTEGER, OCTET_STRING, SEQUENCE } from "./ber.ts";
import type { Detector, Exposure, Match, Opening } from "./detector.ts";
import { answer, type Fit, together } from "./fit.ts";
import { datagramsOf } from "./number.ts";
import type { Said } from "./said.ts";

export const snmp: Detector = {
  protocol: "snmp",
  transports: ["udp", "tcp"],
  begins: { client: "0", server: "0" },
  detect,
};

function detect({ client, server }: Opening) {
  const asked = saidBy(client);
  const answered = saidBy(server);
  // Who asks is told by what a PDU is; of traps and of version 3 by who spoke first.
  if (asked.kind === "response" || answered.kind === "request") return undefined;
  const fit = together(asked.fit, answered.fit);
  return answer(fit, (): Match => {
    const exposes: Exposure[] = [];
    if (asked.community) exposes.push({ ...asked.community, side: "client" });
    if (answered.community) exposes.push({ ...answered.community, side: "server" });
    return { exposes, startTls: "none" };
  });
}

interface Message {
  readonly fit: Fit;
  /** Version 3 with `priv`. */
  readonly encrypted?: boolean;
  readonly kind?: "request" | "response";
  readonly community?: { what: string; offset: number; bytes: number };
}

/** The first message, if no other is encrypted. */
function saidBy(said: Said): Message {
  const messages: Message[] = [];
  const places = said.datagrams.length > 0 ? datagramsOf(said) : [[0, said.length] as const];
  for (const [from, to] of places) {
    if (to > from) messages.push(messageAt(said.bytes, from, to));
    if (messages.length === MESSAGES_MAX) break;
  }
  const [first] = messages;
  if (first === undefined) return { fit: "maybe" };
  return messages.some(({ encrypted }) => encrypted) ? { fit: "no" } : first;
}

function messageAt(bytes: Uint8Array, at: number, to: number): Message {
  const message = elementAt(bytes, at);
  if (message === "short") return { fit: "maybe" };
  if (message?.tag !== SEQUENCE) return { fit: "no" };
  const end = Math.min(message.end, to);
  const [version, second] = elementsIn(bytes, message.from, end, 2);
  if (version === undefined) return { fit: bytes[message.from] === INTEGER ? "maybe" : "no" };
  if (version.tag !== INTEGER || version.end !== version.from + 1) return { fit: "no" };
  const number = bytes[version.from]!;
  if (number === 3) return third(bytes, version.end, end);
  if (number > 1) return { fit: "no" };
  if (second === undefined) return { fit: bytes[version.end] === OCTET_STRING ? "maybe" : "no" };
  const pdu = elementAt(bytes, second.end);
  if (second.tag !== OCTET_STRING || pdu === undefined) return { fit: "no" };
  if (pdu === "short") return { fit: "maybe" };
  const isPdu = pdu.tag >= GET_REQUEST && pdu.tag <= REPORT && pdu.end === message.end;
  // All begin with a number but version 1's trap, which begins with an object identifier.
  const begins = bytes[pdu.from] ?? INTEGER;
  if (!isPdu || begins !== (pdu.tag === TRAP ? OBJECT_IDENTIFIER : INTEGER)) return { fit: "no" };
  const count = second.end - second.from;
  return {
    fit: "yes",
    ...(pdu.tag === RESPONSE && { kind: "response" }),
    ...(REQUESTS.has(pdu.tag) && { kind: "request" }),
    ...(count > 0 && {
      community: { what: "snmp community", offset: second.from - at, bytes: count },
    }),
  };
}

function third(bytes: Uint8Array, at: number, end: number): Message {
  const [header, security, data] = elementsIn(bytes, at, end, 3);
  if (header === undefined) return { fit: (bytes[at] ?? SEQUENCE) === SEQUENCE ? "maybe" : "no" };
  const parts = elementsIn(bytes, header.from, header.end, 4);
  const [, , flags, model] = parts;
  const shaped = parts.map(({ tag }) => tag).join() === HEADER_TAGS && header.tag === SEQUENCE;
  if (!shaped || flags!.end !== flags!.from + 1 || model!.end - model!.from > 4)
    return { fit: "no" };
  if ((bytes[flags!.from]! & PRIV) !== 0) return { fit: "no", encrypted: true };
  if (security === undefined || data === undefined) return { fit: "maybe" };
  return { fit: security.tag === OCTET_STRING && data.tag === SEQUENCE ? "yes" : "no" };
}

const OBJECT_IDENTIFIER = 0x06;
const GET_REQUEST = 0xa0;
const RESPONSE = 0xa2;
const TRAP = 0xa4;
const REPORT = 0xa8;
/** get, get next, set, get bulk. */
const REQUESTS = new Set([GET_REQUEST, 0xa1, 0xa3, 0xa5]);
const HEADER_TAGS = [INTEGER, INTEGER, OCTET_STRING, INTEGER].join();
const PRIV = 0x02;
const MESSAGES_MAX = 16;
