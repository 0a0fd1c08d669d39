/**
 * Which connection a resumed one goes back to (VISIBILITY: `resumed-known`).
 *
 * To TLS 1.2 a session has an id or a ticket that both connections show in clear. The tickets of TLS 1.3
 * are given inside the encryption and cannot be linked, so there only the destination is matched: the
 * same client, name, address and port, within a day, and only with a first connection whose server was
 * verified and whose name was bound. What was itself resumed is never gone back to.
 *
 * A first connection whose certificate would have been refused is none: it is not remembered.
 */
import type { TlsObservation } from "../inspect/observation.ts";
import type { Binding } from "./binding.ts";
import type { Judgement } from "./decide.ts";
import { Memo } from "./memo.ts";
import { strictness } from "./policy/policy.ts";

/** The connection in which the session began. */
export interface FirstSession {
  /** Number of its flow. */
  readonly flow: number;
  /** Of its ClientHello. */
  readonly atUs: number;
}

export class Sessions {
  /** The oldest first. */
  readonly #known = new Memo<readonly FirstSession[]>(SESSIONS_MAX);

  /** The first connection of the session that this one resumes; absent when it was not seen. */
  firstOf(observation: TlsObservation): FirstSession | undefined {
    const { atUs, resumed, sessionUsed } = observation;
    if (resumed === false) return undefined;
    const id = resumed === "psk" ? DESTINATION : sessionUsed;
    const known = id === undefined ? undefined : this.#known.get(keyOf(observation, id));
    return known?.findLast((first) => first.atUs <= atUs && atUs - first.atUs <= DAY_US);
  }

  /** A connection that was judged: its sessions may be resumed later. */
  add(observation: TlsObservation, judgement: Judgement, binding: Binding | undefined): void {
    const { atUs, flow, established, resumed, version, sessionsGiven = [] } = observation;
    if (!established || resumed !== false || isRefused(judgement)) return;
    const first = { flow: flow.id, atUs };
    if (version === "TLS1.3" || version === "DTLS1.3") {
      if (judgement.evidence.class !== "verified" || binding !== "bound") return;
      this.#remember(keyOf(observation, DESTINATION), first);
    } else if (observation.certificates.chain.length > 0) {
      for (const id of sessionsGiven) this.#remember(keyOf(observation, id), first);
    }
  }

  /** Connections are told when they end: the one that ends last need not be the one that began last. */
  #remember(key: string, first: FirstSession): void {
    const known = [...(this.#known.get(key) ?? []), first].sort((a, b) => a.atUs - b.atUs);
    this.#known.set(key, known.slice(-FIRSTS_MAX));
  }
}

/** A session is one of a server: who calls it by another name has not resumed it. */
function keyOf({ flow, client, serverName }: TlsObservation, id: string): string {
  const { ip, port } = flow.ends[client === 0 ? 1 : 0];
  const place =
    id === DESTINATION
      ? `${flow.ends[client].ip} ${ip} ${port} ${serverName}`
      : `${serverName ?? ip} ${port}`;
  return `${place} ${id}`;
}

/** Whether it asked for a refuse or a cut, lowered or not. */
function isRefused({ verdict: { decision, would = decision } }: Judgement): boolean {
  return strictness(would) >= strictness("refuse");
}

/** In place of an id, which has a blank in it. */
const DESTINATION = "destination";
/** Also what RFC 5246 §F.1.4 suggests as the longest life of a session id. */
const DAY_US = 86_400 * 1_000_000;
/** First connections of one key: a ticket has one, a destination a few. */
const FIRSTS_MAX = 8;
/** Some 400 bytes each: the tickets that a busy egress is given in minutes. */
const SESSIONS_MAX = 32_768;
