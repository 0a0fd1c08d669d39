/**
 * The keys of one direction's packets at one level of encryption (RFC 9001 §5), and how a packet is
 * opened with them: the number in its header is masked with a piece of its sealed payload, and the
 * header that then stands there is what the payload was sealed with.
 */
import { type Cipheriv, createCipheriv } from "node:crypto";
import { nonceOf, openAead } from "../keys/aead.ts";
import { expandLabel, extract } from "../keys/hkdf.ts";
import { type Suite, tls13Suite } from "../keys/suite.ts";
import type { QuicVersion } from "./version.ts";

export interface Opened {
  readonly number: number;
  /** Frames. */
  readonly payload: Uint8Array;
  /** The reserved bits were not zero (RFC 9000 §17.2). */
  readonly reserved: boolean;
}

export interface InitialKeys {
  readonly client: PacketKeys;
  readonly server: PacketKeys;
}

/** Of the Initial packets behind a client's first DCID, which is given with a character a byte. */
export function initialKeys(version: QuicVersion, dcid: string): InitialKeys {
  const secret = extract("sha256", version.salt, Buffer.from(dcid, "latin1"));
  const of = (label: string) => {
    const own = expandLabel("sha256", secret, `tls13 ${label}`, NOTHING, 32);
    return new PacketKeys(version, INITIAL_SUITE, own);
  };
  return { client: of("client in"), server: of("server in") };
}

export class PacketKeys {
  readonly #suite: Suite;
  readonly #key: Buffer;
  readonly #iv: Buffer;
  readonly #hp: Buffer;
  /** AES in blocks keeps nothing between them, so one is enough. */
  #blocks: Cipheriv | undefined;

  /** @param secret the direction's traffic secret at this level */
  constructor(version: QuicVersion, suite: Suite, secret: Uint8Array) {
    const derive = (what: string, bytes: number) =>
      expandLabel(suite.hash, secret, `tls13 ${version.label} ${what}`, NOTHING, bytes);
    this.#suite = suite;
    this.#key = derive("key", suite.keyBytes);
    this.#iv = derive("iv", 12);
    this.#hp = derive("hp", suite.keyBytes);
  }

  /**
   * Opens the packet [from, end), whose number stands at `numberAt`. `largest` is the largest number
   * that came at this level, -1 for none. Absent when these keys did not seal it.
   */
  open(
    bytes: Uint8Array,
    from: number,
    numberAt: number,
    end: number,
    largest: number,
  ): Opened | undefined {
    if (end - numberAt < 4 + SAMPLE_BYTES) return undefined;
    const mask = this.#mask(bytes.subarray(numberAt + 4, numberAt + 4 + SAMPLE_BYTES));
    const isLong = (bytes[from]! & 0x80) !== 0;
    const first = bytes[from]! ^ (mask[0]! & (isLong ? 0x0f : 0x1f));
    const numberBytes = (first & 3) + 1;
    // A copy, which `slice` of a Buffer is not.
    const header = new Uint8Array(bytes.subarray(from, numberAt + numberBytes));
    header[0] = first;
    let truncated = 0;
    for (let i = 0; i < numberBytes; i++) {
      const at = header.length - numberBytes + i;
      header[at] = header[at]! ^ mask[1 + i]!;
      truncated = truncated * 256 + header[at];
    }
    const number = wholeNumber(truncated, numberBytes, largest);
    const sealed = bytes.subarray(numberAt + numberBytes, end);
    const payload = openAead(this.#suite, this.#key, nonceOf(this.#iv, number), header, sealed);
    if (payload === undefined) return undefined;
    return { number, payload, reserved: (first & (isLong ? 0x0c : 0x18)) !== 0 };
  }

  /** RFC 9001 §5.4.3, §5.4.4. At least five bytes. */
  #mask(sample: Uint8Array): Uint8Array {
    if (this.#suite.cipher === "chacha20-poly1305") {
      return createCipheriv("chacha20", this.#hp, sample).update(FIVE_ZEROS);
    }
    const cipher = this.#hp.length === 16 ? "aes-128-ecb" : "aes-256-ecb";
    this.#blocks ??= createCipheriv(cipher, this.#hp, null).setAutoPadding(false);
    return this.#blocks.update(sample);
  }
}

/** RFC 9000 §A.3: the number nearest to the next one expected that ends so. */
export function wholeNumber(truncated: number, bytes: number, largest: number): number {
  const expected = largest + 1;
  const window = 2 ** (8 * bytes);
  const candidate = expected - (expected % window) + truncated;
  if (candidate <= expected - window / 2 && candidate < 2 ** 62 - window) return candidate + window;
  if (candidate > expected + window / 2 && candidate >= window) return candidate - window;
  return candidate;
}

/** AEAD_AES_128_GCM (RFC 9001 §5.2). */
const INITIAL_SUITE = tls13Suite(0x1301)!;
const SAMPLE_BYTES = 16;
const FIVE_ZEROS = new Uint8Array(5);
const NOTHING = new Uint8Array(0);
