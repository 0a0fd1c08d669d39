/**
 * Every forgery is refused where the policy is enforced, by the step that sees through it; and what they
 * imitate passes under the same policy.
 */
import { readdirSync } from "node:fs";
import { beforeAll, describe, expect, test } from "vitest";
import type { Policy } from "../../src/judge/policy/policy.ts";
import { readPolicyFile } from "../../src/judge/policy/policy-file.ts";
import { replay } from "../../src/replay.ts";
import type { Line, VerdictLine } from "../../src/report/lines.ts";

let policy: Policy;

beforeAll(async () => {
  policy = await readPolicyFile("captures/forged.yaml");
});

describe("enforced", () => {
  test.each([
    ["approved", "pass", "approval", []],
    ["forged-root", "refuse", "path", ["A15"]],
    ["forged-intermediate", "refuse", "path", ["A15"]],
    ["forged-name", "refuse", "approval", ["A15"]],
    ["forged-san", "refuse", "hygiene", ["C03", "A15"]],
    ["forged-expired-issuer", "refuse", "hygiene", ["C02"]],
    ["forged-static-rsa", "refuse", "unseen", ["A18", "B15"]],
    ["forged-signature", "cut", "possession", ["C05"]],
  ] as const)("%s: %s, by step %s", async (name, decision, step, findings) => {
    const [verdict] = await verdicts(name);
    expect(verdict).toMatchObject({ decision, findings });
    expect(decidedBy(verdict!)).toBe(step);
  });

  test("forged-extra: the key that is approved passes, and as an extra certificate approves nothing", async () => {
    const [partner, copy] = await verdicts("forged-extra");
    expect(partner).toMatchObject({ decision: "pass", findings: [] });
    expect(partner!.reason.at(-1)!.says).toContain("approved by line");
    expect(copy).toMatchObject({ decision: "refuse", findings: ["A15"] });
    expect(decidedBy(copy!)).toBe("path");
  });

  test("no forgery is left out of the table", () => {
    const files = readdirSync("captures").filter((file) => /^forged-.*\.pcap$/.test(file));
    expect(files).toHaveLength(8);
  });
});

test("only what is refused for its signature, or for the lack of one, has a chain that is really approved", async () => {
  for (const name of ["forged-static-rsa", "forged-signature"]) {
    const [verdict] = await verdicts(name);
    expect(verdict!.reason.map(({ step, says }) => `${step}: ${says}`)).toContainEqual(
      expect.stringContaining("approval: approved by line"),
    );
  }
});

/** In the order of the connections' first packets. */
async function verdicts(name: string): Promise<VerdictLine[]> {
  const lines: Line[] = [];
  const options = { inputs: [`captures/${name}.pcap`], hash: false, local: [], observations: true };
  await replay({ ...options, policy }, (line) => lines.push(line));
  const ours = lines.filter((line) => line.kind === "verdict");
  return ours.sort((a, b) => Number(a.flow) - Number(b.flow));
}

/** The first step that asked for what was decided; of a pass, the last one that spoke. */
function decidedBy({ decision, reason }: VerdictLine): string {
  const asked = reason.find(({ says }) => says.startsWith(`${decision}: `));
  return (asked ?? reason.at(-1)!).step;
}
