/**
 * Every bundled capture that has a golden, judged under three policies: the defaults, one that allows
 * what it names and enforces it, and one with the exceptions of a lab. Each is a text for people to
 * read: what was decided of each connection, and what every step said.
 *
 * After an intended change: `npm run golden`, then read the diff before committing it.
 */
import { existsSync, readdirSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { defaultPolicy, type Policy } from "../../src/judge/policy/policy.ts";
import { readPolicyFile } from "../../src/judge/policy/policy-file.ts";
import { replay } from "../../src/replay.ts";
import type { Line, VerdictLine } from "../../src/report/lines.ts";

const captures = readdirSync("captures")
  .filter((file) => /\.pcap(ng)?$/.test(file))
  .map((file) => ({ path: `captures/${file}`, name: file.replace(/\.pcap(ng)?$/, "") }))
  .filter(({ name }) => existsSync(`test/golden/${name}.jsonl`));

describe("the bundled captures are judged as agreed", () => {
  test.each<[string, () => Promise<Policy>]>([
    ["default", async () => defaultPolicy],
    ["strict", () => readPolicyFile("test/golden/policies/strict.yaml")],
    ["lenient", () => readPolicyFile("test/golden/policies/lenient.yaml")],
  ])("under the %s policy", async (name, policyOf) => {
    const policy = await policyOf();
    const parts: string[] = [];
    for (const capture of captures) {
      const verdicts = await verdictsOf(capture.path, policy);
      parts.push([capture.name, ...verdicts.flatMap(told)].join("\n"));
    }
    await expect(`${parts.join("\n\n")}\n`).toMatchFileSnapshot(`policies/${name}.txt`);
  });
});

async function verdictsOf(path: string, policy: Policy): Promise<VerdictLine[]> {
  const found: Line[] = [];
  const options = { inputs: [path], policy, local: [], observations: true, hash: false };
  // The live modes check every signature, and so does whoever enforces.
  await replay({ ...options, verify: "all" }, (line) => void found.push(line));
  return found
    .filter((line) => line.kind === "verdict")
    .sort((a, b) => a.atUs - b.atUs || Number(a.flow) - Number(b.flow));
}

function told({ client, server, decision, would, reason, findings }: VerdictLine): string[] {
  const lowered = would === undefined ? "" : `, would ${would}`;
  const rules = findings.length === 0 ? "" : ` (${findings.join(", ")})`;
  return [
    `  ${client} > ${server}: ${decision}${lowered}${rules}`,
    ...reason.map(({ step, line, says }) => {
      return `    ${step}${line === undefined ? "" : `, line ${line}`}: ${says}`;
    }),
  ];
}
