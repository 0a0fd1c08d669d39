import { expect, test } from "vitest";
import { instant, many, period, size, thousands } from "../../src/report/quantity.ts";

test.each([
  [0, "0"],
  [999, "999"],
  [1000, "1,000"],
  [1_234_567, "1,234,567"],
])("%i reads %s", (count, text) => {
  expect(thousands(count)).toBe(text);
});

test.each([
  [0, "0 bytes"],
  [1, "1 byte"],
  [999, "999 bytes"],
  [1000, "1.0 kB"],
  [25_419, "25 kB"],
  [2.1e9, "2.1 GB"],
  [5e15, "5000 TB"],
])("%d bytes read %s", (bytes, text) => {
  expect(size(bytes)).toBe(text);
});

test("one is not many", () => {
  expect(many(1, "packet")).toBe("1 packet");
  expect(many(2000, "packet")).toBe("2,000 packets");
});

test("a time that no calendar has is told as a number", () => {
  expect(instant(1_790_000_000_123_456)).toBe("2026-09-21 14:13:20.123 UTC");
  expect(instant(-1)).toBe("1969-12-31 23:59:59.999 UTC");
  expect(instant(1.8e25)).toContain("after 1970");
});

test("a period names the second day where it is another", () => {
  const from = 1_790_000_000_123_456;
  expect(period(from, from + 5e6)).toBe("2026-09-21 14:13:20 to 14:13:25 UTC");
  expect(period(from, from + 86_400e6)).toBe("2026-09-21 14:13:20 to 2026-09-22 14:13:20 UTC");
  expect(period(0, 1.8e25)).toContain("after 1970");
});
