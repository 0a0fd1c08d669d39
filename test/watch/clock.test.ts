/** A step of the wall clock against time that nobody can set. Both clocks are given. */
import { expect, test } from "vitest";
import { ClockWatch } from "../../src/watch/clock.ts";

/** Every look: how far the machine went on, and how far the wall clock did, in seconds. */
function looks(...moves: readonly [bootS: number, wallS: number][]): (number | undefined)[] {
  let [wallMs, bootMs] = [1_700_000_000_000, 5000];
  const watch = new ClockWatch(
    () => wallMs,
    () => bootMs,
  );
  return moves.map(([bootS, wallS]) => {
    bootMs += bootS * 1000;
    wallMs += wallS * 1000;
    return watch.look()?.seconds;
  });
}

test("clocks that go together step nowhere, asleep or awake", () => {
  expect(looks([10, 10], [28_800, 28_800])).toEqual([undefined, undefined]);
});

test("a step is told once, in both directions", () => {
  expect(looks([10, 3610], [10, 10], [10, -7190])).toEqual([3600, undefined, -7200]);
});

test("a minute is no step, and slewing adds up to none", () => {
  expect(looks([10, 70])).toEqual([undefined]);
  expect(looks(...Array.from({ length: 100 }, () => [10, 11] as [number, number]))).toEqual(
    Array.from({ length: 100 }, () => undefined),
  );
});

test("the real clocks agree with each other", () => {
  expect(new ClockWatch().look()).toBeUndefined();
});
