/** Servers that do not want to be known: whatever they do, they gain nothing and nothing breaks. */

import { randomBytes } from "node:crypto";
import { createServer, type Socket } from "node:net";
import { createServer as createTlsServer } from "node:tls";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { ask, PROBE_BYTES_MAX } from "../../src/probe/ask.ts";
import { matchFlights } from "../../src/probe/flight-match.ts";
import { concat, uint, vector } from "../wire/bytes.ts";
import * as der from "../wire/der.ts";
import { certificateExtension, type Identity, mint } from "../wire/identity.ts";
import { message, record, serverHello } from "../wire/tls.ts";
import { leaves, root, Stage, workload } from "./peers.ts";
import { CLIENTS, callInProcess } from "./programs.ts";

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const stage = new Stage();
/** As Python says it: one share, of X25519. */
let hello: Uint8Array;

beforeAll(async () => {
  const { port, passed } = await stage.relay(await tls([leaves["P-256"], root]));
  await CLIENTS.python!(stage, port);
  ({ hello } = workload(passed[0]!));
});
afterAll(() => stage.end());

const RETRY_RANDOM = Buffer.from(
  "cf21ad74e59a6111be1d8c021e65b891c2a211167abb8c5e079e09e2c8a8339c",
  "hex",
);
const version13 = { type: 43, body: uint(0x0304, 2) };
const share = (group: number, body: Uint8Array) => ({
  type: 51,
  body: concat(uint(group, 2), vector(2, body)),
});
const answerWith = (...extensions: { type: number; body: Uint8Array }[]) =>
  record(22, serverHello({ cipher: 0x1301, extensions: [version13, ...extensions] }));
const retryWith = (...extensions: { type: number; body: Uint8Array }[]) => {
  const made = serverHello({ cipher: 0x1301, extensions: [version13, ...extensions] });
  made.set(RETRY_RANDOM, 6);
  return record(22, made);
};

describe("a server that", () => {
  const BEHAVIOURS: [string, (socket: Socket) => void, RegExp][] = [
    ["says nothing", () => {}, /no answer within 400 ms/],
    ["drips a byte at a time", (socket) => drip(socket), /no answer within 400 ms/],
    ["resets", (socket) => socket.resetAndDestroy(), /the connection failed: ECONNRESET/],
    ["closes", (socket) => socket.end(), /the server ended the connection/],
    [
      "sends garbage",
      (socket) => socket.write(randomBytes(50_000).fill(0xf7, 0, 1)),
      /record type/,
    ],
    ["sends 10 MB of handshake", (socket) => flood(socket, 22), /byte message|more than/],
    [
      "sends 10 MB of sealed records",
      (socket) => flood(socket, 23, answerWith(share(29, randomBytes(32)))),
      /does not open/,
    ],
    ["speaks HTTP", (socket) => socket.end("HTTP/1.1 400 Bad Request\r\n\r\n"), /record type/],
    [
      "chooses a group nobody offered",
      (socket) => socket.write(answerWith(share(30, randomBytes(56)))),
      /group 30, not offered/,
    ],
    [
      "sends a share that is no point",
      (socket) => socket.write(answerWith(share(29, new Uint8Array(32)))),
      /that is none/,
    ],
    ["sends no share", (socket) => socket.write(answerWith()), /not offered/],
    [
      "asks again for what nobody offered",
      (socket) => socket.write(retryWith({ type: 51, body: uint(0x7777, 2) })),
      /not offered/,
    ],
    [
      "asks again for a finite field",
      (socket) => socket.write(retryWith({ type: 51, body: uint(0x0100, 2) })),
      /not done here/,
    ],
    ["has a chain without end", (socket) => endless(socket), /more than 131072 bytes of answer/],
    ["asks again for nothing", (socket) => socket.write(retryWith()), /changes nothing/],
    ["asks again and again", (socket) => again(socket), /a second/],
    [
      "refuses",
      (socket) => socket.write(record(21, Uint8Array.of(2, 40))),
      /refused: handshake_failure/,
    ],
    [
      "has a forged flight",
      (socket) =>
        socket.write(concat(answerWith(share(29, randomBytes(32))), record(23, randomBytes(200)))),
      /./,
    ],
  ];

  test.each(BEHAVIOURS)("%s gains nothing", async (_, behave, why) => {
    const server = createServer((socket) => {
      socket.on("error", () => {});
      socket.once("data", () => behave(socket));
    });
    const port = await stage.listen(server);
    const answer = await ask({ ip: "127.0.0.1", port, hello, msMax: 400 });
    expect(answer.complete).toBe(false);
    expect(answer.why).toMatch(why);
    expect(answer.seen?.certificates.seen ?? "no").toBe("no");
    expect(answer.bytes).toBeLessThanOrEqual(PROBE_BYTES_MAX + 65_536);
  });

  test("is not there gains nothing", async () => {
    const server = createServer();
    const port = await stage.listen(server);
    await new Promise<void>((resolve) => server.close(() => resolve()));
    const answer = await ask({ ip: "127.0.0.1", port, hello });
    expect(answer).toMatchObject({ complete: false, why: "the connection failed: ECONNREFUSED" });
  });

  test("is called off is asked no more", async () => {
    const port = await stage.listen(createServer((socket) => socket.on("error", () => {})));
    const signal = AbortSignal.abort();
    const answer = await ask({ ip: "127.0.0.1", port, hello, signal });
    expect(answer).toMatchObject({ complete: false, why: "it was called off" });
  });
});

describe("a server that shows the workload another certificate than everybody", () => {
  test("is found in 20 of 20", async () => {
    const honest = await tls([leaves["P-256"], root]);
    const swapped: (boolean | undefined)[] = [];
    for (let turn = 0; turn < 20; turn++) {
      const forger = mint({ subject: `CN=swapped ${turn}`, names: ["probe.test"] });
      swapped.push((await compared(await tls([forger]), honest))?.match);
    }
    expect(swapped).toEqual(Array(20).fill(false));
  });

  test("and pads it to the same length is consistent, which is why that is no proof", async () => {
    const real = [leaves["P-256"], root];
    const room = real.reduce((sum, one) => sum + one.der.length + 5, 0) - 5;
    const match = await compared(await tls([padded(room)]), await tls(real));
    expect(match).toMatchObject({ match: true, by: "records" });
  });
});

/** The workload meets one server, the probe another. */
async function compared(first: number, second: number) {
  const { port, passed } = await stage.relay(first);
  await callInProcess(port);
  const real = workload(passed[0]!);
  const answer = await ask({ ip: "127.0.0.1", port: second, hello: real.hello });
  expect(answer.why).toBeUndefined();
  return matchFlights(real.seen.flight, answer.seen!.flight);
}

/** Self-signed, of exactly so many bytes. */
function padded(bytes: number): Identity {
  const of = (filler: number) =>
    mint({
      subject: "CN=padded",
      names: ["probe.test"],
      extensions: [
        certificateExtension("1.3.6.1.4.1.55555.1", der.octetString(new Uint8Array(filler))),
      ],
    });
  // Signatures vary by a byte or two: until one fits.
  for (let filler = bytes - 600, tries = 0; tries < 2000; tries++) {
    const made = of(filler);
    if (made.der.length === bytes) return made;
    filler +=
      Math.sign(bytes - made.der.length) * Math.max(1, Math.abs(bytes - made.der.length) - 3);
  }
  throw new Error(`no certificate of ${bytes} bytes`);
}

async function tls(chain: readonly Identity[]): Promise<number> {
  const server = createTlsServer({
    key: chain[0]!.keyPem,
    cert: chain.map(({ certificatePem }) => certificatePem).join(""),
  });
  server.on("tlsClientError", () => {});
  server.on("secureConnection", (socket) => socket.on("error", () => {}));
  return stage.listen(server);
}

function drip(socket: Socket): void {
  const bytes = answerWith(share(29, randomBytes(32)));
  let at = 0;
  const timer = setInterval(() => {
    if (socket.destroyed || at >= 20) clearInterval(timer);
    else socket.write(bytes.subarray(at, ++at));
  }, 10);
}

function flood(socket: Socket, type: number, first: Uint8Array = new Uint8Array(0)): void {
  socket.write(first);
  const piece = record(type, message(11, new Uint8Array(16_000)).fill(0xff, 1, 4));
  for (let sent = 0; sent < 10_000_000; sent += piece.length) socket.write(piece);
}

function again(socket: Socket): void {
  const asks = retryWith({ type: 51, body: uint(24, 2) });
  socket.write(asks);
  socket.on("data", () => socket.write(asks));
}

/** TLS 1.2, and a Certificate message that is as long as messages may be. */
function endless(socket: Socket): void {
  const length = 250_000;
  const head = concat(uint(11, 1), uint(length, 3));
  socket.write(concat(record(22, serverHello({ cipher: 0xc02f })), record(22, head)));
  const piece = record(22, new Uint8Array(10_000));
  for (let sent = 0; sent < length - 20_000; sent += 10_000) socket.write(piece);
}
