/**
 * Records of TLS 1.3 (RFC 8446 §5.2): application data on the outside; inside the text, its type, and
 * zeros as padding. The nonce is the record's number, and the header is authenticated.
 */
import { nonceOf, openAead } from "../../keys/aead.ts";
import { expandLabel } from "../../keys/hkdf.ts";
import type { Suite } from "../../keys/suite.ts";
import type { Opened, Opener } from "./opener.ts";

export class Tls13Opener implements Opener {
  readonly #suite: Suite;
  readonly #key: Uint8Array;
  readonly #iv: Uint8Array;
  readonly #headerCounts: boolean;
  #sequence = 0;
  /** Records of early data that may still come before ours: they have keys of their own. */
  #foreign: number;

  /**
   * @param secret the side's handshake traffic secret
   * @param draft of TLS 1.3; 28 and RFC 8446 itself are the same
   * @param early records that other keys sealed may come first
   */
  constructor(suite: Suite, secret: Uint8Array, draft: number, early: boolean) {
    this.#suite = suite;
    this.#key = expandLabel(suite.hash, secret, "tls13 key", NOTHING, suite.keyBytes);
    this.#iv = expandLabel(suite.hash, secret, "tls13 iv", NOTHING, IV_BYTES);
    this.#headerCounts = draft >= DRAFT_OF_HEADER;
    this.#foreign = early ? FOREIGN_MAX : 0;
  }

  wants(type: number): boolean {
    return type === APPLICATION_DATA;
  }

  open(type: number, version: number, body: Uint8Array): Opened | "sealed" | "passed" {
    const { length } = body;
    const header = [type, version >> 8, version & 0xff, length >> 8, length & 0xff];
    const additional = this.#headerCounts ? Uint8Array.from(header) : NOTHING;
    const nonce = nonceOf(this.#iv, this.#sequence);
    const text = openAead(this.#suite, this.#key, nonce, additional, body);
    if (text === undefined) return this.#foreign-- > 0 ? "passed" : "sealed";
    this.#foreign = 0;
    this.#sequence++;
    let end = text.length;
    while (end > 0 && text[end - 1] === 0) end--;
    if (end === 0) return "sealed";
    return { type: text[end - 1]!, text: text.subarray(0, end - 1) };
  }
}

const NOTHING = new Uint8Array(0);
const APPLICATION_DATA = 23;
const IV_BYTES = 12;
/** Since draft-ietf-tls-tls13-25. */
const DRAFT_OF_HEADER = 25;
/** A server that refuses early data tries as many bytes as it would have taken; this is 1 MB. */
const FOREIGN_MAX = 64;
