/** What every way of capturing live has in common: packets go to a sink, and what is lost is told. */
import type { PacketSink } from "../packet-sink.ts";

export type TapMethod = "nflog" | "ring" | "tcpdump";

export interface Tap {
  readonly method: TapMethod;
  /** Only the first 64 KiB of each connection are captured. */
  readonly firstBytesOnly: boolean;
  /** Resolves when packets are captured; before that some may pass unseen. */
  readonly started: Promise<void>;
  /** Looks at counters and at whether what captures is still in place; to be called every second. */
  check(): void;
  /** Captures no more and leaves nothing behind. */
  stop(): Promise<void>;
}

/** Where packets go, and what becomes known of those that do not. */
export interface TapListener extends PacketSink {
  /** `packets` could not be handed on; 0: nobody knows how many. */
  lost(packets: number, why: string): void;
  /** Nothing more will come, though nobody stopped it. */
  ended(why: string): void;
}
