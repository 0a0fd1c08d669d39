/**
 * IMAP in clear (RFC 9051), with STARTTLS and AUTHENTICATE. A user and a password come as atoms, as
 * quoted strings, or as literals, whose length goes before on a line of its own:
 *
 *     a1 LOGIN alice "hunter 2" ␍␊
 *     a1 LOGIN {5} ␍␊ alice {8} ␍␊ hunter 2 ␍␊
 */
import { isMask, startTlsOf } from "../starttls/upgrade.ts";
import { type Detector, type Exposure, type Match, NOT_YET, type Opening } from "./detector.ts";
import { linesOf, type TextLine } from "./lines.ts";
import { saslExposures } from "./sasl.ts";

export const imap: Detector = {
  protocol: "imap",
  transports: ["tcp"],
  begins: { server: "*" },
  detect,
};

function detect({ client, server }: Opening): Match | typeof NOT_YET | undefined {
  const lines = linesOf(client.text);
  if (server.length > 0 && !GREETING.test(server.text)) {
    return "* PREAUTH".startsWith(server.text.slice(0, 9)) ? NOT_YET : undefined;
  }
  if (client.length > 0 && lines.length === 0) return server.length > 0 ? NOT_YET : undefined;
  if (lines.length > 0 && !COMMAND.test(lines[0]!.text)) return undefined;
  return {
    exposes: exposed(lines, client.text),
    startTls: upgradeOf(lines, linesOf(server.text)),
  };
}

function exposed(lines: readonly TextLine[], text: string): Exposure[] {
  return lines.flatMap((line, index) => {
    const login = /^\S+ LOGIN /i.exec(line.text);
    if (login !== null) return loginAt(text, line.at + login[0].length);
    const [whole, mechanism, response] = AUTHENTICATE.exec(line.text) ?? [];
    if (whole === undefined || mechanism === undefined) return [];
    const initial =
      response === undefined
        ? undefined
        : { text: response, at: line.at + whole.length - response.length, end: line.end };
    const following = lines.slice(index + 1, index + 8);
    return saslExposures({ protocol: "imap", mechanism, initial, following }).exposes;
  });
}

function loginAt(text: string, from: number): Exposure[] {
  const user = stringAt(text, from);
  const password = user && stringAt(text, user.end + 1);
  const exposes: Exposure[] = [];
  if (user) exposes.push(exposure("imap user", user));
  if (password) exposes.push(exposure("imap password", password));
  return exposes;
}

function exposure(what: string, { at, bytes }: { at: number; bytes: number }): Exposure {
  return { what, side: "client", offset: at, bytes };
}

/** An atom, a quoted string or a literal. `bytes` is its value's; `end` is behind it. */
function stringAt(
  text: string,
  from: number,
): { at: number; bytes: number; end: number } | undefined {
  STRING.lastIndex = from;
  const found = STRING.exec(text);
  if (found === null) return undefined;
  const end = from + found[0].length;
  if (found[1] !== undefined) {
    const bytes = Math.min(Number(found[1]), text.length - end);
    return { at: end, bytes, end: end + bytes };
  }
  const quoted = found[2] !== undefined;
  const bytes = quoted ? found[2]!.length : found[0].length;
  return { at: quoted ? from + 1 : from, bytes, end };
}

function upgradeOf(lines: readonly TextLine[], answers: readonly TextLine[]) {
  const asked = lines.map(({ text }) => /^(\S+) STARTTLS\s*$/i.exec(text)?.[1]).find(Boolean);
  const reply = asked && answers.find(({ text }) => text.startsWith(`${asked} `))?.text;
  const lists = beforeLogin(lines, answers).filter(({ text }) =>
    /^\* CAPABILITY |\[CAPABILITY /i.test(text),
  );
  const answer = reply && (reply.slice(asked.length + 1).startsWith("OK") ? "yes" : "no");
  return startTlsOf({
    offers: lists.map(({ text }) => /\bSTARTTLS\b/i.test(text)),
    masked:
      lists.some(({ text }) => text.split(/[ \]]/).some(isMask)) ||
      lines.some(({ text }) => isMask(text.trim().split(" ")[1] ?? "")),
    asked: asked !== undefined,
    answer: answer || undefined,
  });
}

/**
 * What the server said before it answered a login. Who is logged in is offered no TLS any more (RFC 9051
 * §6.2.1), so what is listed then says nothing.
 */
function beforeLogin(
  lines: readonly TextLine[],
  answers: readonly TextLine[],
): readonly TextLine[] {
  const login = lines.findIndex(({ text }) => LOGIN.test(text));
  if (login < 0) return answers;
  const before = lines[login - 1]?.text.split(" ")[0];
  if (before === undefined) return answers.slice(0, 1);
  return answers.slice(0, answers.findIndex(({ text }) => text.startsWith(`${before} `)) + 1);
}

const GREETING = /^\* (?:OK|PREAUTH|BYE)[ \r]/;
const COMMAND =
  /^[A-Za-z0-9.$_-]{1,32} (?:CAPABILITY|NOOP|LOGOUT|STARTTLS|AUTHENTICATE [A-Za-z0-9_-]+|LOGIN |ENABLE |SELECT |EXAMINE |ID |LIST |LSUB |STATUS |NAMESPACE|UID |FETCH |IDLE|COMPRESS |X{8}\s*$)/i;
const LOGIN = /^\S+ (?:LOGIN|AUTHENTICATE) /i;
const AUTHENTICATE = /^\S+ AUTHENTICATE ([A-Za-z0-9_-]{1,20})(?: ([A-Za-z0-9+/=]+))?\s*$/i;
const STRING = /\{(\d{1,6})\+?\}\r?\n|"((?:[^"\\\r\n]|\\.)*)"|[^\s"{]+/y;
