/**
 * Sets our lines of one capture against truth's streams: who is who, and where they differ.
 */

import type { TlsLine } from "../../src/report/lines.ts";
import type { Difference } from "./differences.ts";
import { FIELDS, type FieldName } from "./fields.ts";
import { inScope, isOver, type Over, type TruthCapture, type TruthStream } from "./truth.ts";

/** What the table counts, over all captures, per field. */
export interface Tally {
  truth: number;
  ours: number;
  both: number;
  equal: number;
}

export type Tallies = Record<FieldName | "line", Tally>;

export function emptyTallies(): Tallies {
  const names = ["line", ...FIELDS.map((field) => field.name)];
  const entries = names.map((name) => [name, { truth: 0, ours: 0, both: 0, equal: 0 }]);
  return Object.fromEntries(entries) as Tallies;
}

/**
 * Adds one capture to `tallies` and returns its differences. `frameAt` tells the number, from 1,
 * of the first packet captured at a time in microseconds. Only what is `over` that carrier counts.
 */
export function compare(
  capture: TruthCapture,
  lines: readonly TlsLine[],
  tallies: Tallies,
  frameAt: (atUs: number) => number,
  over: Over = "tcp",
): Difference[] {
  const { file } = capture;
  const { pairs, unmatched, unclaimed } = match(capture.tls_streams, lines, over);
  const found: Difference[] = [];

  for (const [stream, line] of pairs) {
    const frame = stream.first_frame;
    count(tallies.line, "seen", "seen");
    for (const field of FIELDS) {
      const truth = field.truth(stream);
      const ours = field.ours(line);
      count(tallies[field.name], truth, ours);
      if (truth !== ours) found.push({ file, frame, field: field.name, ...said(ours, truth) });
    }
  }
  for (const stream of unmatched) {
    const truth = `${stream.client} > ${stream.server}`;
    for (const field of FIELDS) count(tallies[field.name], field.truth(stream), undefined);
    count(tallies.line, truth, undefined);
    found.push({ file, frame: stream.first_frame, field: "line", truth });
  }
  for (const line of unclaimed) {
    const ours = `${line.client} > ${line.server}`;
    count(tallies.line, undefined, ours);
    found.push({ file, frame: frameAt(line.atUs), field: "line", ours });
  }
  return found;
}

function said(ours: string | undefined, truth: string | undefined) {
  return { ...(ours !== undefined && { ours }), ...(truth !== undefined && { truth }) };
}

function count(tally: Tally, truth: string | undefined, ours: string | undefined): void {
  if (truth !== undefined) tally.truth += 1;
  if (ours !== undefined) tally.ours += 1;
  if (truth !== undefined && ours !== undefined) tally.both += 1;
  if (truth !== undefined && truth === ours) tally.equal += 1;
}

interface Matched {
  readonly pairs: readonly (readonly [TruthStream, TlsLine])[];
  /** Streams in scope without a line of ours. */
  readonly unmatched: readonly TruthStream[];
  /** Lines of ours that belong to no stream of truth, in scope or not. */
  readonly unclaimed: readonly TlsLine[];
}

/**
 * A stream and a line belong together if they join the same two endpoints, whoever is called the
 * client; where a pair of ports was used again, the line nearest in time. A line that belongs to a
 * stream outside the scope is nobody's concern here.
 */
function match(streams: readonly TruthStream[], lines: readonly TlsLine[], over: Over): Matched {
  const waiting = new Map<string, TlsLine[]>();
  for (const line of lines) {
    if (line.transport !== over) continue;
    const ends = endsOf(line);
    waiting.set(ends, [...(waiting.get(ends) ?? []), line]);
  }

  const pairs: [TruthStream, TlsLine][] = [];
  const unmatched: TruthStream[] = [];
  for (const stream of streams) {
    if (!isOver(stream, over)) continue;
    const candidates = waiting.get(endsOf(stream)) ?? [];
    const line = nearest(candidates, stream.ch_time);
    if (line) candidates.splice(candidates.indexOf(line), 1);
    if (!inScope(stream, over)) continue;
    if (line) pairs.push([stream, line]);
    else unmatched.push(stream);
  }
  return { pairs, unmatched, unclaimed: [...waiting.values()].flat() };
}

function nearest(lines: readonly TlsLine[], seconds: number | undefined): TlsLine | undefined {
  if (seconds === undefined) return lines[0];
  const away = (line: TlsLine) => Math.abs(line.atUs - seconds * 1e6);
  return [...lines].sort((a, b) => away(a) - away(b))[0];
}

function endsOf({ client, server }: { client: string; server: string }): string {
  return [client, server].sort().join(" ");
}
