/** What the surroundings do to a tap: somebody switches counting off, flushes rules, or taps as well. */
import { execFileSync } from "node:child_process";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { LossLine } from "../../../src/report/lines.ts";
import { IS_ROOT, Pair, WORKLOAD } from "../../netns/pair.ts";
import { CLIENTS, connect, Peers, PORTS } from "./peers.ts";
import { Watcher } from "./watcher.ts";

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

const ACCOUNTING = "/proc/sys/net/netfilter/nf_conntrack_acct";

describe.skipIf(!IS_ROOT)("nflog", () => {
  let pair: Pair;
  let peers: Peers;
  let watcher: Watcher;

  beforeEach(async () => {
    pair = new Pair();
    peers = new Peers();
    await peers.start(pair);
    watcher = await Watcher.start(pair, "auto", peers.policy);
  });
  afterEach(() => {
    pair.close();
    peers.close();
  });

  const call = () => connect(pair, CLIENTS.openssl(PORTS.opensslApproved, "-tls1_2"));
  const judged = () => watcher.verdictsTo(PORTS.opensslApproved);
  const losses = (): LossLine[] => watcher.lines.filter((line) => line.kind === "loss");
  const inside = (code: string) =>
    pair.run("workload", process.execPath, "-e", code, ACCOUNTING).trim();

  test("is what is chosen first, and why is said", () => {
    expect(watcher.ready).toMatchObject({ ready: "nflog" });
    expect(watcher.ready?.why).toContain("the first 64 KiB of each connection");
  });

  test("counting that was switched off is noticed, told and switched on again", async () => {
    expect(inside(READ)).toBe("1");
    inside(SWITCH_OFF);
    await watcher.until(() => losses().length > 0, "that counting is off");
    expect(losses()[0]!.why).toContain("switched on again");
    expect(inside(READ)).toBe("1");
    call();
    await watcher.until(() => judged().length > 0, "a verdict behind it");
  });

  test("its rules are not flushed by others, and it goes on", async () => {
    pair.run("workload", "nft", "flush", "ruleset");
    call();
    await watcher.until(() => judged().length > 0, "a verdict behind the flush");
    expect(pair.run("workload", "nft", "list", "ruleset")).toContain("portcullis-tap");
  });

  test("a second watcher takes another way, and says why", async () => {
    const second = await Watcher.start(pair, "auto", peers.policy);
    expect(second.ready).toMatchObject({ ready: "ring" });
    expect(second.ready?.why).toMatch(/nflog.*EBUSY|EPERM/);
    call();
    for (const one of [watcher, second]) {
      await one.until(() => one.verdictsTo(PORTS.opensslApproved).length > 0, "a verdict by both");
    }
  });

  test("killed without a word, it leaves no rule behind", async () => {
    const over = new Promise((resolve) => watcher.child.once("exit", resolve));
    watcher.child.kill("SIGKILL");
    await over;
    expect(pair.run("workload", "nft", "list", "ruleset")).not.toContain("portcullis");
  });

  test("what others open is ingress, and never more than reported", async () => {
    const { folder } = peers;
    const served = ["-cert", `${folder}/self.pem`, "-key", `${folder}/self.key`];
    const server = pair.spawn(
      "workload",
      ["openssl", "s_server", "-www", "-quiet", "-accept", "4490", ...served],
      { stdio: ["ignore", "ignore", "ignore"] },
    );
    const listens = () => pair.run("workload", "ss", "-Hltn", "sport = :4490").includes("4490");
    while (!listens() && server.exitCode === null) await new Promise((r) => setTimeout(r, 25));
    const [program, ...args] = pair.command("peer", [
      ...["curl", "-sk", "--tls-max", "1.2", `https://${WORKLOAD.ipv4}:4490/`],
    ]);
    execFileSync(program!, args, { stdio: "ignore" });
    const line = () =>
      watcher.lines.find((one) => one.kind === "tls" && one.server.endsWith(":4490"));
    await watcher.until(() => line() !== undefined, "a line on what is served");
    expect(line()).toMatchObject({ direction: "ingress", established: true });
    expect(watcher.verdictsTo(4490)[0]).toMatchObject({ decision: "report", wouldCut: false });
  });
});

const READ = `process.stdout.write(require("node:fs").readFileSync(process.argv[1], "utf8"))`;
const SWITCH_OFF = `require("node:fs").writeFileSync(process.argv[1], "0")`;
