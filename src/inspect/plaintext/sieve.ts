/**
 * ManageSieve in clear (RFC 5804): the server begins with its capabilities, each a quoted string, and
 * ends them with OK.
 */
import { startTlsOf } from "../starttls/upgrade.ts";
import { type Detector, type Exposure, type Match, NOT_YET, type Opening } from "./detector.ts";
import { linesOf, type TextLine } from "./lines.ts";

export const sieve: Detector = {
  protocol: "sieve",
  transports: ["tcp"],
  begins: { client: "AaSsCcLlHhGgPpNnDdRrUu", server: '"BON' },
  detect,
};

function detect({ client, server }: Opening): Match | typeof NOT_YET | undefined {
  const lines = linesOf(client.text);
  const answers = linesOf(server.text);
  if (answers.length > 0 && !CAPABILITY.test(answers[0]!.text)) return undefined;
  if (lines.length > 0 && !COMMAND.test(lines[0]!.text)) return undefined;
  if (answers.length === 0 && !lines.some(({ text }) => OWN.test(text))) {
    return server.length > 0 ? NOT_YET : undefined;
  }
  if (client.length > 0 && lines.length === 0) return NOT_YET;
  return { exposes: lines.flatMap(exposed), startTls: upgradeOf(lines, answers) };
}

/** AUTHENTICATE "PLAIN" "base64", or a literal on the next line. */
function exposed({ text, at }: TextLine, index: number, lines: readonly TextLine[]): Exposure | [] {
  const login = AUTHENTICATE.exec(text);
  if (login === null) return [];
  const what = /^PLAIN$/i.test(login[1]!) ? "sieve user and password" : "sieve response";
  const quoted = login[2];
  if (quoted !== undefined) {
    const offset = at + text.lastIndexOf(`"${quoted}"`) + 1;
    return { what, side: "client", offset, bytes: quoted.length };
  }
  const next = lines[index + 1];
  if (next === undefined || !/\{\d+\+?\}\s*$/.test(text)) return [];
  return { what, side: "client", offset: next.at, bytes: next.text.length };
}

function upgradeOf(lines: readonly TextLine[], answers: readonly TextLine[]) {
  const asked = lines.some(({ text }) => /^STARTTLS\s*$/i.test(text));
  const offered = answers.some(({ text }) => /^"STARTTLS"/i.test(text));
  // The first OK or NO ends the capabilities, the next one answers.
  const reply = answers.filter(({ text }) => /^(?:OK|NO|BYE)\b/i.test(text))[1]?.text;
  const answer = reply && (/^OK/i.test(reply) ? "yes" : "no");
  return startTlsOf({
    offers: [offered],
    masked: false,
    asked,
    answer: asked || lines.length === 0 ? answer || undefined : undefined,
  });
}

const CAPABILITY =
  /^"(?:IMPLEMENTATION|SIEVE|VERSION|SASL|NOTIFY|STARTTLS|MAXREDIRECTS|OWNER|LANGUAGE)"/i;
const COMMAND =
  /^(?:AUTHENTICATE|STARTTLS|CAPABILITY|LOGOUT|HAVESPACE|PUTSCRIPT|LISTSCRIPTS|SETACTIVE|GETSCRIPT|DELETESCRIPT|RENAMESCRIPT|CHECKSCRIPT|NOOP|UNAUTHENTICATE)(?: |$)/i;
const OWN = /^(?:AUTHENTICATE "|HAVESPACE "|PUTSCRIPT "|LISTSCRIPTS|SETACTIVE "|CHECKSCRIPT )/i;
const AUTHENTICATE = /^AUTHENTICATE "([A-Za-z0-9_-]{1,20})"(?: "([^"]*)")?/i;
