/**
 * Which names the observed DNS bound to which addresses, and when.
 *
 * Only answers of the policy's `resolvers` count: anybody on the way, and the workload itself, can write
 * all others. Time is that of packets. A connection is judged when it is over, by what had been answered
 * when it began, so what is remembered is spans of time, and a later answer changes nothing.
 *
 * Programs keep answers longer than they may: an answer holds an hour beyond its TTL here, which is what
 * Cilium gave connections to names by default before its version 1.13 (`--tofqdns-min-ttl=3600`).
 */
import type { DnsAnswer } from "../inspect/dns/answer.ts";
import type { TlsObservation } from "../inspect/observation.ts";
import { canonical } from "../trust/host-name.ts";

/**
 * `bound`: an answer that counts gave the address for the name. `elsewhere`: such answers to this very
 * client gave other addresses, and none ever this one. `unknown`: neither is known.
 */
export type Binding = "bound" | "elsewhere" | "unknown";

export class Bindings {
  readonly #resolvers: ReadonlySet<string>;
  /** The name that was answered about longest ago is first. */
  readonly #names = new Map<string, NameAnswers>();

  /** `resolvers` as a policy lists them; absent: no answer counts. */
  constructor(resolvers: readonly string[] | undefined) {
    this.#resolvers = new Set(
      (resolvers ?? []).flatMap((value) => canonical({ kind: "ip", value }) ?? []),
    );
  }

  /** No answer has counted. */
  get empty(): boolean {
    return this.#names.size === 0;
  }

  add(answer: DnsAnswer): void {
    const { name, resolver, client, addresses, atUs, ttl } = answer;
    if (!this.#resolvers.has(resolver) || addresses.length === 0) return;
    const known = this.#names.get(name) ?? new NameAnswers();
    this.#names.delete(name);
    this.#names.set(name, known);
    known.add(client, addresses, { fromUs: atUs, untilUs: atUs + (ttl + GRACE_SECONDS) * 1e6 });
    const [oldest] = this.#names.keys();
    if (this.#names.size > NAMES_MAX && oldest !== undefined) this.#names.delete(oldest);
  }

  /** `name` in lower-case A-labels; `atUs` when the connection began. */
  of(name: string, ip: string, client: string, atUs: number): Binding {
    return this.#names.get(name)?.binding(ip, client, atUs) ?? "unknown";
  }
}

/**
 * Of the name that the client asked for to the address it went to, as of its hello; absent where there
 * is none, or it is an address itself.
 */
export function bindingOf(
  { flow, client, serverName, atUs }: TlsObservation,
  bindings: Bindings,
): Binding | undefined {
  if (serverName === undefined || ADDRESS.test(serverName)) return undefined;
  if (bindings.empty) return "unknown";
  const name = canonical({ kind: "dns", value: serverName });
  if (name === undefined) return "unknown";
  return bindings.of(name, flow.ends[client === 0 ? 1 : 0].ip, flow.ends[client].ip, atUs);
}

/** A time in which something holds, both ends included. */
interface Span {
  readonly fromUs: number;
  untilUs: number;
}

class NameAnswers {
  /** When each address was the name's, and when each client knew some address of it. */
  readonly #addresses = new Map<string, Span[]>();
  readonly #clients = new Map<string, Span[]>();
  /** An address was forgotten: that none was seen proves nothing. */
  #forgot = false;

  add(client: string, addresses: readonly string[], span: Span): void {
    for (const address of addresses) {
      if (extend(this.#addresses, address, span)) this.#forgot = true;
    }
    extend(this.#clients, client, span);
  }

  binding(ip: string, client: string, atUs: number): Binding {
    const spans = this.#addresses.get(ip) ?? [];
    if (spans.some((span) => holds(span, atUs))) return "bound";
    const before = spans.some(({ fromUs }) => fromUs <= atUs);
    const asked = this.#clients.get(client)?.some((span) => holds(span, atUs)) === true;
    return asked && !before && !this.#forgot ? "elsewhere" : "unknown";
  }
}

/** Adds the span to those of `key`; true if another one was forgotten for it. */
function extend(spans: Map<string, Span[]>, key: string, { fromUs, untilUs }: Span): boolean {
  const known = spans.get(key) ?? [];
  spans.delete(key);
  spans.set(key, known);
  const last = known.at(-1);
  // Answers come in the order of their time, or nearly.
  if (last !== undefined && fromUs >= last.fromUs && fromUs <= last.untilUs) {
    last.untilUs = Math.max(last.untilUs, untilUs);
    return false;
  }
  known.push({ fromUs, untilUs });
  const tooMany = known.length > SPANS_MAX;
  if (tooMany) known.shift();
  const [oldest] = spans.keys();
  if (spans.size <= KEYS_MAX || oldest === undefined) return tooMany;
  spans.delete(oldest);
  return true;
}

function holds({ fromUs, untilUs }: Span, atUs: number): boolean {
  return fromUs <= atUs && atUs <= untilUs;
}

/** What clients send where a name belongs: dotted decimal, or anything with a colon. */
const ADDRESS = /^[\d.]+$|:/;
const GRACE_SECONDS = 3600;
/** Names that a large cluster asks for in an hour; some 1 KB each. */
const NAMES_MAX = 32_768;
/** Addresses and clients of one name: the pools that large networks answer from fit. */
const KEYS_MAX = 512;
const SPANS_MAX = 8;
