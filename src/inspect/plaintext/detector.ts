/**
 * What a detector of a plaintext protocol is: a pure function from how a conversation began to what
 * it is and what it gave away. Ports are not told to it.
 *
 *     undefined    not mine: no continuation of these bytes would be this protocol
 *     NOT_YET      everything fits so far, and it is too little to tell
 *     Match        mine
 *
 * Who is the client is a guess until a detector says so: it is asked with the side that opened the
 * connection as the client, and if it declines, once more with the sides turned. So a grammar names
 * `client` and `server` and need not care. A side from which nothing was captured is empty, and a
 * strong grammar tells by the other alone.
 *
 * A detector is asked once a connection, when enough was said or it is over; what it is shown is
 * bounded (`SAID_BYTES_MAX`, `DATAGRAMS_MAX`), so it may look at all of it, and must not keep any.
 */
import type { Encryption, Protocol } from "./protocol.ts";
import type { Said } from "./said.ts";

export interface Detector {
  readonly protocol: Protocol | Encryption;
  readonly transports: readonly ("tcp" | "udp")[];
  /** With what each side can begin, one character a byte; absent: anything. What rules out most. */
  readonly begins: { readonly client?: string; readonly server?: string };
  detect(opening: Opening): Match | typeof NOT_YET | undefined;
}

export interface Opening {
  readonly transport: "tcp" | "udp";
  readonly client: Said;
  readonly server: Said;
  /** Whose bytes were captured first. */
  readonly first: "client" | "server";
}

export interface Match {
  readonly exposes: readonly Exposure[];
  readonly startTls: StartTls;
  /** What TLS behind this is called where that is not the protocol's name (`connect`). */
  readonly starttls?: string;
  /** It fits, and so may another: any match that does not say so goes first, whatever the order. */
  readonly weak?: boolean;
  /** This was an envelope (a proxy's handshake, an upgrade): what it carries begins there. */
  readonly inner?: { readonly client: number; readonly server: number };
}

/** Something that anybody on the path could read. Named and located: never the value. */
export interface Exposure {
  /** Protocol, then what: `smtp password`, `http cookie`, `redis password`, `ftp user`. */
  readonly what: string;
  readonly side: "client" | "server";
  /** From the start of this side's bytes (TCP), or of the datagram's payload (UDP). */
  readonly offset: number;
  readonly bytes: number;
}

/**
 * What was said about going over to TLS:
 *
 * - `none`: nothing, or this protocol has no such thing.
 * - `offered`: the server could, and the client did not ask.
 * - `refused`: the client asked and the server said no.
 * - `stripped`: somebody between hid it: the offer or the request arrives masked, or the offer is
 *   there once and gone later without TLS in between.
 * - `asked`: the client asked, and what the server said to it was not seen.
 * - `agreed`: the server said yes.
 *
 * Whether TLS followed, the connection knows: it makes `upgraded` of the last two and of `offered`, or
 * `offered` of them where no handshake followed.
 */
export type StartTls = "none" | "offered" | "refused" | "stripped" | "asked" | "agreed";

export const NOT_YET = "not yet";
