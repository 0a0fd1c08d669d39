/** POP3 in clear (RFC 1939), with STLS (RFC 2595) and AUTH (RFC 5034). */
import { isMask, startTlsOf } from "../starttls/upgrade.ts";
import { type Detector, type Exposure, type Match, NOT_YET, type Opening } from "./detector.ts";
import { linesOf, type TextLine } from "./lines.ts";
import { saslExposures } from "./sasl.ts";

export const pop3: Detector = {
  protocol: "pop3",
  transports: ["tcp"],
  begins: { client: "UuAaCcSsQqPpLlNnXx\r\n", server: "+-" },
  detect,
};

function detect({ client, server, first }: Opening): Match | typeof NOT_YET | undefined {
  const lines = linesOf(client.text).filter(({ text }) => text !== "");
  const answers = linesOf(server.text);
  if (client.length > 0 && lines.length === 0) return server.length > 0 ? NOT_YET : undefined;
  if (lines.length > 0 && !COMMAND.test(lines[0]!.text)) return undefined;
  if (server.length > 0) {
    if (answers.length === 0) return NOT_YET;
    if (!STATUS.test(answers[0]!.text)) return undefined;
    // Redis says `+OK` too, and never first nor with more.
    if (lines.length === 0 && !isGreeting(server.text)) return undefined;
  }
  const own = lines.some(({ text }) => OWN.test(text));
  if (server.length === 0 && !own && !lines.some(({ text }) => /^USER \S/i.test(text))) {
    return undefined;
  }
  return {
    exposes: exposed(lines),
    startTls: upgradeOf(lines, answers),
    // Its server begins; Redis, which answers alike, has AUTH as well.
    ...((server.length === 0 ? !own : first === "client") && { weak: true }),
  };
}

/** A server alone. */
function isGreeting(text: string): boolean {
  return /^\+OK [^\r\n]*\b(?:POP|ready|<\S+@\S+>|mail|dovecot)|^\+OK\b.*^(?:UIDL|TOP|STLS|\+OK \d+ \d+)\b/ims.test(
    text.slice(0, 1024),
  );
}

function exposed(lines: readonly TextLine[]): Exposure[] {
  return lines.flatMap(({ text, at, end }, index) => {
    const login = /^(USER|PASS) (.+)$|^(APOP) \S+ (\S+)\s*$/i.exec(text);
    if (login !== null) {
      const verb = (login[1] ?? login[3])!.toUpperCase();
      const value = (login[2] ?? login[4])!;
      const what = { USER: "pop3 user", PASS: "pop3 password", APOP: "pop3 password proof" }[verb]!;
      const offset = at + text.trimEnd().length - value.trimEnd().length;
      return { what, side: "client" as const, offset, bytes: value.trimEnd().length };
    }
    const [whole, mechanism, response] = AUTH.exec(text) ?? [];
    if (whole === undefined || mechanism === undefined) return [];
    const initial =
      response === undefined
        ? undefined
        : { text: response, at: at + whole.length - response.length, end };
    const following = lines.slice(index + 1, index + 8);
    return saslExposures({ protocol: "pop3", mechanism, initial, following }).exposes;
  });
}

function upgradeOf(lines: readonly TextLine[], answers: readonly TextLine[]) {
  const at = lines.findIndex(({ text }) => /^STLS\s*$/i.test(text));
  const listed = answers.some(({ text }) => /^STLS\s*$/i.test(text));
  const masked = answers.some(({ text }) => isMask(text)) || lines.some(({ text }) => isMask(text));
  // The reply to it is the last thing said in clear, if it is yes.
  const last = answers.findLast(({ text }) => STATUS.test(text))?.text;
  const replied = answers.filter(({ text }) => STATUS.test(text)).length > at + 1;
  const heard = at >= 0 && last !== undefined && replied;
  const yes = last?.startsWith("+OK") === true && at === lines.length - 1;
  return startTlsOf({
    offers: [listed],
    masked,
    asked: at >= 0,
    answer: heard ? (yes ? "yes" : "no") : undefined,
  });
}

const STATUS = /^(?:\+OK|-ERR)(?: |$)/;
const COMMAND =
  /^(?:USER|PASS|APOP|AUTH|CAPA|STLS|STAT|LIST|UIDL|TOP|RETR|DELE|NOOP|RSET|QUIT|UTF8|LANG|XTND|X{4})(?: |$)/i;
const OWN = /^(?:APOP|CAPA|STLS|STAT|UIDL|TOP \d|RETR \d|DELE \d)(?: |$)/i;
const AUTH = /^AUTH +([A-Za-z0-9_-]{1,20})(?: +([A-Za-z0-9+/=]+))?\s*$/i;
