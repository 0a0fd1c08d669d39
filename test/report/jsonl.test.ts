import { expect, test } from "vitest";
import { openJsonl } from "../../src/report/jsonl.ts";
import type { Line, VerdictLine } from "../../src/report/lines.ts";
import { connectionLines, otherLines } from "./sample.ts";

function kindsPrinted(lines: readonly Line[], observations: boolean): string[] {
  const pieces: string[] = [];
  const sink = openJsonl({
    write: (bytes, from, to) => void pieces.push(Buffer.from(bytes.subarray(from, to)).toString()),
    observations,
    columns: 80,
    colour: true,
  });
  for (const line of lines) sink.push(line);
  sink.end();
  const printed = pieces.join("").split("\n").slice(0, -1);
  return printed.map((line) => (JSON.parse(line) as Line).kind).toSorted();
}

const LINES = [...connectionLines(1, "a"), ...otherLines("b")];
const ALWAYS = ["fault", "finding", "loss", "malformed", "summary"];

test("what was seen is printed only when asked, and verdicts that are no pass always", () => {
  expect(kindsPrinted(LINES, false)).toEqual([...ALWAYS, "verdict"]);
  expect(kindsPrinted(LINES, true)).toEqual(["certificate", ...ALWAYS, "tls", "verdict"]);
});

test("a pass is an observation for a connection, and news for a workload", () => {
  const pass: VerdictLine = { ...(connectionLines(1, "a")[3] as VerdictLine), decision: "pass" };
  expect(kindsPrinted([pass], false)).toEqual([]);
  expect(kindsPrinted([pass], true)).toEqual(["verdict"]);
  expect(kindsPrinted([{ ...pass, flow: undefined }], false)).toEqual(["verdict"]);
});
