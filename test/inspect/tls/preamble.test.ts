/** TLS that a connection comes to only after having said something else (STARTTLS is not named yet). */
import { describe, expect, test } from "vitest";
import type { Flow, Side } from "../../../src/flow/event.ts";
import { TlsConnection } from "../../../src/inspect/tls/connection.ts";
import { concat, hex, latin1, pattern } from "../../wire/bytes.ts";
import {
  certificate,
  clientHello,
  RECORD,
  record,
  serverHello,
  serverHelloDone,
} from "../../wire/tls.ts";

const hello = record(RECORD.handshake, clientHello({ serverName: "a.test" }));
const answer = concat(
  record(RECORD.handshake, serverHello({ version: 0x0303 })),
  record(RECORD.handshake, serverHelloDone()),
);
const request = Uint8Array.of(0, 0, 0, 8, 4, 0xd2, 0x16, 0x2f);

describe("a connection that comes to TLS later", () => {
  test.each([1, 3, 5, 7, 64, 1460])("is read from its hello on, in pieces of %i bytes", (size) => {
    const said: [Side, Uint8Array][] = [
      [0, request],
      [1, latin1("S")],
      [0, hello],
      [1, answer],
    ];
    expect(heard(said, size)).toMatchObject({
      client: 0,
      serverName: "a.test",
      version: "TLS1.2",
      steps: ["client-hello", "server-hello", "server-hello-done"],
      coverage: [],
    });
  });

  test("is read from the server's hello on where the client's was not captured", () => {
    const connection = new TlsConnection(flow);
    push(connection, 0, latin1("CONNECT"), 0);
    connection.push({ kind: "gap", side: 0, offset: 7, count: 200, why: "loss", atUs: 2 });
    push(connection, 1, concat(latin1("200 OK"), answer), 0);
    expect(connection.result()).toMatchObject({ client: 0, version: "TLS1.2" });
    expect(connection.result()?.coverage).toContain("midstream");
  });

  test("is read behind bytes that were lost", () => {
    const connection = new TlsConnection(flow);
    connection.push({ kind: "gap", side: 0, offset: 0, count: 8, why: "loss", atUs: 1 });
    push(connection, 0, hello, 8);
    expect(connection.result()).toMatchObject({ client: 0, serverName: "a.test" });
  });

  test("shows no certificate that another protocol's headers may run through", () => {
    const chain = record(RECORD.handshake, certificate([pattern(500, 3)]));
    const end = record(RECORD.handshake, serverHelloDone());
    const hello = record(RECORD.handshake, serverHello({ version: 0x0303 }));
    const framed = concat(
      latin1("S"),
      hello,
      chain.subarray(0, 200),
      hex("0201"),
      chain.subarray(200),
      end,
    );
    expect(certificatesOf(framed)).toEqual({ seen: "no", why: "cut-short", chain: [] });
    expect(certificatesOf(concat(latin1("S"), hello, chain))).toMatchObject({ seen: "no" });
    const plain = concat(latin1("S"), hello, chain, end);
    expect(certificatesOf(plain)).toEqual({ seen: "wire", chain: [pattern(500, 3)] });
  });

  test("is given up once one side has said more than an upgrade takes", () => {
    const connection = new TlsConnection(flow);
    push(connection, 1, pattern(4000, 1), 0);
    expect(connection.wants).toBe("bytes");
    push(connection, 1, pattern(200, 2), 4000);
    expect(connection.wants).toBe("nothing");
    expect(connection.result()).toBeUndefined();
  });
});

function heard(said: readonly [Side, Uint8Array][], size: number) {
  const connection = new TlsConnection(flow);
  const offsets = [0, 0];
  for (const [side, bytes] of said) {
    for (let at = 0; at < bytes.length; at += size) {
      const piece = bytes.subarray(at, at + size);
      push(connection, side, piece, offsets[side]!);
      offsets[side]! += piece.length;
    }
  }
  return connection.result();
}

function certificatesOf(server: Uint8Array) {
  const connection = new TlsConnection(flow);
  push(connection, 1, server, 0);
  return connection.result()?.certificates;
}

function push(connection: TlsConnection, side: Side, bytes: Uint8Array, offset: number): void {
  const [from, to] = [0, bytes.length];
  connection.push({ kind: "bytes", side, bytes, from, to, offset, atUs: 1 });
}

const flow: Flow = {
  id: 1,
  transport: "tcp",
  ends: [
    { ip: "10.0.0.1", port: 40000 },
    { ip: "10.0.0.2", port: 15432 },
  ],
  opener: 0,
  openedAtUs: 1,
};
