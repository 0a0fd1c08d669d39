/**
 * A ClientHello whose every length lies once: read as malformed, with the reason, and the connection's
 * line is there all the same once the server shows what this is.
 */
import { describe, expect, test } from "vitest";
import { readClientHello, readV2ClientHello } from "../../../src/inspect/tls/client-hello.ts";
import { concat, hex, latin1, pattern, uint, vector } from "../../wire/bytes.ts";
import {
  clientHello,
  message,
  record,
  serverFlight,
  sslv2ClientHello,
  type TlsExtension,
} from "../../wire/tls.ts";
import { client, hear, server } from "./hear.ts";

const CHAIN = [pattern(60)];
/** version, random, session id, suites, compression, extensions: each can be replaced. */
const PARTS = {
  version: uint(0x0303, 2),
  random: pattern(32),
  session: vector(1, pattern(32)),
  ciphers: vector(2, uint(0xc02f, 2)),
  compression: vector(1, uint(0, 1)),
  extensions: vector(2, extension(23, hex(""))),
};

const body = (parts: Partial<typeof PARTS> = {}) =>
  concat(...Object.values({ ...PARTS, ...parts }));

describe("a ClientHello is malformed", () => {
  const rows: [string, Uint8Array, string][] = [
    ["when it is empty", hex(""), "ClientHello of 0 bytes"],
    ["when it ends in its random", body().subarray(0, 30), "ClientHello of 30 bytes"],
    ["when it ends behind its random", body().subarray(0, 34), "ClientHello of 34 bytes"],
    ["when its session id is too long", body({ session: vector(1, pattern(33)) }), "33 bytes"],
    ["when its session id is not there", body().subarray(0, 50), "session id of 32 bytes"],
    ["when it ends behind its session id", body().subarray(0, 67), "session id of 32 bytes"],
    ["when it has no suites", body({ ciphers: hex("0000") }), "cipher suites of 0 bytes"],
    [
      "when it has half a suite",
      body({ ciphers: hex("0003 c02f c0") }),
      "cipher suites of 3 bytes",
    ],
    ["when its suites run over the end", body({ ciphers: hex("fffe c02f") }), "of 65534 bytes in"],
    ["when it ends behind its suites", body().subarray(0, 71), "cipher suites of 2 bytes in 2"],
    ["when its compressions run over", body({ compression: hex("ff 00") }), "compression methods"],
    ["when it ends in the extensions' length", body().subarray(0, 74), "without a length"],
    ["when its extensions run over", body({ extensions: hex("0005 0017 0000") }), "5 bytes in 4"],
    ["when its extensions end early", body({ extensions: hex("0003 0017 0000") }), "3 bytes in 4"],
    ["when half an extension is left", body({ extensions: hex("0003 0017 00") }), "header in 3"],
    [
      "when an extension runs over",
      body({ extensions: hex("0005 0017 0002 ff") }),
      "extension 23 of 2 bytes in 1",
    ],
  ];

  test.each(rows)("%s", (_, bytes, reason) => {
    expect(readClientHello(bytes, 0, bytes.length)).toContain(reason);
    const hello = record(22, message(1, bytes));
    const connection = hear([client(hello), server(serverFlight(CHAIN))]);
    expect(connection.malformed).toEqual([
      {
        kind: "malformed",
        side: 0,
        at: "tls-client-hello",
        reason: expect.stringContaining(reason),
        offset: 5,
      },
    ]);
    const result = connection.result();
    expect(result).toMatchObject({ client: 0, certificates: { seen: "wire", chain: CHAIN } });
    expect(result).not.toHaveProperty("ja3");
    expect(hear([client(hello)]).result()).toBeUndefined();
  });

  test("or whole, wherever it is cut off, and nothing is read behind its end", () => {
    const whole = clientHello({ serverName: "a.test", alpn: ["h2"], versions: [0x0304] }).subarray(
      4,
    );
    const wider = concat(pattern(7), whole, pattern(500, 3));
    const read = readClientHello(wider, 7, 7 + whole.length);
    expect(read).toMatchObject({ serverName: "a.test", oddity: undefined });
    const readable = Array.from({ length: whole.length }, (_, to) => to).filter(
      (to) => typeof readClientHello(wider, 7, 7 + to) !== "string",
    );
    // Behind the compressions: a hello without extensions (RFC 5246 §7.4.1.2).
    expect(readable).toEqual([2 + 32 + 1 + 2 + 8 + 2]);
  });
});

describe("an SSLv2 hello is malformed", () => {
  const whole = sslv2ClientHello(0x0301);
  const rows: [string, number, number, string][] = [
    ["when its suites are no multiple of three", 6, 7, "whose parts are"],
    ["when its suites run over the end", 6, 60, "whose parts are"],
    ["when its session id does not fit", 8, 1, "whose parts are 32"],
    ["when its challenge does not fit", 10, 15, "whose parts are 30"],
  ];
  test.each(rows)("%s", (_, at, value, reason) => {
    const bytes = whole.slice();
    bytes[at] = value;
    expect(readV2ClientHello(bytes, 2, bytes.length)).toContain(reason);
    const connection = hear([client(bytes), server(serverFlight(CHAIN))]);
    expect(connection.malformed).toMatchObject([{ at: "tls-client-hello", side: 0, offset: 0 }]);
    expect(connection.result()).toMatchObject({ client: 0, certificates: { seen: "wire" } });
  });

  test("when it ends before its lengths do", () => {
    expect(readV2ClientHello(whole, 2, 10)).toContain("SSLv2 hello of 8 bytes");
  });
});

describe("a server name", () => {
  const nameOf = (name: Uint8Array) => {
    const list = vector(2, uint(0, 1), vector(2, name));
    const bytes = body({ extensions: vector(2, extension(0, list)) });
    const hello = readClientHello(bytes, 0, bytes.length);
    return typeof hello === "string" ? hello : hello.serverName;
  };

  test.each([
    ["a.test", "a.test"],
    ["xn--bcher-kva.test", "xn--bcher-kva.test"],
    ["bücher.test", "bücher.test"],
    ["\u001b[2Ja.test\u0000\n", "\u001b[2Ja.test\u0000\n"],
    ["192.0.2.1", "192.0.2.1"],
    ["x".repeat(65_000), "x".repeat(65_000)],
  ])("is what was sent", (sent, name) => {
    expect(nameOf(Uint8Array.from(Buffer.from(sent)))).toBe(name);
  });

  test("that is not UTF-8 is a character a byte", () => {
    expect(nameOf(hex("61ff62c3"))).toBe("a\u00ffb\u00c3");
    // Half of a surrogate pair and an overlong slash are no UTF-8 either.
    expect(nameOf(hex("eda080"))).toBe("\u00ed\u00a0\u0080");
    expect(nameOf(hex("c0af"))).toBe("\u00c0\u00af");
  });

  const odd: [string, Uint8Array, string | undefined][] = [
    ["of another kind is passed over", hex("0005 01 0002 6161"), undefined],
    ["behind one of another kind is read", hex("000a 01 0002 6161 00 0002 6262"), "bb"],
    ["longer than its list is none", hex("0005 00 0009 6161"), undefined],
    ["of no bytes is empty", hex("0003 00 0000"), ""],
    ["is none in an empty extension", hex(""), undefined],
    ["is none in half a list", hex("0003 00 00"), undefined],
  ];
  test.each(odd)("%s, and told", (_, list, name) => {
    const bytes = body({ extensions: vector(2, extension(0, list)) });
    const hello = readClientHello(bytes, 0, bytes.length);
    expect(hello).toMatchObject({
      serverName: name,
      oddity: expect.stringContaining("server_name"),
    });
  });

  test("that comes twice is the first one, and told", () => {
    const named = (name: string) => extension(0, vector(2, uint(0, 1), vector(2, latin1(name))));
    const bytes = body({ extensions: vector(2, named("a"), named("b")) });
    const hello = readClientHello(bytes, 0, bytes.length);
    expect(hello).toMatchObject({ serverName: "a", oddity: "extension 0 twice" });
  });
});

describe("offered protocols", () => {
  const offered = (...list: Uint8Array[]) => {
    const bytes = body({ extensions: vector(2, extension(16, concat(...list))) });
    const hello = readClientHello(bytes, 0, bytes.length);
    return typeof hello === "string" ? hello : hello.shape.alpnOffered;
  };
  const names = (...list: Uint8Array[]) => vector(2, ...list.map((name) => vector(1, name)));

  test("are in order, without GREASE", () => {
    const grease = hex("caca");
    expect(offered(names(latin1("h2"), grease, latin1("http/1.1")))).toEqual(["h2", "http/1.1"]);
  });

  test("end where one is cut off", () => {
    expect(offered(hex("0005 02 6832 09 78"))).toEqual(["h2"]);
    expect(offered(hex("00"))).toEqual([]);
  });

  test("are no more than anybody offers", () => {
    expect(offered(names(...Array.from({ length: 500 }, () => latin1("x"))))).toHaveLength(64);
  });
});

function extension(type: TlsExtension["type"], bytes: Uint8Array): Uint8Array {
  return concat(uint(type, 2), vector(2, bytes));
}
