/** A UDP conversation of DNS: a message a datagram (RFC 1035 §4.2.1). */
import type { Flow, FlowEvent, Inspector, Wants } from "../../flow/event.ts";
import type { DnsAnswer } from "./answer.ts";
import { DnsExchange } from "./exchange.ts";

export class DnsConversation implements Inspector {
  /** Whoever asked once may ask again. */
  readonly wants: Wants = "bytes";
  readonly idle = false;
  readonly nextRecord: readonly [number, number] = [0, 0];
  readonly overlaps: readonly never[] = [];
  readonly #exchange: DnsExchange;
  readonly #offsets: [number, number] = [0, 0];

  /** `tell` hears every answer that counts, when it comes. */
  constructor(flow: Flow, tell: (answer: DnsAnswer) => void) {
    this.#exchange = new DnsExchange(flow, tell);
  }

  get malformed(): DnsExchange["malformed"] {
    return this.#exchange.malformed;
  }

  push(event: FlowEvent): void {
    if (event.kind !== "datagram") return;
    const { side, bytes, from, to, cut, atUs } = event;
    const offset = this.#offsets[side];
    this.#offsets[side] += to - from + cut;
    // Half an answer is none: what is missing may have said something else.
    if (cut === 0) this.#exchange.message(side, bytes, { from, to, offset, atUs });
  }
}
