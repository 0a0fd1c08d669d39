/**
 * A TCP connection, whatever it is: TLS, as TlsConnection reads it, else one of the plaintext protocols,
 * else opaque. All see the same bytes from the first one, and a connection may be two of these, one
 * behind the other: what is said in clear ends where TLS begins.
 *
 * Nothing is kept of a direction that begins with a TLS record, so a connection that is TLS from its
 * first byte costs a comparison an event more than TlsConnection alone.
 */
import type { Flow, FlowEvent, Inspector, Side, Wants } from "../flow/event.ts";
import { lazily } from "../lazily.ts";
import type { DnsAnswer } from "./dns/answer.ts";
import type { DnsStream } from "./dns/stream.ts";
import type { KeyLog } from "./keys/key-log.ts";
import type { OpaqueObservation, PlaintextObservation, TlsObservation } from "./observation.ts";
import type { Told } from "./plaintext/observe.ts";
import { Said } from "./plaintext/said.ts";
import { Sample } from "./plaintext/sample.ts";
import { TlsConnection } from "./tls/connection.ts";

export interface Seen {
  readonly tls?: TlsObservation | undefined;
  /** Handshakes inside its protection, where keys opened them. */
  readonly renegotiated?: readonly TlsObservation[];
  /** The outermost first. */
  readonly plaintext: readonly PlaintextObservation[];
  readonly opaque?: OpaqueObservation | undefined;
}

export class Connection implements Inspector {
  readonly tls: TlsConnection;
  /** On the port of DNS alone: which answers count is said of addresses, not of ports. */
  readonly #dns: DnsStream | undefined;
  readonly #flow: Flow;
  readonly #samples: [Sample | undefined, Sample | undefined] = [undefined, undefined];
  #first: Side | undefined;
  #gap = false;
  /** No more is kept: what is in the samples will be judged. */
  #heard = false;
  /** Bytes that the detectors were asked about before the end, and how often. */
  #looked = 0;
  #looks = 0;

  /**
   * @param keys secrets that open what is sealed
   * @param answers hears every DNS answer that counts, when it comes
   * @param flightSizes note how long the records of a sealed flight are
   */
  constructor(
    flow: Flow,
    keys?: KeyLog,
    answers?: (answer: DnsAnswer) => void,
    flightSizes = false,
  ) {
    this.#flow = flow;
    this.tls = new TlsConnection(flow, keys, flightSizes);
    const [one, other] = flow.ends;
    const isDns = answers !== undefined && (one.port === DNS_PORT || other.port === DNS_PORT);
    this.#dns = isDns ? new (dnsStream().DnsStream)(flow, answers) : undefined;
  }

  get wants(): Wants {
    if (this.#dns?.wants === "bytes") return "bytes";
    const { wants } = this.tls;
    return wants !== "nothing" || this.#heard || !this.tls.idle ? wants : "bytes";
  }

  /** Something in clear is not idle either: who reads it must not change in the middle. */
  get idle(): boolean {
    return this.tls.idle && this.#first === undefined;
  }

  get nextRecord(): readonly [number, number] {
    return this.tls.nextRecord;
  }

  push(event: FlowEvent): void {
    this.#dns?.push(event);
    this.tls.push(event);
    if (this.#heard) return;
    if (event.kind === "bytes") {
      // Nearly always the first segment: nothing in clear can come before what began with TLS.
      if (this.tls.begins(event.side) === 0) this.#heard = this.#first === undefined;
      else this.#keep(event.side, event.bytes, event.from, event.to, event.offset);
    } else if (event.kind === "gap") {
      this.#lose(event.side);
    }
  }

  /**
   * What is in clear and stays so, as soon as it is known; absent until then, and where it is TLS. The
   * detectors are asked at each piece of the first few, and then whenever there is twice as much.
   */
  evidence(): readonly PlaintextObservation[] | undefined {
    if (!this.tls.idle || this.#first === undefined || this.#heard) return undefined;
    const bytes = (this.#samples[0]?.length ?? 0) + (this.#samples[1]?.length ?? 0);
    if (bytes <= this.#looked || (this.#looks >= LOOKS_MAX && bytes < this.#looked * 2))
      return undefined;
    this.#looked = bytes;
    this.#looks++;
    const { plaintext, settled } = this.#told(false);
    return settled === true && plaintext.length > 0 ? plaintext : undefined;
  }

  /** What was seen so far. */
  result(): Seen {
    const tls = this.tls.result();
    // An answer in clear to a hello is part of a handshake that failed.
    const behind = (this.tls.begins(0) ?? 0) > 0 || (this.tls.begins(1) ?? 0) > 0;
    const renegotiated = this.tls.renegotiated();
    if (tls !== undefined && !behind) return { tls, renegotiated, plaintext: NONE };
    return { ...this.#result(tls), renegotiated };
  }

  #told(tlsFollowed: boolean): Told {
    const sides = [this.#said(0), this.#said(1)] as const;
    return observe().told({ flow: this.#flow, sides, first: this.#first ?? 0, tlsFollowed });
  }

  #result(tls: TlsObservation | undefined): Seen {
    const flow = this.#flow;
    const sides = [this.#said(0), this.#said(1)] as const;
    const clear = this.#told(tls !== undefined);
    if (tls !== undefined) {
      const { starttls, plaintext } = clear;
      // Behind something that never spoke of TLS, a hello may as well be a part of what it carries.
      return { tls: starttls === undefined ? tls : { ...tls, starttls }, plaintext };
    }
    if (clear.plaintext.length > 0 && clear.encryption === undefined) return clear;
    const encryption = clear.encryption ?? (this.tls.idle ? undefined : "tls");
    const unread = opaqueness().opaque({ flow, sides, gap: this.#gap, encryption });
    return { plaintext: clear.plaintext, opaque: unread };
  }

  #keep(side: Side, bytes: Uint8Array, from: number, to: number, offset: number): void {
    const begins = this.tls.begins(side);
    if (begins !== undefined && begins < offset) return;
    this.#first ??= side;
    const sample = this.#sample(side);
    if (begins !== undefined) {
      sample.take(bytes, from, from + begins - offset);
      sample.endAt(begins);
    } else {
      sample.take(bytes, from, to);
    }
    const [one, other] = this.#samples;
    const past = offset + (to - from) >= HEARD_BYTES_MAX;
    this.#heard = past || (one?.closed === true && other?.closed === true);
  }

  #lose(side: Side): void {
    if (this.tls.begins(side) !== undefined) return;
    const sample = this.#sample(side);
    if (sample.closed) return;
    sample.lose();
    this.#gap = true;
  }

  #sample(side: Side): Sample {
    this.#samples[side] ??= new Sample();
    return this.#samples[side];
  }

  #said(side: Side): Said {
    return this.#samples[side]?.said ?? UNSAID;
  }
}

const observe = lazily<typeof import("./plaintext/observe.ts")>(
  import.meta.url,
  "./plaintext/observe.ts",
);
const opaqueness = lazily<typeof import("./opaque/opaque.ts")>(
  import.meta.url,
  "./opaque/opaque.ts",
);
const dnsStream = lazily<typeof import("./dns/stream.ts")>(import.meta.url, "./dns/stream.ts");

/** RFC 7766 §8; of DoT nobody but its ends can read anything. */
const DNS_PORT = 53;
const NONE: readonly PlaintextObservation[] = [];
/** More pieces than the dialogue before a login has; a sender of single bytes buys no more than these. */
const LOOKS_MAX = 16;
const UNSAID = new Said(new Uint8Array(0), true);
/**
 * Of one direction, while the other has not said as much as is kept of it. An answer that is longer than
 * this is what the client came for.
 */
const HEARD_BYTES_MAX = 32_768;
