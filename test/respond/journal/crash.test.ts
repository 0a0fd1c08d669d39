/**
 * THREATS.md, *Faults*: the journal on a disk that stops at every I/O point that there is; and while it
 * recovers from that, again at every point; and while it recovers from that, once more.
 *
 * After each of them the workload is cut if it was said to be, recorded, and can be released.
 */
import { describe, expect, test } from "vitest";
import { Random } from "../../fuzz/random.ts";
import { SimulatedDisk, type Trouble } from "./simulated-disk.ts";
import { type Deed, UNDISTURBED, World } from "./world.ts";

/** Over several segments, with a cut of a workload that is cut already. */
const DEEDS: readonly Deed[] = [
  { cut: "first" },
  "release",
  { cut: "second" },
  { cut: "third" },
  "release",
  { cut: "fourth" },
  { cut: "and more" },
  { cut: "and more of it" },
  "release",
  { cut: "fifth" },
  "release",
  { cut: "sixth" },
  { cut: "seventh" },
];

describe("the journal, when everything stops", () => {
  test("at every I/O point, and twice while it recovers", async () => {
    const covered = await everyStop({ seed: 1, lives: [DEEDS, [], []] });
    for (const [depth, { stopped, there }] of covered.entries()) {
      console.log(`crash ${depth + 1}: points covered ${stopped} of ${there}`);
      expect(stopped).toBe(there);
      expect(there).toBeGreaterThan(50);
    }
  });

  test("at every I/O point, and again at every point of a life that goes on", async () => {
    const covered = await everyStop({ seed: 6, lives: [DEEDS, [{ cut: "again" }, ...DEEDS]] });
    for (const { stopped, there } of covered) expect(stopped).toBe(there);
    console.log(`two lives: points covered ${covered.map(({ stopped }) => stopped).join(" and ")}`);
  });

  test("is seen to lose a cut where a file's fsync is left out", async () => {
    await expect(everyStop({ seed: 2, lives: [DEEDS, []], forgets: "file-sync" })).rejects.toThrow(
      /lost|another/,
    );
  });

  test("is seen to lose a cut where a directory's fsync is left out", async () => {
    await expect(
      everyStop({ seed: 3, lives: [DEEDS, []], forgets: "directory-sync" }),
    ).rejects.toThrow(/lost|another/);
  });
});

describe("the journal, when a disk fails once", () => {
  test.each(["EIO", "ENOSPC", "short"] as const)("with %s at every point", async (trouble) => {
    const points = await count();
    for (let point = 1; point <= points; point++) await failsOnce(point, trouble);
    console.log(`${trouble}: points covered ${points} of ${points}`);
    expect(points).toBeGreaterThan(50);
  });

  test.each(["kill", "power"] as const)(
    "and then stops (%s), at every later point",
    async (how) => {
      const points = await count();
      let stops = 0;
      // The first lists the directory: without that it does not start.
      for (let failing = 2; failing <= points; failing++) {
        for (let stop = failing + 1, isStopped = true; isStopped; stop++) {
          const random = new Random(5, failing * 1000 + stop);
          const world = new World(new SimulatedDisk(random), random);
          const troubles: [number, Trouble][] = [
            [failing, "EIO"],
            [stop, "stop"],
          ];
          const life = await world.live({ at: new Map(troubles) }, DEEDS);
          isStopped = world.disk.isStopped;
          if (isStopped) stops++;
          else expect(life.hasEnded).toBe(true);
          world.end(how);
          await survives(world, `EIO at ${failing}, stopped at ${stop}`);
        }
      }
      console.log(`EIO, then stopped (${how}): ${stops} pairs of points covered`);
    },
  );
});

/** How many I/O points there are when nothing goes wrong. */
async function count(): Promise<number> {
  const random = new Random(1, 0);
  const world = new World(new SimulatedDisk(random), random);
  const life = await world.live(UNDISTURBED, DEEDS);
  expect(life.hasEnded).toBe(true);
  return world.disk.points.length;
}

interface Campaign {
  readonly seed: number;
  /** What is done in each life: all but the last are stopped, at every point. */
  readonly lives: readonly (readonly Deed[])[];
  readonly forgets?: SimulatedDisk["forgets"];
}

interface Covered {
  /** Points at which it was stopped, and points that there are. */
  stopped: number;
  there: number;
}

async function everyStop(campaign: Campaign): Promise<Covered[]> {
  const covered: Covered[] = campaign.lives.map(() => ({ stopped: 0, there: 0 }));
  const random = new Random(campaign.seed, 0);
  const disk = new SimulatedDisk(random);
  disk.forgets = campaign.forgets ?? "nothing";
  await stopAtEvery(new World(disk, random), campaign, covered, []);
  return covered;
}

/** From a world that stands still: a life that is stopped at each of its points, and what comes after. */
async function stopAtEvery(
  world: World,
  campaign: Campaign,
  covered: Covered[],
  before: readonly string[],
): Promise<void> {
  const depth = before.length;
  const deeds = campaign.lives[depth]!;
  const whole = world.copy(new Random(campaign.seed, 1));
  const life = await whole.live(UNDISTURBED, deeds);
  expect(life.hasEnded).toBe(true);
  const points = whole.disk.points.length;
  covered[depth]!.there += points;
  for (let point = 1; point <= points; point++) {
    const copy = world.copy(new Random(campaign.seed * 31 + depth, covered[depth]!.stopped));
    await copy.live({ at: new Map([[point, "stop"]]) }, deeds);
    if (copy.disk.isStopped) covered[depth]!.stopped++;
    const here = [...before, `stopped at ${point} (${copy.disk.points.at(-1)})`];
    copy.end();
    if (here.length < covered.length) await stopAtEvery(copy, campaign, covered, here);
    await survives(copy, here.join(", "));
  }
}

/**
 * A start that nothing disturbs: all that was promised holds; also when the power fails behind it; and
 * what is cut can be released.
 */
async function survives(world: World, where: string): Promise<void> {
  try {
    if (!world.disk.isStopped) world.end();
    world.check(await world.live(UNDISTURBED));
    world.end("power");
    const life = await world.live(UNDISTURBED);
    world.check(life);
    await world.checkRelease(life);
  } catch (error) {
    throw new Error(`${where}: ${error instanceof Error ? error.message : error}`, {
      cause: error,
    });
  }
}

async function failsOnce(point: number, trouble: Trouble): Promise<void> {
  const random = new Random(4, point);
  const world = new World(new SimulatedDisk(random), random);
  const plan = { at: new Map([[point, trouble]]) };
  let life = await world.live(plan, DEEDS).catch(() => undefined);
  // A journal whose directory cannot be listed does not start: whoever starts it sees to that.
  life ??= await world.live(UNDISTURBED, DEEDS);
  const where = `${trouble} at ${point} (${world.disk.points[point - 1]})`;
  expect(life.hasEnded, where).toBe(true);
  world.check(life);
  await survives(world, where);
}
