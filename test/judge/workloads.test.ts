/** `--workloads`: whose address it is. */
import { describe, expect, test } from "vitest";
import { parseWorkloads, Workloads } from "../../src/judge/workloads.ts";

describe("a file of workloads", () => {
  test("has a network and a name a line, comments, and the longest prefix wins", () => {
    const text =
      "# staging\n10.20.0.0/24 payments/batch\n\n10.20.0.17\tpayments/api # one pod\nfd00::/8, six\n";
    const workloads = new Workloads(parseWorkloads(text));
    const of = (ip: string) => workloads.of(ip);
    expect([of("10.20.0.3"), of("10.20.0.17"), of("10.21.0.1"), of("fd00::7")]).toEqual([
      "payments/batch",
      "payments/api",
      undefined,
      "six",
    ]);
    expect(of("10.20.0.17")).toBe("payments/api");
  });

  test.each([
    ["a name without an address", "payments/api", /line 1: "payments\/api", expected an address/],
    ["an address without a name", "\n10.0.0.1", /line 2: expected the workload's name behind 10/],
    ["host bits behind the prefix", "10.0.0.1/8 a", /line 1: "10.0.0.1\/8", expected an address/],
  ])("with %s is refused, with its line", (_, text, message) => {
    expect(() => parseWorkloads(text)).toThrow(message);
  });
});
