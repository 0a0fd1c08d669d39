/** Lines as `--format jsonl --observations` prints them: in order, escaped, a line break each. */
import { openJsonl } from "../../src/report/jsonl.ts";
import type { Line } from "../../src/report/lines.ts";

export function sortedLines(lines: readonly Line[]): string {
  const pieces: Buffer[] = [];
  const sink = openJsonl({
    write: (bytes, from, to) => void pieces.push(Buffer.from(bytes.subarray(from, to))),
    observations: true,
    columns: 100,
    colour: false,
  });
  for (const line of lines) sink.push(line);
  sink.end();
  return Buffer.concat(pieces).toString("utf8");
}
