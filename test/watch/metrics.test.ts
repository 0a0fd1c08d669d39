/** The page of metrics, read by the rules of its format, and its series, which nobody outside can add to. */
import { describe, expect, test } from "vitest";
import { Metrics } from "../../src/watch/metrics.ts";

/** Name with labels to value; throws for a line that is neither comment nor sample. */
function samples(text: string): Map<string, number> {
  const found = new Map<string, number>();
  for (const line of text.trimEnd().split("\n")) {
    if (/^# (HELP|TYPE) [a-z_]+ \S/.test(line)) continue;
    const match = /^([a-z_]+(?:\{[a-z]+="[^"\\\n]*"\})?) (-?[0-9.e+-]+)$/.exec(line);
    if (match === null) throw new Error(`no sample: ${line}`);
    expect(found.has(match[1]!)).toBe(false);
    found.set(match[1]!, Number(match[2]));
  }
  return found;
}

test("counts lines by kind, findings by severity, verdicts by decision", () => {
  const metrics = new Metrics();
  metrics.line({ kind: "loss", atUs: 1, packetsDropped: 7, where: "nflog", why: "ENOBUFS" });
  metrics.line({
    kind: "verdict",
    atUs: 1,
    decision: "cut",
    wouldCut: false,
    reason: [],
    findings: [],
    coverage: [],
    policySha256: "",
  });
  const read = samples(metrics.text());
  expect(read.get('portcullis_lines_total{kind="loss"}')).toBe(1);
  expect(read.get('portcullis_verdicts_total{decision="cut"}')).toBe(1);
  expect(read.get('portcullis_verdicts_total{decision="pass"}')).toBe(0);
});

test("a value that no list has makes no series of its own", () => {
  const metrics = new Metrics();
  const before = samples(metrics.text()).size;
  for (let name = 0; name < 1000; name++) metrics.add("verdicts", `"} 1\nevil${name}`);
  const read = samples(metrics.text());
  expect(read.size).toBe(before);
  expect(read.get('portcullis_verdicts_total{decision="other"}')).toBe(1000);
});

test("gauges are asked for when somebody reads", () => {
  const metrics = new Metrics();
  let cut = 0;
  metrics.gauge("gate_cut", () => cut);
  metrics.gauge("weakness", () => new Map([["host-network", 1]]));
  cut = 1;
  const read = samples(metrics.text());
  expect(read.get("portcullis_gate_cut")).toBe(1);
  expect(read.get('portcullis_weakness{name="host-network"}')).toBe(1);
});

describe("the fence's histogram", () => {
  test("is cumulative, with every value in the last bucket", () => {
    const metrics = new Metrics();
    for (const seconds of [0.0004, 0.0015, 0.0015, 5]) metrics.fenced(seconds);
    const read = samples(metrics.text());
    const bucket = (le: string) => read.get(`portcullis_fence_seconds_bucket{le="${le}"}`);
    expect([bucket("0.0005"), bucket("0.001"), bucket("0.002"), bucket("1")]).toEqual([1, 1, 3, 3]);
    expect(bucket("+Inf")).toBe(4);
    expect(read.get("portcullis_fence_seconds_count")).toBe(4);
    expect(read.get("portcullis_fence_seconds_sum")).toBeCloseTo(5.0034);
  });
});
