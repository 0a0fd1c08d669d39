/** The first datagrams of a UDP conversation, kept until it is recognised. Bounded. */
import type { Flow, Side } from "../../flow/event.ts";
import type { PlaintextObservation } from "../observation.ts";
import { type Told, told } from "./observe.ts";
import { Said } from "./said.ts";

export class Datagrams {
  readonly #flow: Flow;
  readonly #kept: [Uint8Array[], Uint8Array[]] = [[], []];
  readonly #cut: [boolean, boolean] = [false, false];
  #first: Side | undefined;
  /** Datagrams that were kept when the detectors were last asked before the end. */
  #looked = 0;

  constructor(flow: Flow) {
    this.#flow = flow;
  }

  /** Copies a datagram, or as much of it as is looked at. */
  take(side: Side, bytes: Uint8Array, from: number, to: number, cut: number): void {
    const kept = this.#kept[side];
    if (kept.length >= DATAGRAMS_MAX || from >= to) return;
    this.#first ??= side;
    const end = Math.min(to, from + DATAGRAM_BYTES_MAX);
    this.#cut[side] ||= cut > 0 || end < to;
    kept.push(bytes.slice(from, end));
  }

  /** What was said in clear, as far as it is recognised. */
  get plaintext(): readonly PlaintextObservation[] {
    return this.#told.plaintext;
  }

  /** The same, as soon as it is known that it stays so. Asks the detectors once a datagram that was kept. */
  evidence(): readonly PlaintextObservation[] | undefined {
    const count = this.#kept[0].length + this.#kept[1].length;
    if (count === this.#looked) return undefined;
    this.#looked = count;
    const { plaintext, settled } = this.#told;
    return settled === true && plaintext.length > 0 ? plaintext : undefined;
  }

  get #told(): Told {
    const first = this.#first;
    if (first === undefined) return { plaintext: [] };
    const sides = [this.#said(0), this.#said(1)] as const;
    return told({ flow: this.#flow, sides, first, tlsFollowed: false });
  }

  #said(side: Side): Said {
    const kept = this.#kept[side];
    const starts: number[] = [];
    let at = 0;
    for (const datagram of kept) {
      starts.push(at);
      at += datagram.length;
    }
    return new Said(Buffer.concat(kept), !this.#cut[side], starts);
  }
}

/** Of each side: the first tells, the next ones confirm. */
const DATAGRAMS_MAX = 4;
/** More than any that does not come in fragments. */
const DATAGRAM_BYTES_MAX = 2048;
