/** B16: an HSM that falls silent while TLS goes on, and the harmless cases beside it. */
import { expect, test } from "vitest";
import { HsmWatch } from "../../src/judge/hsm-watch.ts";
import { expecting } from "./encounter.ts";

const HSM =
  "  - {to: {cidr: 10.40.0.0/24, ports: [1792]}, encryption: {by: tls}, hardware: {kind: hsm}}";
const SECOND = 1e6;

const used = (ip: string, port: number, from: number, until: number, client = "10.0.0.9") => {
  const destination = { ip, port };
  const isNamed = () => false;
  const direction = "egress" as const;
  const meeting = () => ({ destination, direction, client, workload: undefined, isNamed });
  return { meeting, fromUs: from * SECOND, untilUs: until * SECOND, isTls: true };
};
const hsm = (from: number, until: number, ip = "10.40.0.7") => used(ip, 1792, from, until);
const tls = (from: number, client?: string) => used("192.0.2.7", 443, from, from + 1, client);

test.each<[name: string, seen: ReturnType<typeof used>[], told: string[]]>([
  [
    "silent for five minutes while TLS goes on is told, once",
    [hsm(0, 60), tls(30), tls(361), tls(400)],
    ["361 report B16"],
  ],
  ["silent for less is not", [hsm(0, 60), tls(359)], []],
  ["in use is not, however long ago it was opened", [hsm(0, 900), tls(800)], []],
  [
    "that another of the line took over for is not",
    [hsm(0, 60), hsm(100, 900, "10.40.0.8"), tls(800)],
    [],
  ],
  ["of a workload that is silent itself is not", [hsm(0, 60)], []],
  ["of another workload is not", [hsm(0, 60), tls(800, "10.0.0.10")], []],
  ["that was never used is not", [tls(800)], []],
])("an HSM %s", async (_, seen, told) => {
  const watch = new HsmWatch(await expecting(HSM));
  for (const one of seen) watch.see(one);
  const found = watch.silenced().map(({ of, verdict }) => {
    return `${of.fromUs / SECOND} ${verdict.decision} ${verdict.findings.join()}`;
  });
  expect(found).toEqual(told);
});

test("a line with an identity declares no HSM's address, and nothing is kept", async () => {
  const line = HSM.replace("kind: hsm", 'kind: hsm, identity: {of: client, issuer: "CN=HSM Root"}');
  const watch = new HsmWatch(await expecting(line));
  for (const one of [hsm(0, 60), tls(800)]) watch.see(one);
  expect(watch.silenced()).toEqual([]);
});
