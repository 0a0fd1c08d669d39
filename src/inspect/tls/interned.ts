/**
 * What messages with the same bytes were read as, once: busy servers send the same chain and the same
 * OCSP response thousands of times, and whatever follows from one can be remembered by its object.
 *
 * Bounded over all connections, and counted, because a connection keeps what it got while it lasts:
 * what nobody uses is forgotten first, and when all is in use nothing more is taken.
 */

export interface InternedLimits {
  /** For messages about it. */
  readonly name: string;
  readonly entriesMax: number;
  /** Of messages remembered or in use by open connections, whatever arrives. */
  readonly bytesMax: number;
}

/** `Value` is made of a message's bytes by `read`, which may answer with text: why it cannot be right. */
export class Interned<Value extends object> {
  readonly #limits: InternedLimits;
  readonly #read: (message: Uint8Array) => Value | string;
  /** By sample. A message whose sample another one has takes its place, and is no wrong answer. */
  readonly #known = new Map<number, Known<Value>>();
  readonly #inUse = new WeakMap<Value, Known<Value>>();
  #heldBytes = 0;

  constructor(limits: InternedLimits, read: (message: Uint8Array) => Value | string) {
    this.#limits = limits;
    this.#read = read;
  }

  /** Of the bytes in [from, to), which are copied. Each value that is given out is released once. */
  get(bytes: Uint8Array, from: number, to: number): Value | string {
    const key = sample(bytes, from, to);
    const known = this.#known.get(key);
    if (known !== undefined && same(known.message, bytes, from, to)) {
      known.users++;
      return known.value;
    }
    if (!this.#makeRoom(to - from)) {
      const { name, bytesMax } = this.#limits;
      return `${to - from} byte ${name} message, and ${bytesMax} bytes of them in use`;
    }
    const message = bytes.slice(from, to);
    const value = this.#read(message);
    if (typeof value === "string") return value;
    const entry: Known<Value> = { key, message, value, users: 1 };
    this.#heldBytes += message.length;
    this.#inUse.set(value, entry);
    // Another message of the same sample is forgotten here, and kept by whoever uses it.
    if (known !== undefined && known.users === 0) this.#forget(known);
    this.#known.set(key, entry);
    return value;
  }

  /** A connection that got this value is over. Once nobody uses it, it may be forgotten. */
  release(value: Value | undefined): void {
    const entry = value && this.#inUse.get(value);
    if (entry === undefined) return;
    entry.users--;
    if (entry.users === 0 && this.#known.get(entry.key) !== entry) this.#forget(entry);
  }

  /** Forgets what is unused, oldest first, until `bytes` more fit. False when those in use fill it. */
  #makeRoom(bytes: number): boolean {
    const { entriesMax, bytesMax } = this.#limits;
    if (this.#heldBytes + bytes <= bytesMax && this.#known.size < entriesMax) return true;
    for (const entry of this.#known.values()) {
      if (entry.users > 0) continue;
      this.#forget(entry);
      if (this.#heldBytes + bytes <= bytesMax / 2 && this.#known.size < entriesMax / 2) break;
    }
    return this.#heldBytes + bytes <= bytesMax;
  }

  #forget(entry: Known<Value>): void {
    this.#heldBytes -= entry.message.length;
    this.#inUse.delete(entry.value);
    if (this.#known.get(entry.key) === entry) this.#known.delete(entry.key);
  }
}

/** A number that differs for most different messages: length and 64 bytes spread over it (FNV-1a). */
function sample(bytes: Uint8Array, from: number, to: number): number {
  let value = 0x811c9dc5 ^ (to - from);
  const step = Math.max(1, (to - from) >> 6);
  for (let at = from; at < to; at += step) value = Math.imul(value ^ bytes[at]!, 0x01000193);
  return value;
}

function same(message: Uint8Array, bytes: Uint8Array, from: number, to: number): boolean {
  if (message.length !== to - from) return false;
  return Buffer.prototype.compare.call(bytes, message, 0, message.length, from, to) === 0;
}

interface Known<Value> {
  readonly key: number;
  readonly message: Uint8Array;
  readonly value: Value;
  /** Open connections that have it. */
  users: number;
}
