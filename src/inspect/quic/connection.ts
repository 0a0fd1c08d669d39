/**
 * A UDP conversation, read as QUIC v1 and v2 (RFC 9000, RFC 9001, RFC 9369) and the drafts before them.
 *
 * Three facts shape what is here:
 *
 *   1. Two ports may carry many connections, one after the other or at once (RFC 9000 §5.2): whose a
 *      packet is its ids say, and whether that is true only the keys. A connection that hides behind an
 *      approved one on the same ports is told like any other.
 *   2. Initial keys are nobody's secret, so anybody can send an Initial packet that opens. What two of
 *      them say differently is told as an overlap, and neither is believed over the other.
 *   3. Once its handshakes are read, all that a conversation may still want is told by the first byte of
 *      a datagram, since application data has another header: then only `records` are wanted.
 */
import type { Flow, FlowEvent, Inspector, Side, Wants } from "../../flow/event.ts";
import type { Malformed } from "../../stage.ts";
import type { KeyLog } from "../keys/key-log.ts";
import type { TlsObservation } from "../observation.ts";
import { Handshake } from "../tls/handshake.ts";
import { observe } from "../tls/observe.ts";
import { isProven } from "../tls/proven.ts";
import { type Overlap, type Packet, QuicHandshake, QuicSide } from "./handshake.ts";
import { isLongHeader, type LongHeader, readLongHeader, versionsOffered } from "./header.ts";
import type { KnownIds } from "./known-ids.ts";
import { initialKeys } from "./packet-keys.ts";
import { isUnreadVersion } from "./version.ts";

export class QuicConnection implements Inspector {
  wants: Wants = "bytes";
  readonly nextRecord: readonly [number, number] = [0, 0];
  readonly #flow: Flow;
  readonly #log: KeyLog | undefined;
  readonly #ids: KnownIds | undefined;
  /** In the order in which they began. */
  readonly #handshakes: QuicHandshake[] = [];
  /** What belongs to none of them, and whether there was one whose beginning is missing. */
  readonly #rest: Handshake<QuicSide>;
  /** The first packet of a version that is not read. */
  #unread: (Pick<LongHeader, "dcid" | "scid" | "number"> & { readonly side: Side }) | undefined;
  #unopened = 0;
  /** Packets with a short header while there was no handshake. */
  #short = 0;

  /**
   * @param keys secrets that open Handshake packets
   * @param ids where ids are kept that a connection is known by when its address changes
   */
  constructor(flow: Flow, keys?: KeyLog, ids?: KnownIds) {
    this.#flow = flow;
    this.#log = keys;
    this.#ids = ids;
    this.#rest = new Handshake(flow, "quic", QuicSide);
  }

  get idle(): boolean {
    return this.#handshakes.length === 0 && !this.#rest.handshakeSeen && this.#unread === undefined;
  }

  /** Certificates and versions will not change any more. */
  get settled(): boolean {
    return this.wants !== "bytes";
  }

  /** How many handshakes have shown and proved their server's identity, as far as they will. */
  get proven(): number {
    return this.#handshakes.reduce((count, { tls }) => count + (isProven(tls) ? 1 : 0), 0);
  }

  /** Bounded: the first few of each connection. */
  get malformed(): readonly (Malformed & { readonly side: Side })[] {
    const few = [...this.#rest.malformed, ...this.#handshakes.flatMap(({ tls }) => tls.malformed)];
    if (this.#unopened <= UNOPENED_TOLD_MAX) return few;
    const reason = `${this.#unopened} packets in all that their keys do not open`;
    return [...few, { kind: "malformed", at: "quic-packet", reason, offset: 0, side: 0 }];
  }

  /** Also a client that says another name once its server has refused the first packet (C08). */
  get overlaps(): readonly Overlap[] {
    return this.#handshakes.flatMap((one, at) => {
      const before = this.#beginningOf(at)?.tls.hello;
      const { hello, helloAtUs } = one.tls;
      const same = before === undefined || hello === undefined;
      if (same || before.serverName === hello.serverName) return one.overlaps;
      return [{ side: one.client, offset: 0, atUs: helloAtUs }, ...one.overlaps];
    });
  }

  /** A version that is not read, when no other was spoken. */
  get unreadVersion(): number | undefined {
    return this.#handshakes.length === 0 ? this.#unread?.number : undefined;
  }

  push(event: FlowEvent): void {
    if (event.kind === "closed") return this.#close();
    if (event.kind !== "datagram" || this.wants === "nothing") return;
    this.#datagram(event.side, event.bytes, event.from, event.to, event.cut, event.atUs);
    this.#decideWants();
  }

  /**
   * What was seen so far, for each connection; none when there was no QUIC that we read.
   *
   * @param onlyProven leave out those of which more must be seen first
   */
  results(onlyProven = false): readonly TlsObservation[] {
    const seen: TlsObservation[] = [];
    for (const [at, one] of this.#handshakes.entries()) {
      if (onlyProven && !isProven(one.tls)) continue;
      const before = this.#beginningOf(at);
      // What was refused is told with what came of it, unless that is something else.
      const again = before?.tls.hello?.serverName === one.tls.hello?.serverName;
      const said = one.result(again ? before : undefined);
      if (before !== undefined && again && !onlyProven) seen.pop();
      if (said !== undefined) seen.push(said);
    }
    if (seen.length > 0 || onlyProven) return seen;
    const headless = observe(this.#rest);
    return headless === undefined ? [] : [headless];
  }

  /** What the handshake at `at` began with, if that was refused with nothing more said. */
  #beginningOf(at: number): QuicHandshake | undefined {
    const before = this.#handshakes[at - 1];
    const { client } = this.#handshakes[at]!;
    return before?.over === true && before.client === client ? before : undefined;
  }

  #datagram(
    side: Side,
    bytes: Uint8Array,
    from: number,
    to: number,
    cut: number,
    atUs: number,
  ): void {
    for (let at = from; at < to; ) {
      if (!isLongHeader(bytes[at]!)) {
        // Zeros behind the last packet are padding that stands in none (RFC 9000 §12.2).
        if (at === from || bytes[at] !== 0) this.#application(side);
        return;
      }
      const header = readLongHeader(bytes, at, to, cut);
      if (typeof header === "string") {
        return this.#rest.malformedAt(side, "quic-packet", header, at - from);
      }
      this.#packet({ side, header, bytes, offset: at - from, atUs });
      at = header.end;
    }
  }

  #application(side: Side): void {
    if (this.#handshakes.length === 0) this.#short++;
    for (const one of this.#handshakes) if (!one.done) one.short(side);
  }

  #packet(packet: Packet): void {
    const { header, side, offset } = packet;
    if (header.type === "version-negotiation") return this.#negotiation(packet);
    if (header.type === "unread") {
      if (!isUnreadVersion(header.number)) return;
      const { dcid, scid, number } = header;
      this.#unread ??= { side, dcid, scid, number };
      return;
    }
    // The same ids may come again behind a Retry or version negotiation.
    const owner = this.#handshakes.findLast((one) => one.owns(packet));
    if (header.promised > header.end) return this.#cut(packet, owner);
    switch (header.type) {
      case "initial":
        return this.#initial(packet, owner);
      case "retry": {
        if (this.#handshakes.some((one) => one.retry(packet))) return;
        const reason = "Retry that answers no packet, or whose tag is wrong";
        return this.#rest.malformedAt(side, "quic-retry", reason, offset);
      }
      case "0-rtt":
        return owner?.earlyData();
      case "handshake":
        if (owner === undefined) this.#headless();
        else if (!owner.handshake(packet)) this.#unopenedPacket(packet, "Handshake");
    }
  }

  /** Without its last bytes nothing says that a packet is what its sender sealed. */
  #cut({ header, side }: Packet, owner: QuicHandshake | undefined): void {
    if (owner === undefined) {
      this.#rest.handshakeSeen = true;
      this.#rest.cut = true;
    } else if (!owner.done) {
      owner.tls.cut = true;
      if (header.type === "handshake") owner.sealed(side);
    }
  }

  #initial(packet: Packet, owner: QuicHandshake | undefined): void {
    const mayOpen = (one: QuicHandshake) =>
      !one.done && (!one.refused || one.version === packet.header.number);
    if (owner !== undefined && mayOpen(owner) && owner.initial(packet)) {
      if (owner.serverId !== undefined) this.#ids?.add(owner.serverId, owner);
      return;
    }
    // Ids do not bind: a client may begin under one that is in use.
    if (this.#handshakes.some((one) => one !== owner && mayOpen(one) && one.initial(packet)))
      return;
    if (this.#begin(packet)) return;
    // What comes late under the ids of a handshake that is over needs no reading.
    if (owner?.done === true) return;
    if (this.#handshakes.length === 0) this.#headless();
    this.#unopenedPacket(packet, "Initial");
  }

  /** A new connection, if the packet opens as a client's first. False if it does not. */
  #begin(packet: Packet): boolean {
    const { side, header, bytes, offset } = packet;
    const keys = initialKeys(header.version!, header.dcid);
    if (keys.client.open(bytes, header.from, header.body, header.end, -1) === undefined)
      return false;
    if (this.#handshakes.length >= HANDSHAKES_MAX) {
      const reason = `more than ${HANDSHAKES_MAX} connections on the same ports: not read`;
      this.#rest.malformedAt(side, "quic-connection", reason, offset);
      return true;
    }
    const begun = new QuicHandshake({
      flow: this.#flow,
      client: side,
      header,
      initial: keys,
      log: this.#log,
    });
    if (this.#handshakes.length === 0) begun.tls.steps = this.#rest.steps;
    this.#handshakes.push(begun);
    begun.initial(packet);
    return true;
  }

  #negotiation(packet: Packet): void {
    const { side, header, offset } = packet;
    const { dcid, scid } = header;
    const offered = versionsOffered(packet.bytes, header);
    const owner = this.#handshakes.find((one) => side !== one.client && one.began(scid, dcid));
    const unread = this.#unread;
    const asked = unread?.side !== side && unread?.dcid === scid && unread.scid === dcid;
    let fault: string | undefined;
    if (typeof offered === "string") fault = offered;
    else if (owner !== undefined) fault = owner.refuse(offered);
    else if (asked) this.#rest.step("version-negotiation");
    else fault = "version negotiation that answers nothing";
    if (fault !== undefined) {
      this.#rest.malformedAt(side, "quic-version-negotiation", fault, offset);
    }
  }

  /** Packets of a handshake whose beginning was not captured. */
  #headless(): void {
    this.#rest.handshakeSeen = true;
  }

  /** Damaged, forged, or of a handshake whose beginning was not captured. */
  #unopenedPacket({ side, offset }: Packet, what: string): void {
    if (++this.#unopened > UNOPENED_TOLD_MAX) return;
    this.#rest.malformedAt(side, "quic-packet", `${what} packet that its keys do not open`, offset);
  }

  #decideWants(): void {
    const last = this.#handshakes.at(-1);
    if (this.#unopened >= UNOPENED_MAX) {
      this.wants = "nothing";
      for (const { tls } of this.#handshakes) tls.lost ||= !tls.established;
    } else if (last === undefined) {
      this.wants = this.#short > SHORT_MAX ? "records" : "bytes";
    } else {
      const read = last.done && this.#handshakes.every(({ done, over }) => done || over);
      this.wants = read ? "records" : "bytes";
    }
  }

  #close(): void {
    this.wants = "nothing";
    for (const one of this.#handshakes) {
      if (one.serverId !== undefined) this.#ids?.remove(one.serverId, one);
      one.close();
    }
  }
}

/** On the same two ports; each is kept until these are idle. */
const HANDSHAKES_MAX = 64;
const UNOPENED_TOLD_MAX = 4;
/** Each costs some tries with every key there is. */
const UNOPENED_MAX = 64;
const SHORT_MAX = 64;
