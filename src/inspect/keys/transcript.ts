/**
 * Transcript-Hash (RFC 8446 §4.4.1): the hash over all messages of a handshake, headers included.
 *
 * Which hash it is only the ServerHello says, so what comes before is kept as it came; and a
 * HelloRetryRequest has the ClientHello before it replaced by a message that holds its hash.
 */
import { createHash, type Hash as Hasher } from "node:crypto";
import type { Hash } from "./hkdf.ts";

export class Transcript {
  /** More came than is kept: no digest will be right any more. */
  overflown = false;
  #hasher: Hasher | undefined;
  #hash: Hash | undefined;
  #kept: Uint8Array[] = [];
  #keptBytes = 0;

  /** Adds a message, whose body is [from, to). */
  add(type: number, bytes: Uint8Array, from: number, to: number): void {
    const length = to - from;
    const message = new Uint8Array(4 + length);
    message[0] = type;
    message[1] = length >> 16;
    message[2] = length >> 8;
    message[3] = length;
    message.set(bytes.subarray(from, to), 4);
    this.#add(message);
  }

  /** The ServerHello, or a HelloRetryRequest, says which hash it is. The first word counts. */
  choose(hash: Hash): void {
    if (this.#hasher !== undefined) return;
    this.#hash = hash;
    this.#hasher = createHash(hash);
    for (const message of this.#kept) this.#hasher.update(message);
    this.#kept = [];
  }

  /** A HelloRetryRequest is next: what came before is the first ClientHello. */
  retry(hash: Hash): void {
    this.choose(hash);
    const first = this.digest();
    this.#hasher = createHash(this.#hash!);
    this.add(MESSAGE_HASH, first, 0, first.length);
  }

  /** Over all that was added. Only once the hash is chosen. */
  digest(): Buffer {
    if (this.#hasher === undefined) throw new Error("Transcript.digest before Transcript.choose");
    return this.#hasher.copy().digest();
  }

  #add(message: Uint8Array): void {
    if (this.#hasher !== undefined) {
      this.#hasher.update(message);
    } else if (this.#keptBytes + message.length > KEPT_BYTES_MAX) {
      this.overflown = true;
    } else {
      this.#kept.push(message);
      this.#keptBytes += message.length;
    }
  }
}

const MESSAGE_HASH = 254;
/** One ClientHello, of which post-quantum key shares take a few kilobytes. */
const KEPT_BYTES_MAX = 131_072;
