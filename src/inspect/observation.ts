/**
 * What was said on the wire: never an opinion. The judge has those.
 *
 * These are the inner forms; report/lines.ts turns them into the lines that INTERFACE promises.
 */
import type { Flow, Side } from "../flow/event.ts";
import type { Protocol } from "./plaintext/protocol.ts";

/** Why a certificate was not seen (INTERFACE: `certificates.why`). */
export type Unseen =
  | "encrypted"
  | "resumed"
  | "ech"
  | "quic"
  | "cut-short"
  | "loss"
  | "none-sent"
  | "raw-public-key";

export interface SeenCertificates {
  readonly seen: "wire" | "decrypted" | "probe" | "remembered" | "no";
  /** Only with `no`. */
  readonly why?: Unseen;
  /** DER, in wire order, whole. Empty when none. */
  readonly chain: readonly Uint8Array[];
}

/** A signature by the key of a certificate over this handshake: who made it holds the key. */
export interface Proof {
  /**
   * SignatureScheme (RFC 8446 §4.2.3); as many bytes in TLS 1.2: hash and signature algorithm. Absent
   * before that, when the kind of key decides (RFC 4346 §7.4.3).
   */
  readonly scheme?: number;
  /** Exactly what was signed. */
  readonly content: Uint8Array;
  readonly signature: Uint8Array;
}

/** Why a certificate was seen without a proof that could be checked (INTERFACE: `possession`'s `why`). */
export type Unproved =
  | "static-rsa"
  | "static-dh"
  | "psk"
  | "anonymous"
  | "unknown-exchange"
  | "malformed"
  | "limit"
  | "midstream"
  | "loss"
  | "cut-short";

export interface Alert {
  readonly side: "client" | "server";
  readonly level: "warning" | "fatal" | string;
  /** IANA name (`handshake_failure`), else `0x..`. Encrypted alerts are not listed. */
  readonly name: string;
}

/** Something in clear that anybody on the path could read: named and located, never the value. */
export interface Exposed {
  readonly what: string;
  readonly side: "client" | "server";
  /** From the first byte of this side's direction; UDP: of its datagram's payload. */
  readonly offset: number;
  readonly bytes: number;
}

export interface PlaintextObservation {
  readonly kind: "plaintext";
  readonly flow: Flow;
  /** Index into `flow.ends`, as the protocol has it. */
  readonly client: Side;
  /** Of the connection's first packet. */
  readonly atUs: number;
  readonly protocol: Protocol;
  readonly exposes: readonly Exposed[];
  readonly startTls: "none" | "offered" | "refused" | "stripped" | "upgraded";
}

export interface OpaqueObservation {
  readonly kind: "opaque";
  readonly flow: Flow;
  readonly client: Side;
  readonly atUs: number;
  readonly why: "unknown-protocol" | "joined-midstream" | "gap" | "encrypted-unknown";
  /** What encrypts, where that much is known: `ssh`, `tls` without its handshake. */
  readonly encryption?: string;
  /** Bits a byte, 0 to 8, corrected for the length; absent for too few bytes. */
  readonly entropy?: number;
  /** Part that is printable ASCII, 0 to 1. */
  readonly printable?: number;
}

/** What a client's list of cipher suites says of the processor it runs on (suite-order.ts). */
export interface SuiteOrder {
  /** Which family of AEAD suites stands first, of TLS 1.3 and before; absent where it has not both. */
  readonly tls13?: SuiteFamily;
  readonly tls12?: SuiteFamily;
  /** It offers a suite with authenticated encryption. */
  readonly aead: boolean;
  /** The same for every order of the same suites. */
  readonly set: string;
}
export type SuiteFamily = "aes-gcm" | "chacha20";

/** Of one side's first records of application data. */
export interface RecordsSampled {
  readonly records: number;
  /** How many of them could be read, though records are encrypted. */
  readonly readable: number;
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
  /** To TLS 1.2, a character a byte: the session that was taken up again, and those that may be. */
  readonly sessionUsed?: string;
  readonly sessionsGiven?: readonly string[];
  /** The client sent early data before anything was known of the server (0-RTT). */
  readonly early?: true;
  readonly ech?: "grease" | "offered" | "accepted" | "rejected";
  /** Of the outer hello; -1 where it could not be read. */
  readonly echConfigId?: number;
  readonly renegotiations?: number;
  /** Body of its ClientHello; only where it was asked for. */
  readonly hello?: Uint8Array;
  /**
   * The certificates are what a probe of ours was shown: whether the client's flight is as long as the
   * probe's, or there was nothing to compare.
   */
  readonly probed?: "equal" | "differs" | "incomparable";
  /** It happened inside the protection of an earlier handshake of the connection (TLS 1.2). */
  readonly renegotiated?: true;
  readonly alerts: readonly Alert[];
  readonly certificates: SeenCertificates;
  readonly clientCertificates?: SeenCertificates;
  /** The server's; absent where none was seen. */
  readonly proof?: Proof;
  /** Why there is none, where a certificate of the server's was seen. */
  readonly unproved?: Unproved;
  readonly clientProof?: Proof;
  /** Whether the server's Finished fits what was read, where keys open it. */
  readonly finished?: "verified" | "failed";
  /**
   * DER of the OCSP responses that the server stapled, in the order of its chain, empty where it had
   * none; and its list of signed certificate timestamps. The same object for the same bytes.
   */
  readonly stapled?: readonly Uint8Array[];
  readonly timestamps?: Uint8Array;
  /** How the client orders what it offers; absent where its hello was not seen. */
  readonly suiteOrder?: SuiteOrder;
  /** What the first records of application data of each side look like (record-sample.ts). */
  readonly records?: { readonly client: RecordsSampled; readonly server: RecordsSampled };
  /** Bytes of the sealed records of a TLS 1.3 server's flight, the first 16: only where asked for. */
  readonly flight?: readonly number[];
  /** What was missing while the handshake was read: INTERFACE's `coverage` words. */
  readonly coverage: readonly ("loss" | "snaplen" | "midstream" | "first-64k" | "bypassable")[];
}
