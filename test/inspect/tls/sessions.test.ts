/** What a handshake shows of sessions, early data and encrypted hellos. */
import { describe, expect, test } from "vitest";
import { readOuterEch } from "../../../src/inspect/tls/outer-ech.ts";
import { readSessionTicket, ticketIdOf } from "../../../src/inspect/tls/session-ticket.ts";
import { concat, pattern, uint, vector } from "../../wire/bytes.ts";
import {
  applicationData,
  certificate,
  changeCipherSpec,
  clientHello,
  message,
  RECORD,
  record,
  serverHello,
  serverHelloDone,
} from "../../wire/tls.ts";
import { client, hear, type Said, server } from "./hear.ts";

const handshake = (...messages: Uint8Array[]) => record(RECORD.handshake, concat(...messages));
const ticket = (bytes: Uint8Array) => message(4, concat(uint(300, 4), vector(2, bytes)));
const SEALED = record(RECORD.handshake, pattern(40));
const FULL = [certificate([pattern(50)]), serverHelloDone()];

function seen(...said: Said[]) {
  return hear(said).result()!;
}

describe("a session of TLS 1.2", () => {
  test("may be taken up again by its id and by its ticket", () => {
    const answered = handshake(serverHello({ sessionId: pattern(4) }), ...FULL);
    const given = concat(handshake(ticket(pattern(20, 3))), changeCipherSpec(), SEALED);
    const { sessionsGiven, sessionUsed } = seen(
      client(handshake(clientHello())),
      server(answered),
      server(given),
    );
    expect(sessionsGiven).toEqual([`id ${text(pattern(4))}`, `ticket ${text(pattern(20, 3))}`]);
    expect(sessionUsed).toBeUndefined();
  });

  test("that is taken up by its ticket says which", () => {
    const extensions = [{ type: 35, body: pattern(20, 3) }];
    const abbreviated = concat(handshake(serverHello()), changeCipherSpec(), SEALED);
    const read = seen(client(handshake(clientHello({ extensions }))), server(abbreviated));
    expect([read.resumed, read.sessionUsed]).toEqual(["ticket", `ticket ${text(pattern(20, 3))}`]);
    expect(read.sessionsGiven).toBeUndefined();
  });

  test("that is taken up by its id says which", () => {
    const sessionId = pattern(9);
    const abbreviated = concat(handshake(serverHello({ sessionId })), changeCipherSpec(), SEALED);
    const read = seen(client(handshake(clientHello({ sessionId }))), server(abbreviated));
    expect([read.resumed, read.sessionUsed]).toEqual(["session-id", `id ${text(sessionId)}`]);
  });

  test("is none of TLS 1.3, whose id says nothing", () => {
    const answered = handshake(serverHello({ sessionId: pattern(9), selected: 0x0304 }));
    expect(seen(client(handshake(clientHello())), server(answered)).sessionsGiven).toBeUndefined();
  });

  test("has the same ticket in both messages, long or short", () => {
    for (const bytes of [pattern(1), pattern(256), pattern(257), pattern(5000)]) {
      const given = ticket(bytes).subarray(4);
      expect(readSessionTicket(given, 0, given.length)).toBe(ticketIdOf(bytes, 0, bytes.length));
    }
  });

  test.each([
    ["of no bytes", concat(uint(300, 4), vector(2))],
    ["that runs over the end", concat(uint(300, 4), uint(9, 2), pattern(8))],
    ["that ends before its message", concat(uint(300, 4), uint(7, 2), pattern(8))],
    ["cut short", pattern(5)],
  ])("has no ticket %s", (_, bytes) => {
    expect(readSessionTicket(bytes, 0, bytes.length)).toBeUndefined();
  });
});

describe("early data", () => {
  const early = [{ type: 42, body: new Uint8Array(0) }];
  const answer = serverHello({ selected: 0x0304, extensions: [{ type: 41, body: uint(0, 2) }] });

  test.each<[string, true | undefined, Said[]]>([
    [
      "is offered, and comes before the ServerHello",
      true,
      [
        client(concat(handshake(clientHello({ extensions: early })), applicationData(1, 50))),
        server(handshake(answer)),
      ],
    ],
    [
      "is offered, and does not come",
      undefined,
      [client(handshake(clientHello({ extensions: early }))), server(handshake(answer))],
    ],
    [
      "comes, and was not offered",
      undefined,
      [client(concat(handshake(clientHello()), applicationData(1, 50))), server(handshake(answer))],
    ],
  ])("%s: %s", (_, expected, said) => {
    expect(seen(...said).early).toBe(expected);
  });
});

describe("an encrypted hello", () => {
  const outer = (kdf: number, aead: number, enc: number, payload: number) =>
    concat(
      uint(0, 1),
      uint(kdf, 2),
      uint(aead, 2),
      uint(42, 1),
      vector(2, pattern(enc)),
      vector(2, pattern(payload)),
    );

  test.each<[string, boolean, Uint8Array]>([
    ["of X25519", true, outer(1, 1, 32, 144)],
    ["of P-521 and ChaCha20", true, outer(3, 3, 133, 240)],
    ["with a KDF that HPKE does not have", false, outer(9, 1, 32, 144)],
    ["with an AEAD that HPKE does not have", false, outer(1, 0x0a0a, 32, 144)],
    ["with a key of a length that none has", false, outer(1, 1, 33, 144)],
    ["too short to hold a hello", false, outer(1, 1, 32, 57)],
    ["with something behind it", false, concat(outer(1, 1, 32, 144), pattern(1))],
    ["cut short in its payload", false, outer(1, 1, 32, 144).subarray(0, 100)],
    ["cut short in its key", false, outer(1, 1, 32, 144).subarray(0, 20)],
    ["of its type alone", false, uint(0, 1)],
  ])("%s could be opened: %s", (_, plausible, body) => {
    expect(readOuterEch(body, 0, body.length).plausible).toBe(plausible);
    const read = seen(client(handshake(clientHello({ extensions: [{ type: 0xfe0d, body }] }))));
    expect(read.ech).toBe(plausible ? "offered" : "grease");
    if (plausible) expect(read.echConfigId).toBe(42);
  });

  test("that only says it is the inner one is none", () => {
    const body = uint(1, 1);
    expect(
      seen(client(handshake(clientHello({ extensions: [{ type: 0xfe0d, body }] })))).ech,
    ).toBeUndefined();
  });
});

function text(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("latin1");
}
