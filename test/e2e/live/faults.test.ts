/**
 * THREATS, "Faults": what happens to a gate that is killed, stopped, badly configured or not read, a row a
 * test. The workload's end of the pair is where the truth is: what leaves.
 */
import { execFileSync } from "node:child_process";
import { mkdirSync, unlinkSync, writeFileSync } from "node:fs";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { IS_ROOT } from "../../netns/pair.ts";
import { Bench, gone, type Line } from "./gate.ts";

const AUDIT = "version: 1\nmode: audit\n";
const OPEN = "version: 1\nmode: enforce\nrespond: {onFailure: open}\n";
const CLOSED = "version: 1\nmode: enforce\nrespond: {onFailure: closed}\n";
/** Their lines are more than what a pipe and its reader hold. */
const CALLS = 150;
const DESPITE = ["--despite", "workload-net-admin"];

describe.runIf(IS_ROOT)("a gate", () => {
  let bench: Bench;
  beforeEach(() => {
    bench = new Bench();
  });
  afterEach(() => bench.close());

  const exit = async (...args: string[]) => {
    const gate = bench.watch(...args);
    return { code: await gate.ended, log: gate.log };
  };

  describe("that is killed", () => {
    test("while the workload is cut: it stays cut, and the next one knows why", async () => {
      bench.policy(OPEN);
      const gate = await bench.watch(...DESPITE).ready();
      await gate.ask({ verb: "cut", because: "INC-1" });
      expect(await gate.kill()).toBe("SIGKILL");
      expect(bench.leaves()).toBe(false);
      const next = await bench.watch(...DESPITE).ready();
      expect(bench.leaves()).toBe(false);
      expect(await next.status()).toMatchObject({ gate: "cut", cut: { because: "INC-1" } });
      await next.ask({ verb: "release", because: "a test" });
      expect(bench.leaves()).toBe(true);
    });

    test("and whose journal is gone: a cut that stands in the kernel stands", async () => {
      bench.policy(OPEN);
      const gate = await bench.watch(...DESPITE).ready();
      await gate.ask({ verb: "cut", because: "INC-1" });
      await gate.kill();
      const next = await bench.watch(...DESPITE, "--state", `${bench.folder}/another`).ready();
      expect((await next.status()).gate).toBe("cut");
      expect(bench.leaves()).toBe(false);
    });

    test("after a release: the workload is let out for good", async () => {
      bench.policy(OPEN);
      const gate = await bench.watch(...DESPITE).ready();
      await gate.ask({ verb: "cut", because: "INC-1" });
      await gate.ask({ verb: "release", because: "INC-1 was nothing" });
      await gate.kill();
      const next = await bench.watch(...DESPITE).ready();
      expect((await next.status()).gate).toBe("open");
      expect(bench.leaves()).toBe(true);
    });
  });

  test("that is to be closed in its absence and crashes whenever it starts stays closed", async () => {
    bench.policy(CLOSED);
    await (await bench.watch(...DESPITE).ready()).kill();
    // Each of these knows from the last good policy that it has to stand closed, and dies before it is ready.
    for (let start = 0; start < 3; start++) {
      const next = bench.watch(...DESPITE);
      await new Promise((resolve) => setTimeout(resolve, 400));
      await next.kill();
    }
    const ruleset = bench.pair.run("workload", "nft", "list", "ruleset");
    expect(ruleset).toContain("portcullis-absence");
    expect(await untilShut(bench)).toBe(true);
  });

  test("that is stopped by SIGSTOP closes too, and opens when it goes on", async () => {
    bench.policy(CLOSED);
    const gate = await bench.watch(...DESPITE).ready();
    expect(bench.leaves()).toBe(true);
    gate.child.kill("SIGSTOP");
    expect(await untilShut(bench)).toBe(true);
    gate.child.kill("SIGCONT");
    while (!bench.leaves()) await new Promise((resolve) => setTimeout(resolve, 100));
    expect((await gate.status()).gate).toBe("open");
  });

  describe("asked by SIGTERM", () => {
    test("goes on while the workload runs, and ends with it", async () => {
      bench.policy(AUDIT);
      const gate = await bench.watch().ready();
      const workload = bench.pair.spawn("workload", ["sleep", "1000"]);
      gate.child.kill("SIGTERM");
      await gate.until(() => gate.log.includes("the workload still runs, so does the gate"));
      await bench.server(443, "evil.example", "-tls1_2");
      const client = bench.client(443, "evil.example", "-tls1_2");
      await gate.line("verdict");
      client.kill();
      workload.kill();
      expect(await gate.ended).toBe(0);
    });

    test("ends at once without one", async () => {
      bench.policy(AUDIT);
      const gate = await bench.watch().ready();
      gate.child.kill("SIGTERM");
      expect(await gate.ended).toBe(0);
      expect(gate.log).toContain("nothing of the workload is seen");
      expect(bench.pair.run("workload", "nft", "list", "ruleset")).toBe("");
    });

    test("leaves a cut as it is", async () => {
      bench.policy(AUDIT);
      const gate = await bench.watch().ready();
      await gate.ask({ verb: "cut", because: "INC-1" });
      gate.child.kill("SIGTERM");
      expect(await gate.ended).toBe(0);
      expect(bench.leaves()).toBe(false);
    });
  });

  describe("whose policy", () => {
    test("changes judges what is connected already", async () => {
      bench.policy(AUDIT);
      const gate = await bench.watch(...DESPITE).ready();
      await bench.server(443, "evil.example", "-tls1_2");
      const client = bench.client(443, "evil.example", "-tls1_2");
      expect(await gate.line("verdict")).toMatchObject({ decision: "report" });
      bench.policy(OPEN);
      const isFence = ({ rung }: Line) => rung === "fence";
      expect(await gate.line("outcome", isFence)).toMatchObject({ status: "done" });
      await gone(client);
      expect(await gate.line("host", ({ source }) => source === "policy")).toMatchObject({
        change: "read",
        subject: bench.policyFile,
      });
    });

    test.each([
      ["is broken", (file: Bench) => file.policy("version: 1\nmode: [")],
      ["is emptied", (file: Bench) => file.policy("")],
      ["is deleted", (file: Bench) => unlinkSync(file.policyFile)],
      ["forgets onFailure", (file: Bench) => file.policy("version: 1\nmode: enforce\n")],
    ])("%s keeps the last good one, and says so", async (_, harm) => {
      bench.policy(OPEN);
      const gate = await bench.watch(...DESPITE).ready();
      const { policy: before } = (await gate.status()) as { policy: { sha256: string } };
      harm(bench);
      await gate.line("host", ({ source, change }) => source === "policy" && change === "refused");
      const { policy: after } = (await gate.status()) as { policy: Record<string, string> };
      expect(after.sha256).toBe(before.sha256);
      expect(after.problem).toMatch(/portcullis\.yaml|onFailure/);
      expect((await gate.ask({ verb: "ready" })).good).toBe(true);
    });

    test("is broken at a cold start: it does not start", async () => {
      bench.policy("version: 1\nmood: audit\n");
      const { code, log } = await exit();
      expect(code).toBe(2);
      expect(log).toContain('portcullis.yaml:2:1: unknown key "mood"');
    });

    test("is broken at a start after a good one that says closed: nothing leaves until it is mended", async () => {
      bench.policy(CLOSED);
      await (await bench.watch(...DESPITE).ready()).kill("SIGINT");
      bench.policy("");
      const gate = bench.watch(...DESPITE);
      await gate.line("host", ({ source, change }) => source === "policy" && change === "refused");
      expect(bench.leaves()).toBe(false);
      expect(await gate.ask({ verb: "ready" })).toMatchObject({ good: false });
      bench.policy(CLOSED);
      await gate.ready();
      expect(bench.leaves()).toBe(true);
    });

    test("is broken at a cold start with --on-failure closed: likewise", async () => {
      bench.policy("");
      const gate = bench.watch("--on-failure", "closed");
      await gate.line("host", ({ change }) => change === "refused");
      expect(bench.leaves()).toBe(false);
    });

    test("enforces without saying what its absence is worth: it does not start", async () => {
      bench.policy("version: 1\nmode: enforce\n");
      const { code, log } = await exit(...DESPITE);
      expect(code).toBe(2);
      expect(log).toContain("respond.onFailure");
    });

    test("names a rung that is not built: it does not start", async () => {
      bench.policy("version: 1\nrespond: {ladder: [refuse, fence, docker]}\n");
      const { code, log } = await exit();
      expect(code).toBe(2);
      expect(log).toContain("docker, which this version does not have");
    });
  });

  describe("without a capability", () => {
    const without = (...names: string[]) => [
      "setpriv",
      "--bounding-set",
      names.map((name) => `-${name}`).join(","),
    ];

    test("to set rules still watches in audit, and says that it cannot cut", async () => {
      bench.policy(AUDIT);
      const gate = await bench.watchThrough(without("net_admin")).ready();
      await bench.server(443, "evil.example", "-tls1_2");
      bench.client(443, "evil.example", "-tls1_2");
      expect(await gate.line("verdict")).toMatchObject({ decision: "report", would: "cut" });
      const asked = await gate.ask({ verb: "cut", because: "INC-1" });
      expect(asked).toMatchObject({ outcomes: [{ status: "failed", verified: false }] });
    });

    test.each([
      ["to set rules does not enforce", OPEN, ["net_admin"], "CAP_NET_ADMIN"],
      ["to close in its absence does not start", CLOSED, ["net_admin"], "CAP_NET_ADMIN"],
      ["to see packets does not watch", AUDIT, ["net_admin", "net_raw"], "CAP_NET_RAW"],
    ])("%s, and names it", async (_, policy, missing, named) => {
      bench.policy(policy);
      const gate = bench.watchThrough(without(...missing), ...DESPITE);
      expect(await gate.ended).toBe(4);
      expect(gate.log).toContain(named);
    });
  });

  test("beside a workload that may change its rules does not enforce", async () => {
    bench.policy(OPEN);
    bench.pair.spawn("workload", ["sleep", "1000"]);
    const { code, log } = await exit();
    expect(code).toBe(2);
    expect(log).toContain("may change our rules (CAP_NET_ADMIN)");
    expect(log).toContain("--despite workload-net-admin");
  });

  test("told to enforce all the same, says of each verdict that it can be passed", async () => {
    bench.policy(OPEN);
    bench.pair.spawn("workload", ["sleep", "1000"]);
    const gate = await bench.watch(...DESPITE).ready();
    expect(await gate.line("host")).toMatchObject({
      source: "self-defence",
      subject: "workload-net-admin",
      change: "found",
    });
    await bench.server(443, "evil.example", "-tls1_2");
    bench.client(443, "evil.example", "-tls1_2");
    expect(await gate.line("verdict")).toMatchObject({ coverage: ["bypassable"] });
  });

  test("looks again as soon as rules change: a workload that came later is seen", async () => {
    bench.policy(OPEN);
    const gate = await bench.watch().ready();
    expect(gate.of("host")).toEqual([]);
    bench.pair.spawn("workload", ["sleep", "1000"]);
    bench.pair.run("workload", "nft", "add", "table", "inet", "other");
    expect(await gate.line("host")).toMatchObject({
      subject: "workload-net-admin",
      change: "found",
    });
    // Frames could pass every hook, and nobody needs the link: a cut takes it down.
    const asked = await gate.ask({ verb: "cut", because: "INC-1" });
    expect(asked).toMatchObject({ outcomes: [{ status: "done", verified: true }] });
    expect(bench.pair.run("workload", "ip", "link", "show", "eth0")).toContain("state DOWN");
    await gate.ask({ verb: "release", because: "a test" });
    expect(bench.pair.run("workload", "ip", "link", "show", "eth0")).not.toContain("state DOWN");
  });

  test("whose page of metrics cannot be had says so, and goes on", async () => {
    bench.policy(AUDIT);
    bench.pair.run("workload", "ip", "link", "set", "lo", "up");
    const listen =
      "require('net').createServer().listen(9464, '127.0.0.1', () => console.log('up'))";
    const other = bench.pair.spawn("workload", [process.execPath, "-e", listen]);
    await new Promise((resolve) => other.stdout!.once("data", resolve));
    const gate = await bench.watch("--metrics", "127.0.0.1:9464").ready();
    expect(await gate.line("finding")).toMatchObject({
      rule: "C10",
      severity: "warning",
      summary: expect.stringContaining("127.0.0.1:9464 (EADDRINUSE)"),
    });
  });

  test("gives its metrics on loopback", async () => {
    bench.policy(AUDIT);
    await bench.watch("--metrics", "127.0.0.1:9464").ready();
    const page = bench.pair.run("workload", "curl", "-s", "http://127.0.0.1:9464/metrics");
    expect(page).toContain("portcullis_ready 1\n");
  });

  test("whose output nobody reads any more goes on cutting", async () => {
    bench.policy(OPEN);
    const gate = await bench.watch(...DESPITE).ready();
    gate.child.stdout!.destroy();
    await bench.server(443, "evil.example", "-tls1_2");
    const client = bench.client(443, "evil.example", "-tls1_2");
    await gone(client);
    while (bench.leaves()) await new Promise((resolve) => setTimeout(resolve, 20));
    expect((await gate.status()).gate).toBe("cut");
  });

  test("whose output is not read for a while goes on, and loses nothing that fits", async () => {
    bench.policy(AUDIT);
    const gate = await bench.watch("--observations").ready();
    gate.child.stdout!.pause();
    await bench.server(443, "evil.example", "-tls1_2");
    const calls = `
      let left = ${CALLS};
      const call = () => {
        const to = { host: "10.91.0.2", port: 443, rejectUnauthorized: false };
        const socket = require("tls").connect(to, () => socket.end());
        socket.on("error", () => {}).on("close", () => { if (--left > 0) call(); });
      };
      call();`;
    await gone(bench.pair.spawn("workload", [process.execPath, "-e", calls]));
    const waiting = async () => {
      const { text } = (await gate.ask({ verb: "metrics" })) as { text: string };
      return Number(/^portcullis_output_waiting_bytes (\d+)$/m.exec(text)?.[1]);
    };
    while ((await waiting()) === 0) await new Promise((resolve) => setTimeout(resolve, 50));
    const asked = await gate.ask({ verb: "cut", because: "INC-1" });
    expect(asked).toMatchObject({ outcomes: [{ status: "done", verified: true }] });
    expect(bench.leaves()).toBe(false);
    gate.child.stdout!.resume();
    await gate.until(() => gate.of("tls").length === CALLS);
    expect((await gate.status()).output).toMatchObject({ notes: 0, weighty: 0 });
  });

  test("whose disk is full cuts all the same, and its record has room", async () => {
    bench.policy(AUDIT);
    const state = `${bench.folder}/state`;
    mkdirSync(state, { mode: 0o700 });
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=1m,mode=700", "tmpfs", state]);
    try {
      const gate = await bench.watch().ready();
      expect(() => writeFileSync(`${state}/everything`, Buffer.alloc(2 ** 21))).toThrow("ENOSPC");
      const asked = await gate.ask({ verb: "cut", because: "INC-1" });
      expect(asked).toMatchObject({ outcomes: [{ status: "done", verified: true }] });
      await gate.line("outcome", ({ detail }) => /cut 1, recorded/.test(String(detail)));
      await gate.kill();
      const next = await bench.watch().ready();
      expect(await next.status()).toMatchObject({ gate: "cut", cut: { because: "INC-1" } });
      await next.kill();
    } finally {
      execFileSync("umount", [state]);
    }
  });

  test("prints and logs no secret of what it watches", async () => {
    bench.policy(AUDIT);
    const gate = await bench.watch("--observations", "--log", "debug").ready();
    const http =
      "require('http').createServer((q, r) => r.end('ok')).listen(80, () => console.log('up'))";
    const server = bench.pair.spawn("peer", [process.execPath, "-e", http]);
    await new Promise((resolve) => server.stdout!.once("data", resolve));
    bench.pair.run("workload", "curl", "-s", "-u", "alice:open-sesame", "http://10.91.0.2/");
    const clear = await gate.line("plaintext");
    expect(clear.exposes).toMatchObject([{ what: "http basic authorization", side: "client" }]);
    expect(await gate.kill("SIGINT")).toBe(0);
    const said = JSON.stringify(gate.lines) + gate.log;
    expect(said).not.toContain("open-sesame");
    expect(said).not.toContain(Buffer.from("alice:open-sesame").toString("base64"));
  });

  /** Waits for the last sign of life to run out. */
  async function untilShut(of: Bench): Promise<boolean> {
    for (let waited = 0; waited < 200; waited++) {
      if (!of.leaves()) return true;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    return false;
  }

  test("has a log of JSON lines", async () => {
    bench.policy(AUDIT);
    const gate = await bench.watch().ready();
    await gate.kill("SIGINT");
    for (const line of gate.log.trim().split("\n"))
      expect(JSON.parse(line)).toHaveProperty("level");
  });
});
