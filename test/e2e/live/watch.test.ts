/** What the sidecar does about real connections: audit, refuse, cut, release, dry run. */
import { readdirSync } from "node:fs";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { readPolicyFile } from "../../../src/judge/policy/policy-file.ts";
import { replay } from "../../../src/replay.ts";
import type { Line } from "../../../src/report/lines.ts";
import { IS_ROOT } from "../../netns/pair.ts";
import { Bench, gone, type Line as Printed } from "./gate.ts";

const AUDIT = "version: 1\nmode: audit\n";
const ENFORCE = "version: 1\nmode: enforce\nrespond: {onFailure: open}\n";

/** What was written down is told as well, whenever the disk has it. */
const isNoEvidence = ({ rung }: Printed) => rung !== "evidence";

describe.runIf(IS_ROOT)("a gate", () => {
  let bench: Bench;
  beforeEach(() => {
    bench = new Bench();
  });
  afterEach(() => bench.close());

  /** A self-signed server of TLS 1.2 on this port, and a client that stays. */
  async function selfSigned(port = 443) {
    await bench.server(port, "evil.example", "-tls1_2");
    return bench.client(port, "evil.example", "-tls1_2");
  }

  test("cuts the workload off after a self-signed call, tells why, and lets it out again", async () => {
    bench.policy(ENFORCE);
    const gate = await bench.watch("--despite", "workload-net-admin").ready();
    const client = await selfSigned();
    const outcome = await gate.line("outcome", isNoEvidence);
    expect(outcome).toMatchObject({ rung: "fence", status: "done", verified: true });
    // On a busy disk it is told twice: cut, and later that the record of it is lasting.
    await gate.line("outcome", ({ detail }) => /cut 1, recorded$/.test(String(detail)));
    const [finding] = gate.of("finding");
    expect(finding).toMatchObject({ rule: "A16", server: "10.91.0.2:443" });
    const verdict = await gate.line("verdict");
    expect(verdict).toMatchObject({ decision: "cut", findings: ["A16"], flow: finding!.flow });
    expect(bench.leaves()).toBe(false);
    await gone(client);

    expect(await gate.status()).toMatchObject({
      gate: "cut",
      cut: { number: 1, rule: "A16", because: expect.stringContaining("self-signed") },
    });
    const release = await gate.ask({ verb: "release", because: "a test" });
    expect(release).toMatchObject({ ok: true, outcomes: [{ status: "done", verified: true }] });
    expect(bench.leaves()).toBe(true);
    expect((await gate.status()).gate).toBe("open");
    expect(await gate.kill("SIGINT")).toBe(0);
  });

  test("keeps evidence of a cut that its own replay judges the same", async () => {
    bench.policy(ENFORCE);
    const gate = await bench.watch("--despite", "workload-net-admin").ready();
    await selfSigned();
    const kept = await gate.line("outcome", ({ rung }) => rung === "evidence");
    expect(kept).toMatchObject({ status: "done", verified: true });
    const folder = String(kept.detail);
    expect(readdirSync(folder).toSorted()).toEqual([
      "chain.pem",
      "flows.jsonl",
      "lines.jsonl",
      "manifest.json",
      "packets.pcapng",
      "policy.json",
    ]);
    const again: Line[] = [];
    const policy = await readPolicyFile(bench.policyFile);
    const inputs = [`${folder}/packets.pcapng`];
    await replay({ inputs, policy, local: [], observations: false, hash: false }, (line) => {
      again.push(line);
    });
    const finding = again.find((line) => line.kind === "finding");
    const live = gate.of("finding")[0]!;
    expect(finding).toMatchObject({
      rule: live.rule,
      severity: live.severity,
      summary: live.summary,
    });
    expect(again.find((line) => line.kind === "verdict")).toMatchObject({ decision: "cut" });
  });

  test("in audit reports the same, says what it would do, and stops nothing", async () => {
    bench.policy(AUDIT);
    const gate = await bench.watch().ready();
    await selfSigned();
    const verdict = await gate.line("verdict");
    expect(verdict).toMatchObject({ decision: "report", would: "cut", wouldCut: true });
    expect(bench.leaves()).toBe(true);
    expect(gate.of("outcome").filter(({ rung }) => rung !== "evidence")).toEqual([]);
  });

  test("refuses one destination and leaves the others alone", async () => {
    bench.policy(`${ENFORCE}issuers: {selfSigned: refuse}\n`);
    const gate = await bench.watch("--despite", "workload-net-admin").ready();
    const client = await selfSigned(8443);
    const outcome = await gate.line("outcome", isNoEvidence);
    expect(outcome).toMatchObject({ rung: "refuse", status: "done", verified: true });
    expect(outcome.detail).toContain("10.91.0.2:8443");
    await gone(client);
    expect(bench.leaves()).toBe(true);
    expect((await gate.status()).gate).toBe("open");
  });

  test("with --dry-run says what it would do, and does nothing", async () => {
    bench.policy(ENFORCE);
    const gate = await bench.watch("--dry-run", "--despite", "workload-net-admin").ready();
    await selfSigned();
    const outcome = await gate.line("outcome", isNoEvidence);
    expect(outcome).toMatchObject({ status: "unneeded", verified: false });
    expect(outcome.detail).toContain("would cut the workload off");
    expect(bench.leaves()).toBe(true);
    const asked = await gate.ask({ verb: "cut", because: "a test" });
    expect(asked).toMatchObject({ outcomes: [{ status: "unneeded" }] });
    expect(bench.leaves()).toBe(true);
  });

  test("is cut by a person's hand, with the reason", async () => {
    bench.policy(AUDIT);
    const gate = await bench.watch().ready();
    const asked = await gate.ask({ verb: "cut", because: "INC-1" });
    expect(asked).toMatchObject({ outcomes: [{ status: "done", verified: true }] });
    expect(bench.leaves()).toBe(false);
    const { pid } = process;
    const by = `user 0 (pid ${pid})`;
    expect(await gate.status()).toMatchObject({ cut: { because: "INC-1", by } });
  });

  test("holds a cut back when its guard is used up, and refuses all the same", async () => {
    bench.policy(
      `${ENFORCE.replace("open", "open, guards: {maxCutsPer: {count: 0, minutes: 10}}")}`,
    );
    const gate = await bench.watch("--despite", "workload-net-admin").ready();
    await selfSigned();
    const held = await gate.line("verdict", ({ decision }) => decision === "refuse");
    expect(held).toMatchObject({ wouldCut: true, would: "cut" });
    expect(JSON.stringify(held.reason)).toContain("respond.guards.maxCutsPer");
    expect(await gate.line("outcome", isNoEvidence)).toMatchObject({
      rung: "refuse",
      status: "done",
    });
    expect(bench.leaves()).toBe(true);
  });

  test("does not call a TLS 1.3 call clean", async () => {
    bench.policy(AUDIT);
    const gate = await bench.watch().ready();
    await bench.server(443, "evil.example", "-tls1_3");
    bench.client(443, "evil.example", "-tls1_3");
    const verdict = await gate.line("verdict");
    expect(verdict).toMatchObject({ decision: "report", findings: ["A18"] });
  });

  test("tells why, and what was decided lately", async () => {
    bench.policy(AUDIT);
    const gate = await bench.watch().ready();
    await selfSigned();
    await gate.line("verdict");
    const why = await gate.ask({ verb: "why", to: "evil.example:443" });
    expect(why).toMatchObject({
      ok: true,
      gate: "open",
      seen: [expect.stringContaining("10.91.0.2:443: report (in enforce mode: cut)")],
      explanation: { outcome: { decision: expect.any(String) } },
    });
    const other = await gate.ask({ verb: "why", to: "other.example:443" });
    expect(other.seen).toEqual([]);
  });
});
