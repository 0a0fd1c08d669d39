/** Key logs as peers write them, cut anywhere, damaged anywhere. */
import { inspect } from "node:util";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  CLIENT_HANDSHAKE,
  KeyLog,
  KeyLogReader,
  MASTER,
  SERVER_HANDSHAKE,
} from "../../../src/inspect/keys/key-log.ts";
import { concat, hex, latin1, pattern } from "../../wire/bytes.ts";

const digits = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");
const RANDOM = pattern(32, 1);
const SECRET = pattern(32, 2);
const line = (label: string, random = RANDOM, secret = SECRET) =>
  `${label} ${digits(random)} ${digits(secret)}`;

function read(text: string): { log: KeyLog; bad: [number, string][] } {
  const log = new KeyLog();
  const { bad } = log.add(latin1(text));
  return { log, bad: bad.map(({ line, reason }) => [line, reason]) };
}

describe("a key log", () => {
  test.each([
    ["a line", `${line(SERVER_HANDSHAKE)}\n`],
    ["a last line without a line feed", line(SERVER_HANDSHAKE)],
    ["a line that Windows ended", `${line(SERVER_HANDSHAKE)}\r\n`],
    ["digits in capitals", `${SERVER_HANDSHAKE} ${line("").trim().toUpperCase()}\n`],
    ["comments and empty lines before it", `# made by NSS\n\n${line(SERVER_HANDSHAKE)}\n`],
    ["a label that QUIC once had", `QUIC_${line(SERVER_HANDSHAKE)}\n`],
    [
      "a later secret for the same",
      `${line(SERVER_HANDSHAKE, RANDOM, pattern(32, 9))}\n${line(SERVER_HANDSHAKE)}`,
    ],
  ])("gives the secret of %s", (_, text) => {
    const { log, bad } = read(text);
    expect(log.secret(SERVER_HANDSHAKE, RANDOM)).toEqual(Buffer.from(SECRET));
    expect(log.knows(concat(hex("0303"), RANDOM), 2)).toBe(true);
    expect(log.knows(concat(RANDOM, hex("00")), 1)).toBe(false);
    expect(bad).toEqual([]);
  });

  test.each([
    ["CLIENT_TRAFFIC_SECRET_0"],
    ["SERVER_TRAFFIC_SECRET_0"],
    ["CLIENT_EARLY_TRAFFIC_SECRET"],
    ["EXPORTER_SECRET"],
    ["ECH_SECRET"],
    ["A_LABEL_OF_TOMORROW"],
  ])("keeps nothing of %s, and finds no fault with it", (label) => {
    const { log, bad } = read(line(label));
    expect(log.size).toBe(0);
    expect(log.secret(label, RANDOM)).toBeUndefined();
    expect(bad).toEqual([]);
  });

  test.each([
    ["what begins with no label", "hello world"],
    ["a random that is too short", line(SERVER_HANDSHAKE, pattern(31))],
    ["a secret that no hash has", line(SERVER_HANDSHAKE, RANDOM, pattern(33))],
    ["a master secret of another length", line(MASTER, RANDOM, pattern(32))],
    ["half a digit", line(CLIENT_HANDSHAKE).slice(0, -1)],
    ["what is no digit", `${line(CLIENT_HANDSHAKE).slice(0, -2)}zz`],
    ["a third value", `${line(CLIENT_HANDSHAKE)} 00`],
    ["no value", SERVER_HANDSHAKE],
    ["a line without an end", "A".repeat(5000)],
  ])("tells the number of a line with %s, and none of its bytes", (_, text) => {
    const { log, bad } = read(`# one\n${text}\n${line(MASTER, RANDOM, pattern(48))}\n`);
    expect(bad.map(([number]) => number)).toEqual([2]);
    expect(bad[0]![1]).not.toMatch(/[0-9a-f]{8}/i);
    expect(log.secret(MASTER, RANDOM)).toHaveLength(48);
  });

  test("reads the same however it grows", () => {
    const text = latin1(
      `junk\n${line(SERVER_HANDSHAKE)}\r\n${"x".repeat(9000)}\n${line(MASTER, RANDOM, pattern(48))}`,
    );
    fc.assert(
      fc.property(fc.array(fc.nat(text.length), { maxLength: 8 }), (cuts) => {
        const log = new KeyLog();
        const reader = new KeyLogReader(log);
        const places = [0, ...cuts.sort((a, b) => a - b), text.length];
        for (let at = 1; at < places.length; at++) {
          reader.push(text.subarray(places[at - 1], places[at]));
        }
        reader.end();
        expect(reader.bad.map(({ line }) => line)).toEqual([1, 3]);
        expect(log.secret(SERVER_HANDSHAKE, RANDOM)).toHaveLength(32);
        expect(log.secret(MASTER, RANDOM)).toHaveLength(48);
      }),
    );
  });

  test("takes any bytes, and tells the first 16 bad lines of any number", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), (bytes) => {
        expect(() => new KeyLog().add(bytes)).not.toThrow();
      }),
    );
    const many = new KeyLog().add(latin1("no\n".repeat(1000)));
    expect([many.bad.length, many.badCount]).toEqual([16, 1000]);
  });

  test("gives up its oldest secrets beyond 200,000 clients, and counts them", () => {
    const log = new KeyLog();
    const reader = new KeyLogReader(log);
    const random = Buffer.alloc(32);
    for (let client = 0; client <= 200_000; client++) {
      random.writeUInt32BE(client);
      reader.push(latin1(`${SERVER_HANDSHAKE} ${random.toString("hex")} ${"00".repeat(32)}\n`));
    }
    expect([log.size, log.dropped]).toEqual([200_000, 1]);
    random.writeUInt32BE(0);
    expect(log.knows(random, 0)).toBe(false);
  });

  test("shows no secret to whoever prints it", () => {
    const { log } = read(line(SERVER_HANDSHAKE));
    expect(`${inspect(log, { depth: 9, showHidden: true })}${JSON.stringify(log)}`).not.toContain(
      "<Buffer",
    );
    expect(JSON.stringify(log)).toBe('{"growing":false,"heldBytes":0,"unheld":0,"dropped":0}');
  });
});
