/**
 * What TLS 1.3 encrypts of its handshake (RFC 8446 §4.3, §4.4), read from messages that were opened:
 *
 *     server   EncryptedExtensions [CertificateRequest] [Certificate CertificateVerify] Finished
 *     client   [Certificate CertificateVerify] Finished
 *
 * The same for TLS, QUIC and DTLS 1.3. What a CertificateVerify signs depends on all messages before
 * it, so they come here in the order of the handshake: the server's to its Finished, then the client's.
 */
import { createHmac, timingSafeEqual } from "node:crypto";
import type { Proof } from "../observation.ts";
import { textOf, u16 } from "../tls/bytes.ts";
import { releaseChain } from "../tls/certificate-message.ts";
import { hex } from "../tls/names.ts";
import { decompress, readCertificate } from "./certificate.ts";
import { expandLabel, type Hash } from "./hkdf.ts";
import type { Transcript } from "./transcript.ts";

export type Peer = "server" | "client";

/** What one peer said. */
export interface Flight {
  /** DER, interned; empty when an empty one was sent, absent before there was any. */
  readonly chain: readonly Uint8Array[] | undefined;
  /** SubjectPublicKeyInfo in a chain's place (RFC 7250). */
  readonly rawKey: Uint8Array | undefined;
  /** CertificateVerify: whether it is true the trust side tells. */
  readonly proof: Proof | undefined;
  /** Absent: it was not seen, or this peer's secret is not known. */
  readonly finished: "verified" | "failed" | undefined;
  /** A message of it cannot be right: what comes behind that one was not read. */
  readonly malformed: boolean;
}

export interface SealedOptions {
  /** Of the suite. */
  readonly hash: Hash;
  /** Holds everything from ClientHello to ServerHello, and its hash is chosen. */
  readonly transcript: Transcript;
  /** Handshake traffic secrets, for the Finished messages. */
  readonly secrets: { readonly server?: Uint8Array; readonly client?: Uint8Array };
  readonly protocol: "tls" | "dtls" | "quic";
}

export class SealedHandshake {
  readonly server = new Spoken();
  readonly client = new Spoken();
  /** Of the server's choice; absent when it chose none. */
  alpn: string | undefined;
  certificateRequested = false;
  /** The server takes the early data. */
  earlyData = false;
  /** The server answered an encrypted ClientHello with keys for the next try (RFC 9849 §7.1). */
  echRefused = false;
  readonly #options: SealedOptions;

  constructor(options: SealedOptions) {
    this.#options = options;
  }

  /**
   * The next message of a peer: its body is [from, to), and only lent. Text says why it cannot be right,
   * after which that peer's messages are worth nothing.
   */
  message(
    peer: Peer,
    type: number,
    bytes: Uint8Array,
    from: number,
    to: number,
  ): string | undefined {
    const spoken = peer === "server" ? this.server : this.client;
    const problem = this.#next(peer, spoken, type, bytes, from, to);
    spoken.malformed = problem !== undefined;
    return problem;
  }

  /** Gives the chains back: nobody may use them any more. */
  close(): void {
    releaseChain(this.server.chain);
    releaseChain(this.client.chain);
  }

  #next(
    peer: Peer,
    spoken: Spoken,
    type: number,
    bytes: Uint8Array,
    from: number,
    to: number,
  ): string | undefined {
    if (spoken.malformed) return "a message behind one that cannot be right";
    const order = peer === "server" ? SERVER_ORDER : CLIENT_ORDER;
    const place = order.indexOf(type === COMPRESSED_CERTIFICATE ? CERTIFICATE : type);
    if (place < spoken.place) return `message of type ${type} where it cannot come`;
    // Nothing may be left out before Finished that says who is there.
    if (peer === "server" && spoken.place === 0 && type !== ENCRYPTED_EXTENSIONS) {
      return `message of type ${type}, expected EncryptedExtensions`;
    }
    spoken.place = place + 1;
    const problem = this.#read(peer, spoken, type, bytes, from, to);
    this.#options.transcript.add(type, bytes, from, to);
    if (type === FINISHED && peer === "server") this.#endOfEarlyData();
    return problem;
  }

  #read(
    peer: Peer,
    spoken: Spoken,
    type: number,
    bytes: Uint8Array,
    from: number,
    to: number,
  ): string | undefined {
    switch (type) {
      case ENCRYPTED_EXTENSIONS:
        return this.#extensions(bytes, from, to);
      case CERTIFICATE_REQUEST:
        this.certificateRequested = true;
        return undefined;
      case CERTIFICATE:
        return spoken.certificate(bytes, from, to);
      case COMPRESSED_CERTIFICATE: {
        const text = decompress(bytes, from, to);
        return typeof text === "string" ? text : spoken.certificate(text, 0, text.length);
      }
      case CERTIFICATE_VERIFY: {
        const proof = this.#proof(peer, bytes, from, to);
        if (typeof proof === "string") return proof;
        spoken.proof = proof;
        return undefined;
      }
      case FINISHED:
        spoken.finished = this.#finished(peer, bytes, from, to);
    }
    return undefined;
  }

  #extensions(bytes: Uint8Array, from: number, to: number): string | undefined {
    if (from + 2 > to || from + 2 + u16(bytes, from) !== to) {
      return `extensions do not fill the ${to - from} bytes of their message`;
    }
    for (let at = from + 2; at < to; ) {
      const body = at + 4;
      if (body > to || body + u16(bytes, at + 2) > to) return "extension runs over the end";
      const type = u16(bytes, at);
      const end = body + u16(bytes, at + 2);
      if (type === ALPN && end - body >= 3 && body + 3 + bytes[body + 2]! <= end) {
        this.alpn = textOf(bytes, body + 3, body + 3 + bytes[body + 2]!);
      } else if (type === SERVER_CERTIFICATE_TYPE && end > body) {
        this.server.raw = bytes[body] === RAW_PUBLIC_KEY;
      } else if (type === CLIENT_CERTIFICATE_TYPE && end > body) {
        this.client.raw = bytes[body] === RAW_PUBLIC_KEY;
      } else if (type === EARLY_DATA) this.earlyData = true;
      else if (type === ENCRYPTED_CLIENT_HELLO) this.echRefused = true;
      at = end;
    }
    return undefined;
  }

  /** RFC 8446 §4.4.3: 64 spaces, who says it, and the hash of all up to the certificate. */
  #proof(peer: Peer, bytes: Uint8Array, from: number, to: number): Proof | string {
    if (to - from < 4 || from + 4 + u16(bytes, from + 2) !== to) {
      return `signature does not fill the ${to - from} bytes of its message`;
    }
    const scheme = u16(bytes, from);
    if (!isOfTls13(scheme)) return `signature scheme ${hex(scheme)}, which TLS 1.3 forbids`;
    const says = `${" ".repeat(64)}TLS 1.3, ${peer} CertificateVerify\0`;
    const content = Buffer.concat([Buffer.from(says), this.#options.transcript.digest()]);
    return { scheme, content, signature: bytes.slice(from + 4, to) };
  }

  #finished(peer: Peer, bytes: Uint8Array, from: number, to: number): Flight["finished"] {
    const { hash, transcript, secrets, protocol } = this.#options;
    const secret = secrets[peer];
    if (secret === undefined) return undefined;
    const label = `${protocol === "dtls" ? "dtls13" : "tls13 "}finished`;
    const key = expandLabel(hash, secret, label, NOTHING, secret.length);
    const expected = createHmac(hash, key).update(transcript.digest()).digest();
    const isSame =
      to - from === expected.length && timingSafeEqual(expected, bytes.subarray(from, to));
    return isSame ? "verified" : "failed";
  }

  /**
   * The client's EndOfEarlyData is sealed with the keys of early data, but holds nothing: it is known
   * unseen. QUIC has none (RFC 9001 §8.3), and neither has DTLS (RFC 9147 §5.6).
   */
  #endOfEarlyData(): void {
    const { protocol, transcript } = this.#options;
    if (this.earlyData && protocol === "tls") transcript.add(END_OF_EARLY_DATA, NOTHING, 0, 0);
  }
}

/**
 * RFC 8446 §4.2.3, §4.4.3: no SHA-1, no DSA, and PKCS #1 v1.5 for certificates alone. All of those are
 * hash and algorithm as in TLS 1.2, of which ECDSA alone has remained.
 */
function isOfTls13(scheme: number): boolean {
  const [hash, algorithm] = [scheme >> 8, scheme & 0xff];
  return hash >= INTRINSIC || (hash >= SHA256 && algorithm === ECDSA);
}

class Spoken implements Flight {
  chain: readonly Uint8Array[] | undefined;
  rawKey: Uint8Array | undefined;
  proof: Proof | undefined;
  finished: Flight["finished"];
  malformed = false;
  /** A raw public key is what comes as a certificate. */
  raw = false;
  /** Of the order: what may come next. */
  place = 0;

  certificate(bytes: Uint8Array, from: number, to: number): string | undefined {
    const sent = readCertificate(bytes, from, to, this.raw);
    if (typeof sent === "string") return sent;
    this.chain = sent.chain;
    this.rawKey = sent.rawKey;
    return undefined;
  }
}

const END_OF_EARLY_DATA = 5;
const ENCRYPTED_EXTENSIONS = 8;
const CERTIFICATE = 11;
const CERTIFICATE_REQUEST = 13;
const CERTIFICATE_VERIFY = 15;
export const FINISHED = 20;
const COMPRESSED_CERTIFICATE = 25;
const SERVER_ORDER: readonly number[] = [
  ENCRYPTED_EXTENSIONS,
  CERTIFICATE_REQUEST,
  CERTIFICATE,
  CERTIFICATE_VERIFY,
  FINISHED,
];
const CLIENT_ORDER: readonly number[] = [CERTIFICATE, CERTIFICATE_VERIFY, FINISHED];

/** TLS HashAlgorithm and SignatureAlgorithm registries. */
const SHA256 = 4;
const INTRINSIC = 8;
const ECDSA = 3;

const ALPN = 16;
const CLIENT_CERTIFICATE_TYPE = 19;
const SERVER_CERTIFICATE_TYPE = 20;
const EARLY_DATA = 42;
const ENCRYPTED_CLIENT_HELLO = 0xfe0d;
/** TLS Certificate Types registry. */
const RAW_PUBLIC_KEY = 2;
const NOTHING = new Uint8Array(0);
