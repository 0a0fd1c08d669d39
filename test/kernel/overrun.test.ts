/** A netlink socket that was full goes on being watched, and says that it lost something. */
import { expect, test } from "vitest";
import { socketDrops } from "../../src/kernel/libc.ts";
import { NETLINK_ROUTE, NetlinkSocket } from "../../src/kernel/netlink.ts";
import { IS_ROOT, Pair } from "../netns/pair.ts";

test.skipIf(!IS_ROOT)("notifications come again after an overrun", async () => {
  const pair = new Pair();
  const socket = pair.inside("workload", () =>
    NetlinkSocket.open(NETLINK_ROUTE, { groups: [RTNLGRP_LINK], receiveBytes: 4096 }),
  );
  let woken = 0;
  let lost = 0;
  const watch = socket.onReadable(() => {
    woken++;
    if (socket.notifications().lost) lost++;
  });
  try {
    // Nobody reads meanwhile: these calls block the loop.
    for (let made = 0; made < 20; made++) change(pair);
    expect(socketDrops(socket.fd)).toBeGreaterThan(0);
    await until(() => woken > 0);
    expect(lost).toBe(1);
    const before = woken;
    change(pair);
    await until(() => woken > before);
    expect(lost).toBe(1);
  } finally {
    watch.stop();
    socket.close();
    pair.close();
  }
});

function change(pair: Pair): void {
  for (const state of ["down", "up"]) pair.run("workload", "ip", "link", "set", "lo", state);
}

async function until(isThere: () => boolean): Promise<void> {
  for (let tries = 0; !isThere() && tries < 200; tries++) {
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  expect(isThere()).toBe(true);
}

const RTNLGRP_LINK = 1;
