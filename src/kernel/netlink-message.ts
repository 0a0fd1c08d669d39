/**
 * Netlink messages: what is said to the kernel about packets, rules and sockets, and its answers.
 *
 *     byte 0          4     6     8          12         16 ..
 *         +----------+-----+-----+----------+----------+-- ..
 *         |  length  |type |flags| sequence |   port   |  body, then attributes, all at multiples of 4
 *         +----------+-----+-----+----------+----------+-- ..
 *
 *     attribute      +-----+-----+-- ..
 *                    | len |type |  value (attributes again, where it is nested)
 *                    +-----+-----+-- ..
 *
 * Headers are in host order. nfnetlink's own attributes are big-endian and rtnetlink's and
 * sock_diag's are not, so writers name the order.
 *
 * The kernel is trusted, and still its bytes are read as if it were not: another process with the
 * right capability may send to our socket. A length that cannot be right ends the reading with a
 * reason; what came before it stands.
 */

/** Builds messages in one fixed buffer. Outgrowing it is our own mistake, and throws. */
export class MessageWriter {
  #bytes: Uint8Array;
  #view: DataView;
  #at = 0;
  #message = -1;
  #nests: number[] = [];

  /** @param bytesMax of all messages together */
  constructor(bytesMax: number) {
    this.#bytes = new Uint8Array(bytesMax);
    this.#view = new DataView(this.#bytes.buffer);
  }

  /** What was written so far. It stays valid until the next `reset`. */
  get bytes(): Uint8Array {
    return this.#bytes.subarray(0, this.#at);
  }

  reset(): this {
    this.#at = 0;
    this.#message = -1;
    this.#nests.length = 0;
    return this;
  }

  /** Begins a message; `fixed` is the structure between its header and its attributes. */
  begin(type: number, flags: number, sequence: number, fixed: Uint8Array): this {
    this.#message = this.#take(HEADER_BYTES);
    this.#view.setUint16(this.#message + 4, type, true);
    this.#view.setUint16(this.#message + 6, flags, true);
    this.#view.setUint32(this.#message + 8, sequence, true);
    this.#view.setUint32(this.#message + 12, 0, true);
    this.#bytes.set(fixed, this.#take(fixed.length));
    return this;
  }

  /** Ends the message: only now does it have its length. */
  end(): this {
    if (this.#nests.length > 0) throw new Error("a netlink message ended inside an attribute");
    this.#view.setUint32(this.#message, this.#at - this.#message, true);
    return this;
  }

  value(type: number, value: Uint8Array): this {
    const at = this.#take(ATTRIBUTE_BYTES + value.length);
    this.#view.setUint16(at, ATTRIBUTE_BYTES + value.length, true);
    this.#view.setUint16(at + 2, type, true);
    this.#bytes.set(value, at + ATTRIBUTE_BYTES);
    return this;
  }

  u8(type: number, value: number): this {
    return this.value(type, Uint8Array.of(value));
  }

  u32(type: number, value: number): this {
    return this.value(type, u32le(value));
  }

  u32be(type: number, value: number): this {
    return this.value(type, u32be(value));
  }

  u64be(type: number, value: bigint): this {
    const bytes = new Uint8Array(8);
    new DataView(bytes.buffer).setBigUint64(0, value);
    return this.value(type, bytes);
  }

  /** A string with the zero byte that ends it. */
  text(type: number, text: string): this {
    return this.value(type, Buffer.from(`${text}\0`, "latin1"));
  }

  /** Opens a nested attribute; `close` closes the innermost one. */
  open(type: number): this {
    const at = this.#take(ATTRIBUTE_BYTES);
    this.#view.setUint16(at + 2, type | NLA_F_NESTED, true);
    this.#nests.push(at);
    return this;
  }

  close(): this {
    const at = this.#nests.pop();
    if (at === undefined) throw new Error("no nested attribute is open");
    const bytes = this.#at - at;
    if (bytes > 0xffff) throw new RangeError(`attribute of ${bytes} bytes, expected at most 65535`);
    this.#view.setUint16(at, bytes, true);
    return this;
  }

  /** Room for `bytes`, zeroed up to the next multiple of 4; where it begins. */
  #take(bytes: number): number {
    const at = this.#at;
    const end = at + aligned(bytes);
    if (end > this.#bytes.length) {
      throw new RangeError(
        `netlink messages of ${end} bytes, expected at most ${this.#bytes.length}`,
      );
    }
    this.#bytes.fill(0, at, end);
    this.#at = end;
    return at;
  }
}

export interface NetlinkMessage {
  readonly type: number;
  readonly flags: number;
  readonly sequence: number;
  /** Of the socket that asked; in a notification, of the one whose doing it tells of. 0: the kernel. */
  readonly port: number;
  /** Behind the header: the fixed structure, then attributes. A view, not a copy. */
  readonly body: Uint8Array;
}

export interface Messages {
  readonly messages: readonly NetlinkMessage[];
  /** Why reading ended before the end; absent when it did not. */
  readonly malformed?: string;
}

/** The messages in what one recv gave. */
export function messagesIn(bytes: Uint8Array): Messages {
  const messages: NetlinkMessage[] = [];
  const view = viewOf(bytes);
  for (let at = 0; at < bytes.length; ) {
    const left = bytes.length - at;
    if (left < HEADER_BYTES) return { messages, malformed: `${left} bytes, expected a header` };
    const length = view.getUint32(at, true);
    if (length < HEADER_BYTES || length > left) {
      return { messages, malformed: `message of ${length} bytes, expected 16 to ${left}` };
    }
    messages.push({
      type: view.getUint16(at + 4, true),
      flags: view.getUint16(at + 6, true),
      sequence: view.getUint32(at + 8, true),
      port: view.getUint32(at + 12, true),
      body: bytes.subarray(at + HEADER_BYTES, at + length),
    });
    at += aligned(length);
  }
  return { messages };
}

/**
 * The attributes of a message or of a nested attribute, each with its type (without the flags for
 * nesting and byte order), in order. Reading stops at a length that cannot be right.
 *
 * @param at where they begin
 */
export function* attributesIn(bytes: Uint8Array, at = 0): Generator<[number, Uint8Array]> {
  const view = viewOf(bytes);
  for (let from = at; from + ATTRIBUTE_BYTES <= bytes.length; ) {
    const length = view.getUint16(from, true);
    if (length < ATTRIBUTE_BYTES || from + length > bytes.length) return;
    const type = view.getUint16(from + 2, true) & NLA_TYPE_MASK;
    yield [type, bytes.subarray(from + ATTRIBUTE_BYTES, from + length)];
    from += aligned(length);
  }
}

/** As `attributesIn`, by type. Where a type comes twice the last one counts, as in the kernel. */
export function attributeMap(bytes: Uint8Array, at = 0): Map<number, Uint8Array> {
  return new Map(attributesIn(bytes, at));
}

/** A number that an attribute holds, big-endian, of 1, 2, 4 or 8 bytes; else undefined. */
export function numberBe(value: Uint8Array | undefined): number | undefined {
  if (value === undefined || !SIZES.has(value.length)) return undefined;
  return value.reduce((number, byte) => number * 256 + byte, 0);
}

/** As `numberBe`, in host order. */
export function numberLe(value: Uint8Array | undefined): number | undefined {
  return value && numberBe(value.toReversed());
}

/** Text up to its zero byte, one character a byte. */
export function textOf(value: Uint8Array | undefined): string | undefined {
  if (value === undefined) return undefined;
  const end = value.indexOf(0);
  return Buffer.from(end < 0 ? value : value.subarray(0, end)).toString("latin1");
}

export function u32le(value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, value, true);
  return bytes;
}

export function u32be(value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, value);
  return bytes;
}

export function u16be(value: number): Uint8Array {
  return Uint8Array.of((value >> 8) & 0xff, value & 0xff);
}

function aligned(bytes: number): number {
  return (bytes + 3) & ~3;
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

const HEADER_BYTES = 16;
const ATTRIBUTE_BYTES = 4;
const NLA_F_NESTED = 0x8000;
const NLA_TYPE_MASK = 0x3fff;
const SIZES = new Set([1, 2, 4, 8]);
