/**
 * Records of TLS 1.2 (RFC 5246 §6.2.3): the type stands on the outside, and what is authenticated with
 * the text is the record's number, its header, and the text's length.
 *
 *     GCM, CCM    8 bytes of nonce | text sealed | tag
 *     ChaCha20    text sealed | tag
 *     CBC         IV | text, MAC, padding, encrypted       or with RFC 7366   IV | text, padding, encrypted | MAC
 *
 * Only what is not application data is opened, but every record counts, whatever its type.
 */
import { createDecipheriv, createHmac } from "node:crypto";
import { nonceOf, openAead } from "../../keys/aead.ts";
import type { Tls12Keys } from "../../keys/key-block.ts";
import type { Tls12Suite } from "../../keys/tls12-suite.ts";
import type { Opened, Opener } from "./opener.ts";

export class Tls12Opener implements Opener {
  readonly #suite: Tls12Suite;
  readonly #keys: Tls12Keys;
  readonly #macLast: boolean;
  #sequence = 0;

  /** @param macLast encrypt_then_mac was agreed on; means nothing to an AEAD */
  constructor(suite: Tls12Suite, keys: Tls12Keys, macLast: boolean) {
    this.#suite = suite;
    this.#keys = keys;
    this.#macLast = macLast;
  }

  wants(type: number): boolean {
    if (type !== APPLICATION_DATA) return true;
    this.#sequence++;
    return false;
  }

  open(type: number, version: number, body: Uint8Array): Opened | "sealed" {
    const text = this.#text(type, version, body);
    this.#sequence++;
    return text === undefined ? "sealed" : { type, text };
  }

  #text(type: number, version: number, body: Uint8Array): Uint8Array | undefined {
    const suite = this.#suite;
    if (suite.kind === "cbc") return this.#textOfCbc(suite.mac, type, version, body);
    const { iv, key } = this.#keys;
    const explicit = suite.ivBytes === 4 ? EXPLICIT_BYTES : 0;
    const length = body.length - explicit - suite.tagBytes;
    if (length < 0) return undefined;
    const nonce =
      explicit === 0
        ? nonceOf(iv, this.#sequence)
        : Buffer.concat([iv, body.subarray(0, explicit)]);
    const additional = this.#authenticated(type, version, length);
    return openAead(suite, key, nonce, additional, body.subarray(explicit));
  }

  #textOfCbc(
    { hash, bytes }: { readonly hash: string; readonly bytes: number },
    type: number,
    version: number,
    body: Uint8Array,
  ): Uint8Array | undefined {
    const end = this.#macLast ? body.length - bytes : body.length;
    if (end < 2 * BLOCK_BYTES || end % BLOCK_BYTES !== 0) return undefined;
    const macOf = (length: number, over: Uint8Array) =>
      createHmac(hash, this.#keys.mac)
        .update(this.#authenticated(type, version, length))
        .update(over)
        .digest();
    if (this.#macLast && !macOf(end, body.subarray(0, end)).equals(body.subarray(end))) {
      return undefined;
    }
    const padded = this.#decrypt(body.subarray(0, BLOCK_BYTES), body.subarray(BLOCK_BYTES, end));
    const padding = padded.at(-1)! + 1;
    const length = padded.length - padding - (this.#macLast ? 0 : bytes);
    if (length < 0 || padded.subarray(-padding).some((byte) => byte !== padding - 1)) {
      return undefined;
    }
    const text = padded.subarray(0, length);
    if (this.#macLast) return text;
    const mac = padded.subarray(length, length + bytes);
    return macOf(length, text).equals(mac) ? text : undefined;
  }

  #decrypt(iv: Uint8Array, sealed: Uint8Array): Buffer {
    const { key } = this.#keys;
    const decipher = createDecipheriv(`aes-${key.length * 8}-cbc`, key, iv);
    return decipher.setAutoPadding(false).update(sealed);
  }

  #authenticated(type: number, version: number, length: number): Buffer {
    const head = Buffer.alloc(HEAD_BYTES);
    head.writeUIntBE(this.#sequence, 2, 6);
    head[8] = type;
    head.writeUInt16BE(version, 9);
    head.writeUInt16BE(length, 11);
    return head;
  }
}

const APPLICATION_DATA = 23;
const EXPLICIT_BYTES = 8;
const BLOCK_BYTES = 16;
/** Number 8, type 1, version 2, length 2. */
const HEAD_BYTES = 13;
