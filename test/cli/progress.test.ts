import { expect, test } from "vitest";
import { progressLine } from "../../src/cli/progress.ts";

test("progress says how much, how fast and how long", () => {
  const done = { bytes: 600e6, totalBytes: 2e9, packets: 1000, atEnd: false };
  expect(progressLine(done, 2)).toBe(
    "  ██████░░░░░░░░░░░░░░ 600 MB of 2.0 GB, 30 %, 300 MB/s, 5 s left",
  );
});

test("progress on input of unknown size says no end", () => {
  expect(progressLine({ bytes: 600e6, packets: 1000, atEnd: false }, 2)).toBe(
    "  600 MB, 1,000 packets, 300 MB/s",
  );
});
