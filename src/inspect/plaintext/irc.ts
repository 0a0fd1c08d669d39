/**
 * IRC in clear (RFC 2812), with STARTTLS and SASL as IRCv3 has them. A line is a command, from a server
 * with a prefix: `:irc.example 001 alice :Welcome`.
 */
import { isMask, startTlsOf } from "../starttls/upgrade.ts";
import type { Detector, Exposure, Match, Opening } from "./detector.ts";
import { linesOf, type TextLine } from "./lines.ts";

export const irc: Detector = {
  protocol: "irc",
  transports: ["tcp"],
  begins: { client: "NnUuPpCcSsJjAaQqMmOoWwT:@Ee\r\n", server: ":NEP@A6C" },
  detect,
};

function detect({ client, server }: Opening): Match | undefined {
  const lines = linesOf(client.text).filter(({ text }) => text !== "");
  const answers = linesOf(server.text).filter(({ text }) => text !== "");
  if (client.length > 0 && (lines.length === 0 || !CLIENT.test(lines[0]!.text))) return undefined;
  if (server.length > 0 && (answers.length === 0 || !SERVER.test(answers[0]!.text))) {
    return undefined;
  }
  const own = lines.slice(0, 6).some(({ text }) => OWN.test(text));
  if (answers.length === 0 && !own) return undefined;
  if (lines.length === 0 && !answers.slice(0, 8).some(({ text }) => OWN_ANSWER.test(text))) {
    return undefined;
  }
  return { exposes: lines.flatMap(exposed), startTls: upgradeOf(lines, answers) };
}

function exposed({ text, at }: TextLine): Exposure | [] {
  for (const [what, form] of SECRETS) {
    const value = form.exec(text.trimEnd())?.[1];
    if (value === undefined) continue;
    return { what, side: "client", offset: at + text.lastIndexOf(value), bytes: value.length };
  }
  return [];
}

function upgradeOf(lines: readonly TextLine[], answers: readonly TextLine[]) {
  const asked = lines.some(({ text }) => /^STARTTLS\s*$/i.test(text));
  const yes = answers.some(({ text }) => /^(?::\S+ )?670 /.test(text));
  const no = answers.some(({ text }) => /^(?::\S+ )?(?:691 |421 \S+ STARTTLS)/i.test(text));
  const lists = answers.filter(({ text }) => / CAP \S+ LS /i.test(text));
  return startTlsOf({
    // One list may take several lines.
    offers: [lists.some(({ text }) => /[ :]tls\b/.test(text))],
    masked: lines.some(({ text }) => isMask(text)),
    asked,
    answer: yes ? "yes" : no ? "no" : undefined,
  });
}

const CLIENT =
  /^(?::\S+ )?(?:NICK |USER \S+ \S+ \S+ :?|PASS \S|CAP (?:LS|REQ|END|LIST)|STARTTLS\s*$|JOIN [#&]|PRIVMSG \S|NOTICE \S|PING|PONG|SERVER \S|QUIT|MODE \S|WHO |TOPIC [#&]|PART [#&]|USERHOST |ISON |LIST|X{8}\s*$)/i;
const SERVER =
  /^(?:@\S+ )?(?::\S+ (?:\d{3} |[A-Z]{3,12}(?: |$))|NOTICE (?:AUTH|\*) |ERROR :|PING :?\S|AUTHENTICATE |670 |691 |CAP )/;
/** NICK and USER make a registration (§3.1); the rest is nobody else's. */
const OWN =
  /^(?::\S+ )?(?:USER \S+ \S+ \S+ :?|NICK :?[\w[\]\\`^{}|-]{1,32}\s*$|CAP (?:LS|REQ)|JOIN [#&]|PRIVMSG [#&\w])/i;
const OWN_ANSWER =
  /^(?:@\S+ )?(?::\S+ (?:0\d\d|[2-6]\d\d|NOTICE|CAP|JOIN|PRIVMSG|MODE|PING|NICK|QUIT|TOPIC|PART|KICK)\b|NOTICE AUTH |NOTICE \* |ERROR :Closing)/;
const SECRETS: readonly (readonly [string, RegExp])[] = [
  ["irc password", /^PASS :?(\S.*)$/i],
  ["irc operator password", /^OPER \S+ :?(\S+)$/i],
  ["irc password", /^(?:PRIVMSG|NOTICE|SQUERY) NickServ\S* :?\s*IDENTIFY (\S.*)$/i],
  ["irc password", /^(?:NICKSERV|NS) IDENTIFY (\S.*)$/i],
  ["irc user and password", /^AUTHENTICATE ([A-Za-z0-9+/=]{8,400})$/i],
];
