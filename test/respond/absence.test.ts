/** The gate closed while nobody watches it: real packets between two namespaces, counted. */
import { spawnSync } from "node:child_process";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import {
  AF_PACKET,
  close as closeFd,
  interfaceIndex,
  SOCK_RAW,
  sendto,
  socket,
} from "../../src/kernel/libc.ts";
import { Absence } from "../../src/respond/absence.ts";
import { IS_ROOT, Pair, PEER, WORKLOAD } from "../netns/pair.ts";

describe.runIf(IS_ROOT)("in our absence", () => {
  let pair: Pair;
  let absence: Absence | undefined;
  beforeEach(() => {
    pair = new Pair();
  });
  afterEach(() => {
    absence?.disown();
    absence = undefined;
    pair.close();
  });

  const close = (aliveMs?: number) => pair.inside("workload", () => Absence.close(aliveMs));
  /** A datagram leaves, or the kernel says at once that it may not. */
  const passes = (address: string) => {
    const { status, stderr } = spawnSync(
      ...programAndArgs(pair.command("workload", ["bash", "-c", `echo x > /dev/udp/${address}/9`])),
      { encoding: "utf8" },
    );
    if (status !== 0) expect(stderr).toContain("Operation not permitted");
    return status === 0;
  };

  /** Frames that reach the peer, of `count` that are sent past the IP stack. */
  const frames = (count: number) => {
    const before = received();
    pair.inside("workload", () => {
      const fd = socket(AF_PACKET, SOCK_RAW, 0);
      const frame = new Uint8Array(60).fill(0xff, 0, 6);
      // Ethertype 0x88b5 is for experiments.
      frame.set([0x88, 0xb5], 12);
      const link = new Uint8Array(20);
      const view = new DataView(link.buffer);
      view.setUint16(0, AF_PACKET, true);
      view.setInt32(4, interfaceIndex("eth0"), true);
      for (let i = 0; i < count; i++) sendto(fd, frame, 0, link);
      closeFd(fd);
    });
    return received() - before;
  };
  const received = () => {
    const [link] = JSON.parse(pair.run("peer", "ip", "-j", "-s", "link", "show", "eth0"));
    return (link as { stats64: { rx: { packets: number } } }).stats64.rx.packets;
  };

  test.each([PEER.ipv4, PEER.ipv6])(
    "nothing leaves to %s until there is a sign of life",
    (peer) => {
      expect(passes(peer)).toBe(true);
      absence = close();
      expect(passes(peer)).toBe(false);
      expect(absence.alive()).toBeUndefined();
      expect(passes(peer)).toBe(true);
    },
  );

  test("raw frames do not leave either", () => {
    expect(frames(100)).toBeGreaterThanOrEqual(100);
    absence = close();
    expect(frames(100)).toBe(0);
    absence.alive();
    expect(frames(100)).toBeGreaterThanOrEqual(100);
  });

  test("loopback goes on", () => {
    absence = close();
    expect(passes("127.0.0.1")).toBe(true);
    expect(passes(WORKLOAD.ipv4)).toBe(true);
  });

  test("a sign of life runs out by itself", async () => {
    absence = close(300);
    absence.alive();
    expect(passes(PEER.ipv4)).toBe(true);
    await new Promise((resolve) => setTimeout(resolve, 400));
    expect(passes(PEER.ipv4)).toBe(false);
  });

  test("signs of life follow each other without a gap", async () => {
    absence = close(1000);
    for (let beat = 0; beat < 20; beat++) {
      expect(absence.alive()).toBeUndefined();
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    expect(passes(PEER.ipv4)).toBe(true);
  });

  test("who is gone leaves it closed, and the next one takes it over, closed", async () => {
    close(300).disown();
    await new Promise((resolve) => setTimeout(resolve, 400));
    expect(passes(PEER.ipv4)).toBe(false);
    absence = close();
    expect(passes(PEER.ipv4)).toBe(false);
    absence.alive();
    expect(passes(PEER.ipv4)).toBe(true);
  });

  test("nobody else changes it while we live", () => {
    absence = close();
    expect(() =>
      pair.run("workload", "nft", "delete", "table", "inet", "portcullis-absence"),
    ).toThrow(/not permitted/);
  });

  test("an interface that comes later is closed, too", () => {
    absence = close();
    pair.run("workload", "ip", "link", "add", "late0", "type", "veth", "peer", "name", "late1");
    absence.alive();
    expect(pair.run("workload", "nft", "list", "ruleset")).toContain("late0");
  });

  test("is removed by who does not want it", () => {
    close().disown();
    expect(pair.inside("workload", () => Absence.remove())).toBe(true);
    expect(pair.inside("workload", () => Absence.remove())).toBe(false);
    expect(pair.run("workload", "nft", "list", "ruleset")).toBe("");
  });
});

function programAndArgs([program, ...args]: readonly string[]): [string, string[]] {
  return [program!, args];
}
