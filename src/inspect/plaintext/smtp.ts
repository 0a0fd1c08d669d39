/**
 * SMTP and LMTP in clear (RFC 5321, RFC 2033), with STARTTLS (RFC 3207) and AUTH (RFC 4954).
 *
 *     server   220 mx.example ESMTP ␍␊
 *     client   EHLO a.example ␍␊
 *     server   250-mx.example ␍␊ 250-STARTTLS ␍␊ 250 AUTH PLAIN LOGIN ␍␊
 *     client   AUTH PLAIN AGFsaWNlAGh1bnRlcg== ␍␊
 *
 * Each command has one reply, behind the greeting, so the n-th belongs to the n-th: until DATA.
 */
import { isMask, startTlsOf } from "../starttls/upgrade.ts";
import { type Detector, type Exposure, type Match, NOT_YET, type Opening } from "./detector.ts";
import { linesOf, type TextLine } from "./lines.ts";
import { type Reply, repliesOf } from "./reply.ts";
import type { Said } from "./said.ts";
import { saslExposures } from "./sasl.ts";

export const smtp: Detector = {
  protocol: "smtp",
  transports: ["tcp"],
  begins: { client: "EeHhLlSsXMmRrNnAaQqVv\r\n", server: "2345" },
  detect,
};

function detect({ client, server }: Opening): Match | typeof NOT_YET | undefined {
  const lines = linesOf(client.text).filter(({ text }) => text !== "");
  const replies = repliesOf(server.text);
  if (replies === undefined) return undefined;
  if (server.length > 0 && !GREETINGS.has(replies[0]?.code ?? 220)) return undefined;
  if (client.length > 0 && lines.length === 0) return server.length > 0 ? NOT_YET : undefined;
  if (client.length > 0 && !lines.slice(0, 3).some(({ text }) => OPENING.test(text))) {
    return undefined;
  }
  if (client.length === 0 && !isMailServer(replies, server)) return undefined;
  const { exposes, commands } = read(lines);
  return { exposes, startTls: upgradeOf(commands, replies) };
}

/** A server alone: FTP greets with the same code, so the banner or its list of extensions must tell. */
function isMailServer(replies: readonly Reply[], { text }: Said): boolean {
  const greeting = replies[0]?.lines.map((line) => line.text).join(" ") ?? "";
  return (
    /\bE?SMTP\b|\bLMTP\b/.test(greeting) ||
    /^250[ -](?:STARTTLS|SIZE|8BITMIME|PIPELINING)\b/m.test(text)
  );
}

/** What the client gave away, and its commands without the lines that answered a challenge. */
function read(lines: readonly TextLine[]): { exposes: Exposure[]; commands: TextLine[] } {
  const exposes: Exposure[] = [];
  const commands: TextLine[] = [];
  for (let at = 0; at < lines.length; at++) {
    const line = lines[at]!;
    commands.push(line);
    if (/^DATA\s*$/i.test(line.text)) break;
    const auth = AUTH.exec(line.text);
    if (auth === null) continue;
    const [command, , mechanism = "", response] = auth;
    const from = line.at + command.length - (response?.length ?? 0);
    const initial = response && { text: response, at: from, end: line.end };
    const following = lines.slice(at + 1, at + 8);
    const sasl = saslExposures({
      protocol: "smtp",
      mechanism,
      initial: initial || undefined,
      following,
    });
    exposes.push(...sasl.exposes);
    for (let taken = 0; taken < sasl.lines; taken++) commands.push(lines[++at]!);
  }
  return { exposes, commands };
}

function upgradeOf(commands: readonly TextLine[], replies: readonly Reply[]) {
  // To who is logged in it need not be offered again.
  const loggedIn = replies.findIndex(({ code }) => code === 235);
  const before = loggedIn < 0 ? replies : replies.slice(0, loggedIn);
  const extensions = before.filter(({ code, lines }) => code === 250 && lines.length > 1);
  const words = extensions.map(({ lines }) => lines.map(({ text }) => text.slice(4).trim()));
  const masked =
    words.some((list) => list.some(isMask)) || commands.some(({ text }) => isMask(text.trim()));
  const at = commands.findIndex(({ text }) => /^STARTTLS\s*$/i.test(text));
  const offers = words.map((list) => list.some((word) => word.toUpperCase() === "STARTTLS"));
  return startTlsOf({
    offers,
    masked,
    asked: at >= 0,
    answer: answerOf(at, commands, replies, offers.includes(true)),
  });
}

/** A server heard alone agreed if it said `220` once more behind its offer. */
function answerOf(
  at: number,
  commands: readonly TextLine[],
  replies: readonly Reply[],
  offered: boolean,
): "yes" | "no" | undefined {
  if (commands.length === 0) {
    return offered && replies.slice(1).some(({ code }) => code === 220) ? "yes" : undefined;
  }
  const reply = at < 0 ? undefined : replies[at + 1];
  return reply && (reply.code === 220 ? "yes" : "no");
}

const GREETINGS = new Set([220, 554, 421, 521, 450, 550]);
const OPENING = /^(?:(?:EHLO|HELO|LHLO) \S|EHLO$|HELO$|MAIL FROM:|XCLIENT |X{8}$)/i;
const AUTH = /^(AUTH) +([A-Za-z0-9_-]{1,20})(?: +([A-Za-z0-9+/=]+))? *$/i;
