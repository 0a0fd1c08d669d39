/**
 * When a pair of peers sent encrypted packets to each other: first, last, how many, and the silences
 * between them that were longer than a rekey takes.
 *
 * One object a pair, made at its first packet; a packet moves numbers in it and allocates nothing.
 */
import type { LinkEncryption } from "./link-encryption.ts";

/** A time without encrypted packets; both ends are those of packets. */
export interface Silence {
  readonly fromUs: number;
  readonly untilUs: number;
}

export class LinkActivity {
  readonly by: LinkEncryption["by"];
  /** Outer addresses: IP, or hardware addresses with MACsec. The first one sent the first packet. */
  readonly ends: readonly [string, string];
  packets = 0;
  bytes = 0;
  /** NaN first, so that the fields never hold a small integer. */
  firstAtUs = Number.NaN;
  lastAtUs = Number.NaN;
  readonly silences: Silence[] = [];

  constructor(by: LinkEncryption["by"], ends: readonly [string, string]) {
    this.by = by;
    this.ends = ends;
  }

  note(bytes: number, atUs: number): void {
    if (this.packets === 0) this.firstAtUs = atUs;
    else if (atUs - this.lastAtUs > HOLD_DOWN_US && this.silences.length < SILENCES_MAX) {
      this.silences.push({ fromUs: this.lastAtUs, untilUs: atUs });
    }
    if (this.packets === 0 || atUs > this.lastAtUs) this.lastAtUs = atUs;
    this.packets++;
    this.bytes += bytes;
  }

  /**
   * The silence in which something was said from `fromUs` to `untilUs`, once the link had been up; nothing
   * where it was not silent for long enough. `endUs` is how far the capture goes.
   */
  silenceDuring(fromUs: number, untilUs: number, endUs: number): Silence | undefined {
    const last = { fromUs: this.lastAtUs, untilUs: endUs };
    return [...this.silences, last].find(
      (silence) =>
        untilUs > silence.fromUs &&
        fromUs < silence.untilUs &&
        silence.untilUs - silence.fromUs > HOLD_DOWN_US,
    );
  }
}

/** DETECTIONS, B02: a rekey or a restart takes less. */
export const HOLD_DOWN_US = 30_000_000;
/** Of one pair; what comes behind them is told of the last one. */
const SILENCES_MAX = 16;
