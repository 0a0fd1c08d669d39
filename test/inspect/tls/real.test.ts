/** Handshakes that OpenSSL really made, held to what was asked of it and to what it says itself. */
import { describe, expect, test } from "vitest";
import { mint } from "../../wire/identity.ts";
import { type RecordingShape, recordHandshake } from "../../wire/recorded.ts";
import { hear, saidIn } from "./hear.ts";

const root = mint({ subject: "CN=Root,O=Example", ca: true });
const leaf = mint({ subject: "CN=a.test", names: ["a.test"], issuer: root });
const rsa = mint({ subject: "CN=a.test", names: ["a.test"], issuer: root, keyType: "rsa-2048" });
const person = mint({ subject: "CN=Someone", issuer: root });
const shape = { chain: [leaf, root], serverName: "a.test", alpn: ["h2"] };

async function heard(more: Partial<RecordingShape> = {}) {
  const recording = await recordHandshake({ ...shape, ...more });
  const connection = hear(saidIn(recording.flights));
  expect(connection.malformed).toEqual([]);
  return { ...recording, connection, result: connection.result() };
}

describe("a handshake of OpenSSL", () => {
  test.each([
    ["TLSv1", "TLS1.0"],
    ["TLSv1.1", "TLS1.1"],
    ["TLSv1.2", "TLS1.2"],
  ] as const)("of %s shows its chain and its end", async (version, name) => {
    const { result, connection } = await heard({ version });
    expect(result).toMatchObject({
      version: name,
      serverName: "a.test",
      alpn: "h2",
      alpnOffered: ["h2"],
      group: "x25519",
      established: true,
      resumed: false,
      coverage: [],
      certificates: { seen: "wire" },
    });
    expect(result?.certificates.chain.map((der) => Buffer.from(der))).toEqual(
      [leaf.der, root.der].map((der) => Buffer.from(der)),
    );
    expect(connection.settled).toBe(true);
  });

  test("of TLS 1.3 shows that its chain is encrypted", async () => {
    const { result, connection } = await heard({ version: "TLSv1.3" });
    expect(result).toMatchObject({
      version: "TLS1.3",
      established: true,
      certificates: { seen: "no", why: "encrypted", chain: [] },
    });
    expect(result).not.toHaveProperty("alpn");
    expect(connection.wants).toBe("records");
  });

  test.each([
    ["TLSv1.2", "ticket"],
    ["TLSv1.3", "psk"],
  ] as const)("of %s that resumes says how", async (version, resumed) => {
    const ticketKeys = Buffer.alloc(48, 7);
    const { session } = await heard({ version, ticketKeys });
    if (session === undefined) throw new Error("no session");
    const again = await heard({ version, ticketKeys, session });
    expect(again.resumed).toBe(true);
    expect(again.result).toMatchObject({
      resumed,
      established: true,
      certificates: { seen: "no", why: "resumed" },
    });
  });

  test("with a client certificate shows it in TLS 1.2 and not in TLS 1.3", async () => {
    const clear = await heard({ version: "TLSv1.2", clientChain: [person] });
    expect(clear.result?.clientCertificates).toMatchObject({ seen: "wire" });
    const [der] = clear.result?.clientCertificates?.chain ?? [];
    expect(Buffer.from(der ?? [])).toEqual(Buffer.from(person.der));
    const hidden = await heard({ version: "TLSv1.3", clientChain: [person] });
    expect(hidden.result).not.toHaveProperty("clientCertificates");
  });

  test("without encryption is established all the same", async () => {
    const ciphers = "NULL-SHA256:@SECLEVEL=0";
    const { result, connection } = await heard({ chain: [rsa, root], ciphers });
    expect(result).toMatchObject({ cipher: "TLS_RSA_WITH_NULL_SHA256", established: true });
    expect(connection.wants).toBe("records");
  });

  test("with an anonymous suite has no certificate", async () => {
    const { result } = await heard({ ciphers: "AECDH-AES128-SHA:@SECLEVEL=0" });
    expect(result).toMatchObject({
      cipher: "TLS_ECDH_anon_WITH_AES_128_CBC_SHA",
      group: "x25519",
      established: true,
      certificates: { seen: "no", why: "none-sent", chain: [] },
    });
  });
});
