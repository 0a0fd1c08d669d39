/** NNTP in clear (RFC 3977), with STARTTLS (RFC 4642) and AUTHINFO (RFC 4643). */
import { startTlsOf } from "../starttls/upgrade.ts";
import { type Detector, type Exposure, type Match, NOT_YET, type Opening } from "./detector.ts";
import { linesOf, type TextLine } from "./lines.ts";

export const nntp: Detector = {
  protocol: "nntp",
  transports: ["tcp"],
  begins: { client: "MmGgLlCcAaSsHhXxDdIiPpQqOoNnBbTtEeFfJj", server: "245" },
  detect,
};

function detect({ client, server }: Opening): Match | typeof NOT_YET | undefined {
  const lines = linesOf(client.text);
  const answers = linesOf(server.text);
  if (client.length > 0 && lines.length === 0) return server.length > 0 ? NOT_YET : undefined;
  if (lines.length > 0 && !COMMAND.test(lines[0]!.text)) return undefined;
  if (server.length > 0 && answers.length === 0) return NOT_YET;
  if (answers.length > 0 && !GREETING.test(answers[0]!.text)) return undefined;
  // HTTP has methods of the same names; these lines are short.
  if (lines.length === 0 && !/\bNNTP\b|\bINN\b|\bnews\b|post(?:ing|ok)/i.test(answers[0]!.text)) {
    return undefined;
  }
  if (server.length === 0 && !lines.some(({ text }) => OWN.test(text))) return undefined;
  return { exposes: lines.flatMap(exposed), startTls: upgradeOf(lines, answers) };
}

function exposed({ text, at }: TextLine): Exposure | [] {
  const login = /^AUTHINFO +(USER|PASS|GENERIC|SASL \S+) +(\S.*)$/i.exec(text);
  if (login === null) return [];
  const value = login[2]!;
  const kind = login[1]!.toUpperCase();
  const what = kind === "USER" ? "nntp user" : kind === "PASS" ? "nntp password" : "nntp response";
  return { what, side: "client", offset: at + text.length - value.length, bytes: value.length };
}

function upgradeOf(lines: readonly TextLine[], answers: readonly TextLine[]) {
  const asked = lines.some(({ text }) => /^STARTTLS\s*$/i.test(text));
  const yes = answers.some(({ text }) => /^382(?: |$)/.test(text));
  const no = answers.some(({ text }) => /^(?:58[0-3]|50[023]|480|483)(?: |$)/.test(text));
  const answer = yes ? "yes" : asked && no ? "no" : undefined;
  const offers = [answers.some(({ text }) => /^STARTTLS\s*$/i.test(text))];
  return startTlsOf({ offers, masked: false, asked, answer });
}

const GREETING = /^(?:20[01]|400|502)(?: |$)/;
const COMMAND =
  /^(?:MODE (?:READER|STREAM)|GROUP \S+|LISTGROUP|LIST|CAPABILITIES|AUTHINFO|STARTTLS|HELP|XOVER|XHDR|HDR|OVER|DATE|IHAVE <|POST|QUIT|ARTICLE|HEAD|BODY|STAT|NEWGROUPS|NEWNEWS|NEXT|LAST|CHECK <|TAKETHIS <|XPAT|XZVER|XFEATURE|SLAVE)(?: |$)/i;
const OWN =
  /^(?:MODE (?:READER|STREAM)|GROUP [\w+-]+\.|AUTHINFO|XOVER \d|LISTGROUP|CHECK <|IHAVE <|TAKETHIS <|NEWNEWS|NEWGROUPS)/i;
