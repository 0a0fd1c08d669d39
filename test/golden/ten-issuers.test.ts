/**
 * Ten issuers and a policy that approves some of them: which line approved each, and which did not and
 * why, as a person at a terminal and as a program reads it.
 */
import { describe, expect, test } from "vitest";
import { readPolicyFile } from "../../src/judge/policy/policy-file.ts";
import { replay } from "../../src/replay.ts";
import type { Line, VerdictLine } from "../../src/report/lines.ts";
import { openText } from "../../src/report/text.ts";
import { sortedLines } from "./sorted.ts";

async function judged(): Promise<Line[]> {
  const policy = await readPolicyFile("captures/ten-issuers.yaml");
  const inputs = ["captures/ten-issuers.pcap"];
  const lines: Line[] = [];
  const options = { inputs, policy, local: [], observations: true, hash: false };
  await replay(options, (line) => void lines.push(line));
  const text = sortedLines(lines);
  return text
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as Line);
}

const lines = await judged();

describe("of ten issuers", () => {
  const NOT = "no `allow` line approves this issuer for";
  test.each<[string, string, number | undefined, string]>([
    [
      "api.corp.example",
      "pass",
      9,
      "approved by line 9 (CN=Corp Issuing CA 2,O=Example Corp): network",
    ],
    ["files.partner.example", "pass", 13, "approved by line 13 (key "],
    ["printer.corp.example", "pass", 17, "approved by line 17 (certificate "],
    ["bench.lab.example", "pass", 20, "approved by line 20 (./corp-root.pem)"],
    ["old.corp.example", "cut", 32, "cut: the policy denies CN=Corp Issuing CA 1,O=Example Corp"],
    ["parts.supplier.example", "report", 23, "report: line 23 (key "],
    ["mail.former.example", "cut", 26, "cut: line 26 (key "],
    ["shop.corp.example", "cut", undefined, `cut: ${NOT} shop.corp.example; line 29 (CN=Build`],
    ["updates.vendor.example", "cut", undefined, "cut: no path to a root or an approved key ("],
    ["logs.staging.example", "cut", undefined, "cut: the certificate is signed with its own key ("],
  ])("%s is worth %s, by line %s, and why", (name, decision, line, says) => {
    const tls = lines.find((one) => one.kind === "tls" && one.serverName === name);
    const verdict = lines.find(
      (one): one is VerdictLine => one.kind === "verdict" && one.flow === tls?.flow,
    );
    expect(verdict?.would ?? verdict?.decision).toBe(decision);
    const reason = verdict?.reason.find((one) => one.says.startsWith(says));
    expect(reason, says).toBeDefined();
    expect(reason?.line).toBe(line);
  });

  test("each is told in text, in its row and below, as a person once read it", async () => {
    const pieces: string[] = [];
    const write = (bytes: Uint8Array, from: number, to: number) =>
      void pieces.push(Buffer.from(bytes.subarray(from, to)).toString());
    const sink = openText({ write, observations: true, columns: 100, colour: false });
    for (const line of lines) sink.push(line);
    sink.end();
    await expect(pieces.join("")).toMatchFileSnapshot("ten-issuers.txt");
  });
});
