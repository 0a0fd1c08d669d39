/** What `why` remembers of the places that were connected to. */
import { expect, test } from "vitest";
import { Recent, type Sighting } from "../../src/watch/recent.ts";

function sighting(server: string, names: string[] = [], atUs = 1): Sighting {
  return { server, names, atUs, decision: "pass", says: "", findings: [] };
}
const found = (recent: Recent, place: Parameters<Recent["about"]>[0]) =>
  recent.about(place).map(({ server }) => server);

test("a place is found by its address, its port, and a name of its certificate", () => {
  const recent = new Recent();
  recent.add(sighting("192.0.2.1:443", ["API.example.net"]));
  recent.add(sighting("[2001:db8::1]:8443", ["*.example.org"]));
  expect(found(recent, { ip: "192.0.2.1" })).toEqual(["192.0.2.1:443"]);
  expect(found(recent, { ip: "2001:db8::1", port: 8443 })).toEqual(["[2001:db8::1]:8443"]);
  expect(found(recent, { ip: "192.0.2.1", port: 80 })).toEqual([]);
  expect(found(recent, { name: "api.example.net", port: 443 })).toEqual(["192.0.2.1:443"]);
  expect(found(recent, { name: "a.example.org" })).toEqual(["[2001:db8::1]:8443"]);
  expect(found(recent, { name: "a.b.example.org" })).toEqual([]);
  expect(found(recent, { name: "example.org" })).toEqual([]);
});

test("the newest come first, the last verdict of each alone", () => {
  const recent = new Recent();
  recent.add(sighting("192.0.2.1:443", ["a.example"], 1));
  recent.add(sighting("192.0.2.2:443", ["a.example"], 2));
  recent.add(sighting("192.0.2.1:443", ["a.example"], 3));
  expect(recent.about({ name: "a.example" }).map(({ atUs }) => atUs)).toEqual([3, 2]);
});

test("however many places there are, memory has an end", () => {
  const recent = new Recent();
  for (let host = 0; host < 2000; host++) recent.add(sighting(`192.0.2.1:${host}`, ["a.example"]));
  expect(recent.about({ ip: "192.0.2.1", port: 1 })).toEqual([]);
  expect(found(recent, { ip: "192.0.2.1" })).toEqual(
    [1999, 1998, 1997, 1996, 1995].map((port) => `192.0.2.1:${port}`),
  );
});
