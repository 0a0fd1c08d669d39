/** B02: a link that fell silent, and what was said outside of it meanwhile. */
import { describe, expect, test } from "vitest";
import { LinkActivity } from "../../src/inspect/link/activity.ts";
import { LinkWatch, type Outside } from "../../src/judge/link-watch.ts";
import type { Policy } from "../../src/judge/policy/policy.ts";
import { expecting } from "./encounter.ts";

const SECOND = 1e6;
const WIREGUARD = "  - {to: {cidr: 10.99.0.0/24}, encryption: {by: wireguard}}";

/** Packets at these seconds. */
function link(
  by: LinkActivity["by"],
  seconds: readonly number[],
  ends: readonly [string, string] = ["192.0.2.1", "192.0.2.2"],
): LinkActivity {
  const activity = new LinkActivity(by, ends);
  for (const second of seconds) activity.note(100, second * SECOND);
  return activity;
}

function outside(from: number, until: number, ip = "10.99.0.2", client = "10.99.0.1"): Outside {
  const meeting = {
    destination: { ip, port: 80 },
    direction: "egress" as const,
    client,
    workload: undefined,
    isNamed: () => false,
  };
  return { meeting: () => meeting, fromUs: from * SECOND, untilUs: until * SECOND };
}

function told(
  policy: Policy,
  links: readonly LinkActivity[],
  seen: readonly Outside[],
  end: number,
) {
  const watch = new LinkWatch(policy);
  for (const one of seen) watch.see(one);
  return watch.vanished(links, end * SECOND).map(({ verdict, outside: { fromUs } }) => {
    return `${fromUs / SECOND} ${verdict.decision} ${verdict.findings.join()}`;
  });
}

describe("a tunnel whose inner addresses a line names", () => {
  test.each<[name: string, at: number[], seen: Outside[], end: number, told: string[]]>([
    ["that stopped for good is told", [1, 2, 3], [outside(60, 61)], 61, ["60 cut B02"]],
    [
      "is told once, at the first connection",
      [1],
      [outside(70, 71), outside(60, 61)],
      80,
      ["60 cut B02"],
    ],
    ["that is back within the hold-down was a rekey", [1, 2, 20, 21], [outside(10, 11)], 22, []],
    ["that is back later was gone", [1, 2, 50], [outside(10, 11)], 51, ["10 cut B02"]],
    ["whose capture ends within the hold-down is not told", [1, 2], [outside(10, 11)], 20, []],
    ["that goes on has not vanished", [1, 20, 40, 60], [outside(10, 50)], 61, []],
    ["carries no other addresses", [1], [outside(60, 61, "198.51.100.1")], 61, []],
  ])("%s", async (_, at, seen, end, expected) => {
    const policy = await expecting(WIREGUARD);
    expect(told(policy, [link("wireguard", at)], seen, end)).toEqual(expected);
  });

  test("may be one of several, of which one goes on", async () => {
    const policy = await expecting(WIREGUARD);
    const links = [
      link("wireguard", [1]),
      link("wireguard", [1, 20, 40, 60], ["192.0.2.1", "192.0.2.3"]),
    ];
    expect(told(policy, links, [outside(50, 51)], 61)).toEqual([]);
  });

  test("is no other kind of tunnel", async () => {
    expect(told(await expecting(WIREGUARD), [link("ipsec", [1])], [outside(60, 61)], 61)).toEqual(
      [],
    );
  });
});

describe("two hosts that spoke only ESP", async () => {
  const policy = await expecting("  - {to: {cidr: 10.1.0.0/24}, encryption: {by: tls}}");
  const between = (from: number, until: number) => outside(from, until, "192.0.2.2", "192.0.2.1");

  test("and then in clear are reported, without a line", () => {
    expect(told(policy, [link("ipsec", [1, 2])], [between(60, 61)], 61)).toEqual(["60 report B02"]);
  });

  test("and beside it in clear all the time are not", () => {
    const seen = [between(1, 1.5), between(60, 61)];
    expect(told(policy, [link("ipsec", [1, 2])], seen, 61)).toEqual([]);
  });
});
