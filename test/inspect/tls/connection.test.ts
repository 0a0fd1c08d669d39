/** What the inspector makes of ordinary handshakes, each written down message by message. */
import { describe, expect, test } from "vitest";
import { concat, hex, pattern, uint, vector } from "../../wire/bytes.ts";
import {
  alert,
  applicationData,
  certificate,
  changeCipherSpec,
  clientHello,
  HANDSHAKE_TYPE,
  message,
  RECORD,
  RETRY_RANDOM,
  record,
  records,
  serverFlight,
  serverHello,
  serverHelloDone,
  sslv2ClientHello,
} from "../../wire/tls.ts";
import { client, gap, hear, joinedFlow, type Said, server } from "./hear.ts";

const handshake = (...messages: Uint8Array[]) => record(RECORD.handshake, concat(...messages));
const sealed = record(RECORD.handshake, pattern(40, 9));
const finished = concat(changeCipherSpec(), sealed);
const keyExchange = message(HANDSHAKE_TYPE.clientKeyExchange, pattern(66));
const CHAIN = [pattern(700, 1), pattern(500, 2)];
const hello = handshake(clientHello({ serverName: "a.test", alpn: ["h2", "http/1.1"] }));
const TLS12: Said[] = [
  client(hello),
  server(serverFlight(CHAIN, { alpn: "h2" })),
  client(concat(handshake(keyExchange), finished)),
  server(finished),
];
const hello13 = handshake(clientHello({ versions: [0x0304], sessionId: pattern(32) }));
const keyShare = { type: 51, body: concat(uint(29, 2), vector(2, pattern(32))) };
const answer13 = { selected: 0x0304, cipher: 0x1301 };
const flight13 = concat(
  handshake(serverHello({ ...answer13, extensions: [keyShare] })),
  changeCipherSpec(),
  applicationData(900),
);

describe("a whole TLS 1.2 handshake", () => {
  test("says all that is in clear", () => {
    const connection = hear(TLS12);
    expect(connection.result()).toMatchObject({
      client: 0,
      version: "TLS1.2",
      cipher: "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
      serverName: "a.test",
      alpn: "h2",
      alpnOffered: ["h2", "http/1.1"],
      established: true,
      resumed: false,
      alerts: [],
      certificates: { seen: "wire", chain: CHAIN },
      coverage: [],
    });
    expect(connection.settled).toBe(true);
    expect(connection.malformed).toEqual([]);
  });

  test("hands its bulk over where the next record of each side stands", () => {
    const sampled = [1, 2, 3].flatMap(() => [
      client(applicationData(100)),
      server(applicationData(100)),
    ]);
    const all = [...TLS12, ...sampled];
    const connection = hear([...all, client(applicationData(100).subarray(0, 50))]);
    expect(connection.wants).toBe("records");
    const said = [0, 1].map((side) =>
      all.filter((one) => one.side === side).reduce((sum, { bytes }) => sum + bytes.length, 0),
    );
    expect(connection.nextRecord).toEqual(said);
  });

  test("is not handed over before both sides have finished", () => {
    const connection = hear(TLS12.slice(0, 3));
    expect(connection.wants).toBe("bytes");
    expect(connection.result()).toMatchObject({ established: false });
    expect(connection.settled).toBe(false);
  });

  test("counts a renegotiation, which is all that can be seen of it", () => {
    const again = record(RECORD.changeCipherSpec, pattern(30));
    const renegotiated = [client(sealed), server(sealed), client(again), server(again)];
    const said = [...TLS12, client(applicationData(500)), server(applicationData(500))];
    expect(hear(said).result()?.renegotiations).toBeUndefined();
    const connection = hear([...said, ...renegotiated, client(applicationData(500))]);
    expect(connection.result()?.renegotiations).toBe(1);
    const steps = connection.result()?.steps.filter((step) => step === "encrypted-handshake");
    expect(steps).toHaveLength(2);
    expect(connection.wants).toBe("records");
  });

  test("lists an alert in clear, and none that is encrypted", () => {
    const alerts = (said: Said[]) => hear(said).result()?.alerts;
    const refused = [{ side: "server", level: "fatal", name: "handshake_failure" }];
    expect(alerts([client(hello), server(alert(2, 40))])).toEqual(refused);
    const odd = [{ side: "client", level: "0x7", name: "0xc8" }];
    expect(alerts([...TLS12.slice(0, 2), client(alert(7, 200))])).toEqual(odd);
    expect(alerts([...TLS12, client(record(RECORD.alert, pattern(26)))])).toEqual([]);
  });

  const rows: [string, number, Uint8Array, string | undefined][] = [
    ["ECDHE", 0xc02f, hex("03001d20"), "x25519"],
    ["a group without a name", 0xc02f, hex("03123420"), "0x1234"],
    ["ECDHE_PSK behind its hint", 0xd001, hex("000401020304 03001720"), "secp256r1"],
    ["a DHE prime of 6144 bits", 0x009e, hex("0300ffffffffffffffff"), undefined],
    ["explicit curve parameters", 0xc02f, hex("01001d20"), undefined],
  ];
  test.each([
    ["03001720", "secp256r1"],
    ["0300ffff", undefined],
  ])("names a group without a ServerHello where the point fits: %s", (parameters, group) => {
    const keys = message(HANDSHAKE_TYPE.serverKeyExchange, concat(hex(parameters), pattern(200)));
    expect(hear([server(handshake(keys))], joinedFlow).result()?.group).toBe(group);
  });

  test.each(rows)("names the group of %s", (_, cipher, parameters, group) => {
    const keys = message(HANDSHAKE_TYPE.serverKeyExchange, concat(parameters, pattern(800)));
    const flight = handshake(serverHello({ cipher }), certificate(CHAIN), keys, serverHelloDone());
    expect(hear([client(hello), server(flight)]).result()?.group).toBe(group);
  });
});

describe("a certificate that was not seen", () => {
  const ticket = { type: 35, body: pattern(100) };
  const noTicket = { type: 35, body: new Uint8Array(0) };
  const sessionId = pattern(32, 5);
  const abbreviated = (shape: Parameters<typeof serverHello>[0]) =>
    server(concat(handshake(serverHello(shape)), finished));
  const withTicket = handshake(clientHello({ extensions: [ticket], sessionId }));
  const withoutChain = handshake(serverHello({ cipher: 0x008c }), serverHelloDone());
  const binder = { type: 41, body: uint(0, 2) };
  const preShared = handshake(serverHello({ ...answer13, extensions: [keyShare, binder] }));
  const rows: [string, Said[], string, string | false][] = [
    ["TLS 1.3", [client(hello13), server(flight13)], "encrypted", false],
    ["a TLS 1.3 session", [client(hello13), server(preShared)], "resumed", "psk"],
    [
      "a session by its id",
      [client(handshake(clientHello({ sessionId }))), abbreviated({ sessionId })],
      "resumed",
      "session-id",
    ],
    ["a session by its ticket", [client(withTicket), abbreviated({})], "resumed", "ticket"],
    [
      "a session by its id, with a ticket asked for",
      [
        client(handshake(clientHello({ sessionId, extensions: [noTicket] }))),
        abbreviated({ sessionId }),
      ],
      "resumed",
      "session-id",
    ],
    [
      "an end of the hellos that is none",
      [client(hello), server(handshake(serverHello(), message(14, pattern(3))))],
      "cut-short",
      false,
    ],
    ["a short answer that resumes nothing", [client(hello), abbreviated({})], "cut-short", false],
    ["a suite without certificates", [client(hello), server(withoutChain)], "none-sent", false],
    [
      "an empty list",
      [client(hello), server(handshake(serverHello(), certificate([]), serverHelloDone()))],
      "none-sent",
      false,
    ],
    ["an early end", [client(hello), server(handshake(serverHello()))], "cut-short", false],
    ["no answer", [client(hello)], "cut-short", false],
    ["a retry alone", [client(hello13), server(handshake(retry()))], "cut-short", false],
    [
      "a gap",
      [client(hello), server(serverFlight(CHAIN).subarray(0, 400)), gap(1, 100)],
      "loss",
      false,
    ],
  ];

  test.each(rows)("in %s is not called seen", (_, said, why, resumed) => {
    expect(hear(said).result()).toMatchObject({
      certificates: { seen: "no", why, chain: [] },
      resumed,
    });
  });
});

describe("TLS 1.3", () => {
  test("is established with the client's first sealed record behind the server's flight", () => {
    const before = hear([client(hello13), server(flight13), client(changeCipherSpec())]);
    expect(before.result()).toMatchObject({
      established: false,
      version: "TLS1.3",
      group: "x25519",
    });
    expect(before.wants).toBe("bytes");
    const behind = hear([client(hello13), server(flight13), client(applicationData(58))]);
    expect(behind.result()).toMatchObject({ established: true });
    expect(behind.wants).toBe("records");
  });

  test("is not established by early data, however much there is of it", () => {
    const early = server(flight13);
    const said = [client(hello13), client(changeCipherSpec()), client(applicationData(9000, 30))];
    expect(hear([...said, early]).result()).toMatchObject({
      version: "TLS1.3",
      established: false,
    });
    expect(hear([...said, early, client(applicationData(58))]).result()?.established).toBe(true);
  });

  test("after a retry is what the first hello asked and the second answered", () => {
    const first = clientHello({ serverName: "a.test", versions: [0x0304] });
    const second = clientHello({ serverName: "b.test", versions: [0x0304], ciphers: [0x1302] });
    const alone = hear([client(handshake(first))]).result();
    const connection = hear([
      client(handshake(first)),
      server(concat(handshake(retry()), changeCipherSpec())),
      client(concat(changeCipherSpec(), handshake(second))),
      server(flight13),
      client(applicationData(58)),
    ]);
    const result = connection.result();
    expect(result).toMatchObject({
      serverName: "a.test",
      ja3: alone?.ja3,
      ja4: alone?.ja4,
      cipher: "TLS_AES_128_GCM_SHA256",
      group: "x25519",
      established: true,
    });
    const hellos = result?.steps.filter((step) => step.includes("hello"));
    const inOrder = ["client-hello", "hello-retry-request", "client-hello", "server-hello"];
    expect(hellos).toEqual(inOrder);
    expect(connection.malformed).toEqual([]);
  });

  test("reads the second hello of a client that sent early data before the retry", () => {
    const early = concat(hello13, changeCipherSpec(), applicationData(500));
    const connection = hear([client(early), server(handshake(retry())), client(hello13)]);
    expect(connection.result()?.steps.filter((step) => step === "client-hello")).toHaveLength(2);
    expect(connection.result()?.established).toBe(false);
  });

  test.each([
    [0x7f1c, "TLS1.3-draft28"],
    [0x7f17, "0x7f17"],
    [0xfb1a, "0xfb1a"],
  ])("of version %i is named, and read as TLS 1.3", (selected, version) => {
    const answer = handshake(serverHello({ selected, extensions: [keyShare] }));
    const result = hear([client(hello13), server(answer)]).result();
    expect(result).toMatchObject({ version, certificates: { seen: "no", why: "encrypted" } });
  });
});

describe("an encrypted ClientHello", () => {
  const suite = concat(uint(1, 2), uint(1, 2), uint(42, 1));
  const sealed = concat(uint(32, 2), pattern(32), uint(144, 2), pattern(144));
  const ech = { type: 0xfe0d, body: concat(uint(0, 1), suite, sealed) };
  const inner = { type: 0xfe0d, body: uint(1, 1) };
  const offer = client(handshake(clientHello({ versions: [0x0304], extensions: [ech] })));
  const rows: [string, Said[], string | undefined][] = [
    ["nobody answered", [offer], "offered"],
    ["TLS 1.3 answered, which says nothing", [offer, server(flight13)], "offered"],
    ["an older version answered", [offer, server(serverFlight(CHAIN))], "rejected"],
    ["a retry without it answered", [offer, server(handshake(retry()))], "rejected"],
    [
      "a retry with it answered",
      [offer, server(handshake(retry([{ type: 0xfe0d, body: pattern(8) }])))],
      "offered",
    ],
    ["was the inner one", [client(handshake(clientHello({ extensions: [inner] })))], undefined],
    ["was not there", [client(hello13), server(flight13)], undefined],
  ];
  test.each(rows)("when %s", (_, said, ech) => {
    expect(hear(said).result()?.ech).toBe(ech);
  });
});

describe("who is the client", () => {
  const rows: [string, Said[], 0 | 1][] = [
    ["who sent the hello", [server(hello), client(serverFlight(CHAIN))], 1],
    ["who did not send the ServerHello", [client(serverFlight(CHAIN))], 1],
    ["who did not say that the hellos are done", [client(handshake(serverHelloDone()))], 1],
    ["who sent the key exchange", [server(handshake(certificate(CHAIN), keyExchange))], 1],
    ["the side with the higher port, if nothing tells", [server(handshake(certificate(CHAIN)))], 0],
  ];
  test.each(rows)("is told by %s", (_, said, side) => {
    expect(hear(said, joinedFlow).result()).toMatchObject({ client: side });
  });

  test("is told by the SYN before the ports", () => {
    const said = [server(handshake(certificate(CHAIN)))];
    expect(hear(said, { ...joinedFlow, opener: 1 }).result()?.client).toBe(1);
  });
});

describe("a connection joined midstream", () => {
  test.each([
    ["the ServerHello", serverFlight(CHAIN)],
    ["the Certificate", handshake(certificate(CHAIN), serverHelloDone())],
  ])("is read from %s on", (_, bytes) => {
    const result = hear([server(bytes)], joinedFlow).result();
    expect(result).toMatchObject({ client: 0, certificates: { seen: "wire", chain: CHAIN } });
    expect(result?.coverage).toEqual(["midstream"]);
  });

  test("reads no alert in what is encrypted", () => {
    const bulk = concat(applicationData(80), record(RECORD.alert, pattern(26)));
    const connection = hear([client(bulk), server(bulk)], joinedFlow);
    expect(connection.result()).toBeUndefined();
    expect(connection.malformed).toEqual([]);
    const half = hear([client(hello), server(bulk)], joinedFlow);
    expect(half.result()?.alerts).toEqual([]);
  });
});

describe("what is missing", () => {
  test("inside application data changes nothing", () => {
    const bulk = applicationData(3000);
    const said = [...TLS12.slice(0, 3), server(concat(finished, bulk.subarray(0, 1000)))];
    const connection = hear([...said, gap(1, 500), server(bulk.subarray(1500))]);
    expect(connection.result()).toMatchObject({ established: true, coverage: [] });
    expect(connection.malformed).toEqual([]);
    expect(connection.wants).toBe("records");
  });

  test("behind the handshake ends the reading, and no more", () => {
    const said = [...TLS12.slice(0, 3), server(concat(finished, hex("17 0303 00")))];
    const connection = hear([...said, gap(1, 500)]);
    expect(connection.result()).toMatchObject({ established: true, coverage: [] });
    expect(connection.wants).toBe("nothing");
  });

  test.each(["loss", "snaplen"] as const)("inside the handshake is said: %s", (why) => {
    const flight = serverFlight(CHAIN);
    const said = [client(hello), server(flight.subarray(0, 300)), gap(1, 20, why)];
    const connection = hear([...said, server(flight.subarray(320))]);
    expect(connection.result()).toMatchObject({
      coverage: [why],
      certificates: { seen: "no", why: "loss", chain: [] },
    });
    expect(connection.malformed).toEqual([]);
  });
});

describe("a reader that is told no more, for there is no room", () => {
  const flight = serverFlight(CHAIN);
  const half = [client(hello), server(flight.subarray(0, 400))];

  test("says that it lost what was to come", () => {
    const connection = hear([...half, gap(1, 0, "limit")]);
    expect(connection.result()).toMatchObject({
      coverage: ["loss"],
      certificates: { seen: "no", why: "loss", chain: [] },
    });
  });

  test("says nothing of it where all was read that there was to read", () => {
    const connection = hear([...TLS12, gap(1, 0, "limit")]);
    expect(connection.result()).toMatchObject({ established: true, coverage: [] });
  });
});

describe("client certificates", () => {
  const asked = message(HANDSHAKE_TYPE.certificateRequest, hex("0101 0002 0403 0000"));
  const flight = handshake(serverHello(), certificate(CHAIN), asked, serverHelloDone());
  const mine = [pattern(400, 7)];
  const rows: [string, Said[], unknown][] = [
    ["sent", [client(handshake(certificate(mine)))], { seen: "wire", chain: mine }],
    ["refused", [client(handshake(certificate([])))], { seen: "no", why: "none-sent", chain: [] }],
    ["never sent", [], { seen: "no", why: "cut-short", chain: [] }],
  ];
  test.each(rows)("that were asked for and %s", (_, rest, seen) => {
    const result = hear([client(hello), server(flight), ...rest]).result();
    expect(result?.clientCertificates).toEqual(seen);
    expect(result?.certificates).toEqual({ seen: "wire", chain: CHAIN });
  });

  test("are absent where nobody asked", () => {
    expect(hear(TLS12).result()).not.toHaveProperty("clientCertificates");
  });
});

describe("SSLv2", () => {
  test("hello that leads to TLS", () => {
    const result = hear([client(sslv2ClientHello(0x0301)), server(serverFlight(CHAIN))]).result();
    expect(result).toMatchObject({ client: 0, version: "TLS1.2", certificates: { seen: "wire" } });
    expect(result?.ja3).toMatch(/^[0-9a-f]{32}$/);
  });

  test("both ways is read to the server's certificate, and no further", () => {
    const der = pattern(300, 3);
    const parts = concat(
      uint(der.length, 2),
      uint(3, 2),
      uint(16, 2),
      der,
      pattern(3),
      pattern(16),
    );
    const body = concat(uint(4, 1), uint(0, 1), uint(1, 1), uint(2, 2), parts);
    const answer = concat(uint(0x8000 | body.length, 2), body);
    const said = [client(sslv2ClientHello(2)), server(answer), client(pattern(60)), server(answer)];
    const connection = hear(said);
    expect(connection.result()).toMatchObject({
      version: "SSL2",
      certificates: { seen: "wire", chain: [der] },
    });
    expect(connection.wants).toBe("nothing");
    expect(connection.malformed).toEqual([]);
  });
});

describe("what is no TLS", () => {
  const rows: [string, Uint8Array][] = [
    ["HTTP", Uint8Array.from(Buffer.from("GET / HTTP/1.1\r\nHost: a.test\r\n\r\n".repeat(200)))],
    ["zeros", new Uint8Array(9000)],
    ["too short for an SSLv2 hello", concat(hex("800b 01 0300"), new Uint8Array(9000))],
    ["SSH", Uint8Array.from(Buffer.from(`SSH-2.0-OpenSSH_9.2\r\n${"x".repeat(9000)}`))],
  ];
  test.each(rows)("is soon not asked for: %s", (_, bytes) => {
    const connection = hear([client(bytes), server(bytes)]);
    expect(connection.wants).toBe("nothing");
    expect(connection.result()).toBeUndefined();
    expect(connection.malformed).toEqual([]);
  });
});

test("a handshake in records of one byte is read as in one record", () => {
  const tiny = (bytes: Uint8Array) => records(RECORD.handshake, bytes.subarray(5), 1);
  const [first, second, ...rest] = TLS12;
  const said = [client(tiny(first!.bytes)), server(tiny(second!.bytes)), ...rest];
  const { atUs: _, ...whole } = hear(TLS12).result()!;
  expect(hear(said).result()).toMatchObject(whole);
});

/** A HelloRetryRequest that asks for secp256r1. */
function retry(extensions: { type: number; body: Uint8Array }[] = []): Uint8Array {
  const asked = { type: 51, body: uint(23, 2) };
  return serverHello({ ...answer13, random: RETRY_RANDOM, extensions: [asked, ...extensions] });
}
