/** Who meets whom: directions, workloads, names, and legs to a mesh's proxy. */
import { describe, expect, test } from "vitest";
import type { Flow } from "../../src/flow/event.ts";
import { Bindings } from "../../src/judge/binding.ts";
import type { Direction } from "../../src/judge/case.ts";
import { Meetings } from "../../src/judge/meeting.ts";
import { defaultPolicy, type Policy } from "../../src/judge/policy/policy.ts";
import { parsePolicy } from "../../src/judge/policy/policy-file.ts";
import { parseWorkloads } from "../../src/judge/workloads.ts";

const flow: Flow = {
  id: 1,
  transport: "tcp",
  ends: [
    { ip: "10.0.0.1", port: 40_000 },
    { ip: "192.0.2.7", port: 443 },
  ],
  openedAtUs: 5,
};
const turned: Flow = { ...flow, ends: [flow.ends[1], flow.ends[0]] };
const workloads = parseWorkloads("10.0.0.1 shop\n192.0.2.7 desk\n");

function meetings({ policy = defaultPolicy, direction = "egress" as Direction } = {}) {
  const bindings = new Bindings(["10.0.0.53"]);
  bindings.add({
    client: "10.0.0.1",
    resolver: "10.0.0.53",
    atUs: 1,
    name: "api.example",
    addresses: ["192.0.2.7"],
    ttl: 60,
    ech: [],
  });
  return new Meetings(policy, () => direction, workloads, bindings);
}

describe("a connection", () => {
  test.each([
    ["whose client opened it", flow, 0 as const],
    ["whose client is the other end", turned, 1 as const],
  ])("%s goes from the client to the server", (_, seen, client) => {
    const met = meetings().of({ flow: seen, client, atUs: 9, serverName: "API.example" });
    expect(met).toMatchObject({ client: "10.0.0.1", workload: "shop", direction: "egress" });
    expect(met.destination).toEqual({
      serverName: "API.example",
      name: "api.example",
      ip: "192.0.2.7",
      port: 443,
      workload: "shop",
    });
  });

  test("that comes in is counted for whom it comes to", () => {
    const met = meetings({ direction: "ingress" }).of({ flow, client: 0, atUs: 9 });
    expect([met.direction, met.workload, met.destination.name]).toEqual([
      "ingress",
      "desk",
      undefined,
    ]);
  });

  test("knows by what names its server was bound when it began", () => {
    const { isNamed } = meetings().of({ flow, client: 0, atUs: 9 });
    expect([isNamed("api.example"), isNamed("b.example")]).toEqual([true, false]);
    const early = meetings().of({ flow, client: 0, atUs: 0 });
    expect(early.isNamed("api.example")).toBe(false);
  });

  test("to the proxy of a mesh stays inside, and no other does", async () => {
    const text = "version: 1\nmesh: [{ports: [443], expect: plaintext}]\n";
    const policy: Policy = await parsePolicy(text, "p.yaml");
    expect(meetings({ policy }).of({ flow, client: 0, atUs: 9 }).direction).toBe("internal");
    const elsewhere = await parsePolicy(text.replace("443", "444"), "p.yaml");
    expect(meetings({ policy: elsewhere }).of({ flow, client: 0, atUs: 9 }).direction).toBe(
      "egress",
    );
  });
});

describe("a name", () => {
  const named = (...names: string[]) => {
    const all = meetings();
    return names.map((serverName) => all.of({ flow, client: 0, atUs: 9, serverName }));
  };
  const nameOf = (...names: string[]) => named(...names).map(({ destination }) => destination.name);

  test("is the same when it is asked for again", () => {
    expect(nameOf("A.example", "A.example", "b.example")).toEqual([
      "a.example",
      "a.example",
      "b.example",
    ]);
  });

  test("that can be none stays none when it is asked for again", () => {
    expect(nameOf("a..example", "a..example")).toEqual([undefined, undefined]);
  });

  test("has 253 characters and a last dot at most", () => {
    const label = `${"a".repeat(49)}.`;
    const fits = `${label.repeat(5)}com.`;
    expect([fits.length, nameOf(fits)[0]]).toEqual([254, fits.slice(0, -1)]);
    expect(nameOf(`a${fits}`)).toEqual([undefined]);
  });
});
