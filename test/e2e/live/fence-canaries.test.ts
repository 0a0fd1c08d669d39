/**
 * Canaries by every way out that a workload with CAP_NET_RAW has, counted at the peer's end before the
 * cut, behind it, and after the release.
 */
import { randomUUID } from "node:crypto";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { Fence } from "../../../src/respond/fence.ts";
import {
  canaryOf,
  countIn,
  PACKETS,
  sendCanaries,
  WAYS,
  type Way,
  watchPeer,
} from "../../netns/canaries.ts";
import { IS_ROOT, Pair } from "../../netns/pair.ts";

describe.runIf(IS_ROOT)("canaries", () => {
  let pair: Pair;
  let fence: Fence | undefined;
  beforeEach(() => {
    pair = new Pair();
  });
  afterEach(() => {
    fence?.close();
    fence = undefined;
    pair.close();
  });

  test("of every way arrive before the fence and after its release, and none behind a cut", async () => {
    const ways = waysThatWork(await counted());
    fence = open({ bypassable: true });
    expect(waysThatWork(await counted())).toEqual(ways);

    const outcome = fence.cut("an exercise");
    expect(outcome).toMatchObject({ status: "done", verified: true });
    expect(outcome.detail).toContain("eth0 was taken down");
    expect(waysThatWork(await counted())).toEqual([]);
    expect(fence.look()).toEqual([]);

    expect(fence.release()).toMatchObject({ status: "done", verified: true });
    pair.settle();
    expect(waysThatWork(await counted())).toEqual(ways);
  });

  test("behind a cut that leaves the link up, leave by XDP at most, and that is C09", async () => {
    const ways = waysThatWork(await counted());
    fence = open({});
    expect(fence.cut("an exercise")).toMatchObject({ status: "done", verified: true });
    expect(fence.look()).toEqual([]);
    const left = waysThatWork(await counted());
    expect(left).toEqual(ways.filter((way) => way === "xdp"));
    const found = fence.look();
    expect(found.map(({ rule }) => rule)).toEqual(left.length > 0 ? ["C09"] : []);
    if (left.length > 0) {
      expect(found[0]).toMatchObject({
        severity: "critical",
        summary: `${PACKETS} packets left by eth0 although the workload is cut off.`,
        evidence: { packets: PACKETS, interfaces: ["eth0"] },
      });
    }
    // Once each.
    expect(fence.look()).toEqual([]);
  });

  /** Sends all, and counts at the peer. */
  async function counted(): Promise<ReadonlyMap<Way, number>> {
    const seed = randomUUID();
    const watch = await watchPeer(pair);
    const said = sendCanaries(pair, seed);
    const capture = await watch.end();
    for (const [way, how] of said) {
      if (how.startsWith("unavailable")) console.warn(`this machine has no way ${way}: ${how}`);
    }
    return new Map(WAYS.map((way) => [way, countIn(capture, canaryOf(seed, way))]));
  }

  function open(options: { bypassable?: boolean }): Fence {
    const policySha256 = "0".repeat(64);
    return pair.inside("workload", () =>
      Fence.open({ instance: "test", policySha256, ...options }),
    );
  }
});

/** Ways by which all that was sent arrived; some of it is neither yes nor no. */
function waysThatWork(counts: ReadonlyMap<Way, number>): Way[] {
  expect([...counts].filter(([, count]) => count !== 0 && count !== PACKETS)).toEqual([]);
  return WAYS.filter((way) => counts.get(way) === PACKETS);
}
