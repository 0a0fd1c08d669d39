/**
 * What was said in clear, as observations: one for each protocol, the outermost first, since an
 * envelope (SOCKS, a proxy's CONNECT, an upgrade) carries another.
 */
import type { Flow, Side } from "../../flow/event.ts";
import type { PlaintextObservation } from "../observation.ts";
import type { Match } from "./detector.ts";
import { ENCRYPTIONS, type Protocol } from "./protocol.ts";
import { type Recognised, recognise } from "./recognise.ts";
import type { Said } from "./said.ts";

export interface Heard {
  readonly flow: Flow;
  readonly sides: readonly [Said, Said];
  /** Whose bytes were captured first. */
  readonly first: Side;
  /** A TLS handshake followed these bytes. */
  readonly tlsFollowed: boolean;
}

export interface Told {
  readonly plaintext: readonly PlaintextObservation[];
  /** What is recognised and encrypts: not plaintext. */
  readonly encryption?: string | undefined;
  /** INTERFACE's `starttls` of the TLS that followed. */
  readonly starttls?: string | undefined;
  /** What is recognised stays so, and is no way to TLS: it need not be heard to its end. */
  readonly settled?: boolean;
}

/** Reads a conversation's first bytes. Nothing recognised: no observation. */
export function told(heard: Heard): Told {
  const layers = layersOf(heard);
  const last = layers.at(-1);
  if (last === undefined) return NOTHING_TOLD;
  const { startTls } = last.match;
  const may = startTls === "agreed" || startTls === "asked" || startTls === "offered";
  const upgraded = heard.tlsFollowed && may;
  const encryption = isEncryption(last.protocol) ? last.protocol : undefined;
  return {
    plaintext: layers.flatMap((layer) => observe(heard.flow, layer, upgraded)),
    encryption,
    starttls: upgraded ? (last.match.starttls ?? last.protocol) : undefined,
    settled: encryption === undefined && isSettled(last),
  };
}

/**
 * A secret that was said in clear is evidence, whatever follows; a user's name is none. Without one, a
 * protocol that has a way to TLS is waited for until that way is refused.
 */
function isSettled({ protocol, match }: Layer): boolean {
  if (match.weak === true || match.inner !== undefined) return false;
  if (match.startTls === "asked" || match.startTls === "agreed") return false;
  if (match.startTls === "refused" || match.startTls === "stripped") return true;
  if (match.exposes.some(({ what }) => !what.endsWith(" user"))) return true;
  return match.startTls === "none" && !UPGRADABLE.has(protocol);
}

interface Layer extends Recognised {
  /** By side: where it begins. */
  readonly at: readonly [number, number];
}

function layersOf({ flow, sides, first }: Heard): Layer[] {
  const layers: Layer[] = [];
  let at: readonly [number, number] = [0, 0];
  // Not by port: where no SYN was seen, both ways are asked anyway.
  let likely = flow.opener ?? first;
  while (layers.length < LAYERS_MAX) {
    const inner = [sides[0].after(at[0]), sides[1].after(at[1])] as const;
    const found = recognise({ transport: flow.transport, sides: inner, likely, first });
    if (found === undefined) break;
    layers.push({ ...found, at });
    const { inner: length } = found.match;
    if (length === undefined) break;
    const [one, other] =
      found.client === 0 ? [length.client, length.server] : [length.server, length.client];
    at = [at[0] + one, at[1] + other];
    likely = found.client;
  }
  return layers;
}

function observe(flow: Flow, layer: Layer, upgraded: boolean): PlaintextObservation | [] {
  const { protocol, client, match, at } = layer;
  if (isEncryption(protocol)) return [];
  const server: Side = client === 0 ? 1 : 0;
  return {
    kind: "plaintext",
    flow,
    client,
    atUs: flow.openedAtUs,
    protocol,
    exposes: match.exposes
      .slice(0, EXPOSES_MAX)
      .map((one) => ({ ...one, offset: one.offset + at[one.side === "client" ? client : server] })),
    startTls: upgraded ? "upgraded" : settled(match),
  };
}

/** Without a handshake behind it, all that is known of a yes is that there was an offer: of an envelope, not that. */
function settled({ startTls, inner }: Match): PlaintextObservation["startTls"] {
  if (inner !== undefined) return "none";
  return startTls === "agreed" || startTls === "asked" ? "offered" : startTls;
}

function isEncryption(
  protocol: Recognised["protocol"],
): protocol is Exclude<Recognised["protocol"], Protocol> {
  return (ENCRYPTIONS as readonly string[]).includes(protocol);
}

/** Those whose detectors know a way from them to TLS; of `http` it is told by the request itself. */
const UPGRADABLE: ReadonlySet<string> = new Set([
  "amqp1",
  "ftp",
  "imap",
  "irc",
  "ldap",
  "mysql",
  "nats",
  "nfs",
  "nntp",
  "openvpn",
  "pop3",
  "postgresql",
  "proxy",
  "rdp",
  "sieve",
  "smtp",
  "socks",
  "tds",
  "telnet",
  "tns",
  "vnc",
  "xmpp",
]);

const NOTHING_TOLD: Told = { plaintext: [] };
/** PROXY protocol, then SOCKS, then CONNECT, then what was meant. */
const LAYERS_MAX = 4;
/** As many as a line has room for; a client that logs in more often is no better known by it. */
const EXPOSES_MAX = 16;
