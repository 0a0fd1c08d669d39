/**
 * One connection that is watched live: its inspector, and what was said of it so far.
 *
 * What is told once is not told again, and what was told is never taken back: a later look adds findings,
 * and a verdict where that is stricter than the one before.
 */
import type { Flow, FlowEvent } from "../flow/event.ts";
import { type FaultListener, Guarded } from "../guarded.ts";
import type { Connection } from "../inspect/connection.ts";
import type { DatagramConnection } from "../inspect/datagram.ts";
import type { Finding } from "../judge/finding.ts";
import { strictness } from "../judge/policy/policy.ts";
import type { Verdict } from "../judge/verdict.ts";
import type { Overlap } from "../line-writer.ts";

export interface Watcher extends FaultListener {
  /** Whether there is something to judge now: after every event but the last. */
  look(watched: Watched, atUs: number): void;
}

export class Watched extends Guarded {
  /** When the first of its bytes came; NaN before. */
  sinceUs = Number.NaN;
  /** Handshakes whose proof was judged. */
  proven = 0;
  /** Handshakes inside its protection whose proof was judged. */
  renegotiated = 0;
  /** Nothing more will be known of its first handshake, or of any where there are several. */
  settled = false;
  /** Packets were lost while it was not judged, and some of them may be its own. */
  mayHaveLost = false;
  readonly overlaps: Overlap[] = [];
  /** Overlaps that have a line. */
  overlapsTold = 0;
  /** By handshake; `clear` for what is said without one. */
  readonly told = new Map<string, Told>();
  readonly #watcher: Watcher;

  constructor(inner: Connection | DatagramConnection, flow: Flow, watcher: Watcher) {
    super(inner, flow, watcher);
    this.#watcher = watcher;
  }

  override push(event: FlowEvent): void {
    super.push(event);
    // Of what is settled only another handshake inside its protection is still read (with keys).
    const goesOn = !this.settled || this.inner.wants === "bytes";
    if (event.kind !== "closed" && goesOn) this.#watcher.look(this, event.atUs);
  }

  /** Something was judged whose line is not written yet. */
  get isUntold(): boolean {
    for (const told of this.told.values()) if (!told.whole) return true;
    return false;
  }

  toldOf(handshake: string): Told {
    const known = this.told.get(handshake);
    if (known !== undefined) return known;
    const told = new Told();
    this.told.set(handshake, told);
    return told;
  }
}

/** What was told of one handshake. */
export class Told {
  /** Its line was written, and its sessions are remembered. */
  whole = false;
  #strictest = -1;
  readonly #findings = new Set<string>();

  /** Those of them that were not told before; they count as told from here on. */
  fresh(findings: readonly Finding[]): readonly Finding[] {
    return findings.filter((finding) => {
      const key = `${finding.rule} ${finding.name} ${finding.certificates?.[0] ?? ""}`;
      if (this.#findings.has(key)) return false;
      this.#findings.add(key);
      return true;
    });
  }

  /** Whether it is the first verdict, or stricter than all before; it counts as told from here on. */
  isNews({ decision, would = decision }: Verdict): boolean {
    const weight = strictness(decision) * WOULD_BELOW + strictness(would);
    if (weight <= this.#strictest) return false;
    this.#strictest = weight;
    return true;
  }
}

/** More than there are decisions. */
const WOULD_BELOW = 10;
