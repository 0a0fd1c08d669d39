/** What each fact of the surroundings is worth. */
import { expect, test } from "vitest";
import { Sentry } from "../../../src/watch/defence/sentry.ts";
import type { Neighbour, Surroundings } from "../../../src/watch/defence/surroundings.ts";
import { weaknessesIn } from "../../../src/watch/defence/weakness.ts";

const SOUND: Surroundings = {
  ownUid: 0,
  neighbours: [],
  unreadable: 0,
  packetSockets: 0,
  rawSockets: 0,
  hostNetwork: false,
  conntrackAccounting: true,
};
const APP: Neighbour = {
  pid: 7,
  name: "app",
  uid: 1000,
  netRaw: false,
  netAdmin: false,
  sharesProcesses: false,
};

const names = (change: Partial<Surroundings>) =>
  weaknessesIn({ ...SOUND, ...change }).map(({ name }) => name);

test.each<[string, Partial<Surroundings>, string[]]>([
  ["sound surroundings", {}, []],
  ["a workload without rights", { neighbours: [APP] }, []],
  ["NET_RAW", { neighbours: [{ ...APP, netRaw: true }] }, ["workload-net-raw"]],
  ["NET_ADMIN", { neighbours: [{ ...APP, netAdmin: true }] }, ["workload-net-admin"]],
  ["a packet socket", { packetSockets: 1 }, ["foreign-raw-sockets"]],
  ["shared processes", { neighbours: [{ ...APP, sharesProcesses: true }] }, ["shared-processes"]],
  [
    "shared processes and user",
    { neighbours: [{ ...APP, sharesProcesses: true, uid: 0 }] },
    ["shared-processes", "shared-user"],
  ],
  ["our user in a process namespace of its own", { neighbours: [{ ...APP, uid: 0 }] }, []],
  ["the host's network", { hostNetwork: true }, ["host-network"]],
  ["no accounting", { conntrackAccounting: false }, ["conntrack-accounting-off"]],
  ["unreadable processes", { unreadable: 2 }, ["processes-unreadable"]],
])("%s: %j", (_, change, expected) => {
  expect(names(change)).toEqual(expected);
});

test("a kernel without connection tracking has no accounting to miss", () => {
  const { conntrackAccounting: _, ...without } = SOUND;
  expect(weaknessesIn(without)).toEqual([]);
});

test("many processes are named by three and a number", () => {
  const neighbours = Array.from({ length: 9 }, (_, pid) => ({
    ...APP,
    pid,
    netRaw: true,
  }));
  expect(weaknessesIn({ ...SOUND, neighbours })[0]?.found).toBe(
    "app (0), app (1), app (2) and 6 more may send raw frames (CAP_NET_RAW)",
  );
});

test("each is told when it appears and when it is gone, and not between", async () => {
  const states = [SOUND, { ...SOUND, hostNetwork: true }, { ...SOUND, hostNetwork: true }, SOUND];
  const told: (string | undefined)[][] = [];
  let at = 0;
  const sentry = new Sentry({
    write: ({ subject, change, source }) => void told.push([source, subject, change]),
    nowUs: () => 1,
    look: async () => states[at++]!,
  });
  for (const _ of states) await sentry.look();
  expect(told).toEqual([
    ["self-defence", "host-network", "found"],
    ["self-defence", "host-network", "gone"],
  ]);
});
