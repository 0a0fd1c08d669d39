/**
 * Handshakes inside the protection of an earlier one (TLS 1.2, RFC 5246 §7.4.1.1, RFC 5746).
 *
 * They are the same messages as in clear, so each is a `Handshake` of its own that is told what was
 * opened: its certificates may be others than those that began the connection, and are judged apart.
 */
import { releaseChain } from "../certificate-message.ts";
import type { Spoken } from "../direction.ts";
import type { Handshake } from "../handshake.ts";
import type { Opener } from "./opener.ts";

export class Renegotiations {
  /** In the order they began. The last one may be underway. */
  readonly handshakes: Handshake<OpenedSide>[] = [];
  /** Began, and had no more room. */
  dropped = 0;
  readonly #make: () => Handshake<OpenedSide>;
  #current: Handshake<OpenedSide> | undefined;

  constructor(make: () => Handshake<OpenedSide>) {
    this.#make = make;
  }

  /** A message that was opened behind the connection's first handshake. Lent: [from, to). */
  message(
    side: 0 | 1,
    type: number,
    bytes: Uint8Array,
    from: number,
    to: number,
    atUs: number,
    messageAt: number,
  ): void {
    if (type === CLIENT_HELLO && this.#current?.established !== false) this.#open();
    const current = this.#current;
    // A HelloRequest asks for one, which the client may refuse.
    if (current === undefined || (type === HELLO_REQUEST && from === to)) return;
    const spoken = current.sides[side];
    spoken.messages++;
    spoken.messageAt = messageAt;
    if (type === FINISHED) this.finished(side);
    else current.message(side, type, bytes, from, to, atUs);
  }

  /** A ChangeCipherSpec that was opened: what opens the side's records behind it, if anything does. */
  changed(side: 0 | 1): Opener | undefined {
    const current = this.#current;
    if (current === undefined) return undefined;
    current.sides[side].changes++;
    current.step("change-cipher-spec");
    return current.openerOf(side);
  }

  /** Its Finished, or the place of one that is not opened. */
  finished(side: 0 | 1): void {
    const spoken = this.#current?.sides[side];
    if (spoken === undefined || spoken.changes === 0 || spoken.finished) return;
    spoken.finished = true;
    this.#current?.step("finished");
  }

  /** Gives memory back. */
  close(): void {
    for (const one of this.handshakes) {
      one.release();
      one.unsealing?.close();
      for (const { chain } of one.sides) releaseChain(chain);
    }
  }

  #open(): void {
    this.#current = undefined;
    if (this.handshakes.length === HANDSHAKES_MAX) {
      this.dropped++;
      return;
    }
    this.#current = this.#make();
    this.handshakes.push(this.#current);
  }
}

/** A side whose messages come opened, and not in records of their own. */
export class OpenedSide implements Spoken {
  encrypted = false;
  changes = 0;
  finished = false;
  applicationRecords = 0;
  messages = 0;
  messageAt = 0;
  chain: readonly Uint8Array[] | undefined;
}

const HELLO_REQUEST = 0;
const CLIENT_HELLO = 1;
const FINISHED = 20;
/** Servers ask once, for a certificate; each costs what a connection does. */
const HANDSHAKES_MAX = 8;
