/** Puts sorted runs together (run.ts). */
import { Joiner, type WriteBytes } from "./joiner.ts";
import type { Run } from "./run.ts";

/** Writes the lines of sorted runs in order. Of equal lines those of the earlier run go first. */
export function merge(runs: readonly Run[], write: WriteBytes): void {
  const out = new Joiner(write);
  const open = runs.filter((run) => run.next());
  while (open.length > 0) {
    const [first, second] = firstTwo(open);
    // Runs hardly overlap in time, so one is first for long: only two are compared meanwhile.
    do {
      out.push(first.bytesAt, first.from, first.to);
      if (!first.next()) {
        open.splice(open.indexOf(first), 1);
        break;
      }
    } while (second === undefined || comesBefore(first, second, open));
  }
  out.flush();
}

/** The run whose line is next, and the one whose line would be next without it. */
function firstTwo(open: readonly Run[]): [Run, Run | undefined] {
  let first = open[0]!;
  let second: Run | undefined;
  for (const run of open.slice(1)) {
    if (compare(run, first) < 0) {
      second = first;
      first = run;
    } else if (second === undefined || compare(run, second) < 0) {
      second = run;
    }
  }
  return [first, second];
}

function comesBefore(a: Run, b: Run, open: readonly Run[]): boolean {
  return (compare(a, b) || open.indexOf(a) - open.indexOf(b)) < 0;
}

function compare(a: Run, b: Run): number {
  return a.atUs - b.atUs || a.flow - b.flow || a.kind - b.kind;
}
