/**
 * A watcher by itself, as a process in a network namespace: what it taps and judges goes to standard output,
 * a line each, and a line `{"ready":…}` when it has begun. `SIGTERM` ends it.
 *
 *     node test/e2e/live/tapped.ts CAPTURE [POLICY [BUFFER_BYTES]]
 */

import type { TapChoice } from "../../../src/capture/tap/open.ts";
import { defaultPolicy } from "../../../src/judge/policy/policy.ts";
import { LivePipeline } from "../../../src/watch/live-pipeline.ts";

const [capture = "auto", policyPath, bufferBytes] = process.argv.slice(2);
const policy =
  policyPath === undefined
    ? defaultPolicy
    : await (await import("../../../src/judge/policy/policy-file.ts")).readPolicyFile(policyPath);
const print = (value: unknown) => process.stdout.write(`${JSON.stringify(value)}\n`);
const pipeline = LivePipeline.open(
  {
    policy,
    capture: capture as TapChoice,
    observations: true,
    ...(bufferBytes !== undefined && { bufferBytes: Number(bufferBytes) }),
  },
  print,
);
await pipeline.started;
print({ ready: pipeline.state.method, why: pipeline.state.why });
const alive = setInterval(() => {}, 1000);
const stop = async () => {
  clearInterval(alive);
  await pipeline.close();
  print({ state: pipeline.state });
};
process.once("SIGTERM", () => void stop());
