/** Netlink sockets, and the system calls under them, against the kernel that this runs on. */
import { spawnSync } from "node:child_process";
import { setImmediate } from "node:timers/promises";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { describe, expect, test } from "vitest";
import {
  AF_NETLINK,
  close,
  errnoName,
  interfaceIndex,
  KernelRefused,
  MSG_DONTWAIT,
  mmap,
  munmap,
  onReadable,
  POLLIN,
  poll,
  recv,
  SOCK_RAW,
  sendto,
  setsockopt,
  socket,
} from "../../src/kernel/libc.ts";
import {
  NETLINK_ROUTE,
  NetlinkSocket,
  NLM_F_ACK,
  NLM_F_DUMP,
  NLM_F_REQUEST,
} from "../../src/kernel/netlink.ts";
import { attributeMap, MessageWriter, textOf } from "../../src/kernel/netlink-message.ts";

describe("a system call that fails", () => {
  test("answers minus the errno", () => {
    expect(errnoName(close(-1))).toBe("EBADF");
    expect(errnoName(socket(1000, SOCK_RAW, 0))).toBe("EAFNOSUPPORT");
    expect(errnoName(sendto(-1, new Uint8Array(1)))).toBe("EBADF");
    expect(mmap(9999, 4096)).toBe(-9);
    expect(errnoName(-60000)).toBe("errno 60000");
  });

  test("is refused with what it takes, where something is opened", () => {
    expect(() => NetlinkSocket.open(31)).toThrow(KernelRefused);
    expect(() => NetlinkSocket.open(31)).toThrow(/EPROTONOSUPPORT, expected success; it takes/);
  });
});

describe("a netlink socket", () => {
  test("lists the interfaces that ip(8) lists", () => {
    const route = NetlinkSocket.open(NETLINK_ROUTE);
    const sequence = route.nextSequence();
    const { error, messages } = route.request(links(sequence, NLM_F_DUMP), sequence, sequence);
    route.close();
    expect(error).toBe(0);
    const names = messages.map(({ body }) => textOf(attributeMap(body, 16).get(3)));
    const said = spawnSync("ip", ["-o", "link"], { encoding: "utf8" }).stdout;
    expect(names).toEqual([...said.matchAll(/^\d+: ([^:@]+)/gm)].map((match) => match[1]));
    expect(names).toContain("lo");
    expect(interfaceIndex("lo")).toBe(1);
  });

  test("says which message failed, and goes on", () => {
    const route = NetlinkSocket.open(NETLINK_ROUTE);
    const sequence = route.nextSequence();
    const none = new MessageWriter(64)
      .begin(RTM_GETLINK, NLM_F_REQUEST | NLM_F_ACK, sequence, new Uint8Array(16))
      .text(3, "no-such-link")
      .end();
    const refused = route.request(none.bytes, sequence, sequence);
    expect(refused).toMatchObject({ error: -19, failed: sequence });
    expect(refused.says).toMatch(/^ENODEV/);
    const next = route.nextSequence();
    expect(route.request(links(next, NLM_F_DUMP), next, next).error).toBe(0);
    route.close();
  });

  test("wakes the loop when something came, and only then", async () => {
    const fd = socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE);
    expect(poll(fd, POLLIN, 0)).toBe(0);
    const woken = new Promise<number>((resolve) => {
      const watch = onReadable(fd, () => {
        watch.stop();
        watch.stop();
        resolve(recv(fd, new Uint8Array(65536), MSG_DONTWAIT));
      });
    });
    // The watch alone does not keep a process alive; the test runner does.
    expect(sendto(fd, links(1, NLM_F_DUMP))).toBe(32);
    expect(await woken).toBeGreaterThan(32);
    close(fd);
  });
});

test("a watch that nobody holds goes on, whatever is collected as garbage", async () => {
  const fd = socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE);
  const woken = new Promise<void>((resolve) => {
    onReadable(fd, () => {
      recv(fd, new Uint8Array(65536), MSG_DONTWAIT);
      resolve();
    });
  });
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  for (let i = 0; i < 5; i++) {
    collect();
    await setImmediate();
  }
  sendto(fd, links(1, NLM_F_DUMP));
  await woken;
});

test("memory of a packet socket's ring is shared with the kernel", () => {
  if (process.getuid?.() !== 0) return;
  const fd = socket(17, SOCK_RAW, 0);
  const ring = new Uint8Array(new Uint32Array([4096, 1, 2048, 2]).buffer);
  expect(setsockopt(fd, 263, 5, ring)).toBe(0);
  const mapping = mmap(fd, 4096);
  if (typeof mapping === "number") throw new Error(errnoName(mapping));
  expect(new Uint8Array(mapping.memory).length).toBe(4096);
  expect(munmap(mapping)).toBe(0);
  close(fd);
});

function links(sequence: number, flags: number): Uint8Array {
  const writer = new MessageWriter(64);
  return writer.begin(RTM_GETLINK, NLM_F_REQUEST | flags, sequence, new Uint8Array(16)).end().bytes;
}

const RTM_GETLINK = 18;
