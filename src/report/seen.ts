/**
 * What was seen and what was not, for the foot of the text output.
 *
 * A capture without findings is only as clean as it was visible, so the certificates that nobody saw
 * are counted by their reason and stand beside the findings.
 */
import type { Decision, Line, SummaryLine, VerdictLine } from "./lines.ts";

export class Seen {
  readonly versions = new Map<string, number>();
  /** Why certificates were not seen. */
  readonly unseen = new Map<string, number>();
  readonly decisions: Record<Decision, number> = { pass: 0, report: 0, refuse: 0, cut: 0 };
  readonly losses = new Map<string, number>();
  readonly malformed = new Map<string, number>();
  handshakes = 0;
  chains = 0;
  wouldCut = 0;
  faults = 0;
  plaintext = 0;
  opaque = 0;
  summary: SummaryLine | undefined;

  add(line: Line): void {
    switch (line.kind) {
      case "tls":
        this.handshakes++;
        count(this.versions, line.version ?? "unanswered");
        if (line.certificates.seen === "no") count(this.unseen, line.certificates.why ?? "unknown");
        else this.chains++;
        break;
      case "verdict":
        this.#decide(line);
        break;
      case "loss":
        count(this.losses, line.why, line.packetsDropped);
        break;
      case "malformed":
        count(this.malformed, line.at);
        break;
      case "plaintext":
        this.plaintext++;
        break;
      case "opaque":
        this.opaque++;
        break;
      case "fault":
        this.faults++;
        break;
      case "summary":
        this.summary = line;
        break;
    }
  }

  #decide(line: VerdictLine): void {
    this.decisions[line.decision]++;
    if (line.wouldCut) this.wouldCut++;
  }
}

/** Reasons and names are few by nature, but nothing that is counted by a name grows without end. */
function count(counts: Map<string, number>, name: string, by = 1): void {
  const key = counts.has(name) || counts.size < NAMES_MAX ? name : "other";
  counts.set(key, (counts.get(key) ?? 0) + by);
}

const NAMES_MAX = 100;
