/** When an encrypted hello is known to hide a server. */
import { describe, expect, test } from "vitest";
import type { DnsAnswer } from "../../src/inspect/dns/answer.ts";
import type { TlsObservation } from "../../src/inspect/observation.ts";
import { EchRecords } from "../../src/judge/ech-records.ts";
import { AT_US, handshake } from "./scene.ts";

const PUBLIC = "public.example";

function whyUnseen(shape: Partial<TlsObservation>, records: [number, string, number?][]) {
  const known = new EchRecords();
  for (const [id, publicName, atUs = AT_US] of records)
    known.add({ ech: [{ id, publicName }], atUs } as unknown as DnsAnswer);
  const { observation } = handshake({ why: "encrypted", name: PUBLIC });
  return known.hidden({ ...observation, ech: "offered", echConfigId: 42, ...shape }).certificates
    .why;
}

describe("a hello is hidden", () => {
  test.each<[string, "ech" | "encrypted", Partial<TlsObservation>, [number, string, number?][]]>([
    ["with a record for its name and id", "ech", {}, [[42, PUBLIC]]],
    ["with a record in other letters", "ech", {}, [[42, "Public.EXAMPLE"]]],
    ["not without a record", "encrypted", {}, []],
    ["not with a record for another id", "encrypted", {}, [[41, PUBLIC]]],
    ["not with a record for another name", "encrypted", {}, [[42, "other.example"]]],
    ["not with a record that came later", "encrypted", {}, [[42, PUBLIC, AT_US + 1]]],
    ["not when it was refused", "encrypted", { ech: "rejected" }, [[42, PUBLIC]]],
    ["not when nobody could open it", "encrypted", { ech: "grease" }, [[42, PUBLIC]]],
  ])("%s: %s", (_, why, shape, records) => {
    expect(whyUnseen(shape, records)).toBe(why);
  });

  test("when it names nobody in clear", () => {
    const { serverName: _, ...nameless } = handshake({ why: "encrypted" }).observation;
    const seen = { ...nameless, ech: "offered", echConfigId: 42 } as const;
    expect(new EchRecords().hidden(seen).certificates.why).toBe("ech");
  });
});

test("more records than it keeps push out the oldest", () => {
  const many = Array.from({ length: 8192 }, (_, at): [number, string] => [42, `n${at}.example`]);
  expect(whyUnseen({}, [[42, PUBLIC], ...many.slice(1)])).toBe("ech");
  expect(whyUnseen({}, [[42, PUBLIC], ...many])).toBe("encrypted");
});
