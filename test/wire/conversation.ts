/**
 * A TCP connection as a script: who says what, and what becomes of it on the way.
 *
 *     conversation({ client: "10.0.0.1:40000", server: "192.0.2.7:443" })
 *       .client(hello)               // said and captured, in segments of `mss` bytes
 *       .lose("server", 1460)        // said and not captured: a gap
 *       .server(rest).swap()         // the last two packets change places
 *       .segment("client", 3, x)     // any bytes at any offset: retransmission, overlap
 *       .close().packets()
 *
 * Offsets count from 0 in each direction, behind the SYN, as `FlowEvent.offset` does. Every packet
 * is `stepUs` later than the one before it, also after a swap: capture order is time order.
 */
import { ethernet, type Framer } from "./link.ts";
import { EPOCH_US, snap, type WirePacket } from "./packet.ts";
import { type NetworkShape, type Place, tcp } from "./transport.ts";

export type Party = "client" | "server";

export interface ConversationShape {
  readonly client?: Place;
  readonly server?: Place;
  readonly startUs?: number;
  readonly stepUs?: number;
  readonly mss?: number;
  /** Initial sequence numbers: near 2^32 to wrap. */
  readonly clientSequence?: number;
  readonly serverSequence?: number;
  /** `false` joins midstream: no SYN was captured. */
  readonly handshake?: boolean;
  readonly frame?: Framer;
  readonly snapBytes?: number;
  readonly network?: NetworkShape;
  /** Cuts one IP packet into several, as `fragments` does. */
  readonly cut?: (packet: Uint8Array) => readonly Uint8Array[];
}

export function conversation(shape: ConversationShape = {}): Conversation {
  return new Conversation(shape);
}

export class Conversation {
  #shape: ConversationShape;
  #packets: WirePacket[] = [];
  #nextUs: number;
  #places: Record<Party, Place>;
  #base: Record<Party, number>;
  /** Bytes said so far, captured or not. A FIN counts as one in the acknowledgments. */
  #said: Record<Party, number> = { client: 0, server: 0 };
  #ended: Record<Party, number> = { client: 0, server: 0 };

  constructor(shape: ConversationShape) {
    this.#shape = shape;
    this.#nextUs = shape.startUs ?? EPOCH_US;
    const { client = "10.0.0.1:40000", server = "192.0.2.7:443" } = shape;
    this.#places = { client, server };
    const { clientSequence = 1000, serverSequence = 5_000_000 } = shape;
    this.#base = { client: clientSequence, server: serverSequence };
    if (shape.handshake !== false) this.#open();
  }

  client(bytes: Uint8Array, shape: { mss?: number } = {}): this {
    return this.say("client", bytes, shape);
  }

  server(bytes: Uint8Array, shape: { mss?: number } = {}): this {
    return this.say("server", bytes, shape);
  }

  say(party: Party, bytes: Uint8Array, shape: { mss?: number } = {}): this {
    const mss = shape.mss ?? this.#shape.mss ?? 1460;
    for (let at = 0; at < bytes.length; at += mss) {
      const part = bytes.subarray(at, at + mss);
      this.segment(party, this.#said[party], part);
      this.#said[party] += part.length;
    }
    return this;
  }

  /** `count` bytes were said and not captured. */
  lose(party: Party, count: number): this {
    this.#said[party] += count;
    return this;
  }

  /** One segment with `bytes` at `offset` of that direction; what was said so far stays. */
  segment(party: Party, offset: number, bytes: Uint8Array, flags = "PA"): this {
    return this.#emit(party, this.#base[party] + 1 + offset, flags, bytes);
  }

  /** An empty acknowledgment of all that the other side said, or of `acknowledged` bytes of it. */
  ack(party: Party, acknowledged?: number): this {
    const sequence = this.#base[party] + 1 + this.#said[party] + this.#ended[party];
    return this.#emit(party, sequence, "A", NOTHING, acknowledged);
  }

  /** A keep-alive: one byte before what comes next (RFC 9293 §3.8.4). */
  keepAlive(party: Party): this {
    return this.#emit(party, this.#base[party] + this.#said[party], "A", new Uint8Array(1));
  }

  /** The packet that came last comes once more. */
  again(): this {
    const last = this.#packets.at(-1)!;
    this.#packets.push({ ...last, atUs: this.#tick() });
    return this;
  }

  /** The last `count` packets change their order back to front; the times stay ascending. */
  swap(count = 2): this {
    const tail = this.#packets.splice(-count);
    const times = tail.map((packet) => packet.atUs);
    const turned = tail.reverse().map((packet, index) => ({ ...packet, atUs: times[index]! }));
    this.#packets.push(...turned);
    return this;
  }

  /** The last packet was not captured. */
  drop(): this {
    this.#packets.pop();
    return this;
  }

  /** Only the first `bytes` of the last packet were captured. */
  cutTo(bytes: number): this {
    const last = this.#packets.pop()!;
    this.#packets.push(snap(last, bytes));
    return this;
  }

  wait(micros: number): this {
    this.#nextUs += micros;
    return this;
  }

  fin(party: Party): this {
    this.segment(party, this.#said[party], NOTHING, "FA");
    this.#ended[party] = 1;
    return this;
  }

  reset(party: Party): this {
    return this.segment(party, this.#said[party], NOTHING, "R");
  }

  /** Both FINs and the last acknowledgment. */
  close(): this {
    return this.fin("client").fin("server").ack("client");
  }

  /** The same two ports once more, with new sequence numbers: said bytes count from 0 again. */
  reopen(shape: { clientSequence?: number; serverSequence?: number } = {}): this {
    const { clientSequence = 77_000_000, serverSequence = 99_000_000 } = shape;
    this.#base = { client: clientSequence, server: serverSequence };
    this.#said = { client: 0, server: 0 };
    this.#ended = { client: 0, server: 0 };
    this.#open();
    return this;
  }

  packets(): WirePacket[] {
    const { snapBytes } = this.#shape;
    if (snapBytes === undefined) return [...this.#packets];
    return this.#packets.map((packet) => snap(packet, snapBytes));
  }

  #open(): void {
    this.#emit("client", this.#base.client, "S", NOTHING);
    this.#emit("server", this.#base.server, "SA", NOTHING);
    this.ack("client");
  }

  #emit(
    party: Party,
    sequence: number,
    flags: string,
    bytes: Uint8Array,
    acknowledged?: number,
  ): this {
    const other: Party = party === "client" ? "server" : "client";
    const heard = acknowledged ?? this.#said[other] + this.#ended[other];
    const acknowledgment = flags.includes("A") ? this.#base[other] + 1 + heard : 0;
    const packet = tcp(
      {
        from: this.#places[party],
        to: this.#places[other],
        sequence: sequence % 2 ** 32,
        acknowledgment: acknowledgment % 2 ** 32,
        flags,
        network: this.#shape.network ?? {},
      },
      bytes,
    );
    const { cut = (whole: Uint8Array) => [whole], frame = ethernet } = this.#shape;
    for (const piece of cut(packet))
      this.#packets.push({ atUs: this.#tick(), bytes: frame(piece) });
    return this;
  }

  #tick(): number {
    const atUs = this.#nextUs;
    this.#nextUs += this.#shape.stepUs ?? 1000;
    return atUs;
  }
}

/** Several scripts as one capture, in order of time; equal times keep the order of the scripts. */
export function merge(...scripts: readonly (readonly WirePacket[])[]): WirePacket[] {
  return scripts.flat().sort((one, other) => one.atUs - other.atUs);
}

const NOTHING = new Uint8Array(0);
