/**
 * The hellos of RFC 8448, "Example Handshake Traces for TLS 1.3". That they are those of the RFC is
 * shown here: their transcript hashes are the ones it prints.
 */
import { createHash } from "node:crypto";
import { describe, expect, test } from "vitest";
import { concat, hex, pattern, uint } from "../../wire/bytes.ts";
import { applicationData, changeCipherSpec, record } from "../../wire/tls.ts";
import { client, hear, server } from "./hear.ts";

const SIMPLE = {
  clientHello: hex(`010000c00303cb34ecb1e78163ba1c38c6dacb196a6dffa21a8d9912ec18a2ef6283024dece7
    000006130113031302010000910000000b0009000006736572766572ff01000100000a00140012001d0017001800
    190100
    010101020103010400230000003300260024001d002099381de560e4bd43d23d8e435a7dbafeb3c06e51c13cae4d
    541369
    1e529aaf2c002b0003020304000d0020001e040305030603020308040805080604010501060102010402050206020202
    002d00020101001c00024001`),
  serverHello: hex(`020000560303a6af06a4121860dc5e6e60249cd34c95930c8ac5cb1434dac155772ed3e26928
    00130100002e00330024001d0020c9828876112095fe66762bdbf7c672e156d6cc253b833df1dd69b1b04e751f0f
    002b00020304`),
};
const COOKIE = `002c0074007271dcd04bb88bc3189119398a00000000eefafc76c146b823b096f8aacad365dd0030
    953f4e
    df625636e5f21bb2e23fcc654b1b5b40318d10d137abcbb87574e36e8a1f025f7dfa5d6e50781b5eda4aa15b0c8be778
    257d16aa3030e9e7841dd9e4c0342267e8ca0caf571fb2b7cff0f934b0`;
const RETRIED = {
  first: hex(`010000b00303b0b1c5a5aa37c5919f2ed1d5c6fff7fcb7849716945a2b8cee9258a346677b6f0000061301
    13031302010000810000000b0009000006736572766572ff01000100000a00080006001d0017001800330026002400
    1d0020e8e8e3f3b93a25ed97a14a7dcacb8a272c6288e585c6484d05262fcad062ad1f002b0003020304000d0020
    001e040305030603020308040805080604010501060102010402050206020202002d00020101001c00024001`),
  retry: hex(`020000ac0303cf21ad74e59a6111be1d8c021e65b891c2a211167abb8c5e079e09e2c8a8339c001301
    00008400330002001700${COOKIE.slice(2)}002b00020304`),
  second: concat(
    hex(`010001fc0303b0b1c5a5aa37c5919f2ed1d5c6fff7fcb7849716945a2b8cee9258a346677b6f0000061301
    13031302010001cd0000000b0009000006736572766572ff01000100000a00080006001d001700180033004700450017
    004104a6da7392ec591e17abfd535964b99894d13befb221b3def2ebe3830eac8f0151812677c4d6d2237e85cf01d6
    910cfb83954e76ba7352830534159897e8065780002b0003020304000d0020001e04030503060302030804080508
    0604010501060102010402050206020202${COOKIE}002d00020101001c00024001001500af`),
    new Uint8Array(0xaf),
  ),
  serverHello:
    hex(`020000770303bb341d847fd789c47c387172dc0c9bf147fccacb5043d86ca4c598d3ff571b98001301
    00004f003300450017004104583e054b7a66672ae020ad9d2686fcc85b5ad41a134a0f03ee72b893052bd85b4c8de677
    6f5b04ac07d83540eab3e3d9c547bc6528c4317d294686093a6cad7d002b00020304`),
};

const sha256 = (...messages: Uint8Array[]) => createHash("sha256").update(concat(...messages));
const clear = (message: Uint8Array, version = 0x0303) => record(22, message, { version });
/** What follows in the RFC is sealed: 674 bytes of the server, 53 of the client. */
const sealed = (count: number) => record(23, pattern(count));

describe("RFC 8448", () => {
  test("is what is read here", () => {
    const { first, retry, second, serverHello } = RETRIED;
    // RFC 8446 §4.4.1: a retried hello counts by its hash.
    const hashed = concat(uint(254, 1), uint(32, 3), sha256(first).digest());
    expect(sha256(SIMPLE.clientHello, SIMPLE.serverHello).digest("hex")).toBe(
      "860c06edc07858ee8e78f0e7428c58edd6b43f2ca3e6e95f02ed063cf0e1cad8",
    );
    expect(sha256(hashed, retry, second, serverHello).digest("hex")).toBe(
      "8aa8e828ec2f8a884fec95a3139de01c15a3daa7ff5bfc3f4bfcc21b438d7bf8",
    );
  });

  test("section 3: a simple handshake", () => {
    const connection = hear([
      client(clear(SIMPLE.clientHello, 0x0301)),
      server(concat(clear(SIMPLE.serverHello), sealed(674))),
      client(sealed(53)),
    ]);
    expect(connection.malformed).toEqual([]);
    expect(connection.wants).toBe("records");
    expect(connection.result()).toMatchObject({
      version: "TLS1.3",
      cipher: "TLS_AES_128_GCM_SHA256",
      group: "x25519",
      serverName: "server",
      alpnOffered: [],
      established: true,
      resumed: false,
      certificates: { seen: "no", why: "encrypted" },
      coverage: [],
      steps: ["client-hello", "server-hello", "application-data", "application-data"],
    });
  });

  test("section 3, cut behind its hellos, is not established", () => {
    const said = [client(clear(SIMPLE.clientHello, 0x0301)), server(clear(SIMPLE.serverHello))];
    expect(hear(said).result()).toMatchObject({ established: false, version: "TLS1.3" });
  });

  test("section 5: a HelloRetryRequest", () => {
    const said = [client(clear(RETRIED.first, 0x0301)), server(clear(RETRIED.retry))];
    const retried = hear(said);
    expect(retried.result()).toMatchObject({ group: "secp256r1", established: false });
    const connection = hear([
      ...said,
      client(clear(RETRIED.second)),
      server(concat(clear(RETRIED.serverHello), sealed(674))),
      client(sealed(53)),
    ]);
    expect(connection.malformed).toEqual([]);
    expect(connection.result()).toMatchObject({
      group: "secp256r1",
      serverName: "server",
      established: true,
      certificates: { seen: "no", why: "encrypted" },
    });
  });

  test("section 3, with the records that please middleboxes (RFC 8446 §D.4)", () => {
    const connection = hear([
      client(clear(SIMPLE.clientHello, 0x0301)),
      server(concat(clear(SIMPLE.serverHello), changeCipherSpec(), sealed(674))),
      client(concat(changeCipherSpec(), sealed(53), applicationData(72))),
    ]);
    expect(connection.malformed).toEqual([]);
    expect(connection.result()).toMatchObject({ established: true });
    expect(connection.result()).not.toHaveProperty("renegotiations");
  });
});
