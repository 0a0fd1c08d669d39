/** Looking after a fence: what others change is found and put back, and new interfaces are hooked. */
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { NETLINK_NETFILTER, NetlinkSocket } from "../../../src/kernel/netlink.ts";
import { NFT_TABLE_F_OWNER, NftTransaction } from "../../../src/kernel/nft-transaction.ts";
import { INET } from "../../../src/respond/fence/ruleset.ts";
import { IS_ROOT } from "../../netns/pair.ts";
import { Scene } from "../../netns/scene.ts";

describe.runIf(IS_ROOT)("a fence", () => {
  let scene: Scene;
  beforeEach(() => {
    scene = new Scene();
  });
  afterEach(() => scene.close());

  test("that is owned is changed by nobody else, not even by a flush of everything", () => {
    const fence = scene.fence();
    fence.cut("a test");
    const before = scene.rules();
    expect(() => nft("delete table inet portcullis")).toThrow(/Operation not permitted/);
    nft("flush ruleset");
    expect(scene.rules()).toBe(before);
    expect(fence.look()).toEqual([]);
  });

  test.each([
    ["a deleted table", "delete table netdev portcullis"],
    ["a flush of everything", "flush ruleset"],
    ["a chain without its rules", "flush chain inet portcullis output"],
    ["a rule in front of ours", "insert rule inet portcullis output accept"],
    ["an element that is gone", "flush set inet portcullis refused4"],
  ])("that anyone may change finds %s, says who did it, and puts it back", (_what, command) => {
    const fence = scene.fence({ owned: false });
    const client = { ip: "10.91.0.1", port: 1 };
    fence.refuse({ transport: "tcp", client, server: { ip: "192.0.2.1", port: 443 } });
    fence.cut("a test");
    const before = scene.rules();
    nft(command);
    expect(scene.rules()).not.toBe(before);

    const [finding, ...more] = fence.look();
    expect(more).toEqual([]);
    expect(finding).toMatchObject({
      rule: "C10",
      severity: "critical",
      summary: expect.stringMatching(/^The fence's rules were changed, by nft \(process \d+\)\.$/),
    });
    expect(scene.rules()).toBe(before);
    expect(fence.cut("again")).toMatchObject({ status: "unneeded", verified: true });
    expect(fence.look()).toEqual([]);
  });

  test("says when what was changed cannot be put back", () => {
    const fence = scene.fence({ owned: false });
    const other = scene.pair.inside("workload", () => NetlinkSocket.open(NETLINK_NETFILTER));
    const answer = new NftTransaction(other, 1024)
      .deleteTable(INET)
      .addTable(INET, NFT_TABLE_F_OWNER, "somebody else's")
      .commit();
    expect(answer.error).toBe(0);
    const changed = expect.stringMatching(/^The fence's rules were changed, by /);
    const says = () => fence.look().map(({ summary }) => summary);
    expect(says()).toEqual([changed, "The fence is not put back: EPERM."]);
    expect(fence.cut("a test")).toMatchObject({ status: "failed", verified: false, retry: true });
    // Its owner goes, and the table with it.
    other.close();
    expect(says().length).toBeGreaterThan(0);
    expect(fence.cut("a test")).toMatchObject({ status: "done", verified: true });
  });

  test("cuts although its rules are gone, since they are made anew", () => {
    const fence = scene.fence({ owned: false });
    nft("flush ruleset");
    expect(fence.cut("a test")).toMatchObject({ status: "done", verified: true });
  });

  test("tells at once that something changed, and never of its own doing", async () => {
    const fence = scene.fence({ owned: false });
    const told = new Promise<void>((resolve) => {
      const watch = fence.onChange(() => {
        watch.stop();
        resolve();
      });
    });
    nft("delete table netdev portcullis");
    await told;
    expect(fence.look().map(({ rule }) => rule)).toEqual(["C10"]);
    fence.cut("a test");
    fence.release();
    expect(fence.setPolicy("3".repeat(64))).toBeUndefined();
    expect(fence.look()).toEqual([]);
    expect(scene.rules("netdev", "portcullis")).toContain("instance=test");
  });

  test("takes in an interface that came later, and finds one that was raised behind a cut", () => {
    const fence = scene.fence({ bypassable: true });
    const { pair } = scene;
    pair.run("workload", "ip", "link", "add", "eth1", "type", "veth", "peer", "name", "eth2");
    pair.run("workload", "ip", "link", "set", "eth1", "up");
    expect(fence.look()).toEqual([]);
    expect(scene.rules("netdev", "portcullis")).toContain("devices = { eth0, eth1, eth2 }");
    fence.cut("a test");
    pair.run("workload", "ip", "link", "set", "eth1", "up");
    expect(fence.look().map(({ summary }) => summary)).toEqual([
      "eth1 was raised although the cut took it down.",
    ]);
    expect(pair.run("workload", "ip", "link", "show", "eth1")).toContain("state DOWN");
    expect(fence.release()).toMatchObject({ verified: true });
    expect(pair.run("workload", "ip", "link", "show", "eth1")).toMatch(/<.*\bUP\b.*>/);
  });

  function nft(command: string): void {
    scene.pair.run("workload", "nft", command);
  }
});
