/**
 * What was said on the wire: never an opinion. The judge has those.
 *
 * These are the inner forms; report/lines.ts turns them into the lines that INTERFACE promises.
 */
import type { Flow, Side } from "../flow/event.ts";

/** Why a certificate was not seen (INTERFACE: `certificates.why`). */
export type Unseen = "encrypted" | "resumed" | "ech" | "quic" | "cut-short" | "loss" | "none-sent";

export interface SeenCertificates {
  readonly seen: "wire" | "decrypted" | "probe" | "remembered" | "no";
  /** Only with `no`. */
  readonly why?: Unseen;
  /** DER, in wire order, whole. Empty when none. */
  readonly chain: readonly Uint8Array[];
}

/** A signature by the key of a certificate over this handshake: who made it holds the key. */
export interface Proof {
  /** SignatureScheme (RFC 8446 §4.2.3); as many bytes in TLS 1.2: hash and signature algorithm. */
  readonly scheme: number;
  /** Exactly what was signed. */
  readonly content: Uint8Array;
  readonly signature: Uint8Array;
}

export interface Alert {
  readonly side: "client" | "server";
  readonly level: "warning" | "fatal" | string;
  /** IANA name (`handshake_failure`), else `0x..`. Encrypted alerts are not listed. */
  readonly name: string;
}

export interface TlsObservation {
  readonly kind: "tls";
  readonly flow: Flow;
  /** Index into `flow.ends`. The client sent the ClientHello; else the SYN; else has the higher port. */
  readonly client: Side;
  /** Of the ClientHello, else of the connection's first packet. */
  readonly atUs: number;
  readonly transport: "tcp" | "dtls" | "quic";
  readonly starttls?: string;
  /** Absent without a ServerHello. */
  readonly version?: string;
  readonly cipher?: string;
  readonly group?: string;
  /** As sent, one character a byte for what is not UTF-8. Hostile text: escape before printing. */
  readonly serverName?: string;
  readonly alpn?: string;
  readonly alpnOffered: readonly string[];
  readonly ja3?: string;
  readonly ja3s?: string;
  readonly ja4?: string;
  /** Handshake message and record names in the order seen, as `client-hello`, `server-hello`. */
  readonly steps: readonly string[];
  readonly established: boolean;
  readonly resumed: false | "session-id" | "ticket" | "psk";
  readonly ech?: "grease" | "offered" | "accepted" | "rejected";
  readonly renegotiations?: number;
  readonly alerts: readonly Alert[];
  readonly certificates: SeenCertificates;
  readonly clientCertificates?: SeenCertificates;
  /** The server's; absent where none was seen. */
  readonly proof?: Proof;
  readonly clientProof?: Proof;
  /** Whether the server's Finished fits what was read, where keys open it. */
  readonly finished?: "verified" | "failed";
  /** What was missing while the handshake was read: INTERFACE's `coverage` words. */
  readonly coverage: readonly ("loss" | "snaplen" | "midstream" | "first-64k" | "bypassable")[];
}
