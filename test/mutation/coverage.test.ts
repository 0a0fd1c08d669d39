/** What ran: of nested counts the innermost holds. */
import { expect, test } from "vitest";
import { covered } from "./coverage.ts";

test("a place ran when the smallest range around it did", () => {
  const range = (startOffset: number, endOffset: number, count: number) => ({
    startOffset,
    endOffset,
    count,
  });
  const functionOf = (...ranges: ReturnType<typeof range>[]) => ({
    functionName: "",
    isBlockCoverage: true,
    ranges,
  });
  const coverage = [
    {
      scriptId: "1",
      url: "file:///repository/src/a.ts?3",
      functions: [
        functionOf(range(0, 100, 1)),
        functionOf(range(10, 50, 2), range(20, 30, 0)),
        functionOf(range(60, 70, 0)),
      ],
    },
    {
      scriptId: "2",
      url: "file:///repository/src/b.ts?3",
      functions: [functionOf(range(0, 9, 1))],
    },
  ];
  const places = {
    "src/a.ts": [5, 10, 19, 20, 29, 30, 60, 70, 100].map((at) => ({ at, id: at })),
    "src/c.ts": [{ at: 1, id: 1000 }],
  };
  expect(covered(places, coverage)).toEqual([5, 10, 19, 30, 70]);
});
