/** What a start comes to, for each policy and each thing that may be asked for. */
import { describe, expect, test } from "vitest";
import { defaultPolicy, type Policy, sealPolicy } from "../../src/judge/policy/policy.ts";
import type { KeptPolicy, OnFailure } from "../../src/watch/kept-policy.ts";
import {
  enforceProblem,
  isClosedInAbsence,
  noticesOf,
  rungsOf,
  startBy,
} from "../../src/watch/start.ts";

function policy(mode: Policy["mode"], respond?: object): Policy {
  return sealPolicy({ ...defaultPolicy, mode, later: respond === undefined ? {} : { respond } });
}
const good = (one: Policy) => ({ policy: one, watched: [], mark: "" });
const BAD = { problem: "p.yaml:1:1: no" };
const kept = (onFailure?: OnFailure): KeptPolicy => ({
  version: 1,
  sha256: "0".repeat(64),
  mode: "enforce",
  ...(onFailure && { onFailure }),
});

test.each<
  [string, Parameters<typeof startBy>[0], OnFailure | undefined, KeptPolicy | undefined, string]
>([
  ["audit runs", good(policy("audit")), undefined, undefined, "run"],
  [
    "enforce that says open runs",
    good(policy("enforce", { onFailure: "open" })),
    undefined,
    undefined,
    "run",
  ],
  ["enforce that says nothing does not", good(policy("enforce")), undefined, undefined, "exit"],
  ["unless the call says it", good(policy("enforce")), "closed", undefined, "run"],
  ["a broken policy does not start", BAD, undefined, undefined, "exit"],
  ["nor after one that said open", BAD, undefined, kept("open"), "exit"],
  ["nor after one that said nothing", BAD, undefined, kept(), "exit"],
  ["after one that said closed nothing leaves", BAD, undefined, kept("closed"), "hold"],
  ["nor when the call says closed", BAD, "closed", undefined, "hold"],
  ["the call's word counts more than the last policy's", BAD, "open", kept("closed"), "exit"],
])("%s", (_, read, onFailure, last, expected) => {
  expect(startBy(read, { onFailure, kept: last }).is).toBe(expected);
});

test("audit never closes, whatever it says of our absence", () => {
  expect(isClosedInAbsence(policy("audit", { onFailure: "closed" }), undefined)).toBe(false);
  expect(isClosedInAbsence(policy("audit"), "closed")).toBe(false);
  expect(isClosedInAbsence(policy("enforce", { onFailure: "closed" }), undefined)).toBe(true);
  expect(isClosedInAbsence(policy("enforce", { onFailure: "closed" }), "open")).toBe(false);
  expect(enforceProblem(policy("audit"), undefined)).toBeUndefined();
});

describe("the rungs", () => {
  test.each<[string[] | undefined, object | undefined, string[]]>([
    [undefined, undefined, ["refuse", "fence"]],
    [undefined, { ladder: ["refuse"] }, ["refuse"]],
    [["none"], { ladder: ["refuse", "fence"] }, []],
    [["fence"], undefined, ["refuse", "fence"]],
    [["refuse"], { ladder: ["docker"] }, ["refuse"]],
  ])("asked for %j, with %j in the policy: %j", (asked, respond, expected) => {
    const rungs = rungsOf(policy("audit", respond), asked);
    expect("rungs" in rungs && [...rungs.rungs]).toEqual(expected);
  });

  test.each<[string[] | undefined, object | undefined, RegExp]>([
    [
      undefined,
      { ladder: ["fence", "docker"] },
      /ladder` names docker, which this version does not have/,
    ],
    [["webhook"], undefined, /--respond names webhook/],
    [["none", "fence"], undefined, /stands alone/],
  ])("asked for %j, with %j in the policy: refused", (asked, respond, why) => {
    expect(rungsOf(policy("audit", respond), asked)).toEqual({
      refused: expect.stringMatching(why),
    });
  });
});

test("what one sidecar cannot apply is named, and what it applies is not", () => {
  const respond = {
    ladder: ["fence"],
    onFailure: "open",
    replacement: "hold",
    guards: { maxCutsPer: { count: 3, minutes: 10 }, keepHealthy: "50%" },
  };
  const told = {
    ...policy("audit", respond),
    notices: [
      "`respond` is checked and kept, but this version does not apply it yet",
      "`mesh` too",
    ],
  };
  expect(noticesOf(told)).toEqual([
    "`mesh` too",
    "`respond.replacement` takes an agent or a controller, which are to come",
    "`respond.guards.keepHealthy` takes an agent or a controller, which are to come",
  ]);
});
