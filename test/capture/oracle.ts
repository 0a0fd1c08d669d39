/**
 * The packets of a capture as somebody else's reader sees them: pcap-parser for microsecond pcap,
 * tcpdump for nanosecond pcap.
 */
import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { Readable } from "node:stream";
import { gunzipSync } from "node:zlib";

export interface OraclePacket {
  readonly atUs: number;
  /** Bytes on the wire; `bytes` may be fewer. */
  readonly original: number;
  readonly bytes: Uint8Array;
}

/** All packets in front of whatever ends the file; `undefined` if pcap-parser refuses the file. */
export function pcapParserPackets(pcap: Uint8Array): Promise<OraclePacket[] | undefined> {
  return parse(pcap, 1);
}

/** `undefined` if tcpdump cannot read the file at all. */
export async function tcpdumpPackets(path: string): Promise<OraclePacket[] | undefined> {
  const run = spawnSync("tcpdump", ["--nano", "-r", path, "-w", "-"], {
    maxBuffer: STDOUT_BYTES_MAX,
  });
  if (run.stdout.length < MICROSECONDS.length) return undefined;
  // What tcpdump copied is read with pcap-parser, which knows no other magic than this.
  return parse(Buffer.concat([MICROSECONDS, run.stdout.subarray(MICROSECONDS.length)]), 1000);
}

/** @param unitsPerUs what the fraction of a time stamp counts */
function parse(pcap: Uint8Array, unitsPerUs: number): Promise<OraclePacket[] | undefined> {
  const packets: OraclePacket[] = [];
  const { promise, resolve } = Promise.withResolvers<OraclePacket[] | undefined>();
  let accepted = false;
  const parser = pcapParser.parse(Readable.from(piecesOf(pcap), { objectMode: true }));
  parser.on("globalHeader", () => {
    accepted = true;
  });
  parser.on("packet", ({ header, data }) => {
    const fraction = Math.floor(header.timestampMicroseconds / unitsPerUs);
    const atUs = header.timestampSeconds * 1_000_000 + fraction;
    packets.push({ atUs, original: header.originalLength, bytes: data });
  });
  parser.on("error", () => resolve(undefined));
  parser.on("end", () => resolve(accepted ? packets : undefined));
  return promise;
}

/** Whether tcpdump can be asked on this machine. */
export const tcpdumpIsHere = spawnSync("tcpdump", ["--version"]).error === undefined;

export interface PcapFile {
  readonly path: string;
  readonly clock: "microseconds" | "nanoseconds";
  /** Decompressed. */
  readonly bytes: Uint8Array;
}

/** Every classic capture below `folder`, told by its first bytes, in the order of the paths. */
export function pcapFiles(folder: string): PcapFile[] {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true });
  const paths = entries.filter((entry) => entry.isFile());
  return paths
    .map((entry) => `${entry.parentPath}/${entry.name}`)
    .sort()
    .flatMap((path) => {
      const bytes = decompressed(readFileSync(path));
      const clock = CLOCKS[Buffer.from(bytes.subarray(0, 4)).toString("hex")];
      return clock ? [{ path, clock, bytes }] : [];
    });
}

function decompressed(bytes: Uint8Array): Uint8Array {
  if (bytes[0] !== 0x1f || bytes[1] !== 0x8b) return bytes;
  try {
    return gunzipSync(bytes);
  } catch {
    return bytes;
  }
}

/** As from a file. */
function* piecesOf(bytes: Uint8Array): Generator<Buffer> {
  for (let at = 0; at < bytes.length; at += PIECE_BYTES) {
    yield Buffer.from(bytes.subarray(at, at + PIECE_BYTES));
  }
}

/** pcap-parser 0.2.1 ships no types: what is used of it. */
interface PcapParser {
  parse(input: Readable): {
    on(event: "globalHeader" | "end", listener: () => void): void;
    on(event: "error", listener: (error: Error) => void): void;
    on(event: "packet", listener: (packet: ParserPacket) => void): void;
  };
}

interface ParserPacket {
  readonly header: {
    readonly timestampSeconds: number;
    readonly timestampMicroseconds: number;
    readonly originalLength: number;
  };
  readonly data: Uint8Array;
}

const pcapParser = createRequire(import.meta.url)("pcap-parser") as PcapParser;

const CLOCKS: Record<string, PcapFile["clock"]> = {
  a1b2c3d4: "microseconds",
  d4c3b2a1: "microseconds",
  a1b23c4d: "nanoseconds",
  "4d3cb2a1": "nanoseconds",
};

/** tcpdump writes in the byte order of its machine, which is little-endian wherever we run. */
const MICROSECONDS = Buffer.from("d4c3b2a1", "hex");
const PIECE_BYTES = 65_536;
const STDOUT_BYTES_MAX = 268_435_456;
