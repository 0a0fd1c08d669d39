/** Which way a live connection goes: who opened it, and whose addresses are ours. */
import { describe, expect, test } from "vitest";
import type { Flow } from "../../src/flow/event.ts";
import { liveDirection } from "../../src/watch/live-direction.ts";
import { OwnAddresses } from "../../src/watch/own-addresses.ts";

const OWN = "10.0.0.2";
const OTHER = "192.0.2.7";

function flow(shape: Partial<Flow>, from = OWN, to = OTHER): Flow {
  const ends = [
    { ip: from, port: 40_000 },
    { ip: to, port: 443 },
  ] as const;
  return { id: 1, transport: "tcp", ends, openedAtUs: 0, ...shape };
}

describe("with addresses of ours", () => {
  const direction = liveDirection(new OwnAddresses(() => [OWN, "fd00::2", "::1"]));

  test.each<[string, Flow, 0 | 1, string]>([
    ["what we opened", flow({ opener: 0 }), 0, "egress"],
    ["what we opened, though the other side says hello first", flow({ opener: 0 }), 1, "egress"],
    ["what another opened", flow({ opener: 1 }), 1, "ingress"],
    ["what another opened, though we say hello in it", flow({ opener: 1 }), 0, "ingress"],
    ["TCP whose SYN nobody saw", flow({}), 0, "unknown"],
    ["UDP that we sent first", flow({ transport: "udp" }), 0, "egress"],
    ["UDP that another sent first", flow({ transport: "udp" }, OTHER, OWN), 0, "ingress"],
    ["our own loopback", flow({ opener: 0 }, "127.0.0.1", "127.0.0.53"), 0, "internal"],
    ["between two of ours", flow({ opener: 0 }, OWN, "::1"), 0, "internal"],
    ["between strangers", flow({ opener: 0 }, OTHER, "192.0.2.8"), 0, "unknown"],
  ])("%s", (_, one, client, expected) => {
    expect(direction(one, client)).toBe(expected);
  });
});

test("an address that is new is learned when a connection shows it, and not at every packet", () => {
  let reads = 0;
  let nowMs = 0;
  const addresses = [OWN];
  const own = new OwnAddresses(
    () => {
      reads++;
      return addresses;
    },
    () => nowMs,
  );
  const direction = liveDirection(own);
  addresses.push("10.0.0.9");
  const fresh = flow({ opener: 0 }, "10.0.0.9");
  expect(direction(fresh, 0)).toBe("unknown");
  nowMs += 1000;
  expect(direction(fresh, 0)).toBe("egress");
  expect(reads).toBe(2);
  for (let packets = 0; packets < 100; packets++) direction(flow({}, OTHER, "192.0.2.8"), 0);
  expect(reads).toBe(2);
});
