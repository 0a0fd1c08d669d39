/** Handshakes of TLS 1.2 inside the protection of an earlier one, with the master secrets of both. */
import { describe, expect, test } from "vitest";
import { KeyLog } from "../../../src/inspect/keys/key-log.ts";
import { parseCertificate } from "../../../src/trust/certificate.ts";
import { checkPossession } from "../../../src/trust/possession.ts";
import { differences } from "../../drip.ts";
import { mint } from "../../wire/identity.ts";
import { type RecordingShape, recordHandshake } from "../../wire/recorded.ts";
import { answer, flow, gap, hear, type Said, saidIn } from "../tls/hear.ts";

const identity = mint({ subject: "CN=a.test", names: ["a.test"], keyType: "rsa-2048" });
const other = mint({ subject: "CN=b.test", names: ["b.test"], keyType: "rsa-2048" });
const own = mint({ subject: "CN=me" });

async function recorded(shape: Partial<RecordingShape> = {}) {
  const { flights, keyLog } = await recordHandshake({
    chain: [identity],
    renegotiated: [other],
    serverName: "a.test",
    version: "TLSv1.2",
    request: "x".repeat(40_000),
    ...shape,
  });
  const keys = new KeyLog();
  keys.add(keyLog);
  return { said: saidIn(flights), keys, keyLog };
}

const SUITES = [
  ["ECDHE-RSA-AES128-GCM-SHA256", "AEAD with half of its nonce in the record"],
  ["ECDHE-RSA-AES256-GCM-SHA384", "the same with SHA-384"],
  ["ECDHE-RSA-CHACHA20-POLY1305", "a nonce made of the record's number alone"],
  ["DHE-RSA-AES128-CCM", "CCM"],
  ["DHE-RSA-AES256-CCM8", "CCM with the short tag"],
  ["ECDHE-RSA-AES128-SHA", "CBC with HMAC-SHA1, and encrypt-then-MAC"],
  ["ECDHE-RSA-AES256-SHA384", "CBC with HMAC-SHA384, and encrypt-then-MAC"],
  ["AES128-SHA256", "static RSA, which proves nothing"],
] as const;

describe("a renegotiated handshake", () => {
  test.each(SUITES)("of %s is read: %s", async (ciphers) => {
    const { said, keys } = await recorded({
      ciphers: `${ciphers}:@SECLEVEL=0`,
      clientChain: [own],
    });
    const connection = hear(said, flow, keys);
    expect(connection.malformed).toEqual([]);
    const outer = connection.result()!;
    expect(outer).toMatchObject({ certificates: { seen: "wire" }, renegotiations: 1 });
    expect(outer.certificates.chain.map((der) => Buffer.from(der))).toEqual([
      Buffer.from(identity.der),
    ]);
    const [inner, ...more] = connection.renegotiated();
    expect(more).toEqual([]);
    expect(inner).toMatchObject({
      version: "TLS1.2",
      serverName: "a.test",
      renegotiated: true,
      established: true,
      certificates: { seen: "decrypted" },
      clientCertificates: { seen: "decrypted" },
    });
    expect(inner!.steps).toContain("new-session-ticket");
    expect(inner!.sessionsGiven).toHaveLength(1);
    const [leaf] = inner!.certificates.chain;
    expect(Buffer.from(leaf!)).toEqual(Buffer.from(other.der));
    if (ciphers === "AES128-SHA256") expect(inner!.unproved).toBe("static-rsa");
    else expect(checkPossession(inner!.proof!, parseCertificate(leaf!)).state).toBe("verified");
  });

  test.each(["AES128-SHA", "ECDHE-RSA-AES256-SHA384"])(
    "of %s is read where the MAC is inside what is encrypted",
    async (suite) => {
      const ciphers = `${suite}:@SECLEVEL=0`;
      const { said, keys } = await recorded({ ciphers, macInside: true });
      const connection = hear(said, flow, keys);
      expect(connection.malformed).toEqual([]);
      expect(connection.renegotiated()).toMatchObject([{ established: true }]);
      const beside = await recorded({ ciphers });
      // The agreement stands in the ServerHello.
      expect(connection.result()!.ja3s).not.toBe(hear(beside.said).result()!.ja3s);
    },
  );

  test("is read the same in any pieces", async () => {
    const { said, keys } = await recorded({ request: "x" });
    const both = (pieces: readonly Said[]) => ({
      ...answer(pieces, flow, keys),
      inner: hear(pieces, flow, keys)
        .renegotiated()
        .map(({ atUs: _, certificates, proof, ...rest }) => ({
          ...rest,
          chain: certificates.chain.map((der) => Buffer.from(der).toString("hex")),
          signature: proof && Buffer.from(proof.signature).toString("hex"),
        })),
    });
    expect(differences(said, both)).toEqual({});
    expect(both(said).inner).toHaveLength(1);
  });

  test("is only counted without keys, and with those of the first handshake read to its end", async () => {
    const { said, keyLog } = await recorded();
    expect(hear(said).renegotiated()).toEqual([]);
    expect(hear(said).result()?.renegotiations).toBe(1);
    const [first] = keyLog.toString("latin1").split("\n");
    const keys = new KeyLog();
    keys.add(Buffer.from(`${first}\n`));
    const connection = hear(said, flow, keys);
    expect(connection.malformed).toEqual([]);
    const [inner] = connection.renegotiated();
    // Its Finished are under its own keys.
    expect(inner).toMatchObject({ established: true, certificates: { seen: "decrypted" } });
    expect(connection.result()?.renegotiations).toBe(1);
  });

  test("is not looked for with a secret that is none of this connection's", async () => {
    const { said, keyLog } = await recorded();
    const keys = new KeyLog();
    keys.add(
      Buffer.from(keyLog.toString("latin1").replace(/ [0-9a-f]{96}$/gm, ` ${"0b".repeat(48)}`)),
    );
    const connection = hear(said, flow, keys);
    expect(connection.renegotiated()).toEqual([]);
    expect(connection.malformed.map(({ reason }) => reason)).toEqual([
      "a sealed record that its secret does not open",
      "a sealed record that its secret does not open",
    ]);
    expect(connection.result()).toMatchObject({ established: true, renegotiations: 1 });
  });

  test("is given up where bytes of its records are missing", async () => {
    const { said, keys } = await recorded();
    const at = said.findIndex(({ bytes }, place) => place > 1 && bytes.length > 1000);
    const { side, bytes } = said[at]!;
    const holed = [
      ...said.slice(0, at),
      { side, bytes: bytes.subarray(0, 200) },
      gap(side, 100),
      { side, bytes: bytes.subarray(300) },
      ...said.slice(at + 1),
    ];
    const connection = hear(holed, flow, keys);
    expect(connection.result()).toMatchObject({ certificates: { seen: "wire" } });
    expect(connection.malformed.length + connection.renegotiated().length).toBeGreaterThan(0);
    for (const inner of connection.renegotiated()) expect(inner.established).toBe(false);
  });
});
