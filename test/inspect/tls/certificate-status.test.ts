/** Stapled OCSP responses and timestamps, from the messages that carry them. */
import { describe, expect, test } from "vitest";
import {
  readCertificateStatus,
  releaseCertificateStatus,
} from "../../../src/inspect/tls/certificate-status.ts";
import { concat, pattern, uint, vector } from "../../wire/bytes.ts";
import {
  certificate,
  clientHello,
  message,
  RECORD,
  record,
  serverHello,
  serverHelloDone,
} from "../../wire/tls.ts";
import { client, hear, type Said, server } from "./hear.ts";

const status = (type: number, body: Uint8Array) => concat(uint(type, 1), vector(3, body));
const one = (body: Uint8Array) => status(1, body);
const several = (...bodies: Uint8Array[]) =>
  status(2, concat(...bodies.map((body) => vector(3, body))));
const read = (bytes: Uint8Array) => readCertificateStatus(bytes, 0, bytes.length);

describe("a CertificateStatus", () => {
  test("holds one response", () => {
    expect(read(one(pattern(300)))).toEqual([pattern(300)]);
  });

  test("holds one for each certificate, also none for some", () => {
    const bodies = [pattern(300, 1), new Uint8Array(0), pattern(40, 2)];
    expect(read(several(...bodies))).toEqual(bodies);
  });

  test("of the same bytes gives the same object, of others another", () => {
    expect(read(one(pattern(99)))).toBe(read(one(pattern(99))));
    expect(read(one(pattern(99, 1)))).not.toBe(read(one(pattern(99))));
  });

  test.each<[string, Uint8Array, RegExp]>([
    ["of no response", one(new Uint8Array(0)), /of 4 bytes, expected 5 to 65536/],
    ["of more than anybody sends", one(pattern(65_536)), /of 65540 bytes, expected 5 to 65536/],
    ["of another type", status(3, pattern(9)), /certificate status of type 3/],
    ["with a length that lies", concat(uint(1, 1), uint(9, 3), pattern(8)), /of 9 bytes in 8/],
    ["whose last response breaks off", status(2, uint(5, 3)), /response 1 of 5 bytes in 0/],
    ["whose last length breaks off", status(2, pattern(2)), /response 1 of -1 bytes in -1/],
    [
      "with more responses than a chain has certificates",
      several(...Array.from({ length: 101 }, () => new Uint8Array(0))),
      /more than 100 OCSP responses/,
    ],
  ])("%s says why not", (_, bytes, words) => {
    expect(read(bytes)).toMatch(words);
  });

  test("is given room again when its connections are over", () => {
    const held = [];
    for (let i = 0; i < 200; i++) {
      const responses = read(one(concat(uint(i, 4), pattern(60_000))));
      if (typeof responses === "string") break;
      held.push(responses);
    }
    expect(held.length).toBeGreaterThan(100);
    expect(held.length).toBeLessThan(140);
    expect(read(one(pattern(60_001)))).toMatch(/8388608 bytes of them in use/);
    for (const responses of held) releaseCertificateStatus(responses);
    expect(read(one(pattern(60_001)))).toEqual([pattern(60_001)]);
  });
});

describe("a handshake", () => {
  const STATUS = 22;
  const TIMESTAMPS = { type: 18, body: vector(2, vector(2, pattern(119))) };
  const flight = (...messages: Uint8Array[]): Said[] => [
    client(record(RECORD.handshake, clientHello({ serverName: "a.test" }))),
    server(record(RECORD.handshake, concat(...messages))),
  ];
  const chain = certificate([pattern(700)]);
  const staple = (seed: number) => message(STATUS, one(pattern(300, seed)));

  test("has what the server stapled, and says that it was", () => {
    const seen = hear(flight(serverHello(), chain, staple(1), serverHelloDone())).result();
    expect(seen?.stapled).toEqual([pattern(300, 1)]);
    expect(seen?.steps).toContain("certificate-status");
    expect(hear(flight(serverHello(), chain, serverHelloDone())).result()).not.toHaveProperty(
      "stapled",
    );
  });

  test("has the first of two, since a client takes no second", () => {
    const seen = hear(flight(serverHello(), chain, staple(1), staple(2), serverHelloDone()));
    expect(seen.result()?.stapled).toEqual([pattern(300, 1)]);
  });

  test("has none that comes behind the server's last word, or from the client", () => {
    const late = hear(flight(serverHello(), chain, serverHelloDone(), staple(1)));
    expect(late.result()?.stapled).toBeUndefined();
    const own = [
      ...flight(serverHello(), chain),
      client(record(RECORD.handshake, staple(1))),
      server(record(RECORD.handshake, serverHelloDone())),
    ];
    expect(hear(own).result()?.stapled).toBeUndefined();
  });

  test("says what is wrong with one that cannot be right, and goes on", () => {
    const seen = hear(
      flight(serverHello(), chain, message(STATUS, status(7, pattern(9))), serverHelloDone()),
    );
    expect(seen.malformed).toMatchObject([{ at: "tls-certificate-status", side: 1 }]);
    expect(seen.result()).toMatchObject({ certificates: { seen: "wire" } });
  });

  test("has the timestamps of the server's hello", () => {
    const hello = serverHello({ extensions: [TIMESTAMPS] });
    const seen = hear(flight(hello, chain, serverHelloDone())).result();
    expect(seen?.timestamps).toEqual(TIMESTAMPS.body);
  });

  test("has none that no log would make", () => {
    const body = vector(2, pattern(5000));
    const hello = serverHello({ extensions: [{ type: 18, body }] });
    expect(hear(flight(hello, chain, serverHelloDone())).result()).not.toHaveProperty("timestamps");
  });
});
