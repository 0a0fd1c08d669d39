/**
 * `replay --evidence DIR`: the evidence for each verdict that is no pass, written as the verdicts come.
 *
 * A replay has time: it writes at once and waits for the disk. Nothing in a bundle depends on the
 * machine or the moment, so the clock it tells of is the capture's.
 */
import { bundleOf } from "../evidence/bundle.ts";
import { EvidenceKeeper } from "../evidence/keeper.ts";
import { Quota } from "../evidence/quota.ts";
import { PacketRecorder } from "../evidence/recorder.ts";
import { EvidenceRing, type RingLimits } from "../evidence/ring.ts";
import { EvidenceStore } from "../evidence/store.ts";
import type { Policy } from "../judge/policy/policy.ts";
import type { Line } from "../report/lines.ts";

/** What came of it. */
export interface EvidenceEnd {
  readonly written: number;
  /** Verdicts of which there were enough. */
  readonly counted: number;
  /** Bundles that could not be written, and why the first of them could not. */
  readonly failed: number;
  readonly why?: string;
}

export class ReplayEvidence {
  readonly recorder = new PacketRecorder(new EvidenceRing(RING_LIMITS));
  readonly #store: EvidenceStore;
  readonly #keeper: EvidenceKeeper;
  readonly #quota = new Quota();
  #written = 0;
  #failed = 0;
  #why: string | undefined;

  /** Throws `EvidenceRefused` where the directory cannot be used. */
  constructor(directory: string, policy: Policy) {
    this.#store = EvidenceStore.open(directory);
    this.#keeper = new EvidenceKeeper(this.recorder, {
      policy: () => policy,
      clock: () => ({ source: "capture" }),
      quota: this.#quota,
      keep: (proof, { rank }) => {
        const kept = this.#store.keep(bundleOf(proof), rank);
        if (kept.status === "written") this.#written++;
        else this.#fail(kept.why);
      },
    });
  }

  line(line: Line): void {
    this.#keeper.line(line);
  }

  close(): EvidenceEnd {
    const { counted } = this.#quota;
    try {
      if (counted > 0) this.#store.note(this.#quota.summary());
    } catch (error) {
      this.#fail(error instanceof Error ? error.message : String(error));
    }
    this.#store.close();
    const end = { written: this.#written, counted, failed: this.#failed };
    return this.#why === undefined ? end : { ...end, why: this.#why };
  }

  #fail(why: string): void {
    this.#failed++;
    this.#why ??= why;
  }
}

/** Connections are judged when they end: their handshakes wait longer than those of a live watch. */
const RING_LIMITS: RingLimits = {
  bytes: 67_108_864,
  connections: 65_536,
  bytesPerConnection: 131_072,
};
