/** When a connection's bulk is handed over to the shunt, where, and what it makes of what comes back. */
import { describe, expect, test } from "vitest";
import type { Side } from "../../../src/flow/event.ts";
import { TlsConnection } from "../../../src/inspect/tls/connection.ts";
import { concat, hex, latin1, pattern, uint, vector } from "../../wire/bytes.ts";
import {
  alert,
  applicationData,
  changeCipherSpec,
  clientHello,
  message,
  RECORD,
  RETRY_RANDOM,
  record,
  records,
  serverFlight,
  serverHello,
} from "../../wire/tls.ts";
import { client, flow, gap, hear, type Said, server } from "./hear.ts";

const handshake = (...messages: Uint8Array[]) => record(RECORD.handshake, concat(...messages));
const sealed = record(RECORD.handshake, pattern(40));
const finished = concat(changeCipherSpec(), sealed);
const hello = handshake(clientHello({ serverName: "a.test" }));
const keys = handshake(message(16, pattern(66)));
const session = pattern(32, 5);
const keyShare = { type: 51, body: concat(uint(29, 2), vector(2, pattern(32))) };
const hello13 = handshake(clientHello({ versions: [0x0304], sessionId: session }));
const answer13 = handshake(
  serverHello({ selected: 0x0304, cipher: 0x1301, sessionId: session, extensions: [keyShare] }),
);

const FULL: Said[] = [
  client(hello),
  server(serverFlight([pattern(300)])),
  client(concat(keys, finished)),
  server(finished),
];
const ABBREVIATED: Said[] = [
  client(handshake(clientHello({ sessionId: session }))),
  server(concat(handshake(serverHello({ sessionId: session })), finished)),
  client(finished),
];
const TLS13: Said[] = [
  client(hello13),
  server(concat(answer13, records(RECORD.applicationData, pattern(900), 300))),
  client(applicationData(58)),
];
const COMPATIBLE: Said[] = [
  client(hello13),
  server(concat(answer13, changeCipherSpec(), applicationData(900))),
  client(concat(changeCipherSpec(), applicationData(58))),
];
/** Enough records of both sides to be looked at: from there on both are shunted. */
const SAMPLED: Said[] = [1, 2, 3].flatMap(() => [
  client(applicationData(100)),
  server(applicationData(100)),
]);
const kinds: [string, Said[]][] = [
  ["a full handshake of TLS 1.2", FULL],
  ["an abbreviated handshake of TLS 1.2", ABBREVIATED],
  ["a handshake of TLS 1.3", TLS13],
  ["a handshake of TLS 1.3 in compatibility mode", COMPATIBLE],
];

describe("a connection is handed over", () => {
  test.each(kinds)("with the last byte that both sides need: %s", (_, said) => {
    const bulk = [...SAMPLED, client(applicationData(500)), server(applicationData(500))];
    const pieces = [...said, ...bulk].flatMap(({ side, bytes }) =>
      [...bytes].map((_, at) => ({ side, bytes: bytes.subarray(at, at + 1) })),
    );
    const connection = new TlsConnection(flow);
    const told: [number, number] = [0, 0];
    const borders = [bordersOf(0, [...said, ...bulk]), bordersOf(1, [...said, ...bulk])];
    let handedOver = 0;
    for (const { side, bytes } of pieces) {
      push(connection, side, bytes, told[side]);
      told[side]++;
      expect(connection.wants === "records" && !connection.settled).toBe(false);
      if (connection.wants !== "records" || connection.nextRecord.includes(-1)) continue;
      handedOver++;
      expect(connection.nextRecord[0]).toBeGreaterThanOrEqual(told[0]);
      expect(connection.nextRecord[1]).toBeGreaterThanOrEqual(told[1]);
      expect(borders[0]).toContain(connection.nextRecord[0]);
      expect(borders[1]).toContain(connection.nextRecord[1]);
    }
    // A header is not handed over in halves: those bytes are wanted.
    expect(handedOver).toBeGreaterThan(900);
    expect(connection.result()?.established).toBe(true);
  });

  test.each(kinds)("not before its last flight: %s", (_, said) => {
    const connection = hear(said.slice(0, -1));
    expect(connection.wants).toBe("bytes");
    expect(connection.result()?.established).toBe(false);
    expect(hear(said).result()?.established).toBe(true);
  });

  test("a side at a time, when its first records have been looked at", () => {
    const connection = hear([...FULL, ...SAMPLED.slice(0, 5)]);
    expect(connection.wants).toBe("records");
    expect(connection.nextRecord[0]).toBeGreaterThan(0);
    expect(connection.nextRecord[1]).toBe(-1);
    expect(hear([...FULL, ...SAMPLED]).nextRecord).not.toContain(-1);
  });

  test("behind half a header of bulk only when the rest of it has come", () => {
    const last = concat(applicationData(100), hex("170303"));
    const before = [...FULL, ...SAMPLED.slice(0, 5), server(last)];
    const half = hear(before);
    expect(half.wants).toBe("bytes");
    const said = before
      .filter(({ side }) => side === 1)
      .reduce((sum, { bytes }) => sum + bytes.length, 0);
    push(half, 1, hex("0010"), said);
    expect(half.wants).toBe("records");
    expect(half.nextRecord[1]).toBe(said + 2 + 16);
  });
});

describe("what the shunt met", () => {
  const bulk: Said[] = [...FULL, ...SAMPLED];
  const resume = (why: "record-type" | "header" | "gap", bytes: Uint8Array) => {
    const connection = hear(bulk);
    const offset = connection.nextRecord[1] + 5_000_000_000;
    connection.push({ kind: "resumed", side: 1, offset, why, atUs: 9 });
    push(connection, 1, bytes, offset);
    return { connection, offset, after: offset + bytes.length };
  };

  test("if a record that is encrypted, changes nothing", () => {
    const { connection, after } = resume("record-type", record(RECORD.alert, pattern(26)));
    expect(connection.wants).toBe("records");
    expect(connection.nextRecord[1]).toBe(after);
    expect(connection.result()).toEqual(hear(bulk).result());
  });

  test("if half a header, is waited for", () => {
    const { connection, after } = resume("record-type", hex("1503"));
    expect(connection.wants).toBe("bytes");
    push(connection, 1, hex("03001a"), after);
    expect(connection.wants).toBe("records");
    expect(connection.nextRecord[1]).toBe(after + 3 + 26);
  });

  test("if no header, ends the reading and is told where it is", () => {
    const { connection, offset } = resume("header", latin1("GET / HTTP/1.1"));
    expect(connection.wants).toBe("nothing");
    expect(connection.malformed).toEqual([
      {
        kind: "malformed",
        side: 1,
        at: "tls-record",
        reason: "bytes that are no record header among application data",
        offset,
      },
    ]);
    const { records: _records, ...rest } = hear(bulk).result()!;
    expect(connection.result()).toEqual(rest);
  });

  test("if it goes on behind a gap, is followed from there", () => {
    const { connection, after } = resume("gap", applicationData(300));
    expect(connection.wants).toBe("records");
    expect(connection.nextRecord[1]).toBe(after);
    expect(connection.malformed).toEqual([]);
  });

  test("if in clear where nothing may be, is not read", () => {
    const { connection } = resume("record-type", concat(alert(2, 40), serverFlight([pattern(9)])));
    expect(connection.result()).toMatchObject({
      alerts: [],
      certificates: { chain: [pattern(300)] },
    });
  });
});

test("a gap that ends where a sealed record ends loses nothing", () => {
  const flight = concat(answer13, applicationData(900));
  const said = [client(hello13), server(flight.subarray(0, flight.length - 800)), gap(1, 800)];
  const connection = hear([...said, client(applicationData(58))]);
  expect(connection.result()).toMatchObject({ established: true, coverage: [] });
  expect(connection.wants).toBe("records");
  expect(hear([...said.slice(0, 2), gap(1, 801)]).result()?.coverage).toEqual(["loss"]);
});

test("sealed records behind a retry establish nothing", () => {
  const retry = serverHello({ selected: 0x0304, cipher: 0x1301, random: RETRY_RANDOM });
  const sealed = applicationData(58);
  const said = [client(hello13), server(concat(handshake(retry), sealed)), client(sealed)];
  expect(hear(said).result()).toMatchObject({ established: false, version: "TLS1.3" });
});

test("a handshake that was not followed is given up after some bulk", () => {
  const said = [client(hello), server(handshake(serverHello()))];
  const few = hear([...said, client(applicationData(64 * 10, 10))]);
  expect(few.wants).toBe("bytes");
  const many = hear([...said, client(applicationData(65 * 10, 10))]);
  expect(many.wants).toBe("nothing");
  expect(many.result()).toMatchObject({
    established: false,
    certificates: { seen: "no", why: "cut-short" },
  });
});

test("a closed connection wants nothing more, and says the same as before", () => {
  for (const [, said] of kinds) {
    const connection = hear(said);
    const before = connection.result();
    connection.push({ kind: "closed", why: "rst", atUs: 9 });
    expect(connection.wants).toBe("nothing");
    push(connection, 0, latin1("more"), 9_999);
    expect(connection.wants).toBe("nothing");
    expect(connection.result()).toEqual(before);
  }
});

function push(connection: TlsConnection, side: Side, bytes: Uint8Array, offset: number): void {
  const event = { kind: "bytes", side, bytes, from: 0, to: bytes.length, offset } as const;
  connection.push({ ...event, atUs: 5 });
}

/** Where the record headers of one side stand, and where the next one would. */
function bordersOf(side: Side, said: readonly Said[]): number[] {
  const bytes = concat(...said.filter((one) => one.side === side).map((one) => one.bytes));
  const borders = [0];
  while (borders.at(-1)! < bytes.length) {
    const at = borders.at(-1)!;
    borders.push(at + 5 + bytes[at + 3]! * 256 + bytes[at + 4]!);
  }
  return borders;
}
