/**
 * A connection as its inspector hears it: what each side said, in order, told as the flow table
 * tells it. Every buffer is overwritten once it was pushed, as `Lent` bytes are, so an inspector
 * that keeps what it was lent gets caught. With `records` wanted, the shunt is played.
 */
import { createHash } from "node:crypto";
import type { Flow, Side } from "../../../src/flow/event.ts";
import type { KeyLog } from "../../../src/inspect/keys/key-log.ts";
import { TlsConnection } from "../../../src/inspect/tls/connection.ts";
import type { Flight } from "../../wire/recorded.ts";

export interface Said {
  readonly side: Side;
  readonly bytes: Uint8Array;
  /** Instead of bytes: so many that did not come. */
  readonly gap?: number;
  readonly why?: "loss" | "snaplen" | "limit";
}

export const client = (bytes: Uint8Array): Said => ({ side: 0, bytes });
export const server = (bytes: Uint8Array): Said => ({ side: 1, bytes });
export const gap = (side: Side, count: number, why: Said["why"] & string = "loss"): Said => ({
  side,
  bytes: new Uint8Array(0),
  gap: count,
  why,
});

export const flow: Flow = {
  id: 1,
  transport: "tcp",
  ends: [
    { ip: "10.0.0.1", port: 40000 },
    { ip: "10.0.0.2", port: 443 },
  ],
  opener: 0,
  openedAtUs: 1_000,
};

/** The same ends, but nobody saw who opened it. */
export const { opener: _, ...joinedFlow }: Flow = flow;

/** The connection after all of it. Not closed: `result()` is a snapshot. */
export function hear(said: readonly Said[], of: Flow = flow, keys?: KeyLog): TlsConnection {
  const connection = new TlsConnection(of, keys);
  const streams = [new Shunted(connection, 0), new Shunted(connection, 1)];
  let atUs = of.openedAtUs;
  for (const { side, bytes, gap, why = "loss" } of said) {
    atUs++;
    if (gap === undefined) streams[side]!.say(bytes, atUs);
    else streams[side]!.lose(gap, why, atUs);
  }
  return connection;
}

/** All that may be asked, but for the time and the place where the shunt took over. */
export function answer(said: readonly Said[], of: Flow = flow, keys?: KeyLog) {
  const connection = hear(said, of, keys);
  const { atUs: _, certificates, clientCertificates, ...rest } = connection.result() ?? {};
  const chains = [certificates, clientCertificates].map((seen) => [
    seen?.seen,
    seen?.why,
    seen?.chain.map((der) => createHash("sha256").update(der).digest("hex")),
  ]);
  const { malformed, settled, wants } = connection;
  // Thousands are heard: what one holds of the memory for all goes back when it is over.
  connection.push({ kind: "closed", why: "end", atUs: of.openedAtUs });
  return { ...rest, chains, malformed: [...malformed], settled, wants };
}

/** What a recording says, the client being side 0. */
export function saidIn(flights: readonly Flight[]): Said[] {
  return flights.map(({ party, bytes }) => ({ side: party === "client" ? 0 : 1, bytes }));
}

/** One direction. Keeps what was not told while the shunt decides where the next record stands. */
class Shunted {
  readonly #connection: TlsConnection;
  readonly #side: Side;
  #offset = 0;
  #held: number[] = [];
  /** Where the next header stands, while the direction is shunted. */
  #next: number | undefined;

  constructor(connection: TlsConnection, side: Side) {
    this.#connection = connection;
    this.#side = side;
  }

  say(bytes: Uint8Array, atUs: number): void {
    const { wants } = this.#connection;
    if (wants === "nothing") return;
    if (!this.#shunted()) return this.#tell(bytes, atUs);
    const next = this.#next!;
    for (const byte of bytes) {
      if (this.#offset + this.#held.length >= next) this.#held.push(byte);
      else this.#offset++;
    }
    this.#walk(atUs);
  }

  /** Nobody is told of what is missing inside a record that is passed over. */
  lose(count: number, why: "loss" | "snaplen" | "limit", atUs: number): void {
    if (this.#connection.wants === "nothing") return;
    const side = this.#side;
    const shunted = this.#shunted();
    if (shunted && this.#held.length === 0 && this.#offset + count <= this.#next!) {
      this.#offset += count;
      return;
    }
    this.#offset += this.#held.length;
    this.#held = [];
    this.#next = undefined;
    const offset = this.#offset;
    if (shunted) this.#connection.push({ kind: "resumed", side, offset, why: "gap", atUs });
    this.#connection.push({ kind: "gap", side, offset, count, why, atUs });
    this.#offset += count;
  }

  /** Once it is, only what it meets itself ends that, whatever the connection wants of the other side. */
  #shunted(): boolean {
    const next = this.#connection.nextRecord[this.#side];
    // -1: this side is still read.
    if (this.#connection.wants === "records" && next >= 0) this.#next ??= next;
    return this.#next !== undefined;
  }

  #walk(atUs: number): void {
    while (this.#held.length >= 5) {
      const length = 5 + this.#held[3]! * 256 + this.#held[4]!;
      if (this.#held[0] !== 23) return this.#resume(atUs);
      this.#next = this.#offset + length;
      const passed = Math.min(length, this.#held.length);
      this.#held.splice(0, passed);
      this.#offset += passed;
    }
  }

  #resume(atUs: number): void {
    const offset = this.#offset;
    this.#connection.push({ kind: "resumed", side: this.#side, offset, why: "record-type", atUs });
    const bytes = Uint8Array.from(this.#held);
    this.#held = [];
    this.#next = undefined;
    this.#tell(bytes, atUs);
  }

  #tell(bytes: Uint8Array, atUs: number): void {
    // Not at the beginning of its buffer, so that a forgotten `from` shows.
    const lent = new Uint8Array(bytes.length + 3);
    lent.set(bytes, 2);
    const [from, to] = [2, 2 + bytes.length];
    const offset = this.#offset;
    this.#connection.push({ kind: "bytes", side: this.#side, bytes: lent, from, to, offset, atUs });
    lent.fill(0xaa);
    this.#offset += bytes.length;
  }
}
