/**
 * What a workload's own earlier connections were like: its baseline.
 *
 *     B15   with one server: version, suite, group, RSA key. Told when three were stronger and none weaker
 *     B13   of one client program, by the suites that it offers: AES-GCM first, and then ChaCha20
 *
 * Time is the packets', and connections are judged in the order in which they end: one that began before
 * what is already known of its server says nothing about a change, and is passed over. What was lost is
 * told once, and is the baseline from then on, so that a change on purpose is one finding.
 */
import { LRUCache } from "lru-cache";
import type { SuiteOrder, TlsObservation } from "../inspect/observation.ts";
import type { KeyKind } from "../trust/key.ts";
import { keyName, versionRank } from "./strength.ts";
import { suiteOf } from "./suite.ts";

export interface Lost {
  readonly what: "version" | "cipher" | "group" | "key";
  readonly before: string;
  readonly now: string;
}

/** A client put AES-GCM first, and the same client puts ChaCha20 first. */
export interface OrderTurned {
  readonly of: readonly ("tls13" | "tls12")[];
  /** Of the last connection with the order before. */
  readonly beforeUs: number;
}

export class Baseline {
  readonly #servers = new LRUCache<string, Strength>({ max: BASELINES_MAX });
  readonly #clients = new LRUCache<string, Order>({ max: BASELINES_MAX });
  /** Workloads with servers, or clients, of which what was known had to be forgotten. */
  forgotten = 0;
  forgottenAtUs = Number.NaN;

  /** What this connection has less than those before it; nothing for one without a baseline. */
  compare(who: string, server: string, seen: TlsObservation, key: KeyKind | undefined): Lost[] {
    return this.#servers.peek(`${who} ${server}`)?.lost(seen, key) ?? [];
  }

  /** `undefined` where nothing turned. */
  order(who: string, seen: TlsObservation): OrderTurned | undefined {
    return this.#clients.peek(clientKey(who, seen))?.turned(seen);
  }

  /** It is over, and the next ones are compared with it. */
  remember(who: string, server: string, seen: TlsObservation, key: KeyKind | undefined): void {
    const { atUs, suiteOrder } = seen;
    this.#kept(this.#servers, `${who} ${server}`, atUs, () => new Strength()).next(seen, key);
    if ((suiteOrder?.tls13 ?? suiteOrder?.tls12) === undefined) return;
    this.#kept(this.#clients, clientKey(who, seen), atUs, () => new Order()).next(seen);
  }

  /** The one that was not asked for longest is forgotten first. */
  #kept<Value extends object>(
    cache: LRUCache<string, Value>,
    key: string,
    atUs: number,
    make: () => Value,
  ): Value {
    const known = cache.get(key);
    if (known !== undefined) return known;
    if (cache.size >= BASELINES_MAX && this.forgotten++ === 0) this.forgottenAtUs = atUs;
    const value = make();
    cache.set(key, value);
    return value;
  }
}

/** One program's hello has one set of suites, whatever their order. */
function clientKey(who: string, { suiteOrder }: TlsObservation): string {
  return `${suiteOrder?.set} ${who}`;
}

class Strength {
  #lastUs = Number.NEGATIVE_INFINITY;
  readonly #levels = new Map<Lost["what"], { level: number; name: string; count: number }>();
  /** Of the last one. Nearly always the next one has the same, and nothing is worked out anew. */
  #last: readonly Level[] = [];
  #version: string | undefined;
  #cipher: string | undefined;
  #group: string | undefined;
  #key: KeyKind | undefined;

  lost(seen: TlsObservation, key: KeyKind | undefined): Lost[] {
    if (seen.atUs < this.#lastUs || this.#isAsLast(seen, key)) return [];
    return levelsOf(seen, key).flatMap(({ what, level, name }): Lost[] => {
      const before = this.#levels.get(what);
      const isLost = before !== undefined && level < before.level;
      if (!isLost || before.count < CONNECTIONS_MIN) return [];
      return [{ what, before: before.name, now: name }];
    });
  }

  next(seen: TlsObservation, key: KeyKind | undefined): void {
    if (seen.atUs < this.#lastUs) return;
    this.#lastUs = seen.atUs;
    if (!this.#isAsLast(seen, key)) {
      this.#last = levelsOf(seen, key);
      this.#version = seen.version;
      this.#cipher = seen.cipher;
      this.#group = seen.group;
      this.#key = key;
    }
    for (const { what, level, name } of this.#last) {
      const before = this.#levels.get(what);
      if (before?.level === level) before.count++;
      else this.#levels.set(what, { level, name, count: 1 });
    }
  }

  #isAsLast({ version, cipher, group }: TlsObservation, key: KeyKind | undefined): boolean {
    return (
      version === this.#version &&
      cipher === this.#cipher &&
      group === this.#group &&
      key === this.#key
    );
  }
}

interface Level {
  readonly what: Lost["what"];
  readonly level: number;
  readonly name: string;
}

/** What a handshake does not tell has no level: a resumed session, a certificate that was not seen. */
function levelsOf({ version, cipher, group }: TlsObservation, key: KeyKind | undefined): Level[] {
  const levels: Level[] = [];
  const rank = version === undefined ? undefined : versionRank(version);
  if (rank !== undefined) levels.push({ what: "version", level: rank, name: version! });
  const suite = cipher === undefined ? undefined : suiteOf(cipher);
  if (suite !== undefined) {
    const level =
      Number(suite.weak === undefined) + Number(suite.aead) + Number(suite.forwardSecret);
    levels.push({ what: "cipher", level, name: cipher! });
  }
  if (group !== undefined) {
    levels.push({ what: "group", level: Number(POST_QUANTUM.test(group)), name: group });
  }
  if (key?.type.startsWith("RSA") === true && key.bits !== undefined) {
    levels.push({ what: "key", level: key.bits, name: keyName(key) });
  }
  return levels;
}

class Order {
  #atUs = Number.NEGATIVE_INFINITY;
  #order: SuiteOrder | undefined;

  turned({ suiteOrder, atUs }: TlsObservation): OrderTurned | undefined {
    if (atUs < this.#atUs) return undefined;
    const of = (["tls13", "tls12"] as const).filter(
      (one) => this.#order?.[one] === "aes-gcm" && suiteOrder?.[one] === "chacha20",
    );
    return of.length === 0 ? undefined : { of, beforeUs: this.#atUs };
  }

  next({ suiteOrder, atUs }: TlsObservation): void {
    if (atUs < this.#atUs) return;
    this.#order = suiteOrder;
    this.#atUs = atUs;
  }
}

/** Groups of which a quantum computer opens nothing (X25519MLKEM768 and its kind). */
const POST_QUANTUM = /MLKEM|Kyber/;
/** So many alike make a baseline: two may be chance, and a short capture has few. */
const CONNECTIONS_MIN = 3;
/** Pairs of workload and server, and client programs: some 400 bytes each. */
const BASELINES_MAX = 32_768;
