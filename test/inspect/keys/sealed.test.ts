/** Sealed flights of TLS 1.3 with their keys: of real peers, and of servers that no peer would believe. */
import { deflateSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { KeyLog } from "../../../src/inspect/keys/key-log.ts";
import type { TlsObservation } from "../../../src/inspect/observation.ts";
import { parseCertificate } from "../../../src/trust/certificate.ts";
import { checkPossession } from "../../../src/trust/possession.ts";
import { differences } from "../../drip.ts";
import { concat, hex, pattern, uint, vector } from "../../wire/bytes.ts";
import { mint, spkiOf } from "../../wire/identity.ts";
import { type Recording, recordHandshake } from "../../wire/recorded.ts";
import { changeCipherSpec, message, record } from "../../wire/tls.ts";
import { answer, client, flow, gap, hear, type Said, saidIn, server } from "../tls/hear.ts";
import {
  ANSWER,
  certificates,
  clientSealer,
  encryptedExtensions,
  extension,
  flightOf,
  HELLO,
  keysFor,
  serverSealer,
  verify,
} from "./sealer.ts";

const identity = mint({ subject: "CN=a.test", names: ["a.test"] });
const own = mint({ subject: "CN=me" });
const ders = (seen: TlsObservation["certificates"] | undefined) =>
  seen?.chain.map((der) => Buffer.from(der));
const proved = (seen: TlsObservation) =>
  checkPossession(seen.proof!, parseCertificate(seen.certificates.chain[0]!)).state;

describe("a real handshake", () => {
  const SHAPES = [
    { name: "TLS_AES_128_GCM_SHA256" },
    { name: "TLS_AES_256_GCM_SHA384" },
    { name: "TLS_CHACHA20_POLY1305_SHA256" },
    { name: "TLS_AES_128_CCM_SHA256" },
    { name: "TLS_AES_128_CCM_8_SHA256" },
    { name: "TLS_AES_128_GCM_SHA256", groups: { client: "P-256:P-384", server: "P-384" } },
    { name: "TLS_AES_256_GCM_SHA384", groups: { client: "X25519:P-521", server: "P-521" } },
    {
      name: "TLS_AES_256_GCM_SHA384",
      groups: { client: "X25519MLKEM768", server: "X25519MLKEM768" },
    },
  ] as const;

  test.each(SHAPES)(
    "of $name is read whole, and its proofs hold: $groups.server",
    async (shape) => {
      const recording = await recordHandshake({
        chain: [identity],
        clientChain: [own],
        version: "TLSv1.3",
        serverName: "a.test",
        alpn: ["h2"],
        // Tags of 8 bytes are below what OpenSSL calls safe.
        ciphers: `${shape.name}:ALL:@SECLEVEL=0`,
        ...("groups" in shape && { groups: shape.groups }),
      });
      const { seen, connection } = opened(recording);
      expect(connection.malformed).toEqual([]);
      expect(connection.wants).toBe("records");
      expect(seen).toMatchObject({
        cipher: shape.name,
        alpn: "h2",
        established: true,
        finished: "verified",
        certificates: { seen: "decrypted" },
        clientCertificates: { seen: "decrypted" },
      });
      expect(ders(seen.certificates)).toEqual([Buffer.from(identity.der)]);
      expect(ders(seen.clientCertificates)).toEqual([Buffer.from(own.der)]);
      expect(proved(seen)).toBe("verified");
      expect(checkPossession(seen.clientProof!, parseCertificate(own.der)).state).toBe("verified");
      if ("groups" in shape)
        expect(seen.steps.includes("hello-retry-request")).toBe(shape.groups.client.includes(":"));
      // Nothing else than keys changes what is in clear.
      const {
        certificates: _,
        clientCertificates: __,
        proof,
        clientProof,
        finished,
        alpn,
        steps,
        ...same
      } = seen;
      expect(hear(saidIn(recording.flights)).result()).toMatchObject(same);
    },
  );

  test("is read the same in any pieces", async () => {
    const recording = await recordHandshake({
      chain: [identity],
      clientChain: [own],
      version: "TLSv1.3",
    });
    const log = new KeyLog();
    log.add(recording.keyLog);
    const said = saidIn(recording.flights);
    expect(differences(said, (pieces) => answer(pieces, flow, log))).toEqual({});
  });

  test("that is resumed has no certificate to decrypt", async () => {
    const shape = {
      chain: [identity],
      version: "TLSv1.3",
      ticketKeys: Buffer.alloc(48, 7),
    } as const;
    const first = await recordHandshake(shape);
    const again = await recordHandshake({
      ...shape,
      ...(first.session && { session: first.session }),
    });
    expect(again.resumed).toBe(true);
    const { seen } = opened(again);
    expect(seen).toMatchObject({
      resumed: "psk",
      finished: "verified",
      certificates: { seen: "no", why: "resumed" },
    });
  });

  function opened({ flights, keyLog }: Recording) {
    const log = new KeyLog();
    log.add(keyLog);
    const connection = hear(saidIn(flights), flow, log);
    return { connection, seen: connection.result()! };
  }
});

describe("a server's sealed flight", () => {
  const keys = keysFor();
  const extensions = encryptedExtensions();
  const chain = certificates([identity.der]);
  const proof = verify([HELLO, ANSWER, extensions, chain], identity.key);
  const read = (said: readonly Said[]) => {
    const connection = hear(said, flow, keys);
    const reasons = connection.malformed.map(({ reason }) => reason);
    return { connection, reasons, seen: connection.result()! };
  };
  const hellos = [client(record(22, HELLO)), server(record(22, ANSWER))];

  test("is read, its proof and Finished hold", () => {
    const { seen, reasons } = read(flightOf([extensions, chain, proof]));
    expect(reasons).toEqual([]);
    expect(ders(seen.certificates)).toEqual([Buffer.from(identity.der)]);
    expect([proved(seen), seen.finished]).toEqual(["verified", "verified"]);
  });

  test("in one record, in records of five bytes, padded: all the same", () => {
    const all = concat(extensions, chain, proof);
    const finished = serverSealer().finished([HELLO, ANSWER, extensions, chain, proof]);
    const text = concat(all, finished);
    const ways = [text.length, 5, 61].map((size) => {
      const sealer = serverSealer();
      const pieces: Uint8Array[] = [];
      for (let at = 0; at < text.length; at += size) {
        pieces.push(sealer.seal(text.subarray(at, at + size), 22, size % 7));
      }
      return read([...hellos, server(concat(...pieces))]);
    });
    for (const { seen, reasons } of ways) {
      expect(reasons).toEqual([]);
      expect(seen).toMatchObject({ certificates: { seen: "decrypted" }, finished: "verified" });
    }
  });

  test("with a proof of another key is failed, with a forged Finished too", () => {
    const forged = verify([HELLO, ANSWER, extensions, chain], own.key);
    expect(proved(read(flightOf([extensions, chain, forged])).seen)).toBe("failed");
    const sealer = serverSealer();
    const wrong = [extensions, chain, proof, message(20, pattern(32))];
    const said = [...hellos, server(concat(...wrong.map((one) => sealer.seal(one))))];
    expect(read(said).seen).toMatchObject({
      certificates: { seen: "decrypted" },
      finished: "failed",
    });
  });

  test("with a compressed certificate is read as the plain one, and proved over what was sent", () => {
    const body = chain.subarray(4);
    const packed = deflateSync(body);
    const sent = message(25, concat(uint(1, 2), uint(body.length, 3), vector(3, packed)));
    const good = verify([HELLO, ANSWER, extensions, sent], identity.key);
    const { seen, reasons } = read(flightOf([extensions, sent, good]));
    expect(reasons).toEqual([]);
    expect(ders(seen.certificates)).toEqual([Buffer.from(identity.der)]);
    expect(seen.steps).toContain("compressed-certificate");
    expect([proved(seen), seen.finished]).toEqual(["verified", "verified"]);
  });

  test("with a raw public key says so, and is no certificate", () => {
    const chosen = encryptedExtensions(extension(20, hex("02")));
    const raw = certificates([spkiOf(identity.key)]);
    const good = verify([HELLO, ANSWER, chosen, raw], identity.key);
    const { seen, reasons } = read(flightOf([chosen, raw, good]));
    expect(reasons).toEqual([]);
    expect(seen.certificates).toEqual({ seen: "no", why: "raw-public-key", chain: [] });
  });

  test("without a certificate says that none was sent", () => {
    expect(read(flightOf([extensions])).seen.certificates).toMatchObject({ why: "none-sent" });
    expect(read(flightOf([extensions, certificates([])])).seen.certificates).toMatchObject({
      why: "none-sent",
    });
  });

  const bomb = deflateSync(new Uint8Array(10_000_000));
  const pkcs1 = verify([HELLO, ANSWER, extensions, chain], identity.key, "server", 0x0401);
  const rows: [string, readonly Uint8Array[], string][] = [
    ["a certificate before its extensions", [chain], "expected EncryptedExtensions"],
    ["two certificates", [extensions, chain, chain], "type 11 where it cannot come"],
    ["a ServerHello", [extensions, ANSWER], "type 2 where it cannot come"],
    ["extensions that lie", [message(8, hex("0009"))], "extensions do not fill"],
    [
      "a signature that lies",
      [extensions, chain, message(15, hex("0403 0009"))],
      "signature does not fill",
    ],
    ["a scheme of TLS 1.2", [extensions, chain, pkcs1], "0x0401, which TLS 1.3 forbids"],
    [
      "a bomb",
      [extensions, message(25, concat(uint(1, 2), uint(500, 3), vector(3, bomb)))],
      "do not unpack to 500 bytes",
    ],
    [
      "a message beyond the limit",
      [extensions, message(11, pattern(5), 262_145)],
      "262145 byte message",
    ],
  ];
  test.each(rows)("with %s is told, and its Finished is not believed", (_, messages, reason) => {
    const { seen, reasons, connection } = read(flightOf(messages));
    expect(reasons).toEqual([expect.stringContaining(reason)]);
    expect(seen.finished).toBeUndefined();
    expect(seen.proof).toBeUndefined();
    expect(connection.wants).toBe("bytes");
  });

  test("cannot be mixed with messages in clear", () => {
    const sealer = serverSealer();
    const half = sealer.seal(chain.subarray(0, 100));
    const forged = record(22, chain.subarray(100));
    const first = sealer.seal(extensions);
    const { seen, reasons } = read([...hellos, server(concat(first, half, forged))]);
    expect(seen.certificates.seen).toBe("no");
    expect(reasons.length).toBeGreaterThan(0);
  });

  test("is passed over where bytes of it are missing, as without keys", () => {
    const said = flightOf([extensions, chain, proof]);
    const whole = said[1]!.bytes;
    const cut = [said[0]!, server(whole.subarray(0, 200)), gap(1, 50), server(whole.subarray(250))];
    const end = client(concat(changeCipherSpec(), clientSealer().seal(pattern(36))));
    const { seen } = read([...cut, end]);
    expect(seen).toMatchObject({
      certificates: { seen: "no", why: "encrypted" },
      coverage: ["loss"],
    });
    expect(seen.established).toBe(hear([...cut, end]).result()!.established);
  });

  test("is read, and the client's Finished behind early data, which is passed over", () => {
    const early = encryptedExtensions(extension(42, new Uint8Array(0)));
    const good = verify([HELLO, ANSWER, early, chain], identity.key);
    const said = flightOf([early, chain, good]);
    const sealer = clientSealer();
    const foreign = record(23, pattern(80));
    const end = sealer.seal(message(20, pattern(32)));
    const { seen, connection } = read([...said, client(concat(foreign, foreign, end))]);
    expect(connection.malformed).toEqual([]);
    expect(connection.wants).toBe("records");
    expect(seen).toMatchObject({ established: true, finished: "verified" });
    expect(seen.steps.slice(-2)).toEqual(["application-data", "finished"]);
  });

  test("tells a sealed alert", () => {
    const sealer = serverSealer();
    const said = [sealer.seal(extensions), sealer.seal(hex("0228"), 21)];
    const { seen } = read([...hellos, server(concat(...said))]);
    expect(seen.alerts).toEqual([{ side: "server", level: "fatal", name: "handshake_failure" }]);
  });

  test("of more than 1024 records is given up", () => {
    const sealer = serverSealer();
    const long = encryptedExtensions(extension(0x7777, pattern(2000)));
    const crumbs = Array.from(long, (byte) => sealer.seal(Uint8Array.of(byte)));
    const { reasons } = read([...hellos, server(concat(...crumbs))]);
    expect(reasons).toEqual(["more than 1024 sealed records of handshake"]);
  });
});
