/** The sizes of a TLS 1.3 server's sealed records, as VISIBILITY.md counts them. */
import { describe, expect, test } from "vitest";
import { KeyLog } from "../../../src/inspect/keys/key-log.ts";
import { TlsConnection } from "../../../src/inspect/tls/connection.ts";
import { mint } from "../../wire/identity.ts";
import { type Flight, recordHandshake } from "../../wire/recorded.ts";
import { applicationData, clientHello, record, serverHello } from "../../wire/tls.ts";
import { flow } from "./hear.ts";

function sizes(flights: readonly Flight[], asked = true, keys?: KeyLog) {
  const connection = new TlsConnection(flow, keys, asked);
  const offsets = { client: 0, server: 0 };
  for (const { party, bytes } of flights) {
    const [from, to, offset, atUs] = [0, bytes.length, offsets[party], 1];
    const side = party === "client" ? 0 : 1;
    connection.push({ kind: "bytes", side, bytes, from, to, offset, atUs });
    offsets[party] += to;
  }
  return connection.result()?.flight;
}

describe("flight sizes", () => {
  test("are those of one record a message, and tell the certificate's length", async () => {
    const chain = [mint({ subject: "CN=a.test", keyType: "P-256" })];
    const { flights, keyLog } = await recordHandshake({ chain, version: "TLSv1.3" });
    const flight = sizes(flights)!;
    expect(flight).toHaveLength(4);
    expect(flight[1]).toBe(8 + chain[0]!.der.length + 5 + 17);
    expect([95, 96, 97]).toContain(flight[2]);
    const keys = new KeyLog();
    keys.add(keyLog);
    expect(sizes(flights, true, keys)).toEqual(flight);
    expect(sizes(flights, false)).toBeUndefined();
  });

  test("are 16 at most, and none of TLS 1.2", async () => {
    const hello: Flight = { party: "client", bytes: record(22, clientHello()) };
    const many = (selected?: number): Flight[] => [
      hello,
      { party: "server", bytes: record(22, serverHello(selected ? { selected } : {})) },
      { party: "server", bytes: applicationData(4000, 100) },
    ];
    expect(sizes(many(0x0304))).toEqual(Array(16).fill(100));
    expect(sizes(many())).toBeUndefined();
  });
});
