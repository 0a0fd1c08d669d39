/**
 * A run of the fence that is killed by SIGKILL when it has got as far as a named step. Run inside a
 * workload's namespace.
 *
 *     node killed.ts opened | refused | shut | kept | down | cut | released
 */

import { settingsToKeep, takeDown } from "../../src/respond/fence/links-down.ts";
import { refusedKey } from "../../src/respond/fence/ruleset.ts";
import { Standing } from "../../src/respond/fence/standing.ts";
import { Fence } from "../../src/respond/fence.ts";

const OPTIONS = { instance: "killed", policySha256: "1".repeat(64) };

const step = process.argv[2];
if (step === "cut" || step === "released") {
  const fence = Fence.open({ ...OPTIONS, bypassable: true });
  fence.cut("to be killed");
  if (step === "released") fence.release();
} else {
  const standing = new Standing(OPTIONS, undefined);
  const links = standing.links();
  const steps: readonly (readonly [string, () => void])[] = [
    ["opened", () => {}],
    ["refused", () => standing.refuse(refusedKey(Uint8Array.of(192, 0, 2, 1), "tcp", 443))],
    ["shut", () => standing.cut()],
    ["kept", () => standing.keep(settingsToKeep(standing.route, links, []))],
    ["down", () => takeDown(standing.route, links)],
  ];
  for (const [name, work] of steps) {
    work();
    if (name === step) break;
  }
}
process.kill(process.pid, "SIGKILL");
