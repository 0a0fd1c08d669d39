/**
 * What crosses the packet border: the bytes of a connection, in order and each byte once.
 *
 * Below the border (capture, decode, flow) a connection is a row of numbers. Above it, it is one
 * `Flow` and a series of `FlowEvent`s. Payload is lent, not given: a `bytes` event points into a
 * buffer that is overwritten when `push` returns, so whoever wants to keep bytes copies them.
 */

/** The two ends of a connection, by index into `Flow.ends`. Which one is the client is not said. */
export type Side = 0 | 1;

export interface Endpoint {
  /** Dotted IPv4, or IPv6 as RFC 5952 writes it, without brackets. */
  readonly ip: string;
  readonly port: number;
}

export interface Flow {
  /** Counts from 1 in the order of each flow's first packet, over all inputs together. */
  readonly id: number;
  readonly transport: "tcp" | "udp";
  /** Side 0 sent the first packet that was captured. */
  readonly ends: readonly [Endpoint, Endpoint];
  /** The side that sent a SYN without ACK (or received a SYN with ACK); absent if none was captured. */
  readonly opener?: Side;
  /** When the first packet was captured, in integer microseconds since 1970. */
  readonly openedAtUs: number;
}

export type FlowEvent =
  | {
      readonly kind: "bytes";
      readonly side: Side;
      /** Lent: only [from, to) belongs to this event, and only until `push` returns. */
      readonly bytes: Uint8Array;
      readonly from: number;
      readonly to: number;
      /** Where the first of these bytes stands in this direction, counted from 0. */
      readonly offset: number;
      readonly atUs: number;
    }
  | {
      /** One UDP datagram's payload, lent like `bytes`. */
      readonly kind: "datagram";
      readonly side: Side;
      readonly bytes: Uint8Array;
      readonly from: number;
      readonly to: number;
      /** Bytes at its end that were sent and not captured. */
      readonly cut: number;
      readonly atUs: number;
    }
  | {
      readonly kind: "gap";
      readonly side: Side;
      /** `count` bytes from `offset` were sent and not captured, and will not come any more. */
      readonly offset: number;
      readonly count: number;
      readonly why: "loss" | "snaplen" | "limit";
      readonly atUs: number;
    }
  | {
      /**
       * A shunted direction met something that is not an application data record: the bytes that
       * follow, from `offset`, are delivered again.
       */
      readonly kind: "resumed";
      readonly side: Side;
      readonly offset: number;
      readonly why: "record-type" | "header" | "gap";
      readonly atUs: number;
    }
  | {
      readonly kind: "closed";
      readonly why: "fin" | "rst" | "idle" | "reused" | "evicted" | "end";
      readonly atUs: number;
    };

/**
 * What a connection still wants to be told, read by the flow table after each `push`:
 *
 * - `bytes`: everything.
 * - `records`: only what is not an application data record (type 23). The table walks the 5-byte
 *   record headers of each side, beginning at `nextRecord[side]`. This is the shunt. Of datagrams, only
 *   those that may begin a handshake (handshake-datagram.ts).
 * - `nothing`: only `closed`.
 */
export type Wants = "bytes" | "records" | "nothing";

/** One connection's reader above the border. */
export interface Inspector {
  push(event: FlowEvent): void;
  readonly wants: Wants;
  /** Nothing of what it reads for was seen yet: another inspector could take over from here. */
  readonly idle: boolean;
  /**
   * With `records`: per side, the offset in that direction at which a record header stands next.
   * Never before what was delivered: an inspector that has read half a header waits for the rest. -1: this
   * side is still read, and not shunted yet.
   */
  readonly nextRecord: readonly [number, number];
}
