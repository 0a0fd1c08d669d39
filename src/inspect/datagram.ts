/**
 * A UDP conversation, whatever it is: its datagrams are told apart by their first byte (RFC 9443 §3, RFC
 * 7983 §7), on any port, and given to whoever reads their kind.
 *
 *     20 to 63      DTLS
 *     64 to 127     QUIC with a short header, once there was a long one (else TURN, or anything)
 *     192 to 255    QUIC with a long header
 *
 * but for a conversation that begins with a DNS query, whose first byte is any.
 *
 * Other kinds may come before, beside and behind them, as in WebRTC; so a conversation is never given up.
 * When nobody reads any more, only what may begin a handshake is asked for: then `records` are wanted.
 */
import { clientOf } from "../flow/client.ts";
import type { Flow, FlowEvent, Inspector, Side, Wants } from "../flow/event.ts";
import type { Malformed } from "../stage.ts";
import type { DnsAnswer } from "./dns/answer.ts";
import { DnsConversation } from "./dns/conversation.ts";
import { beginsDns } from "./dns/message.ts";
import { DtlsConnection } from "./dtls/connection.ts";
import { beginsDtls } from "./dtls/record.ts";
import type { KeyLog } from "./keys/key-log.ts";
import { LinkActivity } from "./link/activity.ts";
import { LinkFlow } from "./link/link-flow.ts";
import type { OpaqueObservation, PlaintextObservation, TlsObservation } from "./observation.ts";
import { Datagrams } from "./plaintext/datagrams.ts";
import { QuicConnection } from "./quic/connection.ts";
import { beginsQuic } from "./quic/header.ts";
import type { KnownIds } from "./quic/known-ids.ts";

/** What a reader of one kind of datagram has to tell. */
interface Reader extends Inspector {
  readonly malformed: readonly (Malformed & { readonly side: Side })[];
  readonly overlaps: readonly {
    readonly side: Side;
    readonly offset: number;
    readonly atUs: number;
  }[];
}

export interface DatagramReading {
  /** Secrets that open what is sealed. */
  readonly keys?: KeyLog | undefined;
  /** One for all conversations: ids that a connection is known by when its address changes. */
  readonly ids?: KnownIds;
  /** Hears every DNS answer that counts, when it comes. */
  readonly answers?: (answer: DnsAnswer) => void;
}

export class DatagramConnection implements Inspector {
  /** A field, since the flow table reads it for every datagram there is. */
  wants: Wants = "bytes";
  readonly nextRecord: readonly [number, number] = [0, 0];
  readonly #flow: Flow;
  readonly #reading: DatagramReading;
  #quic: QuicConnection | undefined;
  #dtls: DtlsConnection | undefined;
  #dns: DnsConversation | undefined;
  /** What may be a protocol in clear, for as long as nothing else is known of it. */
  #clear: Datagrams | undefined;
  /** Datagrams that nobody read. */
  #others = 0;
  /** What may be a tunnel, as long as that is not sure; and how it is used, once it is. */
  #linkFlow: LinkFlow | undefined;
  link: LinkActivity | undefined;

  constructor(flow: Flow, reading: DatagramReading = {}) {
    this.#flow = flow;
    this.#reading = reading;
  }

  get idle(): boolean {
    return this.#readers.every(({ idle }) => idle);
  }

  /** Certificates and versions will not change any more. */
  get settled(): boolean {
    return this.wants !== "bytes";
  }

  /** How many handshakes have shown and proved their server's identity, as far as they will. */
  get proven(): number {
    return (this.#dtls?.proven ?? 0) + (this.#quic?.proven ?? 0);
  }

  /** What is in clear and stays so, as soon as it is known; absent until then. */
  evidence(): readonly PlaintextObservation[] | undefined {
    return this.#quic === undefined && this.#dtls === undefined
      ? this.#clear?.evidence()
      : undefined;
  }

  get malformed(): Reader["malformed"] {
    return this.#readers.flatMap(({ malformed }) => malformed);
  }

  get overlaps(): Reader["overlaps"] {
    return this.#readers.flatMap(({ overlaps }) => overlaps);
  }

  /** The first QUIC version that was spoken and is not read. */
  get unreadVersion(): number | undefined {
    return this.#quic?.unreadVersion;
  }

  push(event: FlowEvent): void {
    if (event.kind === "datagram" && this.link !== undefined) {
      // A tunnel is counted, and allocates nothing for its packets.
      this.link.note(event.to - event.from + event.cut, event.atUs);
      return;
    }
    if (event.kind === "closed") for (const reader of this.#readers) reader.push(event);
    else if (event.kind === "datagram") {
      const reader = this.#readerOf(event);
      if (reader === undefined || reader === this.#dns) this.#keep(event);
      if (reader === undefined) this.#other(event);
      else reader.push(event);
    }
    this.wants = this.#wants(event);
  }

  /**
   * The handshakes that were seen, each of its own; none when there were none.
   *
   * @param onlyProven leave out those of which more must be seen first
   */
  results(onlyProven = false): readonly TlsObservation[] {
    return [...(this.#dtls?.results(onlyProven) ?? []), ...(this.#quic?.results(onlyProven) ?? [])];
  }

  /** What was said in clear, where no handshake was: DNS, SNMP, NTP and others. */
  get plaintext(): readonly PlaintextObservation[] {
    return this.#quic === undefined && this.#dtls === undefined && this.link === undefined
      ? (this.#clear?.plaintext ?? [])
      : [];
  }

  /** A tunnel is seen like any other connection whose content nobody can read. */
  get opaque(): OpaqueObservation | undefined {
    if (this.link === undefined) return undefined;
    const flow = this.#flow;
    const opaque = { kind: "opaque", why: "encrypted-unknown", encryption: this.link.by } as const;
    return { ...opaque, flow, client: clientOf(flow), atUs: flow.openedAtUs };
  }

  #tunnel({ side, bytes, from, to, cut, atUs }: Datagram): void {
    const [one, other] = this.#flow.ends;
    this.#linkFlow ??= new LinkFlow([one.port, other.port]);
    this.#linkFlow.push(side, { bytes, from, to, cut });
    const { by } = this.#linkFlow;
    if (by === undefined) return;
    this.link = new LinkActivity(by, [one.ip, other.ip]);
    // Those before it, which told what it is: their sizes were not kept.
    for (let before = 0; before < this.#others; before++) this.link.note(0, this.#flow.openedAtUs);
    this.link.note(to - from + cut, atUs);
    this.#linkFlow = undefined;
  }

  #keep({ side, bytes, from, to, cut }: Datagram): void {
    this.#clear ??= new Datagrams(this.#flow);
    this.#clear.take(side, bytes, from, to, cut);
  }

  #wants({ kind }: FlowEvent): Wants {
    if (kind === "closed") return "nothing";
    if (this.link !== undefined) return "bytes";
    const readers = this.#readers;
    if (readers.some(({ wants }) => wants === "bytes")) return "bytes";
    return readers.length > 0 || this.#others > OTHERS_MAX ? "records" : "bytes";
  }

  get #isFirst(): boolean {
    return this.#others === 0 && this.#quic === undefined && this.#dtls === undefined;
  }

  get #readers(): readonly Reader[] {
    const readers: Reader[] = [];
    if (this.#dtls !== undefined) readers.push(this.#dtls);
    if (this.#quic !== undefined) readers.push(this.#quic);
    if (this.#dns !== undefined) readers.push(this.#dns);
    return readers;
  }

  #readerOf({ bytes, from, to, cut }: Datagram): Reader | undefined {
    // Its first byte is any: what begins with a query stays DNS.
    if (this.#dns !== undefined) return this.#dns;
    const { answers } = this.#reading;
    if (answers !== undefined && this.#isFirst && beginsDns(bytes, from, to)) {
      this.#dns = new DnsConversation(this.#flow, answers);
      return this.#dns;
    }
    const first = from < to ? bytes[from]! : 0;
    if (first >= QUIC_LONG && beginsQuic(bytes, from, to, cut)) {
      const { keys, ids } = this.#reading;
      this.#quic ??= new QuicConnection(this.#flow, keys, ids);
      return this.#quic;
    }
    if (first >= DTLS && first < QUIC_SHORT && beginsDtls(bytes, from, to, cut)) {
      this.#dtls ??= new DtlsConnection(this.#flow);
      return this.#dtls;
    }
    // QUIC may grease the bit that sets it apart (RFC 9287).
    return first >= QUIC_SHORT ? this.#quic : (this.#dtls ?? this.#quic);
  }

  #other(datagram: Datagram): void {
    if (this.#readers.length === 0) this.#tunnel(datagram);
    const { bytes, from, to } = datagram;
    const { ids } = this.#reading;
    if (this.#others++ > 0 || this.idle === false || from >= to) return;
    const isShort = bytes[from]! >= QUIC_SHORT && bytes[from]! < RTP;
    const moved = isShort ? ids?.find(bytes, from, to) : undefined;
    moved?.moved();
  }
}

type Datagram = Extract<FlowEvent, { kind: "datagram" }>;

const DTLS = 20;
const QUIC_SHORT = 64;
const RTP = 128;
const QUIC_LONG = 192;
/** What does not begin with a handshake seldom comes to one, and can still: see `records`. */
const OTHERS_MAX = 16;
