/** RFC 8448 §3: the shared secret and both hellos give the secrets that it prints. */
import { hash } from "node:crypto";
import { expect, test } from "vitest";
import { handshakeSecrets } from "../../src/probe/schedule.ts";
import { concat, hex } from "../wire/bytes.ts";

test("the handshake traffic secrets are those of the vector", () => {
  const transcript = hash("sha256", concat(CLIENT_HELLO, SERVER_HELLO), "buffer");
  const { client, server } = handshakeSecrets("sha256", SHARED, transcript);
  expect(Buffer.from(server).toString("hex")).toBe(
    "b67b7d690cc16c4e75e54213cb2d37b4e9c912bcded9105d42befd59d391ad38",
  );
  expect(Buffer.from(client).toString("hex")).toBe(
    "b3eddb126e067f35a780b3abf45e2d8f3b1a950738f52e9600746a0e27a55a21",
  );
});

const SHARED = hex("8bd4054fb55b9d63fdfbacf9f04b9f0d35e6d63f537563efd46272900f89492d");
const RANDOM = "cb34ecb1e78163ba1c38c6dacb196a6dffa21a8d9912ec18a2ef6283024dece7";
const CLIENT_HELLO = hex(`010000c00303${RANDOM}
  000006130113031302010000910000000b0009000006736572766572ff01000100000a00140012001d0017001800190100
  010101020103010400230000003300260024001d002099381de560e4bd43d23d8e435a7dbafeb3c06e51c13cae4d541369
  1e529aaf2c002b0003020304000d0020001e040305030603020308040805080604010501060102010402050206020202
  002d00020101001c00024001`);
const SERVER_HELLO =
  hex(`020000560303a6af06a4121860dc5e6e60249cd34c95930c8ac5cb1434dac155772ed3e26928
  00130100002e00330024001d0020c9828876112095fe66762bdbf7c672e156d6cc253b833df1dd69b1b04e751f0f002b00020304`);
