/** Addresses in bytes: known ones, and any that the project itself writes. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { ipv6Name } from "../../src/flow/address.ts";
import { ipBytes, isLoopback, unmapped } from "../../src/kernel/ip-bytes.ts";

test.each([
  ["192.0.2.1", "c0000201"],
  ["::", "0".repeat(32)],
  ["::1", `${"0".repeat(31)}1`],
  ["2001:db8::1", `20010db8${"0".repeat(23)}1`],
  ["1::", `0001${"0".repeat(28)}`],
  ["1:2:3:4:5:6:7:8", "00010002000300040005000600070008"],
  ["::ffff:192.0.2.1", `${"0".repeat(20)}ffffc0000201`],
  ["64:ff9b::192.0.2.33", `0064ff9b${"0".repeat(16)}c0000221`],
  ["1:2:3:4:5:6:192.0.2.1", "000100020003000400050006c0000201"],
])("%s", (text, hex) => {
  expect(Buffer.from(ipBytes(text)!).toString("hex")).toBe(hex);
});

test.each(["", "host", "1.2.3", "fe80::1%eth0", "::g", "1:2:3"])("%j is no address", (text) => {
  expect(ipBytes(text)).toBeUndefined();
});

test("any IPv6 address comes back as it was written", () => {
  fc.assert(
    fc.property(fc.array(fc.nat(0xffff), { minLength: 8, maxLength: 8 }), (groups) => {
      const bytes = ipBytes(ipv6Name(groups))!;
      expect([...bytes]).toEqual(groups.flatMap((group) => [group >> 8, group & 0xff]));
    }),
  );
});

test("a mapped address is its IPv4 address, and loopback is known by either name", () => {
  expect([...unmapped(ipBytes("::ffff:192.0.2.1")!)]).toEqual([192, 0, 2, 1]);
  const loopback = ["127.8.0.1", "::1", "::ffff:127.0.0.1"].map((one) => isLoopback(ipBytes(one)!));
  expect(loopback).toEqual([true, true, true]);
  const others = ["128.0.0.1", "::2", "::", "::ffff:10.0.0.1"].map((one) =>
    isLoopback(ipBytes(one)!),
  );
  expect(others).toEqual([false, false, false, false]);
});
