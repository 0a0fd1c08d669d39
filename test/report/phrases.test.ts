/** Lines that share what they say come out as if each had been printed whole. */
import { describe, expect, test } from "vitest";
import { findingLine, type Place, tlsLine, verdictLine } from "../../src/report/build.ts";
import { type Line, SHARED } from "../../src/report/lines.ts";
import { Phrases } from "../../src/report/phrases.ts";
import { printLine, ShortPrinter } from "../../src/report/print.ts";
import { connectionLines, HOSTILE, otherLines } from "./sample.ts";

/** The lines through a printer that shares, and back. */
function through(lines: readonly Line[], phrases = new Phrases()): string {
  const printer = new ShortPrinter(phrases);
  const short = Buffer.from(lines.map((line) => printer.print(line)).join(""));
  const out: Buffer[] = [];
  const expander = phrases.expander((bytes, from, to) => {
    out.push(Buffer.from(bytes.subarray(from, to)));
  });
  expander.push(short, 0, short.length);
  expander.flush();
  return Buffer.concat(out).toString();
}

const whole = (lines: readonly Line[]) => lines.map((line) => `${printLine(line)}\n`).join("");

/** Every kind of a connection's lines, at other places and times, sharing what they say. */
function alike(text: string, count: number): Line[] {
  const shared = new Map<string, object>();
  const lines: Line[] = [];
  for (let flow = 1; flow <= count; flow++) {
    for (const sample of connectionLines(flow, text)) {
      const line = { ...sample, workload: undefined };
      const key = `${line.kind} ${JSON.stringify({ ...line, atUs: 0, flow: "", client: "", server: "" })}`;
      if (!shared.has(key)) shared.set(key, {});
      lines.push({ ...line, [SHARED]: shared.get(key) } as Line);
    }
  }
  return lines;
}

describe("lines that share", () => {
  test.each(HOSTILE)("come out whole with %s in them", (_name, text) => {
    const lines = [...alike(text, 5), ...otherLines(text)];
    expect(through(lines)).toBe(whole(lines));
  });

  test("are much shorter while they wait", () => {
    const lines = alike("api.corp.example", 100).filter((line) => line.kind === "verdict");
    const printer = new ShortPrinter(new Phrases());
    const short = lines.map((line) => printer.print(line).length);
    expect(Math.max(...short)).toBeLessThan(printLine(lines[0]!).length / 2);
  });

  test("with a workload are printed whole, since it stands between", () => {
    const lines = alike("a", 3).map((line) => ({ ...line, workload: "payments" }) as Line);
    expect(through(lines)).toBe(whole(lines));
  });
});

test("what finds no room among the phrases is printed whole", () => {
  const phrases = new Phrases();
  const long = "x".repeat(6_000_000);
  const lines = [1, 2, 3, 4].flatMap((flow) =>
    connectionLines(flow, `${long}${flow}`).map((line) => ({ ...line, [SHARED]: {} }) as Line),
  );
  expect(through(lines, phrases) === whole(lines)).toBe(true);
});

test("builders pass on what lines share", () => {
  const [finding, verdict] = [{}, {}];
  const place = {} as Place;
  expect(findingLine({} as never, place, finding)[SHARED]).toBe(finding);
  expect(verdictLine({} as never, place, verdict)[SHARED]).toBe(verdict);
  expect(tlsLine({} as never, place, { shared: verdict } as never)[SHARED]).toBe(verdict);
});
