/**
 * PostgreSQL's protocol 3 (its documentation, "Frontend/Backend Protocol").
 *
 *     client   | length (4) | code or version (4) | name 0 value 0 .. 0 |     first messages have no type
 *     both     | type (1) | length (4) | ..                                   all that follow
 *
 * The client may ask for TLS (SSLRequest) or GSSAPI first; a byte answers, `S` or `G` for yes and `N` for
 * no. Behind `G` all is encrypted, so that is not plaintext.
 */
import type { Detector, Exposure, Match, Opening, StartTls } from "./detector.ts";
import { answer, type Fit, together } from "./fit.ts";
import { printable, u32 } from "./number.ts";
import type { Said } from "./said.ts";

export const postgresql: Detector = {
  protocol: "postgresql",
  transports: ["tcp"],
  begins: { client: "\0", server: "SNREv" },
  detect,
};

function detect({ client, server }: Opening) {
  const asked = requestsOf(client);
  const said = answersOf(server, asked.requests.length, client.length > 0);
  const fit = together(asked.fit, said.fit);
  return answer(fit, (): Match => {
    const exposes =
      asked.startup === undefined ? [] : exposed(client, asked.startup, server, said.at);
    return { exposes, startTls: startTlsOf(asked.requests, said.answers) };
  });
}

interface Requests {
  readonly fit: Fit;
  readonly requests: readonly ("tls" | "gss")[];
  /** Where the startup message is. */
  readonly startup?: number;
}

function requestsOf({ bytes, length, text }: Said): Requests {
  const requests: ("tls" | "gss")[] = [];
  let at = 0;
  for (; length - at >= 8 && requests.length < REQUESTS_MAX; at += 8) {
    const code = u32(bytes, at + 4);
    if (u32(bytes, at) !== 8 || (code !== SSL_REQUEST && code !== GSSENC_REQUEST)) break;
    requests.push(code === SSL_REQUEST ? "tls" : "gss");
  }
  // TLS goes on behind a yes.
  if (requests.length > 0 && bytes[at] === TLS_HANDSHAKE) return { fit: "yes", requests };
  if (length - at < 8) {
    const begun = length - at < 4 || u32(bytes, at) <= STARTUP_BYTES_MAX;
    return { fit: requests.length > 0 ? "yes" : begun ? "maybe" : "no", requests };
  }
  const size = u32(bytes, at);
  const version = u32(bytes, at + 4);
  if (version === CANCEL_REQUEST)
    return { fit: size >= 16 && size <= 272 ? "yes" : "no", requests };
  if (version >>> 16 !== 3 || (version & 0xffff) > MINOR_MAX) return { fit: "no", requests };
  if (size < 9 || size > STARTUP_BYTES_MAX) return { fit: "no", requests };
  const names = text.slice(at + 8, at + size);
  if (!/^[a-z]/i.test(names)) return { fit: names === "" ? "maybe" : "no", requests };
  const whole = /^(?:[^\0]+\0[^\0]*\0)+\0$/.test(names);
  if (at + size <= length && !whole) return { fit: "no", requests };
  return { fit: whole || names.startsWith("user\0") ? "yes" : "maybe", requests, startup: at };
}

interface Answers {
  readonly fit: Fit;
  readonly answers: string;
  /** Where typed messages begin. */
  readonly at: number;
}

function answersOf({ bytes, length, text }: Said, asked: number, known: boolean): Answers {
  // Of a client that was not heard, it may have asked twice.
  const may = known ? asked : REQUESTS_MAX;
  const answers = /^N{0,2}[SG]?/.exec(text.slice(0, may))?.[0] ?? "";
  const at = answers.length;
  if (answers.includes("G")) return { fit: "no", answers, at };
  // What follows a yes is not PostgreSQL's any more, but what an attacker had put there in clear.
  if (answers.endsWith("S")) return { fit: "maybe", answers, at };
  return { fit: messageFit(bytes, at, length), answers, at };
}

/** The first typed message of a server: how to authenticate, an error, or a version it prefers. */
function messageFit(bytes: Uint8Array, at: number, length: number): Fit {
  if (length - at < 9) return "maybe";
  const size = u32(bytes, at + 1);
  const word = u32(bytes, at + 5);
  switch (bytes[at]) {
    case 0x52: // R
      if (size < 8 || size > AUTHENTICATION_BYTES_MAX || word > AUTHENTICATION_MAX) return "no";
      return (word === 0) === (size === 8) || word !== 0 ? "yes" : "no";
    case 0x45: // E: fields, of which the severity stands first
      if (size < 9 || size > STARTUP_BYTES_MAX || bytes[at + 5] !== 0x53) return "no";
      return printable(bytes, at + 6, at + 9) ? "yes" : "no";
    case 0x76: // v
      return size >= 12 && size <= STARTUP_BYTES_MAX && word >>> 16 <= 3 ? "maybe" : "no";
  }
  return "no";
}

function startTlsOf(requests: readonly string[], answers: string): StartTls {
  const asked = requests.indexOf("tls");
  // A client that was not heard has asked for TLS, if it got a yes.
  if (asked < 0) return answers.endsWith("S") ? "agreed" : "none";
  if (answers[asked] === "S") return "agreed";
  return answers[asked] === "N" ? "refused" : "none";
}

/** The user of the startup message, and what answers a demand for a password. */
function exposed(client: Said, startup: number, server: Said, messages: number): Exposure[] {
  const exposes: Exposure[] = [];
  const end = startup + u32(client.bytes, startup);
  const names = client.text.slice(startup + 8, end);
  const user = /(?:^|\0)user\0([^\0]+)\0/.exec(names);
  if (user?.[1] !== undefined) {
    const offset = startup + 8 + user.index + user[0].length - 1 - user[1].length;
    exposes.push({ what: "postgresql user", side: "client", offset, bytes: user[1].length });
  }
  const size = u32(client.bytes, end + 1);
  if (client.bytes[end] !== 0x70 || size < 5) return exposes;
  const demanded = demand(server, messages);
  const answered = client.text.slice(end + 5, Math.min(end + 1 + size, client.length));
  const md5 = /^md5[0-9a-f]{32}\0/.test(answered);
  const sasl = demanded === undefined ? /^[A-Z0-9-]+\0[\0-\xff]{4}/.test(answered) : demanded > MD5;
  if (sasl) return exposes;
  const what = demanded === MD5 || md5 ? "postgresql md5 password" : "postgresql password";
  const bytes = answered.endsWith("\0") ? answered.length - 1 : answered.length;
  if (bytes > 0) exposes.push({ what, side: "client", offset: end + 5, bytes });
  return exposes;
}

/** Which authentication the server demanded, if it was heard. */
function demand({ bytes, length }: Said, at: number): number | undefined {
  // A preferred version may stand before it.
  const from = bytes[at] === 0x76 ? at + 1 + u32(bytes, at + 1) : at;
  return length - from >= 9 && bytes[from] === 0x52 ? u32(bytes, from + 5) : undefined;
}

const TLS_HANDSHAKE = 22;
const SSL_REQUEST = 80877103;
const GSSENC_REQUEST = 80877104;
const CANCEL_REQUEST = 80877102;
const REQUESTS_MAX = 2;
/** 3.0 of 2003 and 3.2 of 2025; some servers in between answered to others. */
const MINOR_MAX = 9;
/** MAX_STARTUP_PACKET_LENGTH of the server. */
const STARTUP_BYTES_MAX = 10_000;
/** A list of SASL mechanisms or a Kerberos token; the codes go up to SASLFinal. */
const AUTHENTICATION_BYTES_MAX = 2_000;
const AUTHENTICATION_MAX = 12;
const MD5 = 5;
