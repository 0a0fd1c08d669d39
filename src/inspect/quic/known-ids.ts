/**
 * Connection ids that servers chose, by which a connection is known again when its client's address has
 * changed (RFC 9000 §9). A client that means to move takes an id that only its peer has heard of; one
 * whose address a NAT changes does not know, and keeps the id.
 */
import type { QuicHandshake } from "./handshake.ts";

export class KnownIds {
  readonly #owners = new Map<string, QuicHandshake>();
  /** How many ids of each length there are. */
  readonly #lengths: number[] = new Array(ID_BYTES_MAX + 1).fill(0);

  /** Short ids are left out: they would be found where they are not. */
  add(id: string, owner: QuicHandshake): void {
    if (id.length < ID_BYTES_MIN || id.length > ID_BYTES_MAX || this.#owners.has(id)) return;
    if (this.#owners.size >= IDS_MAX) this.#dropOldest();
    this.#owners.set(id, owner);
    this.#lengths[id.length]!++;
  }

  remove(id: string, owner: QuicHandshake): void {
    if (this.#owners.get(id) !== owner) return;
    this.#owners.delete(id);
    this.#lengths[id.length]!--;
  }

  /** The connection to which the datagram [from, to) with a short header belongs. */
  find(bytes: Uint8Array, from: number, to: number): QuicHandshake | undefined {
    for (let length = ID_BYTES_MIN; length <= ID_BYTES_MAX; length++) {
      if (this.#lengths[length] === 0 || from + 1 + length > to) continue;
      const id = Buffer.prototype.toString.call(bytes, "latin1", from + 1, from + 1 + length);
      const owner = this.#owners.get(id);
      if (owner !== undefined) return owner;
    }
    return undefined;
  }

  #dropOldest(): void {
    for (const [id, owner] of this.#owners) return this.remove(id, owner);
  }
}

/** Four bytes are found by chance once in four thousand million. */
const ID_BYTES_MIN = 4;
const ID_BYTES_MAX = 20;
const IDS_MAX = 16_384;
