/**
 * Handshake messages out of a stream of bytes that was decrypted, however it is cut (RFC 8446 §4):
 *
 *     message   type 1 | length 3 | body
 */
import { Gather } from "../gather.ts";

/** The body is [from, to), lent until this returns. */
export type TellMessage = (type: number, bytes: Uint8Array, from: number, to: number) => void;

export class HandshakeMessages {
  #header = 0;
  #headerBytes = 0;
  #body: Gather | undefined;

  /** Between two messages. */
  get aligned(): boolean {
    return this.#headerBytes === 0;
  }

  /** Text says why it cannot be right, after which nothing more may come. */
  push(bytes: Uint8Array, from: number, to: number, tell: TellMessage): string | undefined {
    for (let at = from; at < to || this.#body?.full === true; ) {
      if (this.#body === undefined) {
        this.#header = ((this.#header << 8) | bytes[at++]!) >>> 0;
        this.#headerBytes++;
        if (this.#headerBytes < HEADER_BYTES) continue;
        const length = this.#header & 0xffffff;
        if (length > BODY_BYTES_MAX) {
          return `${length} byte message, expected at most ${BODY_BYTES_MAX}`;
        }
        this.#body = new Gather(length);
        continue;
      }
      at += this.#body.take(bytes, at, to);
      if (!this.#body.full) break;
      const body = this.#body;
      this.#body = undefined;
      this.#headerBytes = 0;
      tell(this.#header >>> 24, body.bytes, 0, body.wanted);
      body.release();
    }
    return undefined;
  }

  /** Gives memory back: no more will come. */
  close(): void {
    this.#body?.release();
    this.#body = undefined;
  }
}

const HEADER_BYTES = 4;
/** As in clear: a chain of certificates with room to spare. */
const BODY_BYTES_MAX = 262_144;
