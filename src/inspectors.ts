/**
 * Who reads a connection: TCP is read as TLS and what is in clear, UDP as QUIC, DTLS and what is in clear.
 * The readers of UDP are loaded when the first of it comes.
 */
import type { Flow } from "./flow/event.ts";
import { Connection } from "./inspect/connection.ts";
import type { DatagramConnection } from "./inspect/datagram.ts";
import type { DnsAnswer } from "./inspect/dns/answer.ts";
import type { KeyLog } from "./inspect/keys/key-log.ts";
import { KnownIds } from "./inspect/quic/known-ids.ts";
import { lazily } from "./lazily.ts";

export interface InspectorOptions {
  /** Secrets that open what is sealed. */
  readonly keys: KeyLog | undefined;
  /** Also how long the sealed records of TLS 1.3 servers' flights are. */
  readonly flightSizes: boolean;
  /** Also what the ClientHello of each TCP connection was. */
  readonly hellos?: boolean | undefined;
  /** Hears every DNS answer that counts, when it comes. */
  readonly hear: (answer: DnsAnswer) => void;
}

/** Gives a new connection its inspector. */
export type Inspectors = (flow: Flow) => Connection | DatagramConnection;

export function inspectors(options: InspectorOptions): Inspectors {
  const { keys, flightSizes, hellos, hear } = options;
  const ids = new KnownIds();
  return (flow) => {
    if (flow.transport === "udp") {
      return new (datagram().DatagramConnection)(flow, { keys, ids, answers: hear });
    }
    const connection = new Connection(flow, keys, hear, flightSizes);
    if (hellos) connection.tls.keepHello();
    return connection;
  };
}

const datagram = lazily<typeof import("./inspect/datagram.ts")>(
  import.meta.url,
  "./inspect/datagram.ts",
);
