/** Which places of the sources ran, from what V8 counted. */
import type { Profiler } from "node:inspector";
import type { Places } from "./question.ts";

export type Coverage = readonly Profiler.ScriptCoverage[];

/** Numbers of the mutants whose place ran at least once. */
export function covered(places: Places, coverage: Coverage): number[] {
  const ids: number[] = [];
  for (const { url, functions } of coverage) {
    const path = Object.keys(places).find((each) => url.includes(`/${each}`));
    if (path === undefined) continue;
    const ranges = functions.flatMap((one) => one.ranges);
    for (const { at, id } of places[path]!) if (ran(ranges, at)) ids.push(id);
  }
  return ids;
}

/** The smallest range around a place has its count. */
function ran(ranges: readonly Profiler.CoverageRange[], at: number): boolean {
  let inner: Profiler.CoverageRange | undefined;
  for (const range of ranges) {
    if (at < range.startOffset || at >= range.endOffset) continue;
    const size = range.endOffset - range.startOffset;
    if (inner === undefined || size <= inner.endOffset - inner.startOffset) inner = range;
  }
  return inner !== undefined && inner.count > 0;
}
