/**
 * Passwords that were not sent themselves: what a client makes of one, worked out here a second time, so that
 * a test knows that the bytes which an exposure locates are exactly those.
 */
import { createCipheriv, createHash } from "node:crypto";
import { PASSWORD, USER } from "../../../captures/record/cases/plain-scene.ts";
import { fieldsIn } from "../../../src/inspect/plaintext/hpack.ts";

/**
 * Whether `value` is what `what` says, made of our password; undefined where we have no such recipe.
 *
 * @param server all that the server said, one character a byte
 */
export function isProof(what: string, value: string, server: string): boolean | undefined {
  return RECIPES[what]?.(server, value);
}

const RECIPES: Readonly<Record<string, (server: string, value: string) => boolean>> = {
  // SHA1(password) xor SHA1(salt, SHA1(SHA1(password))); 20 bytes of salt in two pieces.
  "mysql scrambled password": (server, value) => {
    const salt = server.slice(server.indexOf("\0", 5) + 5);
    const once = sha1(bytes(PASSWORD));
    const mixed = sha1(bytes(salt.slice(0, 8) + salt.slice(27, 39)), sha1(once));
    return bytes(value).equals(Buffer.from(once.map((byte, at) => byte ^ mixed[at]!)));
  },
  // DES over the challenge, under the password's first 8 bytes with their bits turned round (RFC 6143 §7.2.2).
  "vnc challenge response": (server, value) => {
    const key = Buffer.from(bytes(PASSWORD.slice(0, 8)).map(turned));
    const ends = Array.from({ length: server.length }, (_, at) => server.slice(at, at + 16));
    // Three times the same key is the old cipher, which OpenSSL no longer has by its name.
    return ends.some((challenge) => {
      const cipher = createCipheriv("des-ede3", Buffer.concat([key, key, key]), null);
      return cipher.update(bytes(challenge)).equals(bytes(value));
    });
  },
  "http2 authorization": (_server, value) => uncoded(value) === `Basic ${BASIC}`,
  "http2 cookie": (_server, value) => uncoded(value) === `session=${PASSWORD}`,
  // Of a login on another connection; etcd makes it from letters and a number.
  "etcd token": (_server, value) => /^[A-Za-z]{16}\.\d+$/.test(uncoded(value) ?? ""),
  "http x-registry-auth": (_server, value) => {
    const { username, password } = JSON.parse(Buffer.from(value, "base64url").toString());
    return username === USER && password === PASSWORD;
  },
  // A stamp, the machine's name behind its length, and whom the client says it is (RFC 5531 §8.2).
  "nfs auth-sys credential": (_server, value) => /^.{4}\0\0\0.[\w.-]+/s.test(value),
  // NTLMv2's proof of 16 bytes, and behind it what it is of, which begins with 1 1 (MS-NLMP §2.2.2.7).
  "smb ntlm response": (_server, value) => value.slice(16, 20) === "\x01\x01\0\0",
  "x11 cookie": (_server, value) => value === PASSWORD.slice(0, 16),
  // A digest or a random number, in base64.
  "rsync password proof": (_server, value) => /^[A-Za-z0-9+/]{22,86}$/.test(value),
};

/** What HPACK has coded, as the value of a field without an index. */
function uncoded(value: string): string | undefined {
  const field = bytes(`\0\x01a${String.fromCharCode(0x80 | value.length)}${value}`);
  return fieldsIn(field, 0, field.length)[0]?.value;
}

function sha1(...pieces: Uint8Array[]): Buffer {
  return createHash("sha1").update(Buffer.concat(pieces)).digest();
}

function turned(byte: number): number {
  return Number.parseInt(byte.toString(2).padStart(8, "0").split("").reverse().join(""), 2);
}

function bytes(text: string): Buffer {
  return Buffer.from(text, "latin1");
}

const BASIC = Buffer.from(`${USER}:${PASSWORD}`).toString("base64");
