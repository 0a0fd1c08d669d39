/**
 * A TCP connection of DNS: each message behind its length in two bytes (RFC 1035 §4.2.2, RFC 7766 §8).
 *
 * It is one when it begins with a query as no other protocol does. A side of which bytes are missing is not
 * read further: where its next message begins, nobody knows.
 */
import type { Flow, FlowEvent, Inspector, Side, Wants } from "../../flow/event.ts";
import { Gather } from "../gather.ts";
import { u16 } from "../tls/bytes.ts";
import type { DnsAnswer } from "./answer.ts";
import { DnsExchange } from "./exchange.ts";
import { beginsDns } from "./message.ts";

export class DnsStream implements Inspector {
  wants: Wants = "bytes";
  readonly nextRecord: readonly [number, number] = [0, 0];
  readonly #exchange: DnsExchange;
  /** The length underway, or the message behind it. */
  readonly #parts: [Gather, Gather] = [new Gather(LENGTH_BYTES), new Gather(LENGTH_BYTES)];
  readonly #inMessage: [boolean, boolean] = [false, false];
  readonly #offsets: [number, number] = [0, 0];
  readonly #broken: [boolean, boolean] = [false, false];
  #asked = false;

  /** `tell` hears every answer that counts, when it comes. */
  constructor(flow: Flow, tell: (answer: DnsAnswer) => void) {
    this.#exchange = new DnsExchange(flow, tell);
  }

  /** No query was seen. */
  get idle(): boolean {
    return !this.#asked;
  }

  get malformed(): DnsExchange["malformed"] {
    return this.#asked ? this.#exchange.malformed : [];
  }

  push(event: FlowEvent): void {
    if (this.wants === "nothing") return;
    if (event.kind === "bytes") {
      this.#bytes(event.side, event.bytes, event.from, event.to, event.atUs);
    } else if (event.kind === "gap") {
      this.#break(event.side);
    } else if (event.kind === "closed") {
      this.#end();
    }
  }

  #bytes(side: Side, bytes: Uint8Array, from: number, to: number, atUs: number): void {
    for (let at = from; at < to && this.#reads(side); ) {
      const part = this.#parts[side];
      at += part.take(bytes, at, to);
      if (part.full) this.#part(side, part, atUs);
    }
  }

  #part(side: Side, part: Gather, atUs: number): void {
    const inMessage = this.#inMessage[side];
    const wanted = inMessage ? LENGTH_BYTES : u16(part.bytes, 0);
    if (inMessage) {
      const offset = this.#offsets[side];
      this.#offsets[side] += LENGTH_BYTES + part.wanted;
      this.#asked ||= beginsDns(part.bytes, 0, part.wanted);
      // Whoever speaks first asks.
      if (!this.#asked) return this.#end();
      this.#exchange.message(side, part.bytes, { from: 0, to: part.wanted, offset, atUs });
    } else if (wanted === 0 || (!this.#asked && wanted > FIRST_BYTES_MAX)) {
      return this.#asked ? this.#break(side) : this.#end();
    }
    part.release();
    this.#parts[side] = new Gather(wanted);
    this.#inMessage[side] = !inMessage;
  }

  #reads(side: Side): boolean {
    return this.wants !== "nothing" && !this.#broken[side];
  }

  #break(side: Side): void {
    this.#broken[side] = true;
    this.#parts[side].release();
    if (this.#broken[0] && this.#broken[1]) this.wants = "nothing";
  }

  #end(): void {
    this.wants = "nothing";
    for (const part of this.#parts) part.release();
  }
}

const LENGTH_BYTES = 2;
/** Of the first query: a name, and what EDNS adds. What TLS begins with would be a longer one. */
const FIRST_BYTES_MAX = 2048;
