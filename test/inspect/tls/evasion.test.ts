/**
 * What a sender may try so that we read less, or something else, than its peer does. Each is read as the
 * peer may read it, or told as malformed, and none of them makes a connection look clean.
 */
import { describe, expect, test } from "vitest";
import { concat, hex, latin1, pattern, uint, vector } from "../../wire/bytes.ts";
import {
  alert,
  applicationData,
  certificate,
  changeCipherSpec,
  clientHello,
  message,
  RECORD,
  record,
  records,
  serverFlight,
  serverHello,
  serverHelloDone,
} from "../../wire/tls.ts";
import { client, hear, joinedFlow, type Said, server } from "./hear.ts";

const CHAIN = [pattern(700, 1)];
const helloMessage = clientHello({ serverName: "a.test" });
const hello = record(RECORD.handshake, helloMessage);
const flight = serverFlight(CHAIN);
const odd = (version: number, body = helloMessage) => record(RECORD.handshake, body, { version });
const crumbs = (size: number, version = 0x0303) =>
  records(RECORD.handshake, helloMessage, size, version);

describe("a hello that some peer takes is read", () => {
  const rows: [string, Uint8Array, string | undefined][] = [
    ["in a record of version 0x03ff", odd(0x03ff), "record version 0x03ff"],
    ["in a record of version 0x0903, as Go takes it", odd(0x0903), "record version 0x0903"],
    ["in records of one byte", crumbs(1), undefined],
    ["in records of three bytes and an odd version", crumbs(3, 0x0399), "record version 0x0399"],
    ["behind an empty record", concat(odd(0x0303, hex("")), hello), undefined],
    ["behind a warning", concat(alert(1, 112), hello), undefined],
    [
      "behind a change cipher spec",
      concat(changeCipherSpec(), hello),
      "change cipher spec before any handshake message",
    ],
    ["behind another protocol's words", concat(latin1("EHLO a\r\nSTARTTLS\r\n"), hello), undefined],
    ["behind them, in records of one byte", concat(latin1("STARTTLS\r\n"), crumbs(1)), undefined],
    ["behind them, in records of five bytes", concat(latin1("STARTTLS\r\n"), crumbs(5)), undefined],
    ["behind them, in an odd version", concat(latin1("STARTTLS\r\n"), odd(0x0309)), "0x0309"],
    [
      "around an alert",
      concat(crumbs(40).subarray(0, 45), alert(1, 0), crumbs(40).subarray(45)),
      "record of type 21 inside a handshake message",
    ],
  ];

  test.each(rows)("%s", (_, bytes, told) => {
    const connection = hear([client(bytes), server(flight)]);
    expect(connection.result()).toMatchObject({
      serverName: "a.test",
      certificates: { seen: "wire", chain: CHAIN },
    });
    const reasons = connection.malformed.map(({ reason }) => reason);
    if (told === undefined) expect(reasons).toEqual([]);
    else expect(reasons).toEqual([expect.stringContaining(told)]);
  });
});

describe("what no peer should take is told", () => {
  const key = { type: 10, body: vector(2, uint(29, 2)) };
  const twice = record(RECORD.handshake, clientHello({ extensions: [key] }));
  const serverNames = (body: Uint8Array) =>
    record(RECORD.handshake, clientHello({ extensions: [{ type: 0, body }] }));
  const name = (text: string) => concat(uint(0, 1), vector(2, latin1(text)));
  const huge = message(11, pattern(10), 262_145);
  const cut = flight.subarray(5);
  const shortList = message(11, hex("000007 000003 303030"));
  const v2Answer = hex("8010 04 00 01 0002 0009 0003 0010 0000000000");
  const rows: [string, Said[], string][] = [
    ["an empty handshake record", [client(concat(hello, odd(0x0303, hex(""))))], "empty handshake"],
    ["a message beyond the limit", [server(record(22, huge))], "262145 byte message"],
    ["a record beyond the limit", [client(concat(hello, hex("16 0303 4801 02")))], "18433 byte"],
    ["a record of an unknown type", [client(concat(hello, hex("19 0303 0001 00")))], "type 25"],
    [
      "another protocol in a later record",
      [client(concat(hello, hex("16 0903 0001 00")))],
      "0x0903",
    ],
    ["an extension that comes twice", [client(twice)], "extension 10 twice"],
    [
      "an extension that comes twice in the answer",
      [server(record(22, serverHello({ extensions: [key, key] })))],
      "extension 10 twice",
    ],
    ["two host names", [client(serverNames(vector(2, name("a"), name("b"))))], "no list of one"],
    ["no host name", [client(serverNames(hex("0000")))], "no list of one"],
    [
      "a host name behind its list",
      [client(serverNames(concat(hex("0000"), name("a"))))],
      "of one",
    ],
    ["a second ClientHello", [client(hello), client(hello)], "a second ClientHello"],
    ["a second ServerHello", [server(flight), server(flight)], "a second ServerHello"],
    [
      "a second Certificate",
      [server(flight), server(record(22, certificate([pattern(9)])))],
      "a second Certificate",
    ],
    [
      "keys that change inside a message",
      [client(hello), server(concat(record(22, cut.subarray(0, 200)), changeCipherSpec()))],
      "record of type 20 inside a handshake message",
    ],
    [
      "a long change cipher spec in clear",
      [client(concat(hello, record(20, pattern(2))))],
      "2 byte change cipher spec",
    ],
    [
      "a change cipher spec in clear after the keys have changed",
      [client(concat(hello, changeCipherSpec(), changeCipherSpec()))],
      "in clear among sealed records",
    ],
    ["a chain that is not as long as it says", [server(record(22, shortList))], "list of 7 bytes"],
    ["an SSLv2 answer of other parts", [server(v2Answer)], "whose parts are"],
    ["half an alert", [client(concat(hello, record(21, hex("02"))))], "1 byte alert"],
    ["a hello cut short", [client(record(22, message(1, pattern(20))))], "ClientHello of 20 bytes"],
  ];

  test.each(rows)("%s", (_, said, reason) => {
    const reasons = hear(said).malformed.map((malformed) => malformed.reason);
    expect(reasons).toContainEqual(expect.stringContaining(reason));
  });

  test("a message that the keys' change cut off is told once, and is over", () => {
    const part = record(RECORD.handshake, cut.subarray(0, 200));
    const rest = concat(changeCipherSpec(), applicationData(60, 20));
    const { malformed } = hear([client(hello), server(concat(part, rest))]);
    expect(malformed).toHaveLength(1);
  });

  test("half an alert is not joined with the next one", () => {
    const connection = hear([client(concat(hello, record(21, hex("01")), alert(2, 40)))]);
    const fatal = { side: "client", level: "fatal", name: "handshake_failure" };
    expect(connection.result()?.alerts).toEqual([fatal]);
  });

  test("with where it stands, once each, and no more than a few", () => {
    const many = Array.from({ length: 100 }, () => client(record(22, message(1, pattern(20)))));
    const { malformed } = hear([client(hello), ...many]);
    expect(malformed).toHaveLength(8);
    const offset = hello.length;
    expect(hear([client(hello), client(hex("1603030000"))]).malformed).toEqual([
      { kind: "malformed", side: 0, at: "tls-record", reason: "empty handshake record", offset },
    ]);
  });
});

describe("an odd record version hides no certificate", () => {
  const answer = concat(serverHello(), certificate(CHAIN));
  test.each([
    ["of the first record", odd(0x0903, answer), "0x0903"],
    [
      "of a later one",
      concat(odd(0x0303, answer.subarray(0, 60)), odd(0x0305, answer.subarray(60))),
      "0x0305",
    ],
    [
      "of one behind a whole message",
      concat(odd(0x0303, serverHello()), odd(0x0305, certificate(CHAIN))),
      "0x0305",
    ],
  ])("%s", (_, bytes, version) => {
    const connection = hear([client(hello), server(bytes)]);
    expect(connection.result()?.certificates).toEqual({ seen: "wire", chain: CHAIN });
    expect(connection.malformed).toHaveLength(1);
    expect(connection.malformed[0]?.reason).toContain(version);
  });
});

describe("a certificate that a peer would not believe", () => {
  const answer = serverHello({ selected: 0x0304, cipher: 0x1301 });
  const clear = record(RECORD.handshake, concat(answer, certificate(CHAIN), serverHelloDone()));

  test("is not seen on the wire: in clear behind a TLS 1.3 ServerHello", () => {
    const connection = hear([client(hello), server(clear), client(applicationData(100))]);
    const unseen = { seen: "no", why: "encrypted", chain: [] };
    expect(connection.result()?.certificates).toEqual(unseen);
    const [told] = connection.malformed;
    expect(told?.reason).toBe("certificate in clear within TLS 1.3");
  });

  test("is not seen on the wire: behind the change of keys", () => {
    const early = concat(record(RECORD.handshake, serverHello()), changeCipherSpec());
    const behind = record(RECORD.handshake, certificate(CHAIN));
    const result = hear([client(hello), server(concat(early, behind))]).result();
    expect(result?.certificates).toEqual({ seen: "no", why: "cut-short", chain: [] });
  });

  test("does not replace the first one, nor add to it", () => {
    const other = record(RECORD.handshake, certificate([pattern(50, 8)]));
    const result = hear([client(hello), server(concat(flight, other))]).result();
    expect(result?.certificates).toEqual({ seen: "wire", chain: CHAIN });
  });

  test("is none where one of the chain runs over its list", () => {
    const body = hex("000006 0000ff 303030");
    const lying = record(RECORD.handshake, concat(serverHello(), message(11, body)));
    const connection = hear([client(hello), server(lying)]);
    expect(connection.result()?.certificates).toMatchObject({ seen: "no", chain: [] });
    expect(connection.malformed).toHaveLength(1);
  });

  test("does not take the place of one that could not be read", () => {
    const lying = message(11, hex("000006 0000ff 303030"));
    const sent = concat(serverHello(), lying, certificate(CHAIN), serverHelloDone());
    const connection = hear([client(hello), server(record(RECORD.handshake, sent))]);
    expect(connection.result()?.certificates).toMatchObject({ seen: "no", chain: [] });
    const [first, second] = connection.malformed;
    expect(first?.offset).toBe(5 + serverHello().length);
    expect(second?.reason).toBe("a second Certificate message");
    expect(second?.offset).toBe(5 + serverHello().length + lying.length);
  });

  test("is none in a chain of more certificates than anybody sends", () => {
    const long = serverFlight(Array.from({ length: 101 }, () => pattern(3)));
    const connection = hear([client(hello), server(long)]);
    expect(connection.result()?.certificates).toMatchObject({ seen: "no", chain: [] });
    expect(connection.malformed[0]?.reason).toContain("100 certificates");
  });
});

test("a change cipher spec that begins what was joined midstream is nothing odd", () => {
  const connection = hear(
    [client(concat(changeCipherSpec(), record(22, pattern(40))))],
    joinedFlow,
  );
  expect(connection.malformed).toEqual([]);
});

test("memory for a message grows with what came of it, not with what it promised", () => {
  const promise = record(RECORD.handshake, message(11, pattern(30), 262_144));
  const before = process.memoryUsage().arrayBuffers;
  const all = Array.from({ length: 2_000 }, () => hear([server(promise)]));
  const each = (process.memoryUsage().arrayBuffers - before) / all.length;
  expect(all).toHaveLength(2_000);
  // The driver's own copies are among it, which nobody has collected yet.
  expect(each).toBeLessThan(16_384);
});
