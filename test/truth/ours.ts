/** The one place where the truth tests run our program: a capture file in, its lines out. */
import { readCapture } from "../../src/capture/read.ts";
import { defaultPolicy } from "../../src/judge/policy/policy.ts";
import { type ReplayEnd, replay } from "../../src/replay.ts";
import type { Line } from "../../src/report/lines.ts";

/** As `portcullis replay PATH --format jsonl --observations` without a policy, in this process. */
export async function replayed(
  path: string,
  keyLogs: readonly string[] = [],
): Promise<{ lines: Line[]; end: ReplayEnd }> {
  const lines: Line[] = [];
  const options = { inputs: [path], hash: false, local: [], observations: true, keyLogs };
  const end = await replay({ ...options, policy: defaultPolicy }, (line) => lines.push(line));
  return { lines, end };
}

/** Tells the number, from 1, of the first packet captured at a time in microseconds; 0 if none. */
export async function frameFinder(path: string): Promise<(atUs: number) => number> {
  const frames = new Map<number, number>();
  const clock = new Float64Array(1);
  let count = 0;
  const packet = () => {
    count += 1;
    if (!frames.has(clock[0]!)) frames.set(clock[0]!, count);
  };
  await readCapture(path, { clock, packet });
  return (atUs) => frames.get(atUs) ?? 0;
}
