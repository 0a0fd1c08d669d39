/**
 * The evidence that the sidecar writes of real connections, replayed: the same rule, severity and reason
 * as it said live, and the journal that goes with it.
 */
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { portcullis } from "../../cli/program.ts";
import { IS_ROOT } from "../../netns/pair.ts";
import { Bench, type Gate } from "./gate.ts";

const ENFORCE = "version: 1\nmode: enforce\nrespond: {onFailure: open}\n";
const EXPECT = "expect: [{to: {cidr: 10.91.0.0/24}, encryption: {by: tls}, otherwise: cut}]\n";

describe.runIf(IS_ROOT)("the evidence of a gate", () => {
  let bench: Bench;
  beforeEach(() => {
    bench = new Bench();
  });
  afterEach(() => bench.close());

  test("a self-signed call of TLS 1.2 that was cut", async () => {
    const gate = await enforced(ENFORCE);
    await bench.server(443, "evil.example", "-tls1_2");
    bench.client(443, "evil.example", "-tls1_2");
    const outcome = await gate.line("outcome");
    expect(outcome).toMatchObject({ rung: "fence", status: "done", verified: true });
    const { bundle, manifest } = await evidence(gate, "cut");
    expect(manifest).toMatchObject({ decision: "cut", findings: ["A16"], certificates: 1 });
    expect(await said(bundle)).toEqual(liveSaid(gate));
    expect(statSync(bundle).mode & 0o777).toBe(0o700);
    expect(statSync(join(bundle, "packets.pcapng")).mode & 0o777).toBe(0o600);
  });

  test("a call of TLS 1.3 that was not seen", async () => {
    const gate = await enforced(ENFORCE);
    await bench.server(443, "evil.example", "-tls1_3");
    bench.client(443, "evil.example", "-tls1_3");
    await gate.line("verdict");
    const { bundle, manifest } = await evidence(gate, "refuse");
    expect(manifest).toMatchObject({ findings: ["A18"], certificates: 0 });
    expect(await said(bundle)).toEqual(liveSaid(gate));
  });

  test("plaintext where TLS is expected, without its password", async () => {
    const gate = await enforced(ENFORCE + EXPECT);
    const served =
      'require("net").createServer((s) => s.write("+OK ready\\r\\n")).listen(110, () => console.log(1))';
    const server = bench.pair.spawn("peer", [process.execPath, "-e", served], {
      stdio: ["ignore", "pipe", "ignore"],
    });
    await new Promise((resolve) => server.stdout!.once("data", resolve));
    const said110 =
      "exec 3<>/dev/tcp/10.91.0.2/110; read -r l <&3; printf 'USER bob\\r\\nPASS hunter2\\r\\n' >&3; sleep 2";
    bench.pair.spawn("workload", ["bash", "-c", said110], { stdio: "ignore" });
    await gate.line("verdict", ({ decision }) => decision === "cut");
    const { bundle, manifest } = await evidence(gate, "cut");
    expect(manifest).toMatchObject({ decision: "cut", findings: ["B01"] });
    expect(await said(bundle)).toEqual(liveSaid(gate));
    for (const file of readdirSync(bundle)) {
      expect(readFileSync(join(bundle, file), "latin1")).not.toContain("hunter2");
    }
  });

  async function enforced(policy: string): Promise<Gate> {
    bench.policy(policy);
    return await bench.watch("--despite", "workload-net-admin").ready();
  }

  /** The bundle of the first verdict of a rank, once it is written. */
  async function evidence(
    gate: Gate,
    rank: string,
  ): Promise<{ bundle: string; manifest: Record<string, unknown> }> {
    const directory = join(bench.folder, "state", "evidence");
    for (let tries = 0; tries < 200; tries++) {
      const names = existsSync(directory) ? readdirSync(directory) : [];
      const name = names.find((one) => one.includes(`-${rank}-`));
      if (name !== undefined) {
        const bundle = join(directory, name);
        return { bundle, manifest: JSON.parse(readFileSync(`${bundle}/manifest.json`, "utf8")) };
      }
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    throw new Error(`no evidence of a ${rank}; the gate said\n${gate.log}`);
  }

  /** Rules, severities, decision and reasons that the replay of a bundle gives. */
  async function said(bundle: string): Promise<object> {
    const run = await portcullis([
      ...["replay", "--policy", bench.policyFile, "--format", "jsonl"],
      join(bundle, "packets.pcapng"),
    ]);
    return wordsOf(
      run.out
        .split("\n")
        .slice(0, -1)
        .map((line) => JSON.parse(line) as Line),
    );
  }

  function liveSaid(gate: Gate): object {
    return wordsOf(gate.lines);
  }
});

type Line = Record<string, unknown>;

function wordsOf(lines: readonly Line[]): object {
  const of = (kind: string) =>
    lines.filter((line) => line.kind === kind && line.flow !== undefined);
  const [verdict] = of("verdict");
  return {
    rules: of("finding").map(({ rule, severity }) => `${rule} ${severity}`),
    decision: verdict?.decision,
    reason: verdict?.reason,
  };
}
