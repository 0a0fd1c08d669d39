/** What a refusal does to real connections: to one of them. */
import { setTimeout } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { REFUSED_MAX } from "../../../src/respond/fence/ruleset.ts";
import { IS_ROOT } from "../../netns/pair.ts";
import { Scene } from "../../netns/scene.ts";

describe.runIf(IS_ROOT)("a refusal", () => {
  let scene: Scene;
  beforeEach(() => {
    scene = new Scene();
  });
  afterEach(() => scene.close());

  test.each([
    ["tcp", "ipv4"],
    ["tcp", "ipv6"],
    ["udp", "ipv4"],
    ["udp", "ipv6"],
  ] as const)(
    "over %s and %s ends its connection and its destination, and no other",
    async (transport, ip) => {
      const fence = scene.fence();
      const [wrong, other] = await Promise.all([
        scene.connected(transport, ip, 5001),
        scene.connected(transport, ip, 5002),
      ]);
      const outcome = fence.refuse(wrong.connection);
      expect(outcome).toMatchObject({ rung: "refuse", status: "done", verified: true });
      expect(outcome.detail).toMatch(/:5001 is refused; its connection was ended$/);
      const error = await wrong.workload.next(/^error/);
      expect(error).toMatch(transport === "tcp" ? /ECONNABORTED/ : /ECONNABORTED|EPERM/);
      // What came before is on its way through a pipe.
      await setTimeout(WAIT_MS);
      const heard = wrong.peer.count;

      const again = scene.hold(transport, ip, 5001);
      if (transport === "tcp") await scene.calling(5001);
      await other.peer.next(/^got/, other.peer.count);
      await setTimeout(WAIT_MS);
      expect(again.matching(/^got|^error ECONNREFUSED/)).toEqual([]);
      if (transport === "tcp") expect(again.matching(/^open/)).toEqual([]);
      expect(wrong.peer.count).toBe(heard);
      expect(other.workload.matching(/^error/)).toEqual([]);
      expect(fence.state()).toBe("open");

      expect(fence.release()).toMatchObject({ status: "done", verified: true });
      const from = wrong.peer.count;
      scene.hold(transport, ip, 5001);
      await wrong.peer.next(/^got/, from);
    },
  );

  test("is not needed twice, and outlives us", () => {
    const [client, server] = [
      { ip: "10.91.0.1", port: 40000 },
      { ip: "::ffff:10.91.0.2", port: 443 },
    ];
    const fence = scene.fence();
    const connection = { transport: "tcp", client, server } as const;
    expect(fence.refuse(connection).detail).toMatch(/is refused; no connection to it was left$/);
    expect(fence.refuse(connection)).toMatchObject({ status: "unneeded", verified: true });
    expect(scene.rules("netdev", "portcullis")).toContain("{ 10.91.0.2 . tcp . 443 }");
    fence.close();
    expect(scene.fence().refuse(connection).status).toBe("unneeded");
    expect(scene.rules("inet", "portcullis")).toContain("{ 10.91.0.2 . tcp . 443 }");
  });

  test("of one destination more than there is room for is reported", () => {
    const fence = scene.fence();
    const client = { ip: "10.91.0.1", port: 1 };
    for (let i = 0; i < REFUSED_MAX; i++) {
      const server = { ip: `10.${i >> 8}.${i & 255}.1`, port: 443 };
      expect(fence.refuse({ transport: "tcp", client, server }).status).toBe("done");
    }
    const server = { ip: "192.0.2.1", port: 443 };
    const outcome = fence.refuse({ transport: "tcp", client, server });
    expect(outcome).toMatchObject({ status: "failed", verified: false, retry: false });
    expect(outcome.detail).toBe(
      `not refused: ${REFUSED_MAX} destinations are refused already, the most there is room for`,
    );
    // There is room for as many of the other family, and all of them are found again.
    const six = { transport: "tcp", client, server: { ip: "2001:db8::1", port: 443 } } as const;
    expect(fence.refuse(six).status).toBe("done");
    fence.close();
    expect(scene.fence().found.refused.length).toBe(REFUSED_MAX + 1);
  });

  test.each([
    ["host", "10.0.0.1"],
    ["10.0.0.1", "::1%lo"],
  ])("from %s to %s is no refusal", (client, server) => {
    const fence = scene.fence();
    const ends = { client: { ip: client, port: 1 }, server: { ip: server, port: 2 } };
    expect(fence.refuse({ transport: "tcp", ...ends })).toMatchObject({
      status: "failed",
      detail: `${client} and ${server}: expected two IP addresses`,
    });
  });
});

const WAIT_MS = 300;
