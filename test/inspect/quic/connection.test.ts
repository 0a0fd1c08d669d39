/** What a conversation's packets come to: whose they are, what they say, and when reading stops. */
import { describe, expect, test } from "vitest";
import { QuicConnection } from "../../../src/inspect/quic/connection.ts";
import { KnownIds } from "../../../src/inspect/quic/known-ids.ts";
import { concat, hex, pattern, uint } from "../../wire/bytes.ts";
import { message } from "../../wire/tls.ts";
import {
  answer,
  answerHello,
  CLIENT_ID,
  clientInitial,
  type Datagram,
  FIRST_ID,
  flow,
  handshake,
  hear,
  hello,
  SERVER_ID,
  sealed,
  serverInitial,
  short,
} from "./hear.ts";
import {
  cryptoFrame,
  initialSecret,
  longPacket,
  padded,
  retryPacket,
  V1,
  V2,
  varint,
  versionNegotiation,
} from "./sealing.ts";

const client = (bytes: Uint8Array): Datagram => ({ side: 0, bytes });
const server = (bytes: Uint8Array): Datagram => ({ side: 1, bytes });
const reasons = (said: readonly Datagram[]) => hear(said).malformed.map(({ reason }) => reason);
const steps = (said: readonly Datagram[]) =>
  hear(said)
    .results()
    .map((one) => one.steps);
const OTHER_ID = hex("0102030405060708");
const RETRY_ID = hex("aabbccddeeff0011");
const TOKEN = pattern(20);
const FULL = ["client-hello", "server-hello", "handshake-packet"];

describe("a handshake", () => {
  test.each([
    ["of version 1", V1],
    ["of version 2", V2],
  ])("%s is read and then left alone but for what may begin another", (_name, version) => {
    const { results, malformed, wants, idle, settled } = answer(hear(handshake({ version })));
    expect(results).toHaveLength(1);
    expect(results[0]).toMatchObject({
      client: 0,
      transport: "quic",
      version: "TLS1.3",
      cipher: "TLS_AES_128_GCM_SHA256",
      group: "x25519",
      serverName: "api.corp.example",
      alpnOffered: ["h3"],
      steps: FULL,
      established: true,
      resumed: false,
      certificates: { seen: "no", why: "quic", chain: [] },
      coverage: [],
    });
    expect({ malformed, wants, idle, settled }).toEqual({
      malformed: [],
      wants: "records",
      idle: false,
      settled: true,
    });
  });

  test("is no established one before the client has application data", () => {
    const connection = hear(handshake().slice(0, 3));
    expect(connection.results()[0]?.established).toBe(false);
    expect(connection.wants).toBe("bytes");
  });

  test("is not waited for behind much application data", () => {
    const some = Array.from({ length: 64 }, () => server(short(CLIENT_ID)));
    const begun = handshake().slice(0, 2);
    expect(hear([...begun, ...some]).wants).toBe("bytes");
    expect(hear([...begun, ...some, server(short(CLIENT_ID))]).wants).toBe("records");
  });

  test("of which the hello comes in two datagrams, the second one first", () => {
    const whole = hello();
    const said = [
      client(clientInitial(cryptoFrame(100, whole.subarray(100)), { number: 1 })),
      client(clientInitial(cryptoFrame(0, whole.subarray(0, 100)))),
      ...handshake().slice(1),
    ];
    expect(answer(hear(said))).toEqual(answer(hear(handshake())));
  });

  test("whose server answers in another version (RFC 9368 §2.3)", () => {
    const [begin, , ...rest] = handshake({ version: V2 });
    const first = client(clientInitial(cryptoFrame(0, hello()), { version: V1 }));
    const second = serverInitial(cryptoFrame(0, answerHello()), { version: V2 });
    expect(begin?.side).toBe(0);
    const said = [first, server(concat(second, sealed("handshake", {}, V2))), ...rest];
    expect(steps(said)).toEqual([FULL]);
    expect(reasons(said)).toEqual([]);
  });

  test("whose server answers behind an acknowledgement with ECN counts", () => {
    const ack = hex("0300 00 00 00 01 00 00");
    const [first, , ...rest] = handshake();
    const initial = serverInitial(concat(ack, cryptoFrame(0, answerHello())));
    const said = [first!, server(concat(initial, sealed("handshake"))), ...rest];
    expect(answer(hear(said))).toEqual(answer(hear(handshake())));
  });

  test("is not established by a Handshake packet with other ids", () => {
    const initial = serverInitial(cryptoFrame(0, answerHello()));
    const foreign = sealed("handshake", { dcid: OTHER_ID });
    const said = [handshake()[0]!, server(initial), server(foreign), client(short(SERVER_ID))];
    expect(hear(said).results()[0]?.established).toBe(false);
  });

  test("with early data", () => {
    const [first, ...rest] = handshake();
    const early = sealed("0-rtt", { dcid: FIRST_ID, scid: CLIENT_ID });
    const said = [client(concat(first!.bytes, early)), client(early), ...rest];
    expect(steps(said)).toEqual([["client-hello", "early-data", ...FULL.slice(1)]]);
  });

  test("that the server ends with an alert", () => {
    const close = concat(uint(0x1c, 1), varint(0x128), varint(6), varint(2), uint(0x6e6f, 2));
    const said = [handshake()[0]!, server(serverInitial(close))];
    const [seen] = hear(said).results();
    expect(seen?.alerts).toEqual([{ side: "server", level: "fatal", name: "handshake_failure" }]);
    expect(seen?.certificates.why).toBe("cut-short");
  });

  test("that ends with another error", () => {
    const close = concat(uint(0x1c, 1), varint(0x2), varint(0), varint(0));
    expect(steps([handshake()[0]!, server(serverInitial(close))])).toEqual([
      ["client-hello", "connection-close"],
    ]);
  });

  test("is known again when its client's port changes, by the server's id", () => {
    const ids = new KnownIds();
    const connection = new QuicConnection(flow, undefined, ids);
    for (const { side, bytes } of handshake()) {
      const all = { from: 0, to: bytes.length, cut: 0, atUs: 1 };
      connection.push({ kind: "datagram", side, bytes, ...all });
    }
    const moved = short(SERVER_ID);
    ids.find(moved, 0, moved.length)?.moved();
    expect(connection.results()[0]?.steps).toEqual([...FULL, "migration"]);
    expect(ids.find(short(OTHER_ID), 0, 40)).toBeUndefined();
    connection.push({ kind: "closed", why: "end", atUs: 2 });
    expect(ids.find(moved, 0, moved.length)).toBeUndefined();
  });
});

describe("a Retry", () => {
  const first = handshake()[0]!;
  const retry = (original: Uint8Array) =>
    server(retryPacket(V1, original, { dcid: CLIENT_ID, scid: RETRY_ID, token: TOKEN }));
  const again = (serverName?: string) =>
    handshake({ key: RETRY_ID, dcid: RETRY_ID, number: 1, token: TOKEN }, serverName);

  test("makes the client begin again, with other keys", () => {
    const said = [first, retry(FIRST_ID), ...again()];
    expect(steps(said)).toEqual([["client-hello", "retry", ...FULL]]);
    expect(hear(said).results()[0]).toMatchObject({ established: true, atUs: 1_001 });
    expect(answer(hear(said))).toMatchObject({ malformed: [], overlaps: [], wants: "records" });
  });

  test("with a wrong tag is told, and changes nothing", () => {
    const forged = [first, retry(OTHER_ID), ...handshake().slice(1)];
    expect(steps(forged)).toEqual([FULL]);
    expect(reasons(forged)).toEqual(["Retry that answers no packet, or whose tag is wrong"]);
  });

  test("behind which the client says another name is two connections and an overlap", () => {
    const heard = answer(hear([first, retry(FIRST_ID), ...again("evil.example")]));
    expect(heard.results.map((one) => one.serverName)).toEqual([
      "api.corp.example",
      "evil.example",
    ]);
    expect(heard.overlaps).toEqual([{ side: 0, offset: 0 }]);
  });
});

describe("version negotiation", () => {
  const offer = (versions: number[]) =>
    server(versionNegotiation({ dcid: CLIENT_ID, scid: FIRST_ID }, versions));
  const grease = (): Uint8Array => {
    const packet = clientInitial(cryptoFrame(0, hello()));
    packet.set(hex("1a2a3a4a"), 1);
    return packet;
  };

  test("makes the client begin again in another version, under the same ids", () => {
    const begun = client(
      clientInitial(cryptoFrame(0, hello("api.corp.example", 9)), { version: V2 }),
    );
    const said = [begun, offer([1]), ...handshake()];
    expect(steps(said)).toEqual([["client-hello", "version-negotiation", ...FULL]]);
    expect(answer(hear(said))).toMatchObject({ malformed: [], overlaps: [] });
  });

  test("behind a version that nobody reads", () => {
    const said = [client(grease()), offer([1]), ...handshake()];
    expect(steps(said)).toEqual([["version-negotiation", ...FULL]]);
    expect(hear(said).unreadVersion).toBeUndefined();
    expect(hear(said.slice(0, 2)).unreadVersion).toBe(0x1a2a3a4a);
  });

  test.each([
    ["that answers nothing", [offer([2])]],
    ["that offers what was asked for", [handshake()[0]!, offer([2, 1])]],
    ["behind the server's first answer", [...handshake().slice(0, 2), offer([2])]],
  ])("%s is told", (name, said) => {
    expect(reasons(said)).toEqual([`version negotiation ${name}`]);
  });

  test("with half a version in its list is told", () => {
    const half = concat(offer([2]).bytes, uint(0, 2));
    expect(reasons([handshake()[0]!, server(half)])).toEqual(["list of versions of 6 bytes"]);
  });
});

describe("on one pair of ports", () => {
  const second = (serverName: string) =>
    handshake({ key: OTHER_ID, dcid: OTHER_ID, scid: OTHER_ID }, serverName);

  test("every connection is told, also behind one that is established", () => {
    const seen = hear([...handshake(), ...second("other.example")]).results();
    expect(seen.map((one) => [one.serverName, one.steps, one.established])).toEqual([
      ["api.corp.example", FULL, true],
      ["other.example", FULL, true],
    ]);
  });

  test("both sides may be clients", () => {
    const turned = second("other.example").map((one) => ({ ...one, side: one.side === 0 ? 1 : 0 }));
    const seen = hear([...handshake(), ...(turned as Datagram[])]).results();
    expect(seen.map((one) => one.client)).toEqual([0, 1]);
  });

  test("no more than a limit are read, and reaching it is told", () => {
    const said = Array.from({ length: 66 }, (_, i) => {
      const id = concat(hex("dd00dd00dd00dd"), uint(i, 1));
      return client(clientInitial(cryptoFrame(0, hello()), { key: id, dcid: id, scid: id }));
    });
    const connection = hear(said);
    expect(connection.results()).toHaveLength(64);
    expect(connection.malformed[0]?.reason).toMatch(/^more than 64 connections/);
  });
});

describe("what is damaged, forged or missing", () => {
  test("a second Initial packet that says something else is an overlap, and the first one stays", () => {
    const forged = client(clientInitial(cryptoFrame(0, hello("evil.example")), { number: 1 }));
    const [first, ...rest] = handshake();
    const heard = answer(hear([first!, forged, ...rest]));
    expect(heard.results[0]?.serverName).toBe("api.corp.example");
    expect(heard.overlaps).toEqual([{ side: 0, offset: expect.any(Number) }]);
    expect(heard.malformed[0]?.reason).toMatch(/^CRYPTO byte \d+ twice, and not the same$/);
  });

  test("a packet whose tag is wrong is told and passed over", () => {
    const damaged = Uint8Array.from(clientInitial(cryptoFrame(0, hello("evil.example"))));
    damaged[damaged.length - 1]! ^= 1;
    const said = [handshake()[0]!, client(damaged), ...handshake().slice(1)];
    expect(reasons(said)).toEqual(["Initial packet that its keys do not open"]);
    expect(steps(said)).toEqual([FULL]);
  });

  test("many of them end the reading, and are counted", () => {
    const junk = (i: number) => {
      const packet = Uint8Array.from(clientInitial(cryptoFrame(0, hello()), { number: i }));
      packet[packet.length - 1]! ^= 1;
      return client(packet);
    };
    const connection = hear([handshake()[0]!, ...Array.from({ length: 70 }, (_, i) => junk(i))]);
    expect(connection.wants).toBe("nothing");
    expect(connection.malformed.map(({ reason }) => reason)).toEqual([
      ...Array.from({ length: 4 }, () => "Initial packet that its keys do not open"),
      "64 packets in all that their keys do not open",
    ]);
    expect(connection.results()[0]?.coverage).toEqual(["loss"]);
  });

  test("a beginning that was not captured leaves a connection without a hello", () => {
    const { results } = answer(hear(handshake().slice(1)));
    expect(results).toHaveLength(1);
    expect(results[0]).toMatchObject({ client: 0, coverage: ["midstream"], steps: [] });
    expect(results[0]?.serverName).toBeUndefined();
  });

  test("half a hello is a connection that lost the rest", () => {
    const half = clientInitial(cryptoFrame(0, hello().subarray(0, 90)));
    const { results } = answer(hear([client(half)]));
    expect(results[0]).toMatchObject({ steps: [], coverage: ["loss", "midstream"] });
  });

  test("a packet of which the capture cut off the end is not believed", () => {
    const whole = handshake()[0]!.bytes;
    const said = [{ side: 0, bytes: whole.subarray(0, 700), cut: whole.length - 700 } as const];
    const { results, malformed } = answer(hear(said));
    expect(results[0]).toMatchObject({ coverage: ["snaplen", "midstream"] });
    expect(malformed).toEqual([]);
  });

  test.each([
    ["no frames", new Uint8Array(0), "packet without frames"],
    ["a stream", hex("08000161"), "frame of type 8, which this packet may not hold"],
    ["half an ACK", hex("0201"), "ACK frame runs over the end"],
    ["an ACK of many ranges", hex("0205003f00"), "ACK frame runs over the end"],
    ["a CRYPTO frame that is too long", hex("060041ff01"), "CRYPTO frame runs over the end"],
    ["half a CONNECTION_CLOSE", hex("1c0100"), "CONNECTION_CLOSE frame runs over the end"],
    [
      "a hole that is too wide",
      cryptoFrame(40_000, hex("01")),
      "CRYPTO to byte 40001, with a hole at 0",
    ],
    [
      "bytes beyond any message",
      cryptoFrame(2 ** 40, hex("01")),
      `CRYPTO to byte ${2 ** 40 + 1}, expected at most 262144`,
    ],
    [
      "a Certificate",
      cryptoFrame(0, message(11, pattern(20))),
      "message of type 11 in an Initial packet, expected a hello",
    ],
  ])("an Initial packet with %s is told", (_name, frames, reason) => {
    const secret = initialSecret(V1, FIRST_ID, "client");
    const header = { type: "initial", dcid: FIRST_ID, scid: CLIENT_ID, number: 1 } as const;
    // As long as header protection needs, which frames end before.
    const said = [client(longPacket(secret, { ...header, numberBytes: 4 }, frames))];
    expect(reasons(said)).toEqual([reason]);
  });

  test.each([
    ["less than a header", hex("c00000000108"), "long header in 6 bytes"],
    ["ids beyond the end", hex("c00000000114f0f1f2f3"), "connection ids run over the end"],
    [
      "an id too long",
      concat(hex("c00000000115"), pattern(21), uint(0, 9)),
      "connection ids of 21 and ",
    ],
    ["a token beyond the end", hex("c000000001000050"), "token runs over the end"],
    ["no length", hex("c0000000010000 00"), "no length before the end"],
    ["a length beyond the end", hex("c00000000100000044ff00"), "packet of 1279 bytes in 1"],
  ])("%s is told", (_name, bytes, reason) => {
    expect(reasons([handshake()[0]!, client(bytes)])[0]).toContain(reason);
  });

  test("zeros behind the last packet are padding", () => {
    const [first, ...rest] = handshake();
    const said = [client(concat(first!.bytes, new Uint8Array(100))), ...rest];
    expect(answer(hear(said))).toEqual(answer(hear(handshake())));
  });

  test("reserved bits that are set are told", () => {
    const secret = initialSecret(V1, FIRST_ID, "client");
    const header = { type: "initial", dcid: FIRST_ID, scid: CLIENT_ID, number: 0 } as const;
    const odd = longPacket(secret, { ...header, reserved: 0x0c }, padded(cryptoFrame(0, hello())));
    expect(reasons([client(odd)])).toEqual(["reserved bits that are not zero"]);
  });

  test("a TLS version below 1.3 is told", () => {
    const old = answerHello().slice();
    const at = old.findLastIndex((byte, i) => byte === 3 && old[i + 1] === 4);
    old[at + 1] = 3;
    const said = [handshake()[0]!, server(serverInitial(cryptoFrame(0, old)))];
    expect(reasons(said)).toEqual(["version 0x303 in QUIC, expected 0x0304"]);
  });
});
