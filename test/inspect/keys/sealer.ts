/**
 * The sealed side of a TLS 1.3 server as a script: any messages, sealed with secrets of our own, so that
 * a test can say what no real server would.
 */
import { createCipheriv, createHash, createHmac, type KeyObject, sign } from "node:crypto";
import { nonceOf } from "../../../src/inspect/keys/aead.ts";
import { expandLabel } from "../../../src/inspect/keys/hkdf.ts";
import { KeyLog } from "../../../src/inspect/keys/key-log.ts";
import { concat, hex, latin1, pattern, uint, vector } from "../../wire/bytes.ts";
import { certificate13, clientHello, message, record, serverHello } from "../../wire/tls.ts";
import { client, type Said, server } from "../tls/hear.ts";

/** The ClientHello, the ServerHello, and the secrets of both sides in a key log. */
export const HELLO = clientHello({ serverName: "a.test" });

export const ANSWER = serverHello({ cipher: 0x1301, selected: 0x0304 });
const NOTHING = new Uint8Array(0);

export class Sealer {
  readonly #secret: Uint8Array;
  readonly #key: Uint8Array;
  readonly #iv: Uint8Array;
  #sequence = 0;

  constructor(secret: Uint8Array) {
    this.#secret = secret;
    this.#key = expandLabel("sha256", secret, "tls13 key", NOTHING, 16);
    this.#iv = expandLabel("sha256", secret, "tls13 iv", NOTHING, 12);
  }

  /** One record, with `padding` zeros inside. */
  seal(text: Uint8Array, type = 22, padding = 0): Uint8Array {
    const inner = concat(text, uint(type, 1), new Uint8Array(padding));
    const head = concat(hex("170303"), uint(inner.length + 16, 2));
    const cipher = createCipheriv("aes-128-gcm", this.#key, nonceOf(this.#iv, this.#sequence++));
    cipher.setAAD(head);
    return concat(head, cipher.update(inner), cipher.final(), cipher.getAuthTag());
  }

  finished(before: readonly Uint8Array[]): Uint8Array {
    const key = expandLabel("sha256", this.#secret, "tls13 finished", NOTHING, 32);
    return message(20, createHmac("sha256", key).update(hashOf(before)).digest());
  }
}

export function hashOf(messages: readonly Uint8Array[]): Buffer {
  return createHash("sha256")
    .update(concat(...messages))
    .digest();
}

export const SERVER_SECRET = pattern(32, 3);
export const CLIENT_SECRET = pattern(32, 4);
export const serverSealer = () => new Sealer(SERVER_SECRET);
export const clientSealer = () => new Sealer(CLIENT_SECRET);

export function keysFor(hello = HELLO): KeyLog {
  const random = Buffer.from(hello.subarray(6, 38)).toString("hex");
  const text = [
    `SERVER_HANDSHAKE_TRAFFIC_SECRET ${random} ${Buffer.from(SERVER_SECRET).toString("hex")}`,
    `CLIENT_HANDSHAKE_TRAFFIC_SECRET ${random} ${Buffer.from(CLIENT_SECRET).toString("hex")}`,
  ];
  const log = new KeyLog();
  log.add(latin1(text.join("\n")));
  return log;
}

export const encryptedExtensions = (...extensions: readonly Uint8Array[]) =>
  message(8, vector(2, ...extensions));
export const extension = (type: number, body: Uint8Array) => concat(uint(type, 2), vector(2, body));
export const certificates = (chain: readonly Uint8Array[]) => certificate13(chain);

/** CertificateVerify over what was said before it. */
export function verify(
  before: readonly Uint8Array[],
  key: KeyObject,
  who: "server" | "client" = "server",
  scheme = 0x0403,
): Uint8Array {
  const says = latin1(`${" ".repeat(64)}TLS 1.3, ${who} CertificateVerify\0`);
  const signature = sign("sha256", concat(says, hashOf(before)), key);
  return message(15, concat(uint(scheme, 2), vector(2, signature)));
}

/** Both hellos, and then the server's messages in one record each, its Finished last. */
export function flightOf(messages: readonly Uint8Array[]): Said[] {
  const sealer = serverSealer();
  const finished = sealer.finished([HELLO, ANSWER, ...messages]);
  const sealed = [...messages, finished].map((one) => sealer.seal(one));
  return [client(record(22, HELLO)), server(concat(record(22, ANSWER), ...sealed))];
}
