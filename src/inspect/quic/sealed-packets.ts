/**
 * The Handshake packets of a connection whose secrets a key log has: opened, put together, and their
 * messages told. What comes before the ServerHello, which says with which suite, is held for a while.
 */
import type { Side } from "../../flow/event.ts";
import type { Handshake } from "../tls/handshake.ts";
import { readFrames } from "./frames.ts";
import type { Packet, QuicSide } from "./handshake.ts";
import { MessageStream } from "./message-stream.ts";
import { PacketKeys } from "./packet-keys.ts";

export class SealedPackets {
  readonly #tls: Handshake<QuicSide>;
  readonly #client: Side;
  readonly #streams = [new MessageStream(), new MessageStream()] as const;
  readonly #keys = new Map<string, PacketKeys>();
  readonly #largest: [number, number] = [-1, -1];
  #held: Packet[] = [];

  constructor(tls: Handshake<QuicSide>, client: Side) {
    this.#tls = tls;
    this.#client = client;
  }

  /** There are secrets, and the server has not finished: what its packets say is still to come. */
  get waiting(): boolean {
    const { unsealing } = this.#tls;
    const sealed = unsealing?.sealed;
    if (unsealing?.waits === true) return true;
    return sealed !== undefined && sealed.server.finished === undefined;
  }

  /** False: there is a key for it that does not open it. */
  push(packet: Packet): boolean {
    const { side, header, bytes, offset } = packet;
    this.settle();
    const keys = this.#keysOf(packet);
    if (keys === undefined) {
      this.#hold(packet);
      return true;
    }
    const opened = keys.open(bytes, header.from, header.body, header.end, this.#largest[side]);
    if (opened === undefined) return false;
    this.#largest[side] = Math.max(this.#largest[side], opened.number);
    const stream = this.#streams[side];
    const problem = readFrames(opened.payload, header.version!, {
      crypto: (at, piece, from, to) => {
        const fault = stream.crypto.take(at, piece, from, to);
        if (fault !== undefined) this.#tls.malformedAt(side, "quic-crypto", fault.says, offset);
      },
      closed: (error) => {
        if (error >= 0x100 && error < 0x200) this.#tls.alert(side, 2, error & 0xff);
        else this.#tls.step("connection-close");
      },
    });
    if (problem !== undefined) this.#tls.malformedAt(side, "quic-frame", problem, offset);
    this.#tell(this.#client === 0 ? 1 : 0, offset);
    // What a client signs covers all of its server's messages: they are told first, whenever they come.
    if (!this.waiting) this.#tell(this.#client, offset);
    return true;
  }

  #tell(side: Side, offset: number): void {
    const stream = this.#streams[side];
    for (let type = stream.next(); type >= 0; type = stream.next()) {
      const { crypto, from, to } = stream;
      this.#tls.sides[side].messageAt = offset;
      this.#tls.unsealed(side, type, crypto.bytes, from, to);
    }
  }

  /** Secrets may have come that were still missing: what was held for them is opened. */
  settle(): void {
    if (this.#tls.unsealing?.open() !== undefined) this.pushHeld();
  }

  /** The ServerHello came: what was held can be opened now, or never. */
  pushHeld(): void {
    const held = this.#held;
    this.#held = [];
    const { unsealing } = this.#tls;
    if (unsealing?.waits === true) this.#held = held;
    if (unsealing?.sealed === undefined) return;
    for (const packet of held) {
      if (this.push(packet)) continue;
      const reason = "Handshake packet that its keys do not open";
      this.#tls.malformedAt(packet.side, "quic-packet", reason, packet.offset);
    }
  }

  release(): void {
    this.#held = [];
    for (const stream of this.#streams) stream.crypto.close();
  }

  #hold(packet: Packet): void {
    const { server, unsealing } = this.#tls;
    const tooLate = server !== undefined && !server.retry && unsealing?.waits !== true;
    const unknown = this.#tls.hello !== undefined && unsealing === undefined;
    if (tooLate || unknown || this.#held.length >= HELD_PACKETS_MAX) return;
    const { header, bytes } = packet;
    const { from } = header;
    this.#held.push({
      ...packet,
      bytes: new Uint8Array(bytes.subarray(from, header.end)),
      header: { ...header, from: 0, body: header.body - from, end: header.end - from },
    });
  }

  #keysOf({ side, header }: Packet): PacketKeys | undefined {
    const version = header.version!;
    const name = `${version.number} ${side}`;
    const known = this.#keys.get(name);
    if (known !== undefined) return known;
    const { unsealing } = this.#tls;
    const secret = unsealing?.secrets?.[side === this.#client ? "client" : "server"];
    if (secret === undefined || unsealing?.suite === undefined) return undefined;
    const keys = new PacketKeys(version, unsealing.suite, secret);
    this.#keys.set(name, keys);
    return keys;
  }
}

/** A server sends about so many before it hears from its client again. */
const HELD_PACKETS_MAX = 16;
