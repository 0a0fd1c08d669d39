/**
 * FTP's control connection in clear (RFC 959), with AUTH TLS (RFC 4217). The data connections carry
 * files without any grammar and are not told by it.
 */
import { startTlsOf } from "../starttls/upgrade.ts";
import { type Detector, type Exposure, type Match, NOT_YET, type Opening } from "./detector.ts";
import { linesOf, type TextLine } from "./lines.ts";
import { type Reply, repliesOf } from "./reply.ts";

export const ftp: Detector = {
  protocol: "ftp",
  transports: ["tcp"],
  begins: {
    client: "AaUuPpSsFfOoHhQqCcTtLlRrNnMmEeDdXx\r\n",
    server: "12345",
  },
  detect,
};

function detect({ client, server }: Opening): Match | typeof NOT_YET | undefined {
  const commands = linesOf(client.text).filter(({ text }) => text !== "");
  const replies = repliesOf(server.text);
  if (replies === undefined || (server.length > 0 && !GREETINGS.has(replies[0]?.code ?? 220))) {
    return undefined;
  }
  if (client.length > 0 && commands.length === 0) return server.length > 0 ? NOT_YET : undefined;
  if (commands.slice(0, 8).some(({ text }) => !COMMAND.test(text))) return undefined;
  const codes = replies.map(({ code }) => code);
  const answered = codes.includes(331) || codes.includes(230) || codes.includes(227);
  const named = /\bFTPd?\b/i.test(replies[0]?.lines.map(({ text }) => text).join(" ") ?? "");
  if (client.length === 0 && !answered && !named) return NOT_YET;
  const own = commands.some(({ text }) => OWN.test(text));
  if (server.length === 0 && !own && !commands.some(({ text }) => LOGIN.test(text)))
    return undefined;
  return {
    exposes: commands.flatMap(exposed),
    startTls: upgradeOf(commands, replies),
    ...(server.length === 0 && !own && { weak: true }),
  };
}

function exposed({ text, at }: TextLine): Exposure | [] {
  const login = /^(USER|PASS|ACCT) +(\S.*)$/i.exec(text);
  const [whole, verb = "", value = ""] = login ?? [];
  if (whole === undefined) return [];
  const what = { USER: "ftp user", PASS: "ftp password", ACCT: "ftp account" }[verb.toUpperCase()]!;
  const offset = at + whole.length - value.length;
  return { what, side: "client", offset, bytes: value.length };
}

function upgradeOf(commands: readonly TextLine[], replies: readonly Reply[]) {
  const at = commands.findIndex(({ text }) => /^AUTH +(?:TLS|SSL|TLS-C|TLS-P)\s*$/i.test(text));
  const features = replies.filter(({ code, lines }) => code === 211 && lines.length > 1);
  const offers = features.map(({ lines }) =>
    lines.some(({ text }) => /^\s+AUTH\b.*TLS/i.test(text)),
  );
  const yes = replies.some(({ code }) => code === 234);
  const reply = at < 0 ? undefined : replies[at + 1];
  const answer = yes ? "yes" : reply && "no";
  return startTlsOf({ offers, masked: false, asked: at >= 0, answer });
}

const GREETINGS = new Set([120, 220, 421, 530, 331, 230]);
/** RFC 959, 2228, 2389, 2428, 3659 and what servers add. */
const COMMAND =
  /^(?:USER|PASS|ACCT|CWD|XCWD|CDUP|XCUP|SMNT|QUIT|REIN|PORT|PASV|TYPE|STRU|MODE|RETR|STOR|STOU|APPE|ALLO|REST|RNFR|RNTO|ABOR|DELE|RMD|XRMD|MKD|XMKD|PWD|XPWD|LIST|NLST|SITE|SYST|STAT|HELP|NOOP|AUTH|ADAT|PROT|PBSZ|CCC|MIC|CONF|ENC|FEAT|OPTS|EPRT|EPSV|LPRT|LPSV|MDTM|MLSD|MLST|SIZE|MFMT|LANG|HOST|CLNT|HASH|COMB|CSID|AVBL)(?: |$)/i;
/** No other protocol with USER and PASS has these. */
const OWN =
  /^(?:PASV|EPSV|PORT|EPRT|TYPE|SYST|FEAT|CWD|PWD|XPWD|RETR \D|STOR|PBSZ|PROT|NLST|MKD|OPTS|CLNT)(?: |$)/i;
const LOGIN = /^USER \S/i;
