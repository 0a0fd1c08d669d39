/** Sockets listed, found and destroyed, in a namespace where a real program holds them. */
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ipBytes } from "../../src/kernel/ip-bytes.ts";
import { NETLINK_SOCK_DIAG, NetlinkSocket } from "../../src/kernel/netlink.ts";
import {
  destroySockets,
  findSocket,
  kernelSocket,
  listSockets,
} from "../../src/kernel/sock-diag.ts";
import { Lines } from "../netns/lines.ts";
import { IS_ROOT, Pair, PEER, WORKLOAD } from "../netns/pair.ts";

describe.runIf(IS_ROOT)("sockets of a namespace", () => {
  let pair: Pair;
  let diag: NetlinkSocket;
  beforeAll(() => {
    pair = new Pair();
    diag = pair.inside("workload", () => NetlinkSocket.open(NETLINK_SOCK_DIAG));
  });
  afterAll(() => {
    diag?.close();
    pair?.close();
  });

  test.each([
    ["tcp", "ipv4"],
    ["tcp", "ipv6"],
    ["udp", "ipv4"],
    ["udp", "ipv6"],
  ] as const)("%s over %s: listed, found, destroyed, and gone", async (transport, ip) => {
    const host = PEER[ip];
    const heard = await talk("peer", "listen", transport, host, "5000");
    await heard.next(/listening/);
    const held = await talk("workload", "hold", transport, host, "5000");
    const port = Number((await held.next(/^open/)).slice(5));
    await heard.next(/^got/);

    const local = { address: ipBytes(WORKLOAD[ip])!, port };
    const remote = { address: ipBytes(host)!, port: 5000 };
    const found = findSocket(diag, transport, local, remote);
    expect(found).toMatchObject({ state: "established", local, remote });
    expect(found?.inode).toBeGreaterThan(0);
    const { listed } = listSockets(diag, transport);
    expect(listed.map(({ inode }) => inode)).toContain(found?.inode);
    const other = { ...remote, port: 5001 };
    expect(findSocket(diag, transport, local, other)).toBeUndefined();

    expect(destroySockets(diag, [found!])).toEqual({ destroyed: 1 });
    expect(await held.next(/^error/)).toBe("error ECONNABORTED");
    expect(findSocket(diag, transport, local, remote)).toBeUndefined();
    // Named by its cookie it cannot be met again, and that is no failure.
    expect(destroySockets(diag, [found!]).failed).toBeUndefined();
  });

  async function talk(end: "workload" | "peer", ...args: string[]): Promise<Lines> {
    return new Lines(pair.spawn(end, [process.execPath, "test/netns/talk.ts", ...args]));
  }
});

test("any bytes in a message are a socket or none", () => {
  const body = fc.uint8Array({ minLength: 0, maxLength: 120 });
  fc.assert(
    fc.property(body, fc.constantFrom(2, 10, 77), (bytes, family) => {
      if (bytes.length > 0) bytes[0] = family;
      const read = kernelSocket({ type: 20, flags: 0, sequence: 1, port: 0, body: bytes }, "tcp");
      expect(read === undefined).toBe(bytes.length < 72 || family === 77);
    }),
  );
});
