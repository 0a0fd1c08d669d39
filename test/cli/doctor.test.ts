/** `doctor` with rights, without, and in namespaces: each ability as the kernel really gives it. */
import { spawnSync } from "node:child_process";
import { describe, expect, test, vi } from "vitest";
import type { Ability } from "../../src/watch/abilities.ts";
import { PROJECT, portcullis } from "./program.ts";

vi.setConfig({ testTimeout: 60_000 });

const isRoot = process.getuid?.() === 0;
const DOOR = "src/cli/portcullis.mjs";

/** What it finds in a network namespace of its own, when it is run through `command`. */
function doctorIn(...command: string[]): Map<string, Ability["possible"]> {
  const doctor = [...command, process.execPath, DOOR, "doctor", "--format", "json"];
  const args = ["--net", "sh", "-c", 'ip link set lo up; exec "$@"', "sh", ...doctor];
  const { stdout, stderr } = spawnSync("unshare", args, { cwd: PROJECT, encoding: "utf8" });
  expect(stderr).toBe("");
  const found = JSON.parse(stdout) as Ability[];
  for (const { name, possible, grant } of found) {
    if (possible !== "yes") expect([name, grant]).toEqual([name, expect.stringMatching(/\S/)]);
  }
  return new Map(found.map(({ name, possible }) => [name, possible]));
}

describe.skipIf(!isRoot)("each ability", () => {
  test("is there for root in a network namespace", () => {
    const found = doctorIn();
    expect(Object.fromEntries(found)).toMatchObject({
      "system-calls": "yes",
      capture: "yes",
      fence: "yes",
      "destroy-sockets": "yes",
    });
    expect(found.has("host-network")).toBe(false);
    expect(found.get("workload-unseen")).toBe("limited");
  });

  test("that CAP_NET_RAW gives goes with it, and no other", () => {
    const found = doctorIn("setpriv", "--bounding-set", "-net_raw");
    expect([found.get("capture"), found.get("fence")]).toEqual(["no", "yes"]);
  });

  test("that CAP_NET_ADMIN gives goes with it, and no other", () => {
    const found = doctorIn("setpriv", "--bounding-set", "-net_admin");
    expect(
      ["capture", "fence", "capture-first-bytes", "destroy-sockets"].map((name) => found.get(name)),
    ).toEqual(["yes", "no", "no", "limited"]);
  });

  test("is refused to a plain user, without a fault", () => {
    const plain = ["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups"];
    const found = doctorIn(...plain);
    expect(["capture", "fence", "state"].map((name) => found.get(name))).toEqual([
      "no",
      "no",
      "no",
    ]);
  });
});

test("prints a line an ability, and what grants the missing ones", async () => {
  const { code, out, err } = await portcullis(["doctor"]);
  expect({ code, err }).toEqual({ code: 0, err: "" });
  expect(out).toMatch(/^yes {6}system-calls +Linux \d/);
  expect(Math.max(...out.split("\n").map((line) => line.length))).toBeLessThanOrEqual(100);
});

test("--need exits 4 for what is not there", async () => {
  expect((await portcullis(["doctor", "--need", "system-calls"])).code).toBe(0);
  expect((await portcullis(["doctor", "--need", "flight"])).code).toBe(4);
});
