/**
 * `portcullis replay` of evidence gives the same finding: for every verdict that is no pass, on every
 * bundled capture, by two policies.
 */
import { readdirSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { defaultPolicy, type Policy, sealPolicy } from "../../src/judge/policy.ts";
import { readPolicyFile } from "../../src/judge/policy-file.ts";
import type { TlsLine } from "../../src/report/lines.ts";
import { evidenceOf, packetsOf, replayed, verdictOn } from "./proofs.ts";

const captures = readdirSync("captures").filter((file) => /\.pcap(ng)?$/.test(file));
const ours = await readPolicyFile("captures/portcullis.yaml");
const policies: [string, Policy][] = [
  ["the default policy", defaultPolicy],
  ["our policy, enforced", sealPolicy({ ...ours, mode: "enforce" })],
];

describe.each(policies)("by %s, the evidence of", (_name, policy) => {
  test.each(captures)("%s says the same again", async (file) => {
    const { evidence, lines } = await evidenceOf(`captures/${file}`, policy);
    const verdicts = lines.filter((line) => line.kind === "verdict" && line.decision !== "pass");
    expect(evidence).toHaveLength(verdicts.length);
    for (const { proof } of evidence) {
      const { client = "", server = "" } = proof.verdict;
      const tls = proof.lines.find((line) => line.kind === "tls");
      // What only keys opened is not in the evidence, and neither are the keys.
      if (tls?.kind === "tls" && opened(tls)) continue;
      const flow = proof.verdict.flow;
      const said = lines.filter((line) => line.flow === flow);
      const again = await replayed(proof, policy);
      expect(verdictOn(again, client, server)).toEqual(verdictOn(said, client, server));
      expect(again.filter(({ kind }) => kind === "fault")).toEqual([]);
      expect(secretBlocks(packetsOf(proof))).toBe(0);
    }
  });
});

function opened({ certificates }: TlsLine): boolean {
  return certificates.seen === "decrypted" || certificates.why === "raw-public-key";
}

/** Decryption secrets and custom blocks in a file of ours. */
function secretBlocks(bytes: Uint8Array): number {
  const file = Buffer.from(bytes);
  let found = 0;
  for (let at = 0; at < file.length; at += file.readUInt32LE(at + 4)) {
    if ([10, 0xbad, 0x40000bad].includes(file.readUInt32LE(at))) found++;
  }
  return found;
}
