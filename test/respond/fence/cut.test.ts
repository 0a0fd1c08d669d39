/** What a cut does to real connections, and what a release gives back. */
import { setTimeout } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { IS_ROOT, PEER, WORKLOAD } from "../../netns/pair.ts";
import { Scene } from "../../netns/scene.ts";

describe.runIf(IS_ROOT)("a cut", () => {
  let scene: Scene;
  beforeEach(() => {
    scene = new Scene();
  });
  afterEach(() => scene.close());

  test("ends what is connected by either family, and nothing more leaves, not even a reset", async () => {
    const fence = scene.fence();
    const all = await Promise.all([
      scene.connected("tcp", "ipv4", 5001),
      scene.connected("tcp", "ipv6", 5002),
      scene.connected("udp", "ipv4", 5003),
      scene.connected("udp", "ipv6", 5004),
    ]);
    await scene.listen("udp", "ipv4", 5005);
    await scene.loose("ipv4", 5005);

    const outcome = fence.cut("a test");
    const arrived = scene.arrived();
    expect(outcome).toMatchObject({ rung: "fence", status: "done", verified: true });
    expect(outcome.detail).toMatch(/^cut off in [\d.]+ ms \(a test\); 4 connections ended$/);
    expect(outcome.release).toBe("portcullis release");
    expect(fence.state()).toBe("cut");
    for (const { workload, connection } of all) {
      // A datagram that was sent between the drop and the end of its socket was not permitted.
      const error = await workload.next(/^error/);
      expect(error).toMatch(connection.transport === "tcp" ? /ECONNABORTED/ : /ECONNABORTED|EPERM/);
    }
    // Both that sent datagrams go on trying, and whoever is not connected hears that it may not.
    await setTimeout(WAIT_MS);
    expect(scene.arrived()).toBe(arrived);
    expect(fence.look()).toEqual([]);
  });

  test("lets nobody in, and leaves listeners and what stays inside alone", async () => {
    const fence = scene.fence();
    const listener = await scene.listen("tcp", "ipv4", 6001, "workload");
    const caller = scene.hold("tcp", "ipv4", 6001, "peer");
    await listener.next(/^got/);
    const inside = await talkInside(6001);
    expect(fence.cut("a test")).toMatchObject({ verified: true });
    await listener.next(/^error ECONNABORTED|^closed/);
    const from = inside.count;
    await inside.next(/^got/, from);
    expect(inside.matching(/^error/)).toEqual([]);

    const late = scene.hold("tcp", "ipv4", 6001, "peer");
    await setTimeout(WAIT_MS);
    expect(late.matching(/^open/)).toEqual([]);
    expect(caller.matching(/^error/)).toEqual([]);

    fence.release();
    await scene.hold("tcp", "ipv4", 6001, "peer").next(/^got/);
  });

  test("is undone by a release, to the letter and once the old sockets are gone", async () => {
    const fence = scene.fence();
    const before = scene.rules();
    const { peer, workload } = await scene.connected("tcp", "ipv4", 5001);
    fence.cut("a test");
    await workload.next(/^error/);
    const meanwhile = scene.hold("tcp", "ipv4", 5001);
    await scene.calling(5001);
    expect(scene.rules()).not.toBe(before);

    expect(fence.release()).toMatchObject({ rung: "fence", status: "done", verified: true });
    expect(fence.state()).toBe("open");
    expect(scene.rules()).toBe(before);
    // What was called behind the cut is ended, and does not go through later.
    expect(await meanwhile.next(/^error|^open/)).toBe("error ECONNABORTED");
    const from = peer.count;
    await scene.hold("tcp", "ipv4", 5001).next(/^got/);
    await peer.next(/^got/, from);
    expect(fence.look()).toEqual([]);
    expect(fence.release()).toMatchObject({ status: "unneeded", verified: true });
  });

  test("may be asked for again, and is looked at again", () => {
    const fence = scene.fence();
    expect(fence.cut("one").status).toBe("done");
    expect(fence.cut("two")).toMatchObject({ status: "unneeded", verified: true });
    expect(fence.cut("two").detail).toMatch(/^was cut off already \(two\)/);
    fence.release();
    expect(fence.cut("three")).toMatchObject({ status: "done", verified: true });
  });

  test("and its release leave everybody else's rules as they are", () => {
    const foreign = [
      "add table inet firewall",
      "add chain inet firewall out { type filter hook output priority -2147483648; policy accept; }",
      "add rule inet firewall out tcp dport 80 counter accept",
      "add table netdev shaper",
      'add chain netdev shaper e { type filter hook egress device "eth0" priority 0; }',
    ].join("; ");
    scene.pair.run("workload", "nft", foreign);
    const before = [scene.rules("inet", "firewall"), scene.rules("netdev", "shaper")];
    const fence = scene.fence();
    const now = () => [scene.rules("inet", "firewall"), scene.rules("netdev", "shaper")];
    expect(now()).toEqual(before);
    fence.cut("a test");
    expect(now()).toEqual(before);
    fence.release();
    expect(now()).toEqual(before);
    fence.remove();
    expect(scene.rules()).toBe(before.join(""));
  });

  test("of links gives back routes and addresses", () => {
    const { pair } = scene;
    pair.run("workload", "ip", "route", "add", "default", "via", PEER.ipv4);
    pair.run("workload", "ip", "route", "add", "192.0.2.0/24", "via", PEER.ipv4, "metric", "7");
    pair.run("workload", "ip", "-6", "route", "add", "default", "via", PEER.ipv6);
    pair.run("workload", "ip", "address", "add", "198.51.100.7/32", "dev", "eth0");
    const before = settings();
    const fence = scene.fence({ bypassable: true });
    expect(fence.cut("a test").detail).toContain("eth0 was taken down");
    expect(settings()).not.toEqual(before);
    expect(fence.release()).toMatchObject({ status: "done", verified: true });
    pair.settle();
    expect(settings()).toEqual(before);
  });

  /** The workload's addresses and routes, as ip(8) shows them, sorted. */
  function settings(): string[] {
    const shown = [
      scene.pair.run("workload", "ip", "-o", "address", "show", "dev", "eth0"),
      scene.pair.run("workload", "ip", "route"),
      scene.pair.run("workload", "ip", "-6", "route"),
    ];
    return shown
      .join("")
      .trim()
      .split("\n")
      .map((line) => line.trim())
      .sort();
  }

  /** A connection of the workload with itself, by its own outer address. */
  async function talkInside(port: number) {
    const { Lines } = await import("../../netns/lines.ts");
    const args = ["test/netns/talk.ts", "hold", "tcp", WORKLOAD.ipv4, String(port)];
    const lines = new Lines(scene.pair.spawn("workload", [process.execPath, ...args]));
    await lines.next(/^got/);
    return lines;
  }
});

/** Long enough for ten pieces that a program writes, and for the first of TCP's repetitions. */
const WAIT_MS = 300;
