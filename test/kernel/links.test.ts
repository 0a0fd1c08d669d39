/** Interfaces, against what ip(8) says of them; and what a link that goes down takes with it. */
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  type Link,
  linkIn,
  listLinks,
  restore,
  setLinkUp,
  settingsOf,
} from "../../src/kernel/links.ts";
import { NETLINK_ROUTE, NetlinkSocket } from "../../src/kernel/netlink.ts";
import { IS_ROOT, Pair, PEER } from "../netns/pair.ts";

describe.runIf(IS_ROOT)("interfaces of a namespace", () => {
  let pair: Pair;
  let route: NetlinkSocket;
  beforeAll(() => {
    pair = new Pair();
    route = pair.inside("workload", () => NetlinkSocket.open(NETLINK_ROUTE));
  });
  afterAll(() => {
    route?.close();
    pair?.close();
  });

  test("are listed with what they sent", () => {
    const { listed, failed } = listLinks(route);
    expect(failed).toBeUndefined();
    expect(listed.map(({ name, loopback, up }) => [name, loopback, up])).toEqual([
      ["lo", true, true],
      ["eth0", false, true],
    ]);
    const [shown] = JSON.parse(pair.run("workload", "ip", "-s", "-j", "link", "show", "eth0")) as [
      { ifindex: number; stats64: { tx: { packets: number; bytes: number } } },
    ];
    const { packets, bytes } = shown.stats64.tx;
    const again = eth0();
    expect(again.index).toBe(shown.ifindex);
    expect(again.sentPackets).toBeGreaterThanOrEqual(packets);
    expect(again.sentBytes).toBeGreaterThanOrEqual(bytes);
    expect(packets).toBeGreaterThan(0);
  });

  test("go down and up, and get back what the kernel forgot meanwhile", () => {
    pair.run("workload", "ip", "route", "add", "default", "via", PEER.ipv4);
    pair.run("workload", "ip", "-6", "route", "add", "default", "via", PEER.ipv6);
    const before = routes();
    const kept = settingsOf(route, eth0().index);
    expect(setLinkUp(route, eth0().index, false)).toBeUndefined();
    expect(eth0().up).toBe(false);
    expect(routes()).not.toContain("default");
    expect(setLinkUp(route, eth0().index, true)).toBeUndefined();
    expect(routes()).not.toContain("default");
    expect(restore(route, kept)).toBeUndefined();
    expect(restore(route, kept)).toBeUndefined();
    pair.settle();
    expect(routes()).toBe(before);
  });

  test("that are not there cannot be changed, and the kernel says so", () => {
    expect(setLinkUp(route, 4711, true)).toMatch(/^ENODEV/);
    expect(restore(route, [{ type: 24, body: new Uint8Array(3) }])).toMatch(/^EINVAL|^ENOTSUP/);
    // What is neither an address nor a route is not sent at all.
    expect(restore(route, [{ type: 17, body: new Uint8Array(16) }])).toBeUndefined();
  });

  function eth0(): Link {
    return listLinks(route).listed.find(({ name }) => name === "eth0")!;
  }

  function routes(): string {
    const shown = ["-4", "-6"].map((family) => pair.run("workload", "ip", family, "route"));
    const lines = shown.join("").trim().split("\n");
    return lines
      .map((line) => line.trim())
      .sort()
      .join("\n");
  }
});

test("any bytes in a message are an interface or none", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 120 }), (body) => {
      const link = linkIn({ type: 16, flags: 0, sequence: 1, port: 0, body });
      if (link !== undefined) expect(link.sentPackets).toBeGreaterThanOrEqual(0);
      if (body.length < 20) expect(link).toBeUndefined();
    }),
  );
});
