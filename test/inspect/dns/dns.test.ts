/** DNS as it is heard: which answers are told, and what they say. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Flow, Side } from "../../../src/flow/event.ts";
import type { DnsAnswer } from "../../../src/inspect/dns/answer.ts";
import { DnsConversation } from "../../../src/inspect/dns/conversation.ts";
import { beginsDns, readMessage } from "../../../src/inspect/dns/message.ts";
import { DnsStream } from "../../../src/inspect/dns/stream.ts";
import { differences } from "../../drip.ts";
import { concat, hex, latin1, pattern, uint, vector } from "../../wire/bytes.ts";
import {
  dnsAnswer,
  dnsName,
  dnsQuery,
  dnsRecord,
  echConfigList,
  pointer,
  serviceData,
} from "../../wire/dns.ts";

interface Said {
  readonly side: Side;
  readonly bytes: Uint8Array;
  readonly cut?: number;
}

const asks = (bytes = dnsQuery()): Said => ({ side: 0, bytes });
const answers = (bytes: Uint8Array): Said => ({ side: 1, bytes });

const flow: Flow = {
  id: 1,
  transport: "udp",
  ends: [
    { ip: "10.0.0.1", port: 40000 },
    { ip: "10.0.0.53", port: 53 },
  ],
  openedAtUs: 0,
};

function heard(said: readonly Said[]): { told: DnsAnswer[]; malformed: string[] } {
  const told: DnsAnswer[] = [];
  const conversation = new DnsConversation(flow, (answer) => told.push(answer));
  for (const [atUs, { side, bytes, cut = 0 }] of said.entries()) {
    const lent = concat(Uint8Array.of(9), bytes);
    conversation.push({ kind: "datagram", side, bytes: lent, from: 1, to: lent.length, cut, atUs });
    lent.fill(0xaa);
  }
  return { told, malformed: conversation.malformed.map(({ reason }) => reason) };
}

function overTcp(said: readonly Said[]) {
  const told: DnsAnswer[] = [];
  const stream = new DnsStream({ ...flow, transport: "tcp" }, (answer) => told.push(answer));
  const offsets = [0, 0];
  for (const { side, bytes } of said) {
    if (stream.wants === "nothing") break;
    const lent = bytes.slice();
    const offset = offsets[side]!;
    stream.push({ kind: "bytes", side, bytes: lent, from: 0, to: lent.length, offset, atUs: 5 });
    offsets[side]! += bytes.length;
    lent.fill(0xaa);
  }
  return { told, idle: stream.idle, wants: stream.wants };
}

const A = (ip: string) => Uint8Array.from(ip.split(".").map(Number));
const ONE = dnsRecord(pointer(12), 1, A("192.0.2.1"));

describe("an answer", () => {
  test("gives the addresses of the name that was asked", () => {
    const bytes = dnsAnswer({
      answers: [ONE, dnsRecord(pointer(12), 28, hex("20010db8000000000000000000000001"), 60)],
    });
    expect(heard([asks(), answers(bytes)]).told).toEqual([
      {
        client: "10.0.0.1",
        resolver: "10.0.0.53",
        atUs: 1,
        name: "a.example",
        addresses: ["192.0.2.1", "2001:db8::1"],
        ttl: 60,
        ech: [],
      },
    ]);
  });

  test("follows aliases, in whatever order they stand, and whatever their case", () => {
    const bytes = dnsAnswer({
      answers: [
        dnsRecord("edge.CDN.example", 1, A("192.0.2.9"), 20),
        dnsRecord(pointer(12), 5, dnsName("WWW.a.example")),
        dnsRecord("www.A.example", 5, dnsName("edge.cdn.example")),
      ],
    });
    const [told] = heard([asks(), answers(bytes)]).told;
    expect(told).toMatchObject({ name: "a.example", addresses: ["192.0.2.9"], ttl: 20 });
  });

  test("lasts as long as the shortest of its records", () => {
    const bytes = dnsAnswer({
      answers: [
        dnsRecord(pointer(12), 5, dnsName("www.a.example"), 20),
        dnsRecord("www.a.example", 1, A("192.0.2.9"), 300),
      ],
    });
    expect(heard([asks(), answers(bytes)]).told).toMatchObject([{ ttl: 20 }]);
  });

  test("says nothing about names that nobody asked for", () => {
    const bytes = dnsAnswer({ answers: [ONE, dnsRecord("bank.example", 1, A("192.0.2.66"))] });
    expect(heard([asks(), answers(bytes)]).told).toMatchObject([{ addresses: ["192.0.2.1"] }]);
  });

  test("of aliases that lead round in a circle is none", () => {
    const bytes = dnsAnswer({
      answers: [
        dnsRecord(pointer(12), 5, dnsName("b.example")),
        dnsRecord("b.example", 5, pointer(12)),
      ],
    });
    expect(heard([asks(), answers(bytes)]).told).toEqual([]);
  });

  test("of type HTTPS gives hints, and what hellos can be encrypted with", () => {
    const data = serviceData("", [
      [1, vector(1, latin1("h2"))],
      [4, A("192.0.2.1")],
      [5, echConfigList(77, "public.example")],
      [6, hex("20010db8000000000000000000000002")],
    ]);
    const bytes = dnsAnswer({ type: 65, answers: [dnsRecord(pointer(12), 65, data)] });
    expect(heard([asks(dnsQuery({ type: 65 })), answers(bytes)]).told).toMatchObject([
      { addresses: ["192.0.2.1", "2001:db8::2"], ech: [{ id: 77, publicName: "public.example" }] },
    ]);
  });

  test("with an ECHConfig of another version has none", () => {
    const data = serviceData("", [
      [5, echConfigList(77, "public.example", 0xfe0a)],
      [6, pattern(16)],
    ]);
    const bytes = dnsAnswer({ type: 65, answers: [dnsRecord(pointer(12), 65, data)] });
    expect(heard([asks(dnsQuery({ type: 65 })), answers(bytes)]).told).toMatchObject([{ ech: [] }]);
  });
});

describe("an answer does not count", () => {
  const good = dnsAnswer({ answers: [ONE] });
  test.each<[string, Said[]]>([
    ["to nothing that was asked", [answers(good)]],
    ["with another id", [asks(), answers(dnsAnswer({ id: 8, answers: [ONE] }))]],
    ["to another name", [asks(), answers(dnsAnswer({ name: "b.example", answers: [ONE] }))]],
    [
      "to the same name in another case",
      [asks(), answers(dnsAnswer({ name: "A.example", answers: [ONE] }))],
    ],
    ["to another type", [asks(), answers(dnsAnswer({ type: 28, answers: [ONE] }))]],
    ["from whoever asked", [asks(), { side: 0, bytes: good }]],
    [
      "that is cut short by the server",
      [asks(), answers(dnsAnswer({ flags: 0x0200, answers: [ONE] }))],
    ],
    ["that was not captured whole", [asks(), { ...answers(good), cut: 4 }]],
    [
      "that says the name does not exist",
      [asks(), answers(dnsAnswer({ flags: 3, answers: [ONE] }))],
    ],
    [
      "of another kind of message",
      [asks(dnsQuery({ flags: 0x2800 })), answers(dnsAnswer({ flags: 0x2800, answers: [ONE] }))],
    ],
    [
      "once 256 others were asked",
      [
        asks(),
        ...Array.from({ length: 256 }, (_, id) => asks(dnsQuery({ id: id + 100 }))),
        answers(good),
      ],
    ],
  ])("%s", (_, said) => {
    expect(heard(said).told).toEqual([]);
  });

  test("a second time", () => {
    const forged = dnsAnswer({ answers: [dnsRecord(pointer(12), 1, A("192.0.2.66"))] });
    expect(heard([asks(), answers(good), answers(forged)]).told).toHaveLength(1);
  });

  test("unless its question was asked in the very same letters", () => {
    const mixed = dnsAnswer({ name: "a.eXaMpLe", answers: [ONE] });
    expect(heard([asks(dnsQuery({ name: "a.eXaMpLe" })), answers(mixed)]).told).toMatchObject([
      { name: "a.example" },
    ]);
  });
});

describe("what cannot be right is told", () => {
  test.each<[string, Uint8Array]>([
    ["compression pointer that does not lead back", dnsQuery({ rawName: pointer(12) })],
    ["compression pointer that does not lead back", dnsQuery({ rawName: pointer(40) })],
    ["name of more than 255 bytes", dnsQuery({ name: Array(50).fill("abcde").join(".") })],
    ["compression pointer that does not lead back", circle()],
    ["label type 1, expected 0 or 3", dnsQuery({ rawName: hex("41 00") })],
    [
      "A record of 5 bytes, expected 4",
      dnsAnswer({ answers: [dnsRecord(pointer(12), 1, pattern(5))] }),
    ],
    [
      "AAAA record of 4 bytes, expected 16",
      dnsAnswer({ answers: [dnsRecord(pointer(12), 28, pattern(4))] }),
    ],
    [
      "record data of 300 bytes in 2",
      dnsAnswer({
        answers: [
          concat(pointer(12), uint(1, 2), uint(1, 2), uint(0, 4), uint(300, 2), pattern(2)),
        ],
      }),
    ],
    [
      "service parameter runs over the end",
      dnsAnswer({
        answers: [
          dnsRecord(pointer(12), 65, concat(uint(1, 2), dnsName(""), uint(4, 2), uint(9, 2))),
        ],
      }),
    ],
    ["more than 256 answers", dnsAnswer({ answers: Array(300).fill(ONE) })],
    [
      "2 questions, expected 1",
      concat(hex("0007 0100 0002 0000 0000 0000"), dnsName("a"), uint(1, 2), uint(1, 2)),
    ],
  ])("%s", (reason, bytes) => {
    expect(readMessage(bytes, 0, bytes.length)).toBe(reason);
    expect(heard([asks(bytes)]).malformed).toEqual([reason]);
  });

  test("and told a few times only", () => {
    const wrong = dnsQuery({ rawName: pointer(12) });
    expect(heard(Array<Said>(20).fill(asks(wrong))).malformed).toHaveLength(4);
  });
});

describe("a conversation", () => {
  test.each<[boolean, string, Uint8Array]>([
    [true, "begins with a query", dnsQuery()],
    [
      true,
      "begins with a query that has EDNS",
      concat(dnsQuery().fill(1, 11, 12), hex("00 0029 04d0 00000000 0000")),
    ],
    [false, "does not begin with an answer", dnsAnswer({ answers: [ONE] })],
    [false, "does not begin with a query that has answers", dnsQuery({ answers: [ONE] })],
    [false, "does not begin with an update", dnsQuery({ flags: 0x2800 })],
    [false, "does not begin with zeros", new Uint8Array(40)],
    [false, "does not begin with half a query", dnsQuery().subarray(0, 20)],
  ])("is DNS: %s: it %s", (expected, _, bytes) => {
    expect(beginsDns(bytes, 0, bytes.length)).toBe(expected);
  });
});

describe("over TCP", () => {
  const said: Said[] = [
    asks(concat(vector(2, dnsQuery()), vector(2, dnsQuery({ id: 8, name: "b.example" })))),
    answers(
      concat(
        vector(2, dnsAnswer({ id: 8, name: "b.example", answers: [ONE] })),
        vector(2, dnsAnswer({ answers: [ONE] })),
      ),
    ),
  ];

  test("questions and answers cross, however they are cut", () => {
    expect(overTcp(said).told.map(({ name }) => name)).toEqual(["b.example", "a.example"]);
    expect(differences(said, (pieces) => overTcp(pieces).told)).toEqual({});
  });

  test.each<[string, Uint8Array]>([
    ["TLS", concat(hex("160301 00c8"), pattern(200))],
    ["HTTP", latin1("GET / HTTP/1.1\r\nHost: a.example\r\n\r\n")],
    ["an empty message", hex("0000 0000")],
    ["an answer", vector(2, dnsAnswer({ answers: [ONE] }))],
  ])("%s is no DNS, and is let go", (_, bytes) => {
    expect(overTcp([asks(bytes)])).toMatchObject({ told: [], idle: true, wants: "nothing" });
  });
});

/** A record whose owner is a pointer to one of two that point at each other, in the data of another. */
function circle(): Uint8Array {
  const data = dnsRecord(pointer(12), 16, concat(pointer(41), pointer(39)));
  return dnsAnswer({ answers: [data, dnsRecord(pointer(39), 1, A("192.0.2.1"))] });
}

test("whatever is sent, there is an answer or silence", () => {
  const bytes = fc.oneof(
    fc.uint8Array({ maxLength: 120 }),
    fc.tuple(fc.nat(200), fc.nat(255)).map(([at, value]) => {
      const data = serviceData("", [[5, echConfigList(77, "public.example")]]);
      const message = dnsAnswer({ type: 65, answers: [ONE, dnsRecord(pointer(12), 65, data)] });
      message[at % message.length] = value;
      return message;
    }),
  );
  const one = fc.record({ side: fc.constantFrom(0 as const, 1 as const), bytes });
  fc.assert(
    fc.property(fc.array(one, { maxLength: 8 }), (said) => {
      JSON.stringify([heard([asks(dnsQuery({ type: 65 })), ...said]), overTcp(said)]);
    }),
  );
});
