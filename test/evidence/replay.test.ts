/**
 * `portcullis replay` of evidence gives the same finding: for every verdict that is no pass, on every
 * bundled capture, by three policies.
 */
import { readdirSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { defaultPolicy, type Policy, sealPolicy } from "../../src/judge/policy/policy.ts";
import { parsePolicy, readPolicyFile } from "../../src/judge/policy/policy-file.ts";
import type { Line } from "../../src/report/lines.ts";
import { evidenceOf, packetsOf, replayed, verdictOn } from "./proofs.ts";

const captures = readdirSync("captures").filter((file) => /\.pcap(ng)?$/.test(file));
const ours = await readPolicyFile("captures/portcullis.yaml");
const encrypted = `
version: 1
mode: enforce
expect:
  - to: {cidr: 0.0.0.0/0}
    encryption: {by: tls, minVersion: TLS1.2}
    otherwise: cut
`;
const policies: [string, Policy][] = [
  ["the default policy", defaultPolicy],
  ["our policy, enforced", sealPolicy({ ...ours, mode: "enforce" })],
  ["a policy that expects TLS everywhere", await parsePolicy(encrypted, "expect.yaml")],
];

describe.each(policies)("by %s, the evidence of", (_name, policy) => {
  test.each(captures)("%s says the same again", async (file) => {
    const { evidence, lines } = await evidenceOf(`captures/${file}`, policy);
    const verdicts = lines.filter((line) => line.kind === "verdict" && line.decision !== "pass");
    const isOfLinks = (line: Line) =>
      line.kind === "verdict" && OF_LINKS.test(line.findings.join());
    expect(evidence).toHaveLength(verdicts.length);
    for (const { proof } of evidence) {
      const { verdict, openness } = proof;
      expect(secretBlocks(packetsOf(proof))).toBe(0);
      // What only keys opened is not in the evidence, and neither are the keys.
      if (WITH_KEYS.test(file)) continue;
      // A tunnel's packets are none of the connection's that was said outside of it.
      if (lines.some((line) => line.flow === verdict.flow && isOfLinks(line))) continue;
      const said = lines.filter((line) => line.flow === verdict.flow);
      const again = await replayed(proof, policy);
      expect(verdictOn(again, verdict, openness)).toEqual(verdictOn(said, verdict, openness));
      expect(again.filter(({ kind }) => kind === "fault")).toEqual([]);
    }
  });
});

/** Decryption secrets and custom blocks in a file of ours. */
function secretBlocks(bytes: Uint8Array): number {
  const file = Buffer.from(bytes);
  let found = 0;
  for (let at = 0; at < file.length; at += file.readUInt32LE(at + 4)) {
    if ([10, 0xbad, 0x40000bad].includes(file.readUInt32LE(at))) found++;
  }
  return found;
}

const WITH_KEYS = /^keys-|secrets/;
const OF_LINKS = /B02|B16/;
