/**
 * The captures that the bench runs on. Each is made once, into `data/` (2 GB and more, not in git),
 * and made again only when its file is gone.
 *
 *   bulk.pcap             2,000 TLS connections of 0.96 MB each, half 1.2 and half 1.3, 2 GB
 *   handshakes-1.pcap     50,000 TLS 1.2 handshakes and 5,000 of TLS 1.3, all with one chain
 *   handshakes-1000.pcap  the same with 1,000 chains in turn
 *   *.pcapng              the same packets, by editcap
 *   opaque.pcap           handshakes-1.pcap with every TCP payload overwritten: no TLS in it
 *   prefix.pcap           the first packets of handshakes-1.pcap, for tools that would take minutes
 *   empty.pcap            a file header, no packet
 *   *.root.pem            the root that a recording's chains end at: no server sends it
 */
import { execFileSync } from "node:child_process";
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statfsSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { fileURLToPath } from "node:url";
import { type Recording, record, rootOf } from "./record.ts";
import { say } from "./say.ts";
import { FILE_HEADER_BYTES, MAGIC_MICROSECONDS, RECORD_HEADER_BYTES, walk } from "./walk.ts";

export const DATA = fileURLToPath(new URL("data", import.meta.url));

export const CAPTURE = {
  bulk: `${DATA}/bulk.pcap`,
  bulkNg: `${DATA}/bulk.pcapng`,
  handshakes1: `${DATA}/handshakes-1.pcap`,
  handshakes1Ng: `${DATA}/handshakes-1.pcapng`,
  handshakes1000: `${DATA}/handshakes-1000.pcap`,
  opaque: `${DATA}/opaque.pcap`,
  prefix: `${DATA}/prefix.pcap`,
  empty: `${DATA}/empty.pcap`,
} as const;

/** Connections, and so handshakes, of the handshake captures. */
export const HANDSHAKES = 55_000;
export const PREFIX_PACKETS = 50_000;

/** Makes what is missing; says what it does. Needs root, tcpdump, nginx, iproute2, ethtool, editcap. */
export async function ensureCaptures(): Promise<void> {
  mkdirSync(DATA, { recursive: true });
  for (const recording of RECORDINGS) {
    if (existsSync(recording.file) && existsSync(rootOf(recording.file))) continue;
    // What was made of an older recording goes with it.
    for (const made of recording.madeOf) rmSync(made, { force: true });
    const { bavail, bsize } = statfsSync(DATA);
    if (bavail * bsize < FREE_BYTES_MIN) throw new Error(`${DATA}: less than 8 GB are free`);
    const recorded = await record(recording);
    writeFileSync(`${recording.file}.json`, `${JSON.stringify(recorded)}\n`);
  }
  make(CAPTURE.bulkNg, (part) => editcap("-F", "pcapng", CAPTURE.bulk, part));
  make(CAPTURE.handshakes1Ng, (part) => editcap("-F", "pcapng", CAPTURE.handshakes1, part));
  make(CAPTURE.prefix, (part) => {
    editcap("-F", "pcap", "-r", CAPTURE.handshakes1, part, `1-${PREFIX_PACKETS}`);
  });
  make(CAPTURE.opaque, (part) => overwritePayload(CAPTURE.handshakes1, part));
  make(CAPTURE.empty, (part) => writeFileSync(part, fileHeader()));
}

/** How many packets the recording of `file` holds, as counted when it was made. */
export function packetsOf(file: string): number {
  const recorded = `${file}.json`;
  if (!existsSync(recorded)) return walk(file).packets;
  return (JSON.parse(readFileSync(recorded, "utf8")) as { packets: number }).packets;
}

function make(file: string, write: (part: string) => void): void {
  if (existsSync(file)) return;
  say(`making ${file}`);
  write(`${file}.part`);
  renameSync(`${file}.part`, file);
}

function editcap(...args: string[]): void {
  execFileSync("editcap", args, { stdio: ["ignore", "ignore", "inherit"] });
}

/**
 * Copies a capture of Ethernet, IPv4 and TCP with each payload byte replaced by 0xff, which begins
 * no TLS record: the same packets, connections and bytes, and no handshake. Checksums are not mended.
 */
function overwritePayload(from: string, to: string): void {
  const output = openSync(to, "w");
  try {
    writeSync(output, fileHeader());
    walk(from, [], (bytes, start, end) => {
      const ip = start + 14;
      const isTcp = bytes.readUInt16BE(start + 12) === 0x0800 && bytes[ip + 9] === 6;
      if (isTcp) {
        const tcp = ip + (bytes[ip]! & 15) * 4;
        const payload = tcp + (bytes[tcp + 12]! >> 4) * 4;
        bytes.fill(0xff, payload, Math.min(end, ip + bytes.readUInt16BE(ip + 2)));
      }
      writeSync(output, bytes, start - RECORD_HEADER_BYTES, end - start + RECORD_HEADER_BYTES);
    });
  } finally {
    closeSync(output);
  }
}

function fileHeader(): Buffer {
  const header = Buffer.alloc(FILE_HEADER_BYTES);
  header.writeUInt32LE(MAGIC_MICROSECONDS, 0);
  header.writeUInt16LE(2, 4);
  header.writeUInt16LE(4, 6);
  header.writeUInt32LE(262_144, 16);
  header.writeUInt32LE(1, 20); // LINKTYPE_ETHERNET
  return header;
}

/** Full rates are what two cores carried without loss; see `RATES` in record.ts for what follows. */
const RECORDINGS: readonly (Recording & { readonly madeOf: readonly string[] })[] = [
  {
    file: CAPTURE.bulk,
    madeOf: [CAPTURE.bulkNg],
    chains: 1,
    plan: (rate, addresses, serverNames) => ({
      kind: "bulk",
      connections: 2_000,
      piecesEach: 8,
      piecesPerSecond: 600 * rate,
      addresses,
      serverNames,
    }),
  },
  ...([1, 1000] as const).map((chains) => ({
    file: chains === 1 ? CAPTURE.handshakes1 : CAPTURE.handshakes1000,
    madeOf: chains === 1 ? [CAPTURE.handshakes1Ng, CAPTURE.prefix, CAPTURE.opaque] : [],
    chains,
    plan: (rate: number, addresses: readonly string[], serverNames: readonly string[]) => ({
      kind: "handshakes" as const,
      connections: HANDSHAKES,
      tls13Every: 11,
      perSecond: 2_000 * rate,
      addresses,
      serverNames,
    }),
  })),
];

const FREE_BYTES_MIN = 8e9;
