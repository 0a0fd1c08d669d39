/**
 * A UDP conversation as its inspector hears it, and what the tests say in it. Every datagram is
 * overwritten once it was pushed, as what is lent is, so an inspector that keeps it gets caught.
 */
import type { Flow, Side } from "../../../src/flow/event.ts";
import type { KeyLog } from "../../../src/inspect/keys/key-log.ts";
import { QuicConnection } from "../../../src/inspect/quic/connection.ts";
import { concat, hex, pattern, uint, vector } from "../../wire/bytes.ts";
import { clientHello, serverHello } from "../../wire/tls.ts";
import {
  cryptoFrame,
  type Header,
  initialSecret,
  longPacket,
  padded,
  V1,
  type Version,
} from "./sealing.ts";

export interface Datagram {
  readonly side: Side;
  readonly bytes: Uint8Array;
  readonly cut?: number;
}

export const flow: Flow = {
  id: 1,
  transport: "udp",
  ends: [
    { ip: "10.0.0.1", port: 40000 },
    { ip: "10.0.0.2", port: 443 },
  ],
  openedAtUs: 1_000,
};

/** The conversation after all of it. Not closed. */
export function hear(said: readonly Datagram[], keys?: KeyLog): QuicConnection {
  const connection = new QuicConnection(flow, keys);
  for (const [index, { side, bytes, cut = 0 }] of said.entries()) {
    const lent = concat(pattern(3), bytes, pattern(3));
    const [from, to] = [3, 3 + bytes.length];
    connection.push({ kind: "datagram", side, bytes: lent, from, to, cut, atUs: 1_001 + index });
    lent.fill(0x5a);
  }
  return connection;
}

/** All that may be asked, but for times. */
export function answer(connection: QuicConnection) {
  const { malformed, overlaps, wants, idle, settled } = connection;
  const results = connection.results().map(({ atUs: _, flow: _flow, ...rest }) => rest);
  const where = overlaps.map(({ side, offset }) => ({ side, offset }));
  return { results, malformed, overlaps: where, wants, idle, settled };
}

export const CLIENT_ID = hex("c0c1c2c3c4c5c6c7");
export const SERVER_ID = hex("5051525354555657");
export const FIRST_ID = hex("f0f1f2f3f4f5f6f7");

export function hello(serverName = "api.corp.example", seed = 0): Uint8Array {
  const share = { type: 51, body: vector(2, uint(29, 2), vector(2, pattern(32, seed))) };
  const parameters = { type: 57, body: pattern(40, seed) };
  const made = clientHello({
    serverName,
    alpn: ["h3"],
    versions: [0x0304],
    ciphers: [0x1301, 0x1302],
    extensions: [share, parameters],
  });
  made.set(pattern(32, seed), 6);
  return made;
}

export function answerHello(): Uint8Array {
  const share = { type: 51, body: concat(uint(29, 2), vector(2, pattern(32, 7))) };
  const version = { type: 43, body: uint(0x0304, 2) };
  return serverHello({ cipher: 0x1301, extensions: [version, share] });
}

export interface Ids {
  readonly version?: Version;
  /** What the keys come from. */
  readonly key?: Uint8Array;
  readonly dcid?: Uint8Array;
  readonly scid?: Uint8Array;
  readonly number?: number;
  readonly token?: Uint8Array;
}

/** A client's Initial packet, as large as it must be. */
export function clientInitial(frames: Uint8Array, ids: Ids = {}): Uint8Array {
  const { version = V1, key = FIRST_ID, dcid = FIRST_ID, scid = CLIENT_ID, number = 0 } = ids;
  const header: Header = { type: "initial", dcid, scid, number, token: ids.token ?? hex("") };
  return longPacket(initialSecret(version, key, "client"), header, padded(frames));
}

export function serverInitial(frames: Uint8Array, ids: Ids = {}): Uint8Array {
  const { version = V1, key = FIRST_ID, dcid = CLIENT_ID, scid = SERVER_ID, number = 0 } = ids;
  const header: Header = { type: "initial", dcid, scid, number };
  return longPacket(initialSecret(version, key, "server"), header, frames);
}

/** Sealed with a key that nobody has. */
export function sealed(type: "handshake" | "0-rtt", ids: Ids = {}, version = V1): Uint8Array {
  const { dcid = CLIENT_ID, scid = SERVER_ID, number = 0 } = ids;
  const bytes = pattern(32, 99);
  const secret = { version, bytes, hash: "sha256", aead: "aes-128-gcm" } as const;
  return longPacket(secret, { type, dcid, scid, number }, pattern(60));
}

export function short(dcid: Uint8Array, size = 40): Uint8Array {
  return concat(uint(0x41, 1), dcid, pattern(size, 3));
}

/** A whole handshake: hello, answer, the server's Handshake packet, the client's application data. */
export function handshake(ids: Ids = {}, serverName?: string): Datagram[] {
  const { key = FIRST_ID, scid = CLIENT_ID, version = V1 } = ids;
  const served = serverInitial(cryptoFrame(0, answerHello()), { version, key, dcid: scid });
  return [
    { side: 0, bytes: clientInitial(cryptoFrame(0, hello(serverName)), ids) },
    { side: 1, bytes: concat(served, sealed("handshake", { dcid: scid }, version)) },
    { side: 0, bytes: sealed("handshake", { dcid: SERVER_ID, scid }, version) },
    { side: 0, bytes: short(SERVER_ID) },
  ];
}
