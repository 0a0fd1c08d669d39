/** A DTLS conversation as its inspector hears it: datagrams, told as the flow table tells them. */
import { createHash } from "node:crypto";
import type { Flow, Side } from "../../../src/flow/event.ts";
import { DtlsConnection } from "../../../src/inspect/dtls/connection.ts";
import { concat, pattern } from "../../wire/bytes.ts";
import { dtlsRecord, handshake, helloVerifyRequest, withCookie } from "../../wire/dtls.ts";
import { certificate, clientHello, message, serverHello, serverHelloDone } from "../../wire/tls.ts";

export interface Sent {
  readonly side: Side;
  readonly bytes: Uint8Array;
  /** Bytes at its end that were not captured. */
  readonly cut?: number;
}

export const client = (...records: readonly Uint8Array[]): Sent => ({
  side: 0,
  bytes: concat(...records),
});
export const server = (...records: readonly Uint8Array[]): Sent => ({
  side: 1,
  bytes: concat(...records),
});

export const flow: Flow = {
  id: 1,
  transport: "udp",
  ends: [
    { ip: "10.0.0.1", port: 40000 },
    { ip: "10.0.0.2", port: 4433 },
  ],
  openedAtUs: 1_000,
};

/** The connection after all of it. Not closed: what it holds is still held. */
export function hear(sent: readonly Sent[]): DtlsConnection {
  const connection = new DtlsConnection(flow);
  let atUs = flow.openedAtUs;
  for (const { side, bytes, cut = 0 } of sent) {
    // Lent: not at the beginning of its buffer, and overwritten at once.
    const lent = new Uint8Array(bytes.length + 5);
    lent.set(bytes, 3);
    const to = 3 + bytes.length;
    connection.push({ kind: "datagram", side, bytes: lent, from: 3, to, cut, atUs: atUs++ });
    lent.fill(0xaa);
  }
  return connection;
}

/** All that may be asked once it is over. */
export function answer(sent: readonly Sent[]) {
  const connection = hear(sent);
  connection.push({ kind: "closed", why: "end", atUs: 9_000 });
  const {
    certificates,
    clientCertificates,
    proof: _,
    atUs: __,
    ...rest
  } = connection.results()[0] ?? {};
  const chain = (der: readonly Uint8Array[] = []) =>
    der.map((bytes) => createHash("sha256").update(bytes).digest("hex").slice(0, 8));
  return {
    ...rest,
    why: certificates?.why,
    chain: chain(certificates?.chain),
    clientChain: chain(clientCertificates?.chain),
    malformed: connection.malformed.map(({ side, at, reason }) => `${side} ${at}: ${reason}`),
    overlaps: connection.overlaps.map(({ side }) => side),
  };
}

/** A ClientHello whose random begins with `random`. */
export function hello(random = 1, cookie?: Uint8Array): Uint8Array {
  const bytes = clientHello({ version: 0xfefd, serverName: "a.example" });
  bytes[6] = random;
  return withCookie(bytes, cookie);
}

export const CHAIN = [pattern(700, 1), pattern(900, 2)];
const KEY_EXCHANGE = message(16, pattern(66));
export const CHANGE = dtlsRecord(20, Uint8Array.of(1), { sequence: 9 });
export const FINISHED = dtlsRecord(22, pattern(40), { epoch: 1 });

/** The server's messages of a full handshake, in order, in the places behind a cookie. */
export const FLIGHT: readonly (readonly [sequence: number, bytes: Uint8Array])[] = [
  [1, serverHello({ version: 0xfefd })],
  [2, certificate(CHAIN)],
  [3, serverHelloDone()],
];

/** A full handshake of DTLS 1.2 with a cookie, a datagram a record. */
export function full(): Sent[] {
  return [
    client(handshake(hello(), { sequence: 0 })),
    server(handshake(helloVerifyRequest(pattern(20)), { sequence: 0 })),
    client(handshake(hello(1, pattern(20)), { sequence: 1 })),
    ...FLIGHT.map(([sequence, bytes]) => server(handshake(bytes, { sequence }))),
    client(handshake(KEY_EXCHANGE, { sequence: 2 })),
    client(CHANGE, FINISHED),
    server(CHANGE, FINISHED),
  ];
}
