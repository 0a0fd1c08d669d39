/** The limits of validating one chain: what is within them is done, and what is beyond is told. */
import { describe, expect, test } from "vitest";
import { Budget } from "../../src/trust/budget.ts";

/** How often `work` was allowed before it was not. */
function allowed(work: (budget: Budget) => boolean): [number, Budget] {
  const budget = new Budget();
  for (let times = 0; times < 1e6; times++) if (!work(budget)) return [times, budget];
  return [Number.POSITIVE_INFINITY, budget];
}

describe("a budget", () => {
  test("begins with nothing spent", () => {
    const { signatures, nodes, comparisons, exhausted } = new Budget();
    expect([signatures, nodes, comparisons, exhausted]).toEqual([0, 0, 0, false]);
  });

  test.each<[string, (budget: Budget) => boolean, number, keyof Budget]>([
    ["120 signatures", (budget) => budget.signature(1), 120, "signatures"],
    ["1,000 certificates visited", (budget) => budget.node(), 1000, "nodes"],
    ["50,000 names compared", (budget) => budget.comparison(), 50_000, "comparisons"],
  ])("allows %s, and says so when one more is asked for", (_, work, most, counter) => {
    const [times, budget] = allowed(work);
    expect(times).toBe(most);
    expect([budget[counter], budget.exhausted]).toEqual([most, true]);
    expect(work(budget)).toBe(false);
  });

  test("that is spent to the last is not exhausted", () => {
    const budget = new Budget();
    expect(budget.signature(120)).toBe(true);
    for (let i = 0; i < 1000; i++) budget.node();
    for (let i = 0; i < 50_000; i++) budget.comparison();
    expect(budget.exhausted).toBe(false);
  });

  test("does not count work that it refused", () => {
    const budget = new Budget();
    budget.signature(100);
    expect([budget.signature(21), budget.signature(20.5)]).toEqual([false, false]);
    expect([budget.signature(20), budget.signatures]).toEqual([true, 120]);
  });
});
