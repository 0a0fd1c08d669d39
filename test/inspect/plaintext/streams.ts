/** By its two ends: what tshark and Portcullis say of each TCP stream and UDP conversation, in the words of both. */
import { DETECTORS } from "../../../src/inspect/plaintext/index.ts";
import { NAMES, NOT_OURS } from "./differences.ts";
import { type Heard, wordsFor } from "./heard.ts";

/** Transport, one end, the other, packets, protocols. */
export type Stream = readonly [string, string, string, number, readonly string[]];

export interface Compared {
  readonly theirs: string[];
  readonly ours: string[];
  readonly words: readonly string[];
}

export function streamsOf(
  streams: readonly Stream[] | null,
  heard: readonly Heard[],
): Map<string, Compared> {
  const compared = new Map<string, Compared>();
  for (const [transport, one, other, , protocols] of streams ?? []) {
    if (transport !== "tcp" && transport !== "udp") continue;
    const ends = pair(one, other);
    const mine = heard.filter(({ flow }) => flow.transport === transport && endsOf(flow) === ends);
    const key = `${transport} ${ends}`;
    // Of a UDP conversation that nobody knows nothing is said.
    const unread = transport === "udp" && mine.length > 0 ? ["udp"] : [];
    const words = [...unread, ...mine.flatMap(({ seen }) => wordsFor(seen))];
    const ours = [...new Set(words.filter((word) => OURS.has(word)))];
    const theirs = compared.get(key)?.theirs ?? [];
    for (const protocol of protocols) {
      const name = NAMES[protocol];
      if (name !== undefined && OURS.has(name) && !theirs.includes(name)) theirs.push(name);
    }
    compared.set(key, { theirs: settled(theirs, ours), ours, words });
  }
  return compared;
}

/** A special case of HTTP is HTTP; a protocol that theirs has no name for is not invented. */
function settled(theirs: readonly string[], ours: string[]): string[] {
  const general = ours.flatMap((name) => SPECIAL[name] ?? []);
  for (const name of NOT_OURS) {
    const at = ours.indexOf(name);
    if (at >= 0 && !theirs.includes(name)) ours.splice(at, 1);
  }
  return theirs.filter((name) => !general.includes(name));
}

export function endsOf({ ends: [one, other] }: Heard["flow"]): string {
  return pair(name(one.ip, one.port), name(other.ip, other.port));
}

export function pair(one: string, other: string): string {
  return [one, other].sort().join(" ");
}

export function name(ip: string, port: number): string {
  return ip.includes(":") ? `[${ip}]:${port}` : `${ip}:${port}`;
}

/** What is told as one of these is told as what it is a case of. */
const SPECIAL: Readonly<Record<string, string>> = {
  websocket: "http",
  docker: "http",
  grpc: "http2",
  etcd: "http2",
};
const OURS: ReadonlySet<string> = new Set(DETECTORS.map(({ protocol }) => protocol));
