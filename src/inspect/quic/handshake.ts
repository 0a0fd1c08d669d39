/**
 * One QUIC connection's handshake: its packets opened, their CRYPTO frames put together, and the TLS
 * messages in them kept as those of TCP are (tls/handshake.ts).
 *
 *     Initial packets     keys from the client's first DCID, which everybody has (RFC 9001 §5.2)
 *     Handshake packets   keys from the handshake traffic secrets, so only with a key log
 *     0-RTT, short        application data: that they came is all that is told
 *
 * A server may answer in another version than it was asked in (RFC 9368 §2.3), so keys are made for
 * whatever version a packet names. With a Retry, or another version negotiated, the client begins again
 * under other ids or keys: that is another one of these, and what it says counts, since the server kept
 * nothing of what came before.
 */
import type { Flow, Side } from "../../flow/event.ts";
import type { KeyLog } from "../keys/key-log.ts";
import type { TlsObservation } from "../observation.ts";
import { Handshake, isTls13 } from "../tls/handshake.ts";
import { observe } from "../tls/observe.ts";
import { type FrameListener, readFrames } from "./frames.ts";
import type { LongHeader } from "./header.ts";
import { MessageStream } from "./message-stream.ts";
import { type InitialKeys, initialKeys, type Opened } from "./packet-keys.ts";
import { isRetryOf } from "./retry.ts";
import { SealedPackets } from "./sealed-packets.ts";
import type { QuicVersion } from "./version.ts";

/** A packet with a long header. Lent, like the datagram it is in. */
export interface Packet {
  readonly side: Side;
  readonly header: LongHeader;
  readonly bytes: Uint8Array;
  /** Where it begins in its datagram. */
  readonly offset: number;
  readonly atUs: number;
}

export interface Beginning {
  readonly flow: Flow;
  readonly client: Side;
  /** Of the client's first packet. */
  readonly header: LongHeader;
  /** The keys that open it. */
  readonly initial: InitialKeys;
  /** Secrets that open Handshake packets. */
  readonly log: KeyLog | undefined;
}

/** Two packets of a handshake put different bytes in the same place. */
export interface Overlap {
  readonly side: Side;
  /** Of the first such byte, in that side's TLS messages. */
  readonly offset: number;
  readonly atUs: number;
}

export class QuicHandshake {
  readonly tls: Handshake<QuicSide>;
  readonly client: Side;
  /** Bounded: the first few. */
  readonly overlaps: Overlap[] = [];
  /** The id that the server chose; absent before it answered. */
  serverId: string | undefined;
  /** The server sent a Retry, or does not speak the client's version. */
  refused = false;
  /** The number of the version that the client began with. */
  readonly version: number;
  readonly #clientId: string;
  /** The client's first DCID, from which the Initial keys come; by version. */
  readonly #keyId: string;
  readonly #initialKeys = new Map<QuicVersion, InitialKeys>();
  readonly #hellos = [new MessageStream(), new MessageStream()] as const;
  readonly #sealed: SealedPackets | undefined;
  /** Largest packet number of each side's Initial packets. */
  readonly #largest: [number, number] = [-1, -1];
  #shortPackets = 0;

  constructor({ flow, client, header, initial, log }: Beginning) {
    this.tls = new Handshake(flow, "quic", QuicSide);
    this.tls.keys = log;
    this.#initialKeys.set(header.version!, initial);
    this.tls.helloSide = client;
    this.client = client;
    this.version = header.number;
    this.#clientId = header.scid;
    this.#keyId = header.dcid;
    this.#sealed = log && new SealedPackets(this.tls, client);
  }

  /** Nothing more is read of it: it is complete, or much else came and the rest did not. */
  get done(): boolean {
    if (this.#shortPackets > SHORT_PACKETS_UNREAD_MAX) return true;
    return this.tls.established && this.#sealed?.waiting !== true;
  }

  /** Refused with nothing more said: the client begins again. */
  get over(): boolean {
    return this.refused && this.serverId === undefined;
  }

  /** Whether its ids are those of this connection. */
  owns({ side, header }: Packet): boolean {
    if (side === this.client) {
      const known = header.dcid === this.serverId || header.dcid === this.#keyId;
      return known && header.scid === this.#clientId;
    }
    const known = this.serverId === undefined || header.scid === this.serverId;
    return known && header.dcid === this.#clientId;
  }

  /** Whether the client's first packet had these ids. */
  began(dcid: string, scid: string): boolean {
    return dcid === this.#keyId && scid === this.#clientId;
  }

  /** Opens and reads an Initial packet. False: it is not of this connection, or damaged. */
  initial(packet: Packet): boolean {
    const { side, header, bytes } = packet;
    const peer = side === this.client ? "client" : "server";
    const { from, body, end, version } = header;
    const keys = this.#keysOf(version!)[peer];
    const opened = keys.open(bytes, from, body, end, this.#largest[side]);
    if (opened === undefined) return false;
    if (peer === "server") this.serverId ??= header.scid;
    this.#largest[side] = Math.max(this.#largest[side], opened.number);
    this.tls.handshakeSeen = true;
    this.#read(packet, opened);
    return true;
  }

  /** A Handshake packet with this connection's ids. False: there are keys, and they do not open it. */
  handshake(packet: Packet): boolean {
    this.sealed(packet.side);
    return this.#sealed === undefined || this.done || this.#sealed.push(packet);
  }

  /** A Handshake packet came: the server's hold its certificate and its Finished. */
  sealed(side: Side): void {
    const spoken = this.tls.sides[side];
    if (side === this.client || this.tls.server === undefined || spoken.finished) return;
    spoken.finished = true;
    this.tls.step("handshake-packet");
  }

  /** Early data (RFC 9001 §4.6): only that it came. */
  earlyData(): void {
    if (!this.tls.steps.names.includes("early-data")) this.tls.step("early-data");
  }

  /** A Retry packet with this connection's client id. False: it answers another packet, or is forged. */
  retry({ side, header, bytes }: Packet): boolean {
    if (side === this.client || isRetryOf(bytes, header, this.#keyId) === false) return false;
    if (!this.refused && this.serverId === undefined) this.tls.step("retry");
    this.refused ||= this.serverId === undefined;
    return true;
  }

  /** Application data with the server's id came from another address (RFC 9000 §9). */
  moved(): void {
    if (!this.tls.steps.names.includes("migration")) this.tls.step("migration");
  }

  /** A packet with a short header: application data, behind both sides' handshakes. */
  short(side: Side): void {
    const server: Side = this.client === 0 ? 1 : 0;
    this.#shortPackets++;
    this.#sealed?.settle();
    if (side !== this.client || !this.tls.sides[server].finished) return;
    this.tls.sides[side].finished = true;
    if (this.done) this.#release();
  }

  /** Version negotiation, which answers the client's first packet. Text says why it is none. */
  refuse(offered: readonly number[]): string | undefined {
    if (this.serverId !== undefined) {
      return "version negotiation behind the server's first answer";
    }
    // RFC 9000 §6.2.
    if (offered.includes(this.version)) return "version negotiation that offers what was asked for";
    if (!this.refused) this.tls.step("version-negotiation");
    this.refused = true;
    return undefined;
  }

  /** @param before what the same client began first, and the server refused: its steps are the first */
  result(before?: QuicHandshake): TlsObservation | undefined {
    // It opened, so it was QUIC; a hello that is not there has lost a part of itself.
    this.tls.lost ||= this.tls.hello === undefined;
    this.#sealed?.settle();
    const seen = observe(this.tls);
    if (seen === undefined || before === undefined) return seen;
    let { steps } = before.tls;
    for (const name of seen.steps) steps = steps.after(name);
    return { ...seen, atUs: before.tls.helloAtUs, steps: steps.names };
  }

  close(): void {
    this.#release();
    this.tls.unsealing?.close();
  }

  #release(): void {
    for (const stream of this.#hellos) stream.crypto.close();
    this.#sealed?.release();
  }

  #keysOf(version: QuicVersion): InitialKeys {
    let keys = this.#initialKeys.get(version);
    if (keys === undefined) {
      keys = initialKeys(version, this.#keyId);
      this.#initialKeys.set(version, keys);
    }
    return keys;
  }

  #read(packet: Packet, { payload, reserved }: Opened): void {
    const { side, header, offset, atUs } = packet;
    const stream = this.#hellos[side];
    if (reserved) {
      this.tls.malformedAt(side, "quic-packet", "reserved bits that are not zero", offset);
    }
    const listener: FrameListener = {
      crypto: (at, bytes, from, to) => {
        const fault = stream.crypto.take(at, bytes, from, to);
        if (fault === undefined) return;
        this.tls.malformedAt(side, "quic-crypto", fault.says, offset);
        if (fault.differsAt === undefined) this.tls.lost = true;
        else this.#overlap({ side, offset: fault.differsAt, atUs });
      },
      closed: (error) => this.#closed(side, error),
    };
    const problem = readFrames(payload, header.version!, listener);
    if (problem !== undefined) this.tls.malformedAt(side, "quic-frame", problem, offset);
    for (let type = stream.next(); type >= 0; type = stream.next()) this.#hello(packet, type);
  }

  /** A message of the Initial packets: a ClientHello, ServerHello or HelloRetryRequest. */
  #hello({ side, atUs, offset }: Packet, type: number): void {
    const { tls, client } = this;
    const { crypto, from, to } = this.#hellos[side];
    const spoken = tls.sides[side];
    spoken.messages++;
    spoken.messageAt = offset;
    if (type !== (side === client ? CLIENT_HELLO : SERVER_HELLO)) {
      const reason = `message of type ${type} in an Initial packet, expected a hello`;
      return tls.malformedAt(side, "tls-handshake", reason, offset);
    }
    const before = tls.server;
    tls.message(side, type, crypto.bytes, from, to, atUs);
    if (tls.server === before || tls.server === undefined) return;
    if (!isTls13(tls.server.version)) {
      const reason = `version 0x${tls.server.version.toString(16)} in QUIC, expected 0x0304`;
      tls.malformedAt(side, "tls-server-hello", reason, offset);
    }
    this.#sealed?.pushHeld();
  }

  /** RFC 9001 §4.8: the last byte of a crypto error is the alert that TLS would have sent. */
  #closed(side: Side, error: number): void {
    if (error >= 0x100 && error < 0x200) this.tls.alert(side, 2, error & 0xff);
    else this.tls.step("connection-close");
  }

  #overlap(overlap: Overlap): void {
    if (this.overlaps.length < OVERLAPS_MAX) this.overlaps.push(overlap);
  }
}

/** One side of a connection, as tls/handshake.ts keeps it. */
export class QuicSide {
  encrypted = false;
  changes = 0;
  finished = false;
  applicationRecords = 0;
  messages = 0;
  messageAt = 0;
  chain: readonly Uint8Array[] | undefined;
}

const CLIENT_HELLO = 1;
const SERVER_HELLO = 2;
const OVERLAPS_MAX = 8;
/** Packets of application data after which the rest of a handshake is not waited for. */
const SHORT_PACKETS_UNREAD_MAX = 64;
