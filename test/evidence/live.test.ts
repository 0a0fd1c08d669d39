/**
 * Evidence of what is judged live, at the packet that proves it: replayed, it gives the same finding, and
 * no secret is in it that a detector has located, though the connection goes on and most of its lines
 * were not written yet. And a thread writes it, without ever holding up the one that watches.
 */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { readCapture } from "../../src/capture/read.ts";
import { EvidenceKeeper } from "../../src/evidence/keeper.ts";
import { LiveEvidence } from "../../src/evidence/live-evidence.ts";
import { Quota } from "../../src/evidence/quota.ts";
import { PacketRecorder } from "../../src/evidence/recorder.ts";
import type { Kept } from "../../src/evidence/store.ts";
import { KeyLog } from "../../src/inspect/keys/key-log.ts";
import { defaultPolicy, type Policy, sealPolicy } from "../../src/judge/policy/policy.ts";
import { parsePolicy } from "../../src/judge/policy/policy-file.ts";
import { Packets } from "../../src/packets.ts";
import type { Line } from "../../src/report/lines.ts";
import { LiveJudging } from "../../src/watch/live-judging.ts";
import { type Evidence, plaintextOf, replayed, secretsLeft, verdictOn } from "./proofs.ts";

const captures = readdirSync("captures").filter(
  (file) => /\.pcap$/.test(file) && !file.startsWith("quic-secrets"),
);
const enforced = sealPolicy({ ...defaultPolicy, mode: "enforce" });
const encrypted = await parsePolicy(
  "version: 1\nmode: enforce\nexpect: [{to: {cidr: 0.0.0.0/0}, encryption: {by: tls}, otherwise: cut}]\n",
  "expect.yaml",
);

describe("evidence of what is judged live", () => {
  test.each(captures)("%s: says the same again", async (file) => {
    for (const policy of [enforced, encrypted]) {
      const { evidence, lines: all } = await evidenceOf(file, policy);
      for (const { proof } of evidence) {
        const { verdict, openness, lines } = proof;
        const clear = plaintextOf(all).filter(({ flow }) => flow === verdict.flow);
        expect(secretsLeft(proof, clear)).toEqual([]);
        if (clear.length > 0) expect(openness).not.toBe("unknown");
        if (openness === "unknown") continue;
        const again = verdictOn(await replayed(proof, policy), verdict, openness);
        expect(rulesOf(again)).toEqual(rulesOf(verdictOn(lines, verdict, openness)));
        expect(again.at(-1)).toMatchObject({ decision: verdict.decision });
      }
    }
  });

  test("is written by a thread, a cut's when it was told", async () => {
    const folder = mkdtempSync(join(tmpdir(), "portcullis-live-"));
    try {
      const directory = join(folder, "evidence");
      const kept: [Kept, number][] = [];
      const evidence = LiveEvidence.open({
        directory,
        policy: () => enforced,
        clock: () => ({ source: "test" }),
        kept: (how, flow) => kept.push([how, flow]),
      });
      await judge("story.pcap", enforced, evidence.recorder, (line) => evidence.line(line));
      expect(readdirSync(directory)).toEqual([]);
      evidence.keep(["1", "2", "3", "4", "5"]);
      await evidence.close(30_000);
      expect(kept.length).toBeGreaterThan(0);
      expect(kept.map(([{ status }]) => status)).not.toContain("failed");
      const names = readdirSync(directory).filter((name) => /^\d/.test(name));
      expect(names).toHaveLength(kept.length);
      for (const name of names) {
        const manifest = JSON.parse(readFileSync(join(directory, name, "manifest.json"), "utf8"));
        expect(manifest).toMatchObject({ evidence: 1, clock: { source: "test" } });
      }
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });

  test("says that it failed where the directory went away", async () => {
    const folder = mkdtempSync(join(tmpdir(), "portcullis-live-"));
    try {
      const kept: Kept[] = [];
      const evidence = LiveEvidence.open({
        directory: join(folder, "evidence"),
        policy: () => enforced,
        clock: () => ({}),
        kept: (how) => kept.push(how),
      });
      rmSync(folder, { recursive: true });
      // A file where the directory would be made again.
      writeFileSync(folder, "x");
      await judge("self-signed.pcap", enforced, evidence.recorder, (line) => evidence.line(line));
      await evidence.close(30_000);
      expect(kept).toMatchObject([{ status: "failed", why: expect.stringMatching(/directory/) }]);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});

function rulesOf(said: readonly object[]): string[] {
  const rules = said.flatMap((one) => ("rule" in one ? [JSON.stringify(one)] : []));
  return [...new Set(rules)].sort();
}

async function evidenceOf(
  file: string,
  policy: Policy,
): Promise<{ evidence: Evidence[]; lines: Line[] }> {
  const evidence: Evidence[] = [];
  const lines: Line[] = [];
  const recorder = new PacketRecorder();
  const keeper = new EvidenceKeeper(recorder, {
    policy: () => policy,
    clock: () => ({}),
    quota: new Quota(Number.POSITIVE_INFINITY),
    keep: (proof, about) => {
      evidence.push({ proof, about });
    },
  });
  await judge(file, policy, recorder, (line) => {
    lines.push(line);
    keeper.line(line);
  });
  return { evidence, lines };
}

async function judge(
  file: string,
  policy: Policy,
  recorder: PacketRecorder,
  write: (line: Line) => void,
): Promise<void> {
  const keys = new KeyLog();
  const options = { policy, keys, observations: true, directionOf: () => "unknown" as const };
  const judging = new LiveJudging(options, write);
  const packets = new Packets(judging, keys, undefined, recorder);
  await readCapture(`captures/${file}`, packets);
  packets.end();
  judging.end();
}
