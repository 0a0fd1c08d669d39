/** Asks the detectors what a conversation is: those that its first bytes leave over, in their order. */
import type { Side } from "../../flow/event.ts";
import { type Detector, type Match, NOT_YET, type Opening } from "./detector.ts";
import { DETECTORS } from "./index.ts";
import type { Encryption, Protocol } from "./protocol.ts";
import type { Said } from "./said.ts";

export interface Recognised {
  readonly protocol: Protocol | Encryption;
  readonly match: Match;
  /** Which side is this protocol's client. */
  readonly client: Side;
}

export interface Conversation {
  readonly transport: "tcp" | "udp";
  readonly sides: readonly [Said, Said];
  /** The side that is probably the client. */
  readonly likely: Side;
  /** Whose bytes were captured first. */
  readonly first: Side;
}

/** The protocol that fits, if one does; of several, a strong match before a weak one, then the earlier. */
export function recognise(conversation: Conversation): Recognised | undefined {
  const { likely, sides } = conversation;
  const other: Side = likely === 0 ? 1 : 0;
  const openings = [open(conversation, likely), open(conversation, other)] as const;
  let weak: Recognised | undefined;
  for (const detector of candidates(sides[0], sides[1])) {
    if (!detector.transports.includes(conversation.transport)) continue;
    for (const [at, opening] of openings.entries()) {
      if (!mayBegin(detector, opening)) continue;
      const match = detector.detect(opening);
      if (match === undefined || match === NOT_YET) continue;
      const client = at === 0 ? likely : other;
      const found = { protocol: detector.protocol, match: located(match), client };
      if (match.weak !== true) return found;
      weak ??= found;
    }
  }
  return weak;
}

/** Where a secret is empty there is nothing to locate, and nothing to blacken later. */
function located(match: Match): Match {
  if (match.exposes.every(({ bytes }) => bytes > 0)) return match;
  return { ...match, exposes: match.exposes.filter(({ bytes }) => bytes > 0) };
}

function open({ transport, sides, first }: Conversation, client: Side): Opening {
  const server: Side = client === 0 ? 1 : 0;
  return {
    transport,
    client: sides[client],
    server: sides[server],
    first: first === client ? "client" : "server",
  };
}

/** Those that one of the first bytes may belong to. */
function candidates(one: Said, other: Said): readonly Detector[] {
  const byte = one.length > 0 ? one.bytes[0] : other.bytes[0];
  if (byte === undefined) return [];
  BY_FIRST_BYTE[byte] ??= DETECTORS.filter(
    ({ begins }) => fits(begins.client, byte) || fits(begins.server, byte),
  );
  return BY_FIRST_BYTE[byte];
}

function mayBegin({ begins }: Detector, { client, server }: Opening): boolean {
  return (
    (client.length === 0 || fits(begins.client, client.bytes[0]!)) &&
    (server.length === 0 || fits(begins.server, server.bytes[0]!))
  );
}

function fits(set: string | undefined, byte: number): boolean {
  return set === undefined || set.includes(String.fromCharCode(byte));
}

/** Made when a byte is first met. */
const BY_FIRST_BYTE: (readonly Detector[] | undefined)[] = new Array(256).fill(undefined);
