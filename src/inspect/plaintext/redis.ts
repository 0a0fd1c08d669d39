/**
 * Redis in clear (RESP2 and RESP3). A command is an array of counted strings, so a login reads
 *
 *     *2 ␍␊ $4 ␍␊ AUTH ␍␊ $6 ␍␊ hunter ␍␊                  AUTH password
 *     *3 ␍␊ $4 ␍␊ AUTH ␍␊ $5 ␍␊ alice ␍␊ $6 ␍␊ hunter ␍␊    AUTH user password
 *
 * and `HELLO 3 AUTH user password` carries the second form inside it. On a line of its own a command
 * may also be written as one would type it: `AUTH hunter`.
 */
import { type Detector, type Exposure, type Match, NOT_YET, type Opening } from "./detector.ts";
import { linesOf } from "./lines.ts";

export const redis: Detector = {
  protocol: "redis",
  transports: ["tcp"],
  begins: { server: "+-:$*_,#!=(%~>|" },
  detect,
};

function detect({ client, server, first }: Opening): Match | typeof NOT_YET | undefined {
  const asked = client.text;
  const answered = server.text;
  const counted = COMMAND.test(asked);
  const inline = !counted && INLINE.test(asked);
  // What a server did not understand either is still said to Redis.
  if (
    !counted &&
    !inline &&
    client.length < UNREAD_MAX &&
    /^-ERR (?:unknown command|Protocol error)/.test(answered)
  ) {
    return { exposes: [], startTls: "none", weak: true };
  }
  if (client.length > 0 && !counted && !inline) {
    return server.length === 0 && /^\*(?:\d{1,7}(?:\r(?:\n(?:\$.{0,8})?)?)?)?$/.test(asked)
      ? NOT_YET
      : undefined;
  }
  if (server.length > 0 && !REPLY.test(answered)) return undefined;
  // POP3 answers alike, and its server begins; inline commands are words that others have, too.
  if (inline && (server.length === 0 || first === "server")) return undefined;
  if (client.length === 0 && !OWN_REPLY.test(answered)) return undefined;
  return { exposes: counted ? logins(asked) : typed(asked), startTls: "none" };
}

function logins(text: string): Exposure[] {
  return [...text.matchAll(LOGIN)].flatMap((login) => {
    const { user, password = "" } = login.groups ?? {};
    const end = login.index + login[0].length;
    const exposes: Exposure[] = [];
    if (user !== undefined) {
      const offset = end - password.length - `$${password.length}\r\n`.length - 2 - user.length;
      exposes.push({ what: "redis user", side: "client", offset, bytes: user.length });
    }
    const offset = end - password.length;
    exposes.push({ what: "redis password", side: "client", offset, bytes: password.length });
    return exposes;
  });
}

function typed(text: string): Exposure[] {
  return linesOf(text).flatMap(({ text: line, at }) => {
    const password = /^AUTH +(?:\S+ +)?(\S+) *$/i.exec(line)?.[1];
    if (password === undefined) return [];
    const offset = at + line.lastIndexOf(password);
    return { what: "redis password", side: "client", offset, bytes: password.length };
  });
}

/** Scanners try a few bytes. */
const UNREAD_MAX = 64;
const COMMAND = /^\*[1-9]\d{0,6}\r\n\$\d{1,4}\r\n[A-Za-z][A-Za-z._-]*\r\n/;
const INLINE =
  /^(?:PING|AUTH \S+|INFO|SET \S+ \S+|GET \S+|EXISTS \S+|KEYS \S+|DEL \S+|CONFIG GET \S+|MONITOR|COMMAND|CLIENT \S+|SELECT \d+|HELLO \d)[^\r\n]{0,256}\r?\n/i;
const REPLY =
  /^(?:[+-][^\r\n]*\r?\n?|:-?\d+\r\n|\$-?\d+\r\n|\*-?\d+\r\n|_\r\n|,[-\d.einfa]+\r\n|#[tf]\r\n|[!=]\d+\r\n|\(-?\d+\r\n|[%~>|]\d+\r\n)/;
/** Said by nobody else first. */
const OWN_REPLY =
  /^(?:\+PONG\r\n|-NOAUTH |-WRONGPASS |-ERR (?:unknown command|invalid password|wrong number|AUTH)|-MOVED \d|-DENIED Redis|\*\d+\r\n(?:\$-?\d+\r\n|:\d+\r\n|\*\d+\r\n)|%\d+\r\n\$\d+\r\n|\$\d+\r\n# Server\r\n|\+OK\r\n(?:[+:$*-]\S)|\$-1\r\n)/;
/** In a command of its own, or within HELLO. */
const LOGIN =
  /\$4\r\nAUTH\r\n(?:\$\d{1,4}\r\n(?<user>[^\r]+)\r\n(?=\$))?\$\d{1,4}\r\n(?<password>[^\r]+)/gi;
