/** The channel: what a cut leaves open to the sidecar, and to nobody else with the same address. */
import { setTimeout } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { openChannel } from "../../../src/respond/fence/channel.ts";
import { Cgroup } from "../../netns/cgroup.ts";
import { IS_ROOT, PEER } from "../../netns/pair.ts";
import { Scene } from "../../netns/scene.ts";

const probe = IS_ROOT ? Cgroup.make() : undefined;
await probe?.remove();
if (probe === undefined) console.warn("no cgroup v2 that we may write: the channel is not tested");

describe.runIf(probe !== undefined)("the channel", () => {
  let scene: Scene;
  let sidecar: Cgroup;
  beforeEach(() => {
    scene = new Scene();
    sidecar = Cgroup.make()!;
  });
  afterEach(async () => {
    scene.close();
    await sidecar.remove();
  });

  test.each(["ipv4", "ipv6"] as const)(
    "over %s stays open to its cgroup, and to it alone",
    async (ip) => {
      const channel = { ip: PEER[ip], port: 8443, cgroup: sidecar.path };
      const agent = await scene.listen("tcp", ip, 8443);
      const fence = scene.fence({ channel, bypassable: true });
      expect(fence.remarks).toEqual([]);
      const ours = sidecar.inside(() => scene.hold("tcp", ip, 8443));
      const theirs = scene.hold("tcp", ip, 8443);
      await Promise.all([ours.next(/^got/), theirs.next(/^got/)]);
      const elsewhere = await scene.connected("tcp", ip, 9443);

      const outcome = fence.cut("a test");
      expect(outcome.status).toBe("done");
      expect(outcome.detail).toContain("; 2 connections ended");
      // It may be passed by XDP, and the link is not ours to take down: that is said, and not called whole.
      expect(outcome.verified).toBe(false);
      expect(outcome.detail).toContain("it can be passed: XDP sockets pass every hook");
      expect(await theirs.next(/^error/)).toMatch(/ECONNABORTED/);
      expect(await elsewhere.workload.next(/^error/)).toMatch(/ECONNABORTED/);

      // The old connection goes on, a new one is made, and neither is a leak.
      await ours.next(/^got/, ours.count);
      await sidecar.inside(() => scene.hold("tcp", ip, 8443)).next(/^got/);
      expect(fence.look()).toEqual([]);
      // The workload calls the same place, and the sidecar another one.
      const heard = agent.matching(/^got/).length;
      const again = scene.hold("tcp", ip, 8443);
      const other = sidecar.inside(() => scene.hold("tcp", ip, 9443));
      await Promise.all([scene.calling(8443), scene.calling(9443)]);
      await setTimeout(WAIT_MS);
      expect([...again.matching(/^open/), ...other.matching(/^open/)]).toEqual([]);
      expect(agent.matching(/^got/).length).toBeGreaterThan(heard);
      expect(ours.matching(/^error/)).toEqual([]);
    },
  );

  test("of the root cgroup, which everything is in, is denied; so is one that cannot be found", () => {
    const root = sidecar.path.slice(0, sidecar.path.lastIndexOf("/"));
    expect(openChannel({ ip: PEER.ipv4, port: 1, cgroup: root })).toEqual({
      denied: "its cgroup is the root, which everything is in",
    });
    expect(openChannel({ ip: PEER.ipv4, port: 1, cgroup: `${root}/none-such` })).toEqual({
      denied: expect.stringContaining("its cgroup cannot be read: ENOENT"),
    });
    expect(openChannel({ ip: PEER.ipv4, port: 1, cgroup: "/etc" })).toEqual({
      denied: `/etc is not in ${root}`,
    });
    expect(openChannel({ ip: "controller", port: 1 })).toEqual({
      denied: "controller is no IP address",
    });
    expect(openChannel({ ip: PEER.ipv4, port: 70000 })).toEqual({ denied: "port 70000" });
    const fence = scene.fence({ channel: { ip: PEER.ipv4, port: 1, cgroup: root } });
    expect(fence.remarks).toEqual([
      "the channel is denied: its cgroup is the root, which everything is in",
    ]);
    expect(fence.cut("a test")).toMatchObject({ verified: true });
  });
});

const WAIT_MS = 300;
