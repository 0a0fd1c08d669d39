/** Which way a connection goes, seen from the networks that were declared to be ours. */
import { describe, expect, test } from "vitest";
import { LocalNetworks } from "../../src/judge/direction.ts";

describe("a connection", () => {
  test.each<[string, string[], string, string, string]>([
    ["from ours to elsewhere goes out", ["10.0.0.0/8"], "10.1.2.3", "192.0.2.1", "egress"],
    ["from elsewhere to ours comes in", ["10.0.0.0/8"], "192.0.2.1", "10.1.2.3", "ingress"],
    ["between two of ours stays inside", ["10.0.0.0/8"], "10.1.2.3", "10.9.9.9", "internal"],
    ["between two others is unknown", ["10.0.0.0/8"], "192.0.2.1", "192.0.2.2", "unknown"],
    ["is unknown where nothing is declared", [], "10.1.2.3", "192.0.2.1", "unknown"],
    [
      "from one of several of ours goes out",
      ["fd00::/8", "192.0.2.7"],
      "192.0.2.7",
      "::1",
      "egress",
    ],
    ["to one of several of ours comes in", ["192.0.2.7", "fd00::/8"], "::1", "fd00::1", "ingress"],
  ])("%s", (_, networks, client, server, expected) => {
    const ours = new LocalNetworks(networks);
    expect(ours.direction(client, server)).toBe(expected);
    // What was found out about an address is remembered, and not mixed up.
    expect(ours.direction(server, client)).toBe(REVERSED[expected]);
    expect(ours.direction(client, server)).toBe(expected);
  });

  test("is judged right after more addresses than are remembered", () => {
    const ours = new LocalNetworks(["10.0.0.0/8"]);
    let wrong = 0;
    for (let i = 0; i < 70_000; i++) {
      const host = `${i >> 16}.${(i >> 8) & 0xff}.${i & 0xff}`;
      if (ours.direction(`10.${host}`, `11.${host}`) !== "egress") wrong++;
    }
    expect(wrong).toBe(0);
  });
});

test.each([
  ["a.example", '"a.example" is not an address or a CIDR: it is a name'],
  ["10.0.0.0/33", '"10.0.0.0/33" is not an address or a CIDR: a prefix length of 0 to 32'],
  [
    "10.0.0.1/8",
    '"10.0.0.1/8" is not an address or a CIDR: zeros behind the prefix: it is not clear which network is meant',
  ],
])("%s is no network", (text, message) => {
  expect(() => new LocalNetworks(["10.0.0.0/8", text])).toThrow(new Error(message));
});

const REVERSED: Readonly<Record<string, string>> = {
  egress: "ingress",
  ingress: "egress",
  internal: "internal",
  unknown: "unknown",
};
