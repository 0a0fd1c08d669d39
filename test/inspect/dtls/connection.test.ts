/** DTLS conversations: what is read of them, in whatever order their datagrams come. */
import fc from "fast-check";
import { afterEach, describe, expect, test } from "vitest";
import { heldNow } from "../../../src/inspect/dtls/message.ts";
import { concat, hex, pattern, uint } from "../../wire/bytes.ts";
import { dtlsRecord, fragment, handshake, helloVerifyRequest, unified } from "../../wire/dtls.ts";
import { certificate, message, RETRY_RANDOM, serverHello } from "../../wire/tls.ts";
import {
  answer,
  CHAIN,
  CHANGE,
  client,
  FLIGHT,
  full,
  hear,
  hello,
  type Sent,
  server,
} from "./hear.ts";

const WHOLE = answer(full());

afterEach(() => expect(heldNow()).toBe(0));

describe("a handshake of DTLS 1.2", () => {
  test("shows what one of TLS 1.2 does", () => {
    expect(WHOLE).toMatchObject({
      transport: "dtls",
      version: "DTLS1.2",
      cipher: "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
      serverName: "a.example",
      ja4: expect.stringMatching(/^dd2d0404/),
      steps: [
        "client-hello",
        "hello-verify-request",
        "client-hello",
        "server-hello",
        "certificate",
        "server-hello-done",
        "client-key-exchange",
        "change-cipher-spec",
        "encrypted-handshake",
        "change-cipher-spec",
        "encrypted-handshake",
      ],
      established: true,
      resumed: false,
      malformed: [],
      overlaps: [],
    });
    expect(WHOLE.chain).toHaveLength(2);
  });

  test("is not wanted any more once both sides have finished", () => {
    const connection = hear(full());
    expect(connection.wants).toBe("nothing");
    connection.push({ kind: "closed", why: "end", atUs: 0 });
  });

  test("is the same in one datagram a flight", () => {
    const [first, verify, second, ...rest] = full();
    const flight = server(...rest.slice(0, 3).map(({ bytes }) => bytes));
    const said = [first!, verify!, second!, flight, ...rest.slice(3)];
    expect(answer(said)).toEqual(WHOLE);
  });

  test("is the same with several messages in one record", () => {
    const flight = concat(...FLIGHT.map(([sequence, bytes]) => fragment(bytes, { sequence })));
    const said = full();
    said.splice(3, 3, server(dtlsRecord(22, flight)));
    expect(answer(said)).toEqual(WHOLE);
  });

  test("is the same without a message that does not begin where the last one ended", () => {
    // A server that kept no state counts from 0 again behind its HelloVerifyRequest.
    const said = full();
    said.splice(
      3,
      3,
      ...FLIGHT.map(([at, bytes]) => server(handshake(bytes, { sequence: at - 1 }))),
    );
    expect(answer(said)).toEqual(WHOLE);
  });

  test("that is resumed shows no certificate", () => {
    const said = full().filter((_, at) => ![4, 5, 6].includes(at));
    const [, , , answered, ...rest] = said;
    const same = serverHello({ version: 0xfefd, sessionId: pattern(8) });
    const asked = withSession(hello(1, pattern(20)));
    expect(answered).toBeDefined();
    const resumed = [
      client(handshake(asked, { sequence: 0 })),
      server(handshake(same, { sequence: 0 })),
      ...rest.toReversed(),
    ];
    expect(answer(resumed)).toMatchObject({
      resumed: "session-id",
      why: "resumed",
      established: true,
    });
  });

  test("with the alert of a client that does not believe the certificate", () => {
    const said = [
      ...full().slice(0, 6),
      client(dtlsRecord(21, Uint8Array.of(2, 48), { sequence: 5 })),
    ];
    const { alerts, established } = answer([...said, said.at(-1)!]) as {
      alerts?: unknown;
      established?: unknown;
    };
    expect(alerts).toEqual([{ side: "client", level: "fatal", name: "unknown_ca" }]);
    expect(established).toBe(false);
  });

  test("whose cookie is another one the second time is no fault", () => {
    const other = server(handshake(helloVerifyRequest(pattern(20, 5)), { sequence: 0 }));
    expect(answer(full().toSpliced(2, 0, other))).toEqual(WHOLE);
  });

  test("that is begun anew inside the encryption counts once, however often it is repeated", () => {
    const change = dtlsRecord(20, pattern(20), { epoch: 1, sequence: 3 });
    const said = full();
    said.splice(-1, 0, client(change), client(change));
    expect(answer(said)).toEqual({ ...WHOLE, renegotiations: 1 });
  });

  test("with a record that is longer than its datagram is read no further there", () => {
    const said = full();
    said.splice(4, 0, server(dtlsRecord(22, pattern(30), { length: 40 })));
    expect(answer(said)).toEqual({
      ...WHOLE,
      malformed: ["1 dtls-record: record of 40 bytes in 30"],
    });
  });

  test("with connection ids ends where its last change of keys does", () => {
    const sealed = dtlsRecord(25, pattern(50), { epoch: 1 });
    const said = full().slice(0, -2);
    said.push(client(CHANGE, sealed), server(CHANGE, sealed));
    expect(answer(said)).toEqual(WHOLE);
  });
});

describe("fragments", () => {
  test("in any order, again, overlapping, are the same as whole messages", () => {
    const [, certificateMessage] = FLIGHT[1]!;
    const length = certificateMessage.length - 4;
    const range = fc
      .tuple(fc.nat({ max: length }), fc.nat({ max: length }))
      .map(([a, b]) => ({ from: Math.min(a, b), to: Math.max(a, b) }));
    fc.assert(
      fc.property(
        fc.array(range, { maxLength: 12 }),
        fc.array(fc.nat(), { minLength: 20 }),
        (cuts, keys) => {
          const parts = [...cuts, { from: 0, to: length }].map((part) =>
            server(handshake(certificateMessage, { sequence: 2, ...part })),
          );
          const shuffled = parts.toSorted(
            (a, b) => keys[parts.indexOf(a)]! - keys[parts.indexOf(b)]!,
          );
          const said = full();
          said.splice(4, 1, ...shuffled);
          expect(answer(said)).toEqual(WHOLE);
        },
      ),
    );
  });

  test("of one byte each are the same as the message", () => {
    const [sequence, bytes] = FLIGHT[1]!;
    const count = bytes.length - 4;
    const parts = Array.from({ length: count }, (_, at) =>
      server(handshake(bytes, { sequence, from: at, to: at + 1 })),
    );
    const said = full();
    said.splice(4, 1, ...parts.toReversed());
    expect(answer(said)).toEqual(WHOLE);
  });

  test("that come with other bytes are told, and the first ones count", () => {
    const [sequence, bytes] = FLIGHT[1]!;
    const other = Uint8Array.from(bytes);
    other[200]! ^= 1;
    const said = full();
    said.splice(5, 0, server(handshake(other, { sequence, from: 100, to: 300 })));
    expect(answer(said)).toEqual({
      ...WHOLE,
      malformed: ["1 dtls-handshake: message 2 came again with other bytes"],
      overlaps: [1],
    });
  });

  test("of which one says another length are told", () => {
    const said = full();
    const longer = certificate([...CHAIN, pattern(10)]);
    said.splice(5, 0, server(handshake(longer, { sequence: 2, from: 0, to: 50 })));
    const { malformed, overlaps, chain } = answer(said);
    expect(malformed).toEqual(["1 dtls-handshake: message 2 came again with other bytes"]);
    expect([overlaps, chain]).toEqual([[1], WHOLE.chain]);
  });

  test("that run over their message, or their record, are malformed", () => {
    const over = handshake(FLIGHT[1]![1], { sequence: 2, from: 0, to: 50 });
    over.set(uint(90, 3), 13 + 9);
    const outside = concat(over);
    outside.set(uint(1_000_000, 3), 13 + 6);
    const { malformed } = answer([...full().slice(0, 4), server(over), server(outside)]);
    expect(malformed).toHaveLength(2);
    expect(malformed[0]).toContain("fragment of 90 bytes at 0 of 1609, 50 in its record");
  });
});

describe("what is missing", () => {
  test("a message that never came is loss, and what follows it is read", () => {
    const said = full();
    said.splice(4, 1);
    const read = answer(said) as { coverage?: unknown; why?: unknown };
    expect(read).toMatchObject({
      chain: [],
      established: true,
      coverage: expect.arrayContaining(["loss"]),
    });
  });

  test("the end of a datagram that was not captured", () => {
    const said = full();
    const whole = said[4]!;
    said[4] = { ...whole, bytes: whole.bytes.subarray(0, 400), cut: whole.bytes.length - 400 };
    expect(answer(said)).toMatchObject({ chain: [], coverage: ["loss", "snaplen"] });
  });

  test("what was overtaken by the end of the handshake is waited for", () => {
    const said = full();
    const [late] = said.splice(4, 1);
    const { steps: _, ...read } = answer([...said, late!]);
    const { steps: __, ...whole } = WHOLE;
    expect(read).toEqual(whole);
  });
});

describe("a client that begins again", () => {
  const again = (random: number): Sent[] => [
    client(handshake(hello(random), { sequence: 0 })),
    ...FLIGHT.map(([at, bytes]) => {
      const other = Uint8Array.from(bytes);
      if (at === 1) other[6] = 77;
      return server(handshake(other, { sequence: at - 1 }));
    }),
  ];

  const asks = (random: number, sequence: number) => client(handshake(hello(random), { sequence }));

  test("unanswered is read anew, and that is no fault", () => {
    const tries = [
      client(handshake(hello(8), { sequence: 0 })),
      client(handshake(hello(9), { sequence: 0 })),
    ];
    const { malformed, chain } = answer([...tries, ...again(3)]);
    expect([malformed, chain]).toEqual([[], WHOLE.chain]);
  });

  test("is read anew in the middle of an answer, and that is told", () => {
    const stale = full().slice(0, 4);
    const { malformed, overlaps, chain } = answer([...stale, ...again(3), stale[3]!]);
    expect(malformed).toEqual([
      "0 tls-handshake: another ClientHello before the handshake was finished",
    ]);
    expect([overlaps, chain]).toEqual([[], WHOLE.chain]);
  });

  test("behind a finished handshake is another one, and each is told", () => {
    const other = full().map((one, at) => (at === 0 || at === 2 ? asks(9, at / 2) : one));
    const connection = hear([...full(), full()[0]!, ...other]);
    connection.push({ kind: "closed", why: "end", atUs: 0 });
    const { steps } = WHOLE as { steps?: unknown };
    expect(connection.results().map((one) => [one.steps, one.established])).toEqual([
      [steps, true],
      [steps, true],
    ]);
    expect(connection.malformed).toEqual([]);
  });

  test("behind a finished handshake in crumbs is another one, too", () => {
    const message = hello(9);
    const crumbs = Array.from({ length: message.length - 4 }, (_, at) =>
      client(handshake(message, { sequence: 0, from: at, to: at + 1 })),
    );
    const connection = hear([...full(), ...crumbs]);
    connection.push({ kind: "closed", why: "end", atUs: 0 });
    expect(connection.results().map(({ steps }) => steps.length)).toEqual([11, 1]);
  });

  test("more than sixteen times is told, and not read", () => {
    const many = Array.from({ length: 20 }, (_, round) =>
      full().map((one, at) => (at === 0 || at === 2 ? asks(round + 20, at / 2) : one)),
    );
    const connection = hear(many.flat());
    connection.push({ kind: "closed", why: "end", atUs: 0 });
    expect(connection.results()).toHaveLength(17);
    expect(connection.malformed.map(({ reason }) => reason)).toEqual([
      "more than 17 handshakes on one pair of ports: not read",
    ]);
  });

  test("and gets no answer leaves the handshake that had one", () => {
    const { chain } = answer([...full().slice(0, 6), client(handshake(hello(3), { sequence: 0 }))]);
    expect(chain).toEqual(WHOLE.chain);
  });
});

describe("DTLS 1.3", () => {
  const answered = { version: 0xfefd, selected: 0xfefc };
  const said = [
    client(handshake(hello(), { sequence: 0 })),
    server(handshake(serverHello({ ...answered, random: RETRY_RANDOM }), { sequence: 0 })),
    client(handshake(hello(1), { sequence: 1 })),
    server(handshake(serverHello(answered), { sequence: 1 }), unified(2, pattern(90))),
    client(unified(2, pattern(60))),
  ];

  test("shows two hellos, and that the rest is sealed", () => {
    expect(answer(said)).toMatchObject({
      version: "DTLS1.3",
      steps: [
        "client-hello",
        "hello-retry-request",
        "client-hello",
        "server-hello",
        "encrypted-handshake",
        "encrypted-handshake",
      ],
      established: true,
      why: "encrypted",
      malformed: [],
    });
  });

  test("acknowledgments in clear are passed over", () => {
    const acknowledged = [...said.slice(0, 4), client(dtlsRecord(26, pattern(18))), said[4]!];
    expect(answer(acknowledged)).toEqual(answer(said));
  });

  test("its header in an older version is malformed", () => {
    const { malformed } = answer([...full().slice(0, 4), server(unified(2, pattern(30)))]);
    expect(malformed).toEqual(["1 dtls-record: unified header of DTLS 1.3 in an older version"]);
  });
});

describe("other datagrams on the same ports", () => {
  const stun = concat(hex("0001 0000 2112a442"), pattern(12));
  const rtp = concat(hex("8060"), pattern(40));

  test("are passed over, before DTLS and beside it (RFC 7983)", () => {
    const said = full().flatMap((one) => [client(stun), server(rtp), one]);
    expect(answer(said)).toEqual(WHOLE);
  });

  test("that only begin like DTLS are somebody else's", () => {
    const others = [
      hex("16feff"),
      hex("20011201"),
      hex("1a2b01000001000000000000"),
      hex("16010000000000000000000a00"),
    ];
    const read = answer(others.map((bytes) => client(bytes)));
    expect(read).toEqual({
      why: undefined,
      chain: [],
      clientChain: [],
      malformed: [],
      overlaps: [],
    });
  });

  test("end the waiting soon, or later behind STUN", () => {
    const count = (first: Sent) => {
      for (let n = 1; n < 2000; n++) {
        if (hear([first, ...Array<Sent>(n).fill(client(rtp))]).wants === "nothing") return n;
      }
      return 2000;
    };
    expect(count(client(rtp))).toBe(32);
    expect(count(client(stun))).toBe(512);
  });
});

describe("a hostile sender", () => {
  test("holds no memory with what it promises", () => {
    const bytes = message(11, pattern(1), 200_000);
    const one = dtlsRecord(
      22,
      concat(bytes.subarray(0, 4), uint(1, 2), uint(199_999, 3), uint(1, 3), Uint8Array.of(7)),
    );
    const connection = hear([client(handshake(hello(), { sequence: 0 })), server(one)]);
    expect(heldNow()).toBeLessThan(1000);
    connection.push({ kind: "closed", why: "end", atUs: 0 });
  });

  test("is told that its message is too long, or too far ahead, or one of too many", () => {
    const begun = full().slice(0, 4);
    const long = message(11, pattern(1), 300_000);
    const parts: [string, Sent[]][] = [
      [
        "300000 byte message",
        [
          server(
            dtlsRecord(
              22,
              concat(long.subarray(0, 4), uint(2, 2), uint(0, 3), uint(1, 3), Uint8Array.of(7)),
            ),
          ),
        ],
      ],
      ["message 40 is too far ahead", [server(handshake(FLIGHT[1]![1], { sequence: 40, to: 9 }))]],
    ];
    for (const [says, said] of parts)
      expect(answer([...begun, ...said]).malformed[0]).toContain(says);
    const many = Array.from({ length: 40 }, (_, at) =>
      server(handshake(message(11, pattern(9)), { sequence: at, to: 3 })),
    );
    const read = answer([client(handshake(hello(), { sequence: 0 })), ...many]) as {
      coverage?: unknown;
    };
    expect(read).toMatchObject({
      malformed: ["1 dtls-handshake: more than 32 messages of a handshake"],
      coverage: expect.arrayContaining(["loss"]),
    });
  });

  test("that begins again and again is not listened to for ever", () => {
    const tries = Array.from({ length: 3000 }, (_, at) =>
      client(handshake(hello(at), { sequence: 0 })),
    );
    const connection = hear(tries);
    expect(connection.wants).toBe("nothing");
    expect(connection.malformed.length).toBeLessThan(32);
    expect(connection.results()).toHaveLength(17);
    connection.push({ kind: "closed", why: "end", atUs: 0 });
  });

  test("gets no answer but output or silence, whatever it sends", () => {
    const datagram = fc.oneof(
      fc.uint8Array({ maxLength: 80 }),
      fc.uint8Array({ maxLength: 60 }).map((body) => dtlsRecord(22, body)),
      fc.tuple(fc.nat(full().length - 1), fc.nat(200), fc.nat(255)).map(([which, at, value]) => {
        const bytes = Uint8Array.from(full()[which]!.bytes);
        bytes[at % bytes.length] = value;
        return bytes;
      }),
    );
    const sent = fc.record({
      side: fc.constantFrom(0 as const, 1 as const),
      bytes: datagram,
      cut: fc.nat(3),
    });
    fc.assert(
      fc.property(fc.array(sent, { maxLength: 30 }), (said) => {
        JSON.stringify(answer([...full().slice(0, 3), ...said]));
        expect(heldNow()).toBe(0);
      }),
    );
  });
});

/** The hello with the session id that `pattern(8)` is. */
function withSession(bytes: Uint8Array): Uint8Array {
  const body = concat(bytes.subarray(4, 38), uint(8, 1), pattern(8), bytes.subarray(39));
  return message(1, body);
}
