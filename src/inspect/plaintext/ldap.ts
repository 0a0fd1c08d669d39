/**
 * LDAP (RFC 4511 §4.1.1) over TCP, and without a connection over UDP (MS-ADTS §3.1.1.3.1.4).
 *
 *     SEQUENCE { messageID INTEGER, protocolOp [APPLICATION n], controls [0]? }
 *
 * A bind carries the password in clear (`simple`), or in SASL's words (`PLAIN`). What SASL seals afterwards
 * is framed by a length of 4 bytes instead, and is not plaintext any more.
 */
import {
  type Element,
  ENUMERATED,
  elementAt,
  elementsIn,
  INTEGER,
  OCTET_STRING,
  SEQUENCE,
} from "./ber.ts";
import type { Detector, Exposure, Match, Opening, StartTls } from "./detector.ts";
import { answer, type Fit, together } from "./fit.ts";
import { u16, u32 } from "./number.ts";
import type { Said } from "./said.ts";

export const ldap: Detector = {
  protocol: "ldap",
  transports: ["tcp", "udp"],
  begins: { client: "0", server: "0" },
  detect,
};

function detect({ client, server }: Opening) {
  const asked = messagesOf(client, REQUESTS);
  const answered = messagesOf(server, RESPONSES);
  const sealed = sealedAt(client, asked.end) || sealedAt(server, answered.end);
  const fit = sealed ? "no" : together(asked.fit, answered.fit);
  return answer(fit, (): Match => {
    const exposes = asked.messages.flatMap((message) => exposed(client, message));
    return { exposes, startTls: startTlsOf(client, asked.messages, server, answered.messages) };
  });
}

interface Message {
  /** Its number and operation. */
  readonly id: Element;
  readonly op: Element;
}

function messagesOf({ bytes, length, whole }: Said, ops: ReadonlySet<number>) {
  const messages: Message[] = [];
  let at = 0;
  let fit: Fit = "maybe";
  while (at < length && messages.length < MESSAGES_MAX) {
    const message = elementAt(bytes, at);
    if (message === "short" || (message !== undefined && message.from >= length)) break;
    const id = message?.tag === SEQUENCE ? elementAt(bytes, message.from) : undefined;
    if (id === "short") break;
    if (id?.tag !== INTEGER || id.end - id.from > 4 || id.end === id.from) {
      fit = at === 0 ? "no" : fit;
      break;
    }
    const op = elementAt(bytes, id.end);
    if (op === "short") break;
    const own = op !== undefined && ops.has(op.tag) && op.end <= message!.end;
    if (!own || !bodyFits(bytes, op, message!.end === op.end)) {
      fit = at === 0 ? "no" : fit;
      break;
    }
    fit = "yes";
    messages.push({ id, op });
    at = message!.end;
  }
  return { fit, messages, end: whole || at <= length ? at : length };
}

/** What must stand first in an operation's value. */
function bodyFits(bytes: Uint8Array, op: Element, last: boolean): boolean {
  // Controls follow, in their own tag.
  if (!last && op.end < bytes.length && bytes[op.end] !== CONTROLS) return false;
  if (op.tag === UNBIND) return op.end === op.from;
  if (op.from >= bytes.length) return true;
  const first = bytes[op.from];
  if (op.tag === BIND) return first === INTEGER && bytes[op.from + 1] === 1;
  if (op.tag === EXTENDED) return first === REQUEST_NAME;
  if (op.tag === ABANDON) return op.end - op.from <= 4;
  if (op.tag === DELETE || op.tag === INTERMEDIATE) return true;
  return first === (RESULTS.has(op.tag) ? ENUMERATED : OCTET_STRING);
}

function exposed({ bytes, length, text }: Said, { op }: Message): Exposure[] {
  if (op.tag !== BIND) return [];
  const parts = elementsIn(bytes, op.from, Math.min(op.end, length), 3);
  const [, name, how] = parts;
  if (name === undefined || how === undefined) return [];
  const exposes: Exposure[] = [];
  if (name.end > name.from) exposes.push(place("ldap user", name));
  if (how.tag === SIMPLE && how.end > how.from) exposes.push(place("ldap password", how));
  if (how.tag !== SASL) return exposes;
  const [mechanism, credentials] = elementsIn(bytes, how.from, how.end, 2);
  const named = mechanism && text.slice(mechanism.from, mechanism.end);
  if (named !== "PLAIN" || credentials === undefined) return exposes;
  // authorization 0 user 0 password (RFC 4616)
  const said = text.slice(credentials.from, credentials.end).lastIndexOf("\0");
  exposes.push(place("ldap password", { ...credentials, from: credentials.from + said + 1 }));
  return exposes;
}

function place(what: string, { from, end }: Element): Exposure {
  return { what, side: "client", offset: from, bytes: end - from };
}

function startTlsOf(
  client: Said,
  requests: readonly Message[],
  server: Said,
  responses: readonly Message[],
): StartTls {
  const asked = requests.find(
    ({ op }) => op.tag === EXTENDED && client.text.startsWith(START_TLS, op.from + 2),
  );
  if (asked === undefined) return "none";
  const number = client.text.slice(asked.id.from, asked.id.end);
  const answered = responses.find(
    ({ id, op }) => op.tag === EXTENDED_RESPONSE && server.text.slice(id.from, id.end) === number,
  );
  if (answered === undefined) return "none";
  return server.bytes[answered.op.from + 2] === 0 ? "agreed" : "refused";
}

/** A Kerberos token that seals (RFC 4121 §4.2.6.2), behind its length, stands where a message should. */
function sealedAt({ bytes, length }: Said, at: number): boolean {
  if (at === 0 || length - at < 7 || u32(bytes, at) > TOKEN_BYTES_MAX) return false;
  return u16(bytes, at + 4) === 0x0504 && (bytes[at + 6]! & 0x02) !== 0;
}

const BIND = 0x60;
const UNBIND = 0x42;
const DELETE = 0x4a;
const ABANDON = 0x50;
const EXTENDED = 0x77;
const EXTENDED_RESPONSE = 0x78;
const INTERMEDIATE = 0x79;
const CONTROLS = 0xa0;
const REQUEST_NAME = 0x80;
const SIMPLE = 0x80;
const SASL = 0xa3;
/** bind, unbind, search, modify, add, delete, rename, compare, abandon, extended. */
const REQUESTS = new Set([BIND, UNBIND, 0x63, 0x66, 0x68, DELETE, 0x6c, 0x6e, ABANDON, EXTENDED]);
const RESULTS = new Set([0x61, 0x65, 0x67, 0x69, 0x6b, 0x6d, 0x6f, EXTENDED_RESPONSE]);
/** Results, and entries, references and intermediate answers. */
const RESPONSES = new Set([...RESULTS, 0x64, 0x73, INTERMEDIATE]);
const START_TLS = "1.3.6.1.4.1.1466.20037";
const MESSAGES_MAX = 64;
/** RFC 4422 §3.7 leaves it to both ends; OpenLDAP and Active Directory take at most this. */
const TOKEN_BYTES_MAX = 2 ** 24;
