/** What ndpiReader, of Debian's libndpi-bin, says of each conversation of a capture: another reader's word. */
import { spawnSync } from "node:child_process";
import { pair } from "./streams.ts";

export interface Verdict {
  /** In our words where we have one; `FTP_CONTROL` is `ftp`, `TLS.Google` is `tls`. */
  readonly protocols: readonly string[];
  /** Nothing in the bytes told it: only the port did. */
  readonly byPort: boolean;
}

/** By transport and ends, as streams.ts names them. Nothing where it cannot read the file. */
export function ndpiSays(path: string): Map<string, Verdict> {
  const verdicts = new Map<string, Verdict>();
  const { stdout } = spawnSync("ndpiReader", ["-i", path, "-v", "2"], {
    encoding: "utf8",
    maxBuffer: 2 ** 27,
    timeout: READER_MS_MAX,
  });
  for (const line of (stdout ?? "").split("\n")) {
    const [, transport, one, other, names, confidence] = FLOW.exec(line) ?? [];
    if (transport === undefined) continue;
    const key = `${transport.toLowerCase()} ${pair(one!, other!)}`;
    const before = verdicts.get(key);
    const protocols = names!.split(".").map((name) => WORDS[name] ?? name.toLowerCase());
    const byPort = confidence === "Match by port" && (before?.byPort ?? true);
    verdicts.set(key, { protocols: [...(before?.protocols ?? []), ...protocols], byPort });
  }
  return verdicts;
}

const FLOW =
  /^\t\d+\t(TCP|UDP) (\S+) (?:<->|->|<-) (\S+) \[(?:VLAN[^\]]*\]\[)?.*?proto: [\d.]+\/([^\]]+)\].*?\[Confidence: ([^\]]+)\]/;
/** Its names, and ours. */
const WORDS: Readonly<Record<string, string>> = {
  FTP_CONTROL: "ftp",
  HTTP_Connect: "http",
  HTTP_Proxy: "http",
  HTTP2: "http2",
  IMAPS: "imap",
  POPS: "pop3",
  SMTPS: "smtp",
  Jabber: "xmpp",
  "MsSQL-TDS": "tds",
  Oracle: "tns",
  MDNS: "dns",
  LLMNR: "dns",
  SMBv1: "smb",
  SMBv23: "smb",
  Usenet: "nntp",
  RSYNC: "rsync",
};
const READER_MS_MAX = 60_000;
