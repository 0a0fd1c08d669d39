/**
 * The sample packets of RFC 9001 appendix A and RFC 9369 appendix A. A packet of 1200 bytes is not copied
 * here: it is sealed again from the RFC's frames, and its first bytes and its tag, which depends on all the
 * others, must be those that the RFC prints.
 */
import { describe, expect, test } from "vitest";
import { tls13Suite } from "../../../src/inspect/keys/suite.ts";
import { readLongHeader } from "../../../src/inspect/quic/header.ts";
import { initialKeys, PacketKeys } from "../../../src/inspect/quic/packet-keys.ts";
import { isRetryOf } from "../../../src/inspect/quic/retry.ts";
import { quicVersion } from "../../../src/inspect/quic/version.ts";
import { concat, hex, latin1 } from "../../wire/bytes.ts";
import { hear } from "./hear.ts";
import { initialSecret, longPacket, padded, seal, V1, V2 } from "./sealing.ts";

/** Of the client's first packet, in both documents. */
const DCID = hex("8394c8f03e515708");
const CLIENT_FRAMES = padded(
  hex(`060040f1010000ed0303ebf8fa56f12939b9584a3896472ec40bb863cfd3e86804fe3a47f06a2b69484c
    00000413011302010000c000000010000e00000b6578616d706c652e636f6dff01000100000a00080006001d00
    170018001000070005 04616c706e000500050100000000003300260024001d00209370b2c9caa47fbabaf4559f
    edba753de171fa71f50f1ce15d43e994ec74d748002b0003020304000d0010000e040305030603020308040805
    0806002d00020101001c00024001003900320408ffffffffffffffff05048000ffff07048000ffff0801100104
    800075300901100f088394c8f03e51570806048000ffff`),
);
const SERVER_FRAMES = hex(`02000000000600405a020000560303eefce7f7b37ba1d1632e96677825ddf73988cfc798
  25df566dc5430b9a045a1200130100002e00330024001d00209d3c940d89690b84d08a60993c144eca684d10812
  87c834d5311bcf32bb9da1a002b00020304`);
const CHACHA_SECRET = hex("9ac312a7f877468ebe69422748ad00a15443f18203a07d6060f688f30f21632b");

interface Sample {
  readonly version: typeof V1;
  readonly clientBegins: string;
  readonly clientEnds: string;
  readonly server: string;
  readonly retry: string;
  readonly chacha: string;
}

const SAMPLES: [string, Sample][] = [
  [
    "RFC 9001",
    {
      version: V1,
      clientBegins: "c000000001088394c8f03e5157080000449e7b9aec34d1b1c98dd7689fb8ec11",
      clientEnds: "e221af44860018ab0856972e194cd934",
      server: `cf000000010008f067a5502a4262b5004075c0d95a482cd0991cd25b0aac406a5816b6394100f37a1c69
        797554780bb38cc5a99f5ede4cf73c3ec2493a1839b3dbcba3f6ea46c5b7684df3548e7ddeb9c3bf9c73cc3f
        3bded74b562bfb19fb84022f8ef4cdd93795d77d06edbb7aaf2f58891850abbdca3d20398c276456cbc42158
        407dd074ee`,
      retry: "ff000000010008f067a5502a4262b5746f6b656e04a265ba2eff4d829058fb3f0f2496ba",
      chacha: "4cfe4189655e5cd55c41f69080575d7999c25a5bfb",
    },
  ],
  [
    "RFC 9369",
    {
      version: V2,
      clientBegins: "d76b3343cf088394c8f03e5157080000449ea0c95e82ffe67b6abcdb4298b485",
      clientEnds: "a18b2faa745b6fe189cf772a9f84cbfc",
      server: `dc6b3343cf0008f067a5502a4262b5004075d92faaf16f05d8a4398c47089698baeea26b91eb761d9b89
        237bbf87263017915358230035f7fd3945d88965cf17f9af6e16886c61bfc703106fbaf3cb4cfa52382dd16a
        393e42757507698075b2c984c707f0a0812d8cd5a6881eaf21ceda98f4bd23f6fe1a3e2c43edd9ce7ca84bed
        8521e2e140`,
      retry: "cf6b3343cf0008f067a5502a4262b5746f6b656ec8646ce8bfe33952d955543665dcc7b6",
      chacha: "5558b1c60ae7b6b932bc27d786f4bc2bb20f2162ba",
    },
  ],
];

describe.each(SAMPLES)("%s, appendix A", (_document, sample) => {
  const { version } = sample;
  const known = quicVersion(version.number)!;
  const dcid = Buffer.from(DCID).toString("latin1");
  const header = { type: "initial", dcid: DCID, scid: hex(""), number: 2, numberBytes: 4 } as const;
  const client = longPacket(initialSecret(version, DCID, "client"), header, CLIENT_FRAMES);
  const server = hex(sample.server);

  test("the client's packet is the one that is printed", () => {
    expect(client).toHaveLength(1200);
    expect(Buffer.from(client.subarray(0, 32)).toString("hex")).toBe(sample.clientBegins);
    expect(Buffer.from(client.subarray(-16)).toString("hex")).toBe(sample.clientEnds);
  });

  test("the client's packet opens to its frames", () => {
    const read = headerOf(client);
    expect(read).toMatchObject({ type: "initial", dcid, scid: "", body: 18, end: 1200 });
    const opened = initialKeys(known, dcid).client.open(client, 0, read.body, read.end, -1);
    expect(opened).toMatchObject({ number: 2, reserved: false });
    expect(Buffer.from(opened!.payload).equals(CLIENT_FRAMES)).toBe(true);
  });

  test("the server's packet opens to its frames", () => {
    const read = headerOf(server);
    const opened = initialKeys(known, dcid).server.open(server, 0, read.body, read.end, -1);
    expect(opened).toMatchObject({ number: 1, reserved: false });
    expect(Buffer.from(opened!.payload).equals(SERVER_FRAMES)).toBe(true);
  });

  test("the Retry answers the client's packet, and no other", () => {
    const retry = hex(sample.retry);
    expect(isRetryOf(retry, headerOf(retry), dcid)).toBe(true);
    expect(isRetryOf(retry, headerOf(retry), `${dcid}x`)).toBe(false);
    const forged = Uint8Array.from(retry);
    forged[16]! ^= 1;
    expect(isRetryOf(forged, headerOf(forged), dcid)).toBe(false);
  });

  test("the packet with a short header opens with ChaCha20-Poly1305", () => {
    const packet = hex(sample.chacha);
    const keys = new PacketKeys(known, tls13Suite(0x1303)!, CHACHA_SECRET);
    const opened = keys.open(packet, 0, 1, packet.length, 654_360_563);
    expect(opened?.number).toBe(654_360_564);
    expect([...opened!.payload]).toEqual([1]);
    const secret = { version, bytes: CHACHA_SECRET, hash: "sha256", aead: "chacha20-poly1305" };
    const head = hex("4200bff4");
    const again = seal(secret as Parameters<typeof seal>[0], head, 3, 654_360_564, hex("01"));
    expect(Buffer.from(again).toString("hex")).toBe(sample.chacha);
  });

  test("the two are a handshake", () => {
    const [seen] = hear([
      { side: 0, bytes: client },
      { side: 1, bytes: server },
    ]).results();
    expect(seen).toMatchObject({
      transport: "quic",
      version: "TLS1.3",
      cipher: "TLS_AES_128_GCM_SHA256",
      group: "x25519",
      serverName: "example.com",
      alpnOffered: ["alpn"],
      steps: ["client-hello", "server-hello"],
      certificates: { seen: "no", why: "quic" },
    });
    expect(seen?.ja4).toMatch(/^q13d0211an_/);
  });
});

function headerOf(packet: Uint8Array) {
  const header = readLongHeader(concat(packet, latin1("")), 0, packet.length, 0);
  if (typeof header === "string") throw new Error(header);
  return header;
}
