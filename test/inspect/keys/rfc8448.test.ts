/** RFC 8448 §3, opened with the secrets it prints: key schedule, record, messages, Finished. */
import { describe, expect, test } from "vitest";
import { nonceOf, openAead } from "../../../src/inspect/keys/aead.ts";
import { expandLabel, extract } from "../../../src/inspect/keys/hkdf.ts";
import { KeyLog } from "../../../src/inspect/keys/key-log.ts";
import { tls13Suite } from "../../../src/inspect/keys/suite.ts";
import { differences } from "../../drip.ts";
import { concat, hex, latin1 } from "../../wire/bytes.ts";
import { record } from "../../wire/tls.ts";
import { answer, client, flow, hear, server } from "../tls/hear.ts";

const RANDOM = "cb34ecb1e78163ba1c38c6dacb196a6dffa21a8d9912ec18a2ef6283024dece7";
const CLIENT_HELLO = hex(`010000c00303${RANDOM}
  000006130113031302010000910000000b0009000006736572766572ff01000100000a00140012001d0017001800190100
  010101020103010400230000003300260024001d002099381de560e4bd43d23d8e435a7dbafeb3c06e51c13cae4d541369
  1e529aaf2c002b0003020304000d0020001e040305030603020308040805080604010501060102010402050206020202
  002d00020101001c00024001`);
const SERVER_HELLO =
  hex(`020000560303a6af06a4121860dc5e6e60249cd34c95930c8ac5cb1434dac155772ed3e26928
  00130100002e00330024001d0020c9828876112095fe66762bdbf7c672e156d6cc253b833df1dd69b1b04e751f0f002b00020304`);
const SERVER_RECORD = hex(`17030302a2
  d1ff334a56f5bff6594a07cc87b580233f500f45e489e7f33af35edf7869fcf40aa40aa2b8ea73f848a7ca07612ef9f9
  45cb960b4068905123ea78b111b429ba9191cd05d2a389280f526134aadc7fc78c4b729df828b5ecf7b13bd9aefb0e57
  f271585b8ea9bb355c7c79020716cfb9b1183ef3ab20e37d57a6b9d7477609aee6e122a4cf51427325250c7d0e509289
  444c9b3a648f1d71035d2ed65b0e3cdd0cbae8bf2d0b227812cbb360987255cc744110c453baa4fcd610928d809810e4
  b7ed1a8fd991f06aa6248204797e36a6a73b70a2559c09ead686945ba246ab66e5edd8044b4c6de3fcf2a89441ac6627
  2fd8fb330ef8190579b3684596c960bd596eea520a56a8d650f563aad27409960dca63d3e688611ea5e22f4415cf9538
  d51a200c27034272968a264ed6540c84838d89f72c24461aad6d26f59ecaba9acbbb317b66d902f4f292a36ac1b639c6
  37ce343117b659622245317b49eeda0c6258f100d7d961ffb138647e92ea330faeea6dfa31c7a84dc3bd7e1b7a6c7178
  af36879018e3f252107f243d243dc7339d5684c8b0378bf30244da8c87c843f5e56eb4c5e8280a2b48052cf93b16499a
  66db7cca71e4599426f7d461e66f99882bd89fc50800becca62d6c74116dbd2972fda1fa80f85df881edbe5a37668936
  b335583b599186dc5c6918a396fa48a181d6b6fa4f9d62d513afbb992f2b992f67f8afe67f76913fa388cb5630c8ca01
  e0c65d11c66a1e2ac4c85977b7c7a6999bbf10dc35ae69f5515614636c0b9b68c19ed2e31c0b3b66763038ebba42f3b3
  8edc0399f3a9f23faa63978c317fc9fa66a73f60f0504de93b5b845e275592c12335ee340bbc4fddd502784016e4b3be
  7ef04dda49f4b440a30cb5d2af939828fd4ae3794e44f94df5a631ede42c1719bfdabf0253fe5175be898e750edc5337
  0d2b`);
const CLIENT_RECORD = hex(`1703030035
  75ec4dc238cce60b298044a71e219c56cc77b0517fe9b93c7a4bfc44d87f38f80338ac98fc46deb384bd1caeacab6867
  d726c40546`);
const SERVER_SECRET = "b67b7d690cc16c4e75e54213cb2d37b4e9c912bcded9105d42befd59d391ad38";
const CLIENT_SECRET = "b3eddb126e067f35a780b3abf45e2d8f3b1a950738f52e9600746a0e27a55a21";

const clear = (message: Uint8Array) => record(22, message);
const said = [
  client(clear(CLIENT_HELLO)),
  server(concat(clear(SERVER_HELLO), SERVER_RECORD)),
  client(CLIENT_RECORD),
];
function keys(...lines: string[]): KeyLog {
  const log = new KeyLog();
  log.add(latin1(lines.join("\n")));
  return log;
}
const serverLine = `SERVER_HANDSHAKE_TRAFFIC_SECRET ${RANDOM} ${SERVER_SECRET}`;
const clientLine = `CLIENT_HANDSHAKE_TRAFFIC_SECRET ${RANDOM} ${CLIENT_SECRET}`;
const both = keys(serverLine, clientLine);

describe("RFC 8448 section 3, with its secrets", () => {
  test("the early secret comes of nothing, and the server's key and iv of its secret", () => {
    const early = extract("sha256", new Uint8Array(0), new Uint8Array(32));
    expect(early.toString("hex")).toBe(
      "33ad0a1c607ec03b09e6cd9893680ce210adf300aa1f2660e1b22e10f170f92a",
    );
    const make = (label: string, bytes: number) =>
      expandLabel("sha256", hex(SERVER_SECRET), label, new Uint8Array(0), bytes).toString("hex");
    expect(make("tls13 key", 16)).toBe("3fce516009c21727d0f2e4e86ee403bc");
    expect(make("tls13 iv", 12)).toBe("5d313eb2671276ee13000b30");
  });

  test("the server's record opens to 657 bytes of messages and their type", () => {
    const [key, iv] = [hex("3fce516009c21727d0f2e4e86ee403bc"), hex("5d313eb2671276ee13000b30")];
    const [head, body] = [SERVER_RECORD.subarray(0, 5), SERVER_RECORD.subarray(5)];
    const text = openAead(tls13Suite(0x1301)!, key, nonceOf(iv, 0), head, body);
    expect(text).toHaveLength(658);
    expect(text?.at(-1)).toBe(22);
    expect(openAead(tls13Suite(0x1301)!, key, nonceOf(iv, 1), head, body)).toBeUndefined();
  });

  test("the certificate, the proof and both Finished are read", () => {
    const connection = hear(said, flow, both);
    expect(connection.malformed).toEqual([]);
    expect(connection.wants).toBe("records");
    const seen = connection.result()!;
    expect(seen).toMatchObject({
      certificates: { seen: "decrypted" },
      established: true,
      finished: "verified",
      proof: { scheme: 0x0804 },
      steps: [
        "client-hello",
        "server-hello",
        "encrypted-extensions",
        "certificate",
        "certificate-verify",
        "finished",
        "finished",
      ],
    });
    expect(seen.certificates.chain.map((der) => der.length)).toEqual([432]);
  });

  test("is read the same in any pieces", () => {
    expect(differences(said, (pieces) => answer(pieces, flow, both))).toEqual({});
  });

  test("without the client's secret, the server's part is read all the same", () => {
    const seen = hear(said, flow, keys(serverLine)).result();
    expect(seen).toMatchObject({ certificates: { seen: "decrypted" }, established: true });
  });

  test.each([
    ["nothing", []],
    ["the client's secret alone", [clientLine]],
    ["another client's secret", [serverLine.replace(RANDOM, "00".repeat(32))]],
  ])("with %s, all is as without a key log", (_, lines) => {
    // Of records that keys may open nobody takes samples.
    const { records: _records, ...without } = answer(said) as Record<string, unknown>;
    expect(answer(said, flow, keys(...lines))).toMatchObject(without);
  });

  test("with a secret that opens nothing, that is told and the certificate is unseen", () => {
    const wrong = keys(serverLine.replace(SERVER_SECRET, CLIENT_SECRET), clientLine);
    const connection = hear(said, flow, wrong);
    expect(connection.malformed.map(({ at, reason }) => [at, reason])).toEqual([
      ["tls-record", "a sealed record that its secret does not open"],
    ]);
    expect(connection.result()).toMatchObject({
      certificates: { seen: "no", why: "encrypted", chain: [] },
      established: true,
    });
  });
});
