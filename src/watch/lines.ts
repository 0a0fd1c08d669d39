/**
 * Where every line of the watcher goes: counted, printed and handed to standard output, which may lose
 * notes when its reader stalls and says so (line-output.ts).
 */
import { lossLine } from "../report/build.ts";
import type { Line } from "../report/lines.ts";
import { printLine } from "../report/print.ts";
import { LineOutput } from "./line-output.ts";
import type { Metrics } from "./metrics.ts";

export class Lines {
  readonly #metrics: Metrics;
  readonly #output: LineOutput;

  /** @param nowUs for the line about lost lines */
  constructor(metrics: Metrics, nowUs: () => number, fd = 1, bytesMax?: number) {
    this.#metrics = metrics;
    this.#output = new LineOutput(fd, {
      ...(bytesMax !== undefined && { bytesMax }),
      onDropped: ({ notes, weighty }) => {
        const why =
          `whoever reads this stalled: ${notes} notes and ${weighty} other lines were never printed; ` +
          "cuts are in the journal";
        const loss = { atUs: nowUs(), packetsDropped: 0, where: "standard-output", why };
        metrics.line(lossLine(loss));
        return `${printLine(lossLine(loss))}\n`;
      },
    });
    metrics.gauge("output_waiting_bytes", () => this.#output.waitingBytes);
    metrics.gauge("output_dropped_total", () => {
      const { notes, weighty } = this.#output.dropped;
      return new Map([
        ["note", notes],
        ["weighty", weighty],
      ]);
    });
  }

  /** Bound, so that it can be handed over as a function. */
  readonly write = (line: Line): void => {
    this.#metrics.line(line);
    this.#output.push(`${printLine(line)}\n`, isNote(line) ? "note" : "weighty");
  };

  get dropped(): LineOutput["dropped"] {
    return this.#output.dropped;
  }

  /** Why nobody reads, if nobody does. */
  get closed(): string | undefined {
    return this.#output.closed;
  }

  drain(deadlineMs: number): Promise<number> {
    return this.#output.drain(deadlineMs);
  }
}

/** What only says what was seen, and what is worth no more than that. */
function isNote(line: Line): boolean {
  switch (line.kind) {
    case "finding":
      return line.severity === "note";
    case "verdict":
      return line.decision === "pass" || (line.decision === "report" && !line.wouldCut);
    case "outcome":
    case "loss":
    case "fault":
    case "host":
      return false;
    default:
      return true;
  }
}
