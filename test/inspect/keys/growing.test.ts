/** Secrets that come while the connection is read: from a key log that grows beside live traffic. */
import { describe, expect, test } from "vitest";
import { KeyLog } from "../../../src/inspect/keys/key-log.ts";
import type { TlsObservation } from "../../../src/inspect/observation.ts";
import { QuicConnection } from "../../../src/inspect/quic/connection.ts";
import { TlsConnection } from "../../../src/inspect/tls/connection.ts";
import { mint } from "../../wire/identity.ts";
import { recordHandshake } from "../../wire/recorded.ts";
import { datagrams } from "../quic/captured.ts";
import { flow as udp } from "../quic/hear.ts";
import { flow, type Said, saidIn } from "../tls/hear.ts";

const identity = mint({ subject: "CN=a.test", names: ["a.test"] });
const own = mint({ subject: "CN=me" });

async function recorded(version: "TLSv1.2" | "TLSv1.3", request = "x") {
  const chains = { chain: [identity], clientChain: [own] };
  const { flights, keyLog } = await recordHandshake({ ...chains, version, request });
  return { said: saidIn(flights), keyLog };
}

/** Hears all of it; the secrets come before the flight of that number. */
function hear(said: readonly Said[], keyLog: Uint8Array, before: number) {
  const keys = new KeyLog(true);
  const connection = new TlsConnection(flow, keys);
  const offsets: [number, number] = [0, 0];
  const kept: number[] = [];
  for (const [turn, { side, bytes }] of said.entries()) {
    if (turn === before) keys.add(keyLog);
    const [from, to, offset, atUs] = [0, bytes.length, offsets[side], 2_000 + turn];
    const lent = bytes.slice();
    connection.push({ kind: "bytes", side, bytes: lent, from, to, offset, atUs });
    lent.fill(0xaa);
    offsets[side] += to;
    kept.push(keys.heldBytes);
  }
  if (before === said.length) keys.add(keyLog);
  const wants = connection.wants;
  connection.push({ kind: "closed", why: "fin", atUs: 3_000 });
  const { atUs: _, ...seen } = connection.result()!;
  return { seen: plain(seen), malformed: connection.malformed, keys, kept, wants };
}

/** Messages that were held are told when they are opened: of the steps, which they are. */
const plain = (seen: Omit<TlsObservation, "atUs">) => ({
  ...seen,
  steps: seen.steps.filter((step) => step !== "application-data").sort(),
  proof: seen.proof && Buffer.from(seen.proof.signature).toString("hex"),
  clientProof: seen.clientProof && Buffer.from(seen.clientProof.signature).toString("hex"),
  chain: seen.certificates.chain.map((der) => Buffer.from(der).toString("hex")),
});

describe("the secrets of TLS 1.3", () => {
  /** Client hello, server's flight, client's flight and request, tickets and answer, ends. */
  test.each([
    [1, "behind the ClientHello, as all do that come from a peer"],
    [2, "behind the server's flight"],
    [3, "behind the client's"],
  ])("may come before flight %i: %s", async (before) => {
    const { said, keyLog } = await recorded("TLSv1.3");
    const late = hear(said, keyLog, before);
    expect(late.seen).toEqual(hear(said, keyLog, 0).seen);
    expect(late.seen).toMatchObject({
      established: true,
      finished: "verified",
      certificates: { seen: "decrypted" },
      clientCertificates: { seen: "decrypted" },
    });
    expect(late.malformed).toEqual([]);
    expect(late.kept[1]! > 0).toBe(before > 1);
    expect(late.kept.at(-1)).toBe(0);
  });

  test("are waited for until the connection ends, where it says little", async () => {
    const { said, keyLog } = await recorded("TLSv1.3");
    const { seen, keys } = hear(said, keyLog, said.length);
    expect(seen.certificates.seen).toBe("decrypted");
    expect(keys.heldBytes).toBe(0);
  });

  test("are given up once the client has said much, and then it is as without keys", async () => {
    const { said, keyLog } = await recorded("TLSv1.3", "x".repeat(300_000));
    const { seen, kept, keys, malformed, wants } = hear(said, keyLog, said.length - 1);
    expect(seen).toEqual(hear(said, Buffer.alloc(0), 0).seen);
    expect(seen).toMatchObject({
      established: true,
      certificates: { seen: "no", why: "encrypted" },
    });
    expect(malformed).toEqual([]);
    expect(wants).toBe("records");
    expect(kept.at(-1)).toBe(0);
    expect(Math.max(...kept)).toBeLessThanOrEqual(2 * 65_536);
    expect(keys.unheld).toBe(1);
  });

  test("are not waited for where the key log is whole", async () => {
    const { said } = await recorded("TLSv1.3");
    const keys = new KeyLog();
    const connection = new TlsConnection(flow, keys);
    let offset = 0;
    for (const { side, bytes } of said.slice(0, 2)) {
      const [from, to, atUs] = [0, bytes.length, 2_000];
      connection.push({ kind: "bytes", side, bytes, from, to, offset: 0, atUs });
      offset += to;
    }
    expect(offset).toBeGreaterThan(1000);
    expect(keys.heldBytes).toBe(0);
  });
});

test("the master secret of TLS 1.2 may come just before it is used", async () => {
  const { said, keyLog } = await recorded("TLSv1.2");
  const early = hear(said, keyLog, 0);
  expect(hear(said, keyLog, 2).seen).toEqual(early.seen);
  expect(early.seen.steps).toContain("finished");
});

test.each(["quic-secrets", "quic-secrets-v2"])("those of %s may come late", async (name) => {
  const { said, text } = await datagrams(name);
  const results = [0, 1, 2, 3, said.length].map((before) => {
    const keys = new KeyLog(true);
    const connection = new QuicConnection(udp, keys);
    for (const [turn, { side, bytes }] of said.entries()) {
      if (turn === before) keys.add(text);
      const [from, to, atUs] = [0, bytes.length, 2_000 + turn];
      connection.push({ kind: "datagram", side, bytes: bytes.slice(), from, to, cut: 0, atUs });
    }
    if (before === said.length) keys.add(text);
    const [seen] = connection.results();
    return plain(seen!);
  });
  expect(results[0]).toMatchObject({ certificates: { seen: "decrypted" }, finished: "verified" });
  for (const late of results.slice(1)) expect(late).toEqual(results[0]);
});
