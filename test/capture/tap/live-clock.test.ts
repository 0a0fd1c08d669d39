/** Packet time beside a wall clock that is set, slewed, and goes on through sleep. */
import { describe, expect, test } from "vitest";
import { LiveClock } from "../../../src/capture/tap/live-clock.ts";

const WALL_MS = 1_795_132_800_000;

/** A machine whose clocks the test moves: `pass` moves all, `set` the wall alone, `sleep` not the steady one. */
class Machine {
  wall = WALL_MS;
  boot = 50_000;
  steady = 1234.5;
  readonly clock = new LiveClock({
    wallMs: () => this.wall,
    sinceBootMs: () => this.boot,
    steadyMs: () => this.steady,
  });

  pass(ms: number): void {
    this.wall += ms;
    this.boot += ms;
    this.steady += ms;
  }

  sleep(ms: number): void {
    this.wall += ms;
    this.boot += ms;
  }
}

describe("packet time", () => {
  test("is the wall's, and passes as time does", () => {
    const machine = new Machine();
    expect(machine.clock.nowUs()).toBe(WALL_MS * 1000);
    machine.pass(1500);
    expect(machine.clock.tick()).toBe(0);
    expect(machine.clock.nowUs()).toBe((WALL_MS + 1500) * 1000);
  });

  test.each([3_600_000, -3_600_000, 61_000])(
    "follows a wall that is set by %i ms, and says so",
    (ms) => {
      const machine = new Machine();
      machine.pass(1000);
      machine.wall += ms;
      expect(machine.clock.nowUs()).toBe((WALL_MS + 1000) * 1000);
      expect(machine.clock.tick()).toBe(ms * 1000);
      expect(machine.clock.nowUs()).toBe((WALL_MS + 1000 + ms) * 1000);
      machine.pass(1000);
      expect(machine.clock.tick()).toBe(0);
    },
  );

  test("counts sleep as time that has passed, which moves nothing", () => {
    const machine = new Machine();
    machine.sleep(7_200_000);
    expect(machine.clock.tick()).toBe(0);
    expect(machine.clock.nowUs()).toBe((WALL_MS + 7_200_000) * 1000);
  });

  test("follows what is slewed little by little, and never in a step", () => {
    const machine = new Machine();
    machine.wall += 400;
    for (let ticks = 0; ticks < 100; ticks++) expect(machine.clock.tick()).toBe(0);
    expect(machine.clock.nowUs() / 1000 - machine.wall).toBeCloseTo(0, 0);
  });
});

describe("a stamp of the kernel's", () => {
  const machine = new Machine();
  const now = machine.clock.nowUs();

  test("is taken where it lies a little back", () => {
    expect(machine.clock.stamped(now - 900, now)).toBe(now - 900);
  });

  test.each([now + 1, now - 5_000_001, 0])("is not taken where it cannot be: %i", (wallUs) => {
    expect(machine.clock.stamped(wallUs, now)).toBe(now);
  });
});
