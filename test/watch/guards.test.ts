/** A sidecar's own count of cuts. Time is given. */
import { expect, test } from "vitest";
import { defaultPolicy, sealPolicy } from "../../src/judge/policy/policy.ts";
import { Guards } from "../../src/watch/guards.ts";

const limited = sealPolicy({
  ...defaultPolicy,
  later: { respond: { guards: { maxCutsPer: { count: 2, minutes: 10 } } } },
});
const MINUTE_MS = 60_000;

test("so many cuts in so many minutes, and then none until the first is that long ago", () => {
  const guards = new Guards();
  const held = [0, 1, 2, 9.9, 10.1, 10.2, 11.1].map(
    (minute) => guards.hold(limited, minute * MINUTE_MS) !== undefined,
  );
  expect(held).toEqual([false, false, true, true, false, true, false]);
});

test("says which guard, and what it allows", () => {
  const guards = new Guards();
  for (let cut = 0; cut < 2; cut++) guards.hold(limited, 0);
  expect(guards.hold(limited, 0)).toBe("respond.guards.maxCutsPer: 2 in 10 minutes are used up");
});

test("a policy without guards holds nothing back", () => {
  const guards = new Guards();
  for (let cut = 0; cut < 100; cut++) expect(guards.hold(defaultPolicy, 0)).toBeUndefined();
});
