/**
 * How each program is run. Where one can log TLS it does, into a file, as we do with
 * `--observations`: what is compared is a capture in, a list of handshakes out.
 */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { DATA } from "./captures.ts";
import type { Command } from "./measure.ts";

export interface Peer {
  readonly name: string;
  /** Looks into connections and logs TLS; the others only show what reading a file costs. */
  readonly logsTls: boolean;
  command(file: string): Command;
  /** How many TLS connections the last run logged. */
  logged?(): number;
}

/** Us. `--fail-on never`, since the certificates of the bench are nobody's and the judge says so. */
export function portcullis(files: string | readonly string[], ...options: string[]): Command {
  const always = ["--format", "jsonl", "--fail-on", "never"];
  return {
    name: ["portcullis", ...options].join(" "),
    argv: [CLI, "replay", ...[files].flat(), ...always, ...options],
    stdout: OUTPUT,
  };
}

/**
 * Parts of us (floor.ts). `floor` is what any reader on this runtime pays: modules loaded, the file read,
 * packets decoded, connections followed. `reads` also reads handshakes. Nothing is judged or printed.
 */
export function part(of: "floor" | "reads", file: string): Command {
  const argv = [process.execPath, ...FLAGS, FLOOR, file];
  if (of === "floor") return { name: "of us: read, decode, follow", argv };
  return { name: "of us: and read TLS", argv: [...argv, "tls"] };
}

/** How many `tls` lines our last run printed. */
export function portcullisLogged(): number {
  return countLines(OUTPUT, '"kind":"tls"');
}

/** The peers, in the order of the tables. */
export function peers(suricata: boolean): Peer[] {
  rmSync(OUT, { recursive: true, force: true });
  mkdirSync(OUT, { recursive: true });
  writeFileSync(`${OUT}/suricata.yaml`, SURICATA);
  return [CAT, TCPDUMP, NDPI, SSLDUMP, ...(suricata ? [SURICATA_SINGLE] : []), TSHARK];
}

export const OUT = `${DATA}/out`;
export const OUTPUT = `${OUT}/portcullis.jsonl`;
/** The command as users have it. */
export const CLI = fileURLToPath(new URL("../../src/cli/portcullis.mjs", import.meta.url));

const FLOOR = fileURLToPath(new URL("floor.mjs", import.meta.url));
/** Those of the command's first line. */
const FLAGS = [
  "--preserve-symlinks",
  "--max-semi-space-size=4",
  "--no-allocation-site-pretenuring",
];

const CAT: Peer = {
  name: "cat",
  logsTls: false,
  command: (file) => ({ name: "cat", argv: ["cat", file] }),
};

const TCPDUMP: Peer = {
  name: "tcpdump",
  logsTls: false,
  command: (file) => ({ name: "tcpdump", argv: ["tcpdump", "-r", file, "-w", "/dev/null"] }),
};

/** Debian's ndpiReader 4.2 has no JSON; its CSV has a line a flow, with names, versions and JA3. */
const NDPI: Peer = {
  name: "ndpiReader",
  logsTls: true,
  command: (file) => ({
    name: "ndpiReader",
    argv: ["ndpiReader", "-q", "-C", `${OUT}/ndpi.csv`, "-i", file],
  }),
  logged: () => countLines(`${OUT}/ndpi.csv`, ",TLSv1."),
};

const SSLDUMP: Peer = {
  name: "ssldump",
  logsTls: true,
  command: (file) => ({
    name: "ssldump",
    argv: ["ssldump", "-n", "-j", "-r", file],
    stdout: `${OUT}/ssldump.json`,
  }),
  logged: () => countLines(`${OUT}/ssldump.json`, '"handshake_type": "ServerHello"'),
};

const SURICATA_SINGLE: Peer = {
  name: "suricata",
  logsTls: true,
  command: (file) => ({
    name: "suricata",
    argv: [
      ...["suricata", "-r", file, "-c", `${OUT}/suricata.yaml`, "-l", OUT],
      ...["-S", "/dev/null", "-k", "none", "--runmode", "single"],
    ],
  }),
  logged: () => countLines(`${OUT}/eve.json`, '"event_type":"tls"'),
};

const TSHARK: Peer = {
  name: "tshark",
  logsTls: true,
  command: (file) => ({
    name: "tshark",
    argv: [
      ...["tshark", "-n", "-r", file, "-Y", "tls.handshake", "-T", "fields"],
      ...TSHARK_FIELDS.flatMap((field) => ["-e", field]),
    ],
    stdout: `${OUT}/tshark.txt`,
  }),
  logged: () => countLines(`${OUT}/tshark.txt`, /^[^\t]*\t[^\t]*\t[^\t]*\t[^\t]*\t\d*,?2\b/gm),
};

const TSHARK_FIELDS = [
  ...["ip.src", "tcp.srcport", "ip.dst", "tcp.dstport", "tls.handshake.type"],
  ...["tls.handshake.version", "tls.handshake.ciphersuite", "tls.handshake.extensions_server_name"],
  ...["tls.handshake.ja3", "tls.handshake.ja3s", "x509sat.uTF8String"],
];

/** One output, TLS; nothing more is read of a connection whose handshake is over (`bypass`). */
const SURICATA = `%YAML 1.1
---
outputs:
  - eve-log:
      enabled: yes
      filetype: regular
      filename: eve.json
      append: no
      types:
        - tls:
            extended: yes
logging:
  default-log-level: notice
  outputs:
    - console: {enabled: yes}
app-layer:
  protocols:
    tls:
      enabled: yes
      detection-ports: {dp: 443}
      encryption-handling: bypass
stream:
  memcap: 512mb
  bypass: yes
  reassembly: {memcap: 1gb, depth: 1mb}
flow:
  memcap: 512mb
  hash-size: 65536
  prealloc: 10000
`;

/** Counts in pieces, since such a file may be longer than the longest string. */
function countLines(file: string, what: string | RegExp): number {
  const bytes = readFileSync(file);
  let count = 0;
  for (let from = 0; from < bytes.length; ) {
    const stop = bytes.indexOf(10, Math.min(from + PIECE_BYTES, bytes.length - 1));
    const to = stop < 0 ? bytes.length : stop + 1;
    const text = bytes.toString("latin1", from, to);
    count +=
      typeof what === "string" ? text.split(what).length - 1 : (text.match(what) ?? []).length;
    from = to;
  }
  return count;
}

const PIECE_BYTES = 32 << 20;
