/**
 * Questions and their answers on one conversation: an answer counts when it has the id, the ends and the
 * very question of one that was asked (RFC 5452 §9.1), its case included, which many resolvers vary on
 * purpose. The first one counts, as it does for whoever asked.
 */
import type { Flow, Side } from "../../flow/event.ts";
import type { Malformed } from "../../stage.ts";
import { answerOf, type DnsAnswer } from "./answer.ts";
import { type DnsQuestion, readMessage } from "./message.ts";

export class DnsExchange {
  /** Bounded: the first few of each conversation. */
  readonly malformed: (Malformed & { readonly side: Side })[] = [];
  readonly #flow: Flow;
  readonly #tell: (answer: DnsAnswer) => void;
  /** By id, the oldest first. */
  readonly #asked = new Map<number, DnsQuestion & { readonly side: Side }>();

  constructor(flow: Flow, tell: (answer: DnsAnswer) => void) {
    this.#flow = flow;
    this.#tell = tell;
  }

  /** A whole message in [from, to), which began at `offset` of its side. */
  message(
    side: Side,
    bytes: Uint8Array,
    { from, to, offset, atUs }: { from: number; to: number; offset: number; atUs: number },
  ): void {
    const message = readMessage(bytes, from, to);
    if (typeof message === "string") return this.#malformed(side, message, offset);
    const { id, question, response, opcode } = message;
    if (opcode !== QUERY) return;
    if (!response) {
      this.#asked.delete(id);
      this.#asked.set(id, { ...question, side });
      const [oldest] = this.#asked.keys();
      if (this.#asked.size > ASKED_MAX && oldest !== undefined) this.#asked.delete(oldest);
      return;
    }
    const asked = this.#asked.get(id);
    if (asked === undefined || asked.side === side || !sameQuestion(asked, question)) return;
    this.#asked.delete(id);
    const client = this.#flow.ends[asked.side].ip;
    const answer = answerOf(message, { client, resolver: this.#flow.ends[side].ip, atUs });
    if (answer !== undefined) this.#tell(answer);
  }

  #malformed(side: Side, reason: string, offset: number): void {
    if (this.malformed.length >= MALFORMED_MAX) return;
    this.malformed.push({ kind: "malformed", side, at: "dns-message", reason, offset });
  }
}

function sameQuestion(one: DnsQuestion, other: DnsQuestion): boolean {
  return one.name === other.name && one.type === other.type && one.class === other.class;
}

const QUERY = 0;
/** Questions that wait on one pair of ports; a forwarder that uses one for everything has more, and rarely. */
const ASKED_MAX = 256;
const MALFORMED_MAX = 4;
