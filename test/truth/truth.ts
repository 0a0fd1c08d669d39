/**
 * What `../shared/captures/truth.ndjson` says about TLS, and which of its streams we are answerable for:
 * with a hello, without STARTTLS, outside tunnels, on the links we decode.
 */
import { existsSync, readFileSync } from "node:fs";

/** Where the captures of others lie, seen from the project root, where vitest runs. */
export const SHARED = "../shared/captures";

/** Absent on a machine that has only the project: the tests then say that they were skipped. */
export const sharedIsHere = existsSync(`${SHARED}/truth.ndjson`);

export interface TruthCapture {
  readonly file: string;
  readonly format: string;
  readonly linktypes: readonly string[] | null;
  readonly packets: number;
  readonly tls_streams: readonly TruthStream[];
}

/** The fields that are compared, as the file spells them; `null` or absent: not known. */
export interface TruthStream {
  readonly transport: "tcp" | "udp";
  /** What tshark made of it; `tls` also inside tunnels of UDP. */
  readonly kind?: "tls" | "quic" | "dtls";
  readonly client: string;
  readonly server: string;
  readonly first_frame: number;
  readonly client_hellos: number;
  readonly server_hellos: number;
  /** Seconds since 1970 of the frame that completed the first ClientHello. */
  readonly ch_time?: number;
  readonly version?: string | null;
  readonly cipher?: string | null;
  readonly cipher_name?: string | null;
  readonly group_name?: string | null;
  readonly sni?: string | null;
  readonly alpn?: string | null;
  readonly alpn_offered?: readonly string[];
  readonly ja3?: string | null;
  readonly ja3s?: string | null;
  readonly ja4?: string | null;
  readonly starttls?: string | null;
  /** Outermost first: `sll`, `null` and `raw` are links, everything else carries IP inside. */
  readonly tunnel: readonly string[];
  readonly certificate_in_clear: boolean;
  /** Key logs beside the capture that know it. */
  readonly keylog_files?: readonly (string | null)[] | null;
  /** What tshark saw with keys. */
  readonly decrypted?: {
    readonly worked: boolean;
    readonly server_chain?: TruthChain | null;
  } | null;
  readonly server_chain?: TruthChain | null;
  readonly client_chain?: TruthChain | null;
}

interface TruthChain {
  readonly leaf: TruthLeaf;
  readonly chain: readonly { readonly sha256: string }[];
}

export interface TruthLeaf {
  readonly sha256: string;
  /** Absent where nothing could read it. */
  readonly x509_version?: number;
  /** A number in hexadecimal. */
  readonly serial: string;
  readonly not_before: string;
  readonly not_after: string;
  readonly key_type: string;
  readonly key_bits?: number | null;
  readonly curve?: string | null;
  readonly san?: readonly string[];
  readonly is_ca?: boolean | null;
}

export function readTruth(): TruthCapture[] {
  const lines = readFileSync(`${SHARED}/truth.ndjson`, "utf8").trimEnd().split("\n");
  return lines.map((line) => JSON.parse(line) as TruthCapture);
}

/** What carries TLS. */
export type Over = "tcp" | "quic" | "dtls";

export function isOver({ transport, kind }: TruthStream, over: Over): boolean {
  return over === "tcp" ? transport === "tcp" : kind === over;
}

export function inScope(stream: TruthStream, over: Over): boolean {
  return (
    isOver(stream, over) &&
    stream.client_hellos + stream.server_hellos > 0 &&
    !stream.starttls &&
    stream.tunnel.every((link) => LINKS.has(link))
  );
}

/** What the file calls a tunnel although it is the link itself: Linux cooked, null/loop, raw IP. */
const LINKS = new Set(["sll", "null", "raw"]);
