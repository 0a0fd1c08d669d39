/** However TCP cuts what was said, the inspector answers the same: real handshakes, and odd ones. */
import { describe, expect, test } from "vitest";
import { differences } from "../../drip.ts";
import { readHandshakes } from "../../fuzz/handshake-file.ts";
import { concat, latin1, pattern } from "../../wire/bytes.ts";
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
  sslv2ClientHello,
} from "../../wire/tls.ts";
import { answer, client, gap, type Said, saidIn, server } from "./hear.ts";

const helloMessage = clientHello({ serverName: "a.test" });
const hello = record(RECORD.handshake, helloMessage);
const flight = serverFlight([pattern(60, 1), pattern(30, 2)]);
const finished = concat(changeCipherSpec(), record(RECORD.handshake, pattern(40)));
const closing = record(RECORD.alert, pattern(26));
/** One extension comes twice. */
const TWICE = certificate([pattern(9)]);
const key = { type: 10, body: pattern(4) };
const broken = clientHello({ extensions: [key] });
const odd: [string, Said[]][] = [
  ["a hello in crumbs", [client(records(RECORD.handshake, helloMessage, 3))]],
  [
    "a hello of an odd version",
    [client(record(RECORD.handshake, helloMessage, { version: 0x0909 }))],
  ],
  ["a hello behind words", [client(concat(latin1("STARTTLS\r\n"), hello)), server(flight)]],
  ["an alert inside a hello", [client(concat(hello.subarray(0, 0), alert(1, 0), hello))]],
  ["an SSLv2 hello", [client(sslv2ClientHello()), server(flight)]],
  ["an SSLv2 hello whose parts do not fit", [client(lyingV2())]],
  ["a second ServerHello", [client(hello), server(flight), server(flight)]],
  [
    "messages that cannot be right, two in a record",
    [
      client(record(RECORD.handshake, concat(helloMessage, message(1, pattern(20))))),
      server(record(RECORD.handshake, concat(serverHello(), message(11, pattern(9)), TWICE))),
    ],
  ],
  [
    "a message that cannot be right, behind words",
    [client(concat(latin1("STARTTLS\r\n"), records(RECORD.handshake, broken, 30)))],
  ],
  ["a gap in bulk", [...whole(), gap(1, 100), server(applicationData(90, 30).subarray(65))]],
  [
    "a gap in a flight",
    [client(hello), server(flight.subarray(0, 90)), gap(1, 9), server(flight.subarray(99))],
  ],
  ["a gap before a hello", [gap(0, 9, "snaplen"), client(hello), server(flight)]],
  ["a message too long", [client(record(RECORD.handshake, message(1, pattern(9), 0xffffff)))]],
  ["an impossible record", [client(concat(hello, latin1("GET / HTTP/1.1"))), server(flight)]],
  [
    "bulk and a close",
    [
      client(hello),
      server(flight),
      client(finished),
      server(finished),
      client(concat(applicationData(90, 30), closing)),
      server(concat(applicationData(90, 30), closing)),
    ],
  ],
];

describe("what was heard does not depend on how it was cut", () => {
  test.each(readHandshakes())("$name", ({ flights }) => {
    const said = saidIn(flights);
    expect(answer(said)).toHaveProperty("steps");
    expect(differences(said, answer)).toEqual({});
  });

  test.each(odd)("%s", (_, said) => {
    expect(differences(said, answer)).toEqual({});
  });
});

/** To where the server is within a record of 100 bytes of bulk. */
function whole(): Said[] {
  const bulk = applicationData(130, 130).subarray(0, 35);
  const handshake = [client(hello), server(flight), client(finished), server(finished)];
  return [...handshake, client(applicationData(50)), server(bulk)];
}

/** Its first length is one more than what is there. */
function lyingV2(): Uint8Array {
  const bytes = sslv2ClientHello();
  bytes[6]! += 3;
  return bytes;
}
