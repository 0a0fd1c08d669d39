/**
 * What the admin socket answers: `cut`, `release`, `status`, `why`, `healthy`, `ready`, `metrics`.
 *
 * Pure but for the gate it is given. A request is checked here by hand, since a validator would stay in
 * memory for months; what is wrong with it is said, and nothing is done.
 */
import { isIP } from "node:net";
import type { Peer } from "../../kernel/peer.ts";
import { canonical } from "../../trust/host-name.ts";

/** Who asks, as the kernel says it. */
export type Who = Peer;

export interface Hand {
  readonly who: Who;
  /** Why, in the words of the person. */
  readonly because: string;
}

/** A place to connect to. One of `name` and `ip` is there; names are lower-case. */
export interface Place {
  readonly name?: string;
  readonly ip?: string;
  readonly port?: number;
}

export interface State {
  readonly good: boolean;
  /** What is not good; empty when it is. */
  readonly because: readonly string[];
}

/** What can be asked of a gate. Nothing of it throws because of what was asked. */
export interface Gate {
  cut(hand: Hand): Promise<readonly object[]>;
  release(hand: Hand): Promise<readonly object[]>;
  status(): object;
  why(place: Place): Promise<object>;
  /** Whether it does its work: a supervisor restarts it otherwise. */
  healthy(): State;
  /** Whether it stands guard yet. */
  ready(): State;
  /** Prometheus text. */
  metrics(): string;
}

/** Always answers; `ok` is false, with `why`, when nothing was done. */
export async function answerTo(
  request: Record<string, unknown>,
  who: Who,
  gate: Gate,
): Promise<object> {
  const { verb } = request;
  switch (verb) {
    case "cut":
    case "release": {
      const because = reasonIn(request.because);
      if (typeof because !== "string") return because;
      const outcomes = await gate[verb]({ who, because });
      return { ok: true, outcomes };
    }
    case "status":
      return { ok: true, status: gate.status() };
    case "healthy":
    case "ready":
      return { ok: true, ...gate[verb]() };
    case "metrics":
      return { ok: true, text: gate.metrics() };
    case "why": {
      const place = typeof request.to === "string" ? placeIn(request.to) : undefined;
      if (place === undefined) return refused(`"to" is no place, expected host:port`);
      return { ok: true, ...(await gate.why(place)) };
    }
    default:
      return refused("unknown verb, expected cut, release, status, why, healthy, ready or metrics");
  }
}

/** `api.example.net:443`, `192.0.2.7:443`, `[2001:db8::1]:443`, each also without a port. */
export function placeIn(text: string): Place | undefined {
  const match = PLACE.exec(text);
  const host = isIP(text) > 0 ? text : (match?.groups?.v6 ?? match?.groups?.host);
  if (host === undefined || text.length > PLACE_CHARACTERS_MAX) return undefined;
  const digits = isIP(text) > 0 ? undefined : match?.groups?.port;
  const port = digits === undefined ? undefined : Number(digits);
  if (port !== undefined && !(port > 0 && port < 65536)) return undefined;
  const kind = isIP(host) > 0 ? "ip" : "dns";
  if (kind === "dns" && match?.groups?.v6 !== undefined) return undefined;
  const value = canonical({ kind, value: host });
  if (value === undefined) return undefined;
  return { ...(kind === "ip" ? { ip: value } : { name: value }), ...(port && { port }) };
}

/** A person's reason, which is recorded; or the answer that there is none. */
function reasonIn(because: unknown): string | object {
  if (typeof because !== "string" || because.trim() === "") {
    return refused(`"because" is missing: a reason is recorded with every cut and release`);
  }
  if (because.length > REASON_CHARACTERS_MAX) {
    return refused(
      `a reason of ${because.length} characters, expected at most ${REASON_CHARACTERS_MAX}`,
    );
  }
  return because.trim();
}

function refused(why: string): object {
  return { ok: false, why };
}

const PLACE = /^(?:\[(?<v6>[^\]]+)\]|(?<host>[^:[\]]+))(?::(?<port>\d{1,5}))?$/;
/** A DNS name has 253. */
const PLACE_CHARACTERS_MAX = 300;
/** Two screens; an incident number is enough. */
const REASON_CHARACTERS_MAX = 2000;
