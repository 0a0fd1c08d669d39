/**
 * Whether a server is asked at all, and what is remembered of its answer (VISIBILITY, "Hygiene").
 *
 * The limits are what keeps a workload from using our probes: to scan, to knock at a place of its choice, to
 * keep others from being asked. Whoever finds no room is not asked and counts as unseen, never as clean.
 * What is approved already keeps a part of every limit for itself.
 */
import { LRUCache } from "lru-cache";
import type { Answer, Question } from "./ask.ts";
import { Forbidden } from "./forbidden.ts";
import { helloKey } from "./hello-key.ts";

export interface Demand extends Pick<Question, "ip" | "port" | "hello"> {
  /** Some line of the policy approves this name here: it may take what is reserved. */
  readonly approved: boolean;
}

/** Why nobody was asked. */
export type Unasked = "forbidden" | "starved" | "fenced" | "unreadable";
export type Probed =
  | { readonly asked: true; readonly answer: Answer; readonly cached: boolean }
  | { readonly asked: false; readonly why: Unasked };

export interface ProberOptions {
  readonly ask: (question: Question) => Promise<Answer>;
  /** Milliseconds of a clock that nobody sets. */
  readonly nowMs: () => number;
  /** Until when the chain of an answer may be remembered, as milliseconds of the same clock. */
  readonly goodUntilMs?: (answer: Answer) => number;
  readonly never?: readonly string[];
  /** Probes that leave in any hour. */
  readonly perHour?: number;
}

export class Prober {
  /** For metrics. */
  readonly counts = { asked: 0, answered: 0, cached: 0, starved: 0, forbidden: 0 };
  readonly #options: ProberOptions;
  readonly #forbidden: Forbidden;
  readonly #perHour: number;
  readonly #answers = new LRUCache<string, Kept>({ max: ANSWERS_MAX });
  /** Keys of remembered answers by destination, the oldest first. */
  readonly #byDestination = new LRUCache<string, string[]>({ max: ANSWERS_MAX });
  readonly #underway = new Map<string, Promise<Answer>>();
  readonly #busy = new Map<string, number>();
  readonly #calledOff = new AbortController();
  /** When each probe of the last hour began. */
  #begun: number[] = [];

  constructor(options: ProberOptions) {
    this.#options = options;
    this.#forbidden = new Forbidden(options.never);
    this.#perHour = options.perHour ?? PER_HOUR_DEFAULT;
  }

  /** Never rejects, and is over when `ask` is. */
  async probe(demand: Demand): Promise<Probed> {
    if (this.#calledOff.signal.aborted) return { asked: false, why: "fenced" };
    const { ip, port, hello } = demand;
    if (this.#forbidden.has(ip)) {
      this.counts.forbidden++;
      return { asked: false, why: "forbidden" };
    }
    const shape = helloKey(hello);
    if (shape === undefined) return { asked: false, why: "unreadable" };
    const destination = `${ip} ${port}`;
    const key = `${destination} ${shape}`;
    const kept = this.#answers.get(key);
    if (kept !== undefined && kept.untilMs > this.#options.nowMs()) {
      this.counts.cached++;
      return { asked: true, answer: kept.answer, cached: true };
    }
    const underway = this.#underway.get(key);
    if (underway !== undefined) return { asked: true, answer: await underway, cached: true };
    if (!this.#hasRoom(destination, demand.approved)) {
      this.counts.starved++;
      return { asked: false, why: "starved" };
    }
    const asking = this.#ask(demand, destination, key);
    this.#underway.set(key, asking);
    try {
      return { asked: true, answer: await asking, cached: false };
    } finally {
      this.#underway.delete(key);
    }
  }

  /** The workload is cut: what is underway ends, and nothing is asked any more. */
  fence(): void {
    this.#calledOff.abort();
  }

  /** A look that differs from the workload's own is looked at once more: what is remembered of it goes. */
  forget({ ip, port, hello }: Pick<Demand, "ip" | "port" | "hello">): void {
    this.#answers.delete(`${ip} ${port} ${helloKey(hello)}`);
  }

  async #ask({ ip, port, hello }: Demand, destination: string, key: string): Promise<Answer> {
    this.counts.asked++;
    this.#begun.push(this.#options.nowMs());
    this.#busy.set(destination, (this.#busy.get(destination) ?? 0) + 1);
    try {
      const { signal } = this.#calledOff;
      const answer = await this.#options.ask({ ip, port, hello, signal });
      if (answer.complete) this.counts.answered++;
      this.#keep(destination, key, answer);
      return answer;
    } finally {
      const left = this.#busy.get(destination)! - 1;
      if (left > 0) this.#busy.set(destination, left);
      else this.#busy.delete(destination);
    }
  }

  #hasRoom(destination: string, approved: boolean): boolean {
    const hourAgo = this.#options.nowMs() - HOUR_MS;
    this.#begun = this.#begun.filter((atMs) => atMs > hourAgo);
    const part = approved ? 1 : 1 - RESERVED_PART;
    const running = [...this.#busy.values()].reduce((sum, count) => sum + count, 0);
    return (
      this.#begun.length < this.#perHour * part &&
      running < AT_ONCE_MAX * part &&
      (this.#busy.get(destination) ?? 0) < AT_ONCE_OF_DESTINATION_MAX
    );
  }

  #keep(destination: string, key: string, answer: Answer): void {
    const nowMs = this.#options.nowMs();
    const goodUntilMs = this.#options.goodUntilMs?.(answer) ?? Number.POSITIVE_INFINITY;
    const keptMs = answer.complete ? ANSWER_MS : FAILURE_MS;
    this.#answers.set(key, { answer, untilMs: Math.min(nowMs + keptMs, goodUntilMs) });
    const keys = (this.#byDestination.get(destination) ?? []).filter((one) => one !== key);
    keys.push(key);
    // A workload that varies its hello has only its own answers forgotten.
    if (keys.length > ANSWERS_OF_DESTINATION_MAX) this.#answers.delete(keys.shift()!);
    this.#byDestination.set(destination, keys);
  }
}

interface Kept {
  readonly answer: Answer;
  readonly untilMs: number;
}

export const ANSWERS_MAX = 5000;
export const ANSWERS_OF_DESTINATION_MAX = 64;
export const AT_ONCE_MAX = 8;
export const AT_ONCE_OF_DESTINATION_MAX = 2;
/** Of all at once and of the hour's: for destinations that are approved. */
export const RESERVED_PART = 0.25;
export const ANSWER_MS = 600_000;
export const FAILURE_MS = 30_000;
/** One a minute; each answer holds ten. */
export const PER_HOUR_DEFAULT = 60;
const HOUR_MS = 3_600_000;
