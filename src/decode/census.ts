/**
 * What decode met and could not read, by kind: counts with the first place, never one note a
 * packet, since a stranger's file may hold nothing else.
 */
export interface Met {
  /** `unread`: sound, but not ours to read yet. `broken`: cannot be right. */
  readonly class: "unread" | "broken";
  readonly what: string;
  /** Time of the first such packet. */
  readonly firstAtUs: number;
  /** The first one's number among all packets, counted from 1. */
  readonly firstPacket: number;
  packets: number;
}

export class Census {
  /** Packets decoded so far; kept by whoever feeds the decoder. */
  packet = 0;
  readonly #met = new Map<string, Met>();

  count(cls: Met["class"], what: string, atUs: number): void {
    const known = this.#met.get(what);
    if (known !== undefined) {
      known.packets++;
    } else if (this.#met.size < KINDS_MAX) {
      this.#met.set(what, {
        class: cls,
        what,
        firstAtUs: atUs,
        firstPacket: this.packet,
        packets: 1,
      });
    }
  }

  /** In the order first met. */
  get met(): readonly Met[] {
    return [...this.#met.values()];
  }
}

/** Kinds carry numbers from the wire (a link type, a length), so their number is bounded too. */
const KINDS_MAX = 256;
