import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { Line } from "../../src/report/lines.ts";
import { LineOrder } from "../../src/report/order.ts";
import { SpoolRefused } from "../../src/report/spool.ts";

type Key = Pick<Line, "kind" | "atUs" | "flow">;

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "order-test-"));
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

function drained(order: LineOrder): string[] {
  const pieces: string[] = [];
  order.drain(
    (bytes, from, to) => void pieces.push(Buffer.from(bytes.subarray(from, to)).toString()),
  );
  return pieces.join("").split("\n").slice(0, -1);
}

function ordered(keys: readonly Key[], runBytesMax: number): string[] {
  const order = new LineOrder({ runBytesMax, folder });
  keys.forEach((key, index) => void order.add(key, `${nameOf(key)} #${index}\n`));
  return drained(order);
}

function nameOf({ atUs, flow, kind }: Key): string {
  return `${atUs} ${flow ?? "-"} ${kind}`;
}

describe("lines", () => {
  test("go by time, then by the number of the flow, then by kind", () => {
    const keys: Key[] = [
      { atUs: 5, flow: "10", kind: "tls" },
      { atUs: 5, flow: "9", kind: "verdict" },
      { atUs: 5, flow: "9", kind: "finding" },
      { atUs: 5, flow: undefined, kind: "malformed" },
      { atUs: -3, flow: "11", kind: "tls" },
    ];
    expect(ordered(keys, 1000).map((line) => line.replace(/ #.*/, ""))).toEqual([
      "-3 11 tls",
      "5 - malformed",
      "5 9 finding",
      "5 9 verdict",
      "5 10 tls",
    ]);
  });

  test("that are equal keep the order in which they came", () => {
    const keys = Array.from({ length: 50 }, (): Key => ({ atUs: 1, flow: "1", kind: "finding" }));
    const numbers = ordered(keys, 100).map((line) => Number(line.split("#")[1]));
    expect(numbers).toEqual(keys.map((_, index) => index));
  });

  test("end in the summary, whatever its time", () => {
    const keys: Key[] = [
      { atUs: 1, kind: "summary" },
      { atUs: 2 ** 60, flow: "1", kind: "tls" },
    ];
    expect(ordered(keys, 1000).at(-1)).toMatch("summary");
  });

  test("are the same whether they fit into memory or not", () => {
    const key = fc.record({
      atUs: fc.integer({ min: 0, max: 20 }),
      flow: fc.option(fc.integer({ min: 1, max: 12 }).map(String), { nil: undefined }),
      kind: fc.constantFrom<Line["kind"][]>("tls", "verdict", "finding", "loss", "summary"),
    });
    fc.assert(
      fc.property(
        fc.array(key, { maxLength: 200 }),
        fc.integer({ min: 1, max: 900 }),
        (keys, max) => {
          expect(ordered(keys, max)).toEqual(ordered(keys, 1e6));
        },
      ),
      { numRuns: 50 },
    );
  });

  test("longer than every buffer come out whole", () => {
    const order = new LineOrder({ runBytesMax: 300_000, folder });
    const long = "é".repeat(400_000);
    order.add({ atUs: 2, flow: "1", kind: "tls" }, `${long}\n`);
    order.add({ atUs: 1, flow: "1", kind: "tls" }, "short\n");
    order.add({ atUs: 3, flow: "1", kind: "tls" }, `${long}\n`);
    expect(order.spilled).toBe(2);
    expect(drained(order)).toEqual(["short", long, long]);
  });
});

describe("the temporary file", () => {
  test("is only there when memory is used up, and never has a name", () => {
    const order = new LineOrder({ runBytesMax: 100, folder });
    order.add({ atUs: 1, kind: "loss" }, "a\n");
    expect(order.spilled).toBe(0);
    order.add({ atUs: 1, kind: "loss" }, `${"b".repeat(200)}\n`);
    expect(order.spilled).toBe(1);
    expect(readdirSync(folder)).toEqual([]);
    order.close();
  });

  test("that the machine refuses is said as such", () => {
    const order = new LineOrder({ runBytesMax: 1, folder: join(folder, "missing") });
    expect(() => order.add({ atUs: 1, kind: "loss" }, "line\n")).toThrow(SpoolRefused);
  });
});

test("what the reader refuses is thrown, and nothing is left open", () => {
  const order = new LineOrder({ runBytesMax: 1, folder });
  order.add({ atUs: 1, kind: "loss" }, "line\n");
  const refuse = () => {
    throw new Error("closed");
  };
  expect(() => order.drain(refuse)).toThrow("closed");
  expect(drained(order)).toEqual([]);
});
