/**
 * The key log that TLS peers write (SSLKEYLOGFILE, RFC 9850), and of it what reading a handshake takes.
 *
 *     SERVER_HANDSHAKE_TRAFFIC_SECRET <32 bytes of ClientHello.random> <secret>     both in hex
 *
 * Only secrets that open handshakes are kept. Those of application data pass through this file's
 * memory for as long as their line is looked at, and no text about a bad line holds any part of it.
 */
import { latin1 } from "../tls/bytes.ts";

/** Secrets that open handshakes, by the ClientHello.random they belong to. */
export class KeyLog {
  /** More may be added while connections are read: a file that grows beside live traffic. */
  readonly growing: boolean;
  /** Bytes that connections hold for secrets that may still come, and how many had no room for that. */
  heldBytes = 0;
  unheld = 0;
  /** Client randoms whose secrets were given up, oldest first, for lack of room. */
  dropped = 0;
  readonly #secrets = new Map<string, Map<string, Uint8Array>>();

  constructor(growing = false) {
    this.growing = growing;
  }

  get size(): number {
    return this.#secrets.size;
  }

  /** Any label of `KEPT`, as `SERVER_HANDSHAKE_TRAFFIC_SECRET`. */
  secret(label: string, clientRandom: Uint8Array): Uint8Array | undefined {
    return this.#secrets.get(latin1(clientRandom, 0, clientRandom.length))?.get(label);
  }

  /** Whether there is any secret for the ClientHello.random at `at`. */
  knows(bytes: Uint8Array, at: number): boolean {
    return this.#secrets.size > 0 && this.#secrets.has(latin1(bytes, at, at + RANDOM_BYTES));
  }

  /** Adds a whole text, as a Decryption Secrets Block holds one. What is not whole: `KeyLogReader`. */
  add(text: Uint8Array): KeyLogReader {
    const reader = new KeyLogReader(this);
    reader.push(text);
    reader.end();
    return reader;
  }

  /** @internal of `KeyLogReader`; a later secret takes the place of an earlier one. */
  keep(label: string, clientRandom: Uint8Array, secret: Uint8Array): void {
    const key = latin1(clientRandom, 0, clientRandom.length);
    let known = this.#secrets.get(key);
    if (known === undefined) {
      if (this.#secrets.size >= CLIENT_RANDOMS_MAX) this.#dropOldest();
      known = new Map();
      this.#secrets.set(key, known);
    }
    known.set(label, secret);
  }

  #dropOldest(): void {
    for (const key of this.#secrets.keys()) {
      this.#secrets.delete(key);
      this.dropped++;
      return;
    }
  }
}

/** A line that is none of a key log. */
export interface BadLine {
  /** From 1. */
  readonly line: number;
  readonly reason: string;
}

/** Reads one key log in pieces, however it is cut: a growing file is pushed as it grows. */
export class KeyLogReader {
  /** The first few; `badCount` counts all. */
  readonly bad: BadLine[] = [];
  badCount = 0;
  readonly #log: KeyLog;
  #line = 1;
  /** Beginning of the line underway; empty once it is too long to be one. */
  #rest = "";
  #tooLong = false;

  constructor(log: KeyLog) {
    this.#log = log;
  }

  push(bytes: Uint8Array): void {
    for (let from = 0; from < bytes.length; ) {
      const feed = bytes.indexOf(LINE_FEED, from);
      const to = feed < 0 ? bytes.length : feed;
      this.#take(bytes, from, to);
      if (feed >= 0) this.#close();
      from = to + 1;
    }
  }

  /** The text is over: a last line needs no line feed. */
  end(): void {
    if (this.#rest !== "" || this.#tooLong) this.#close();
  }

  #take(bytes: Uint8Array, from: number, to: number): void {
    this.#tooLong ||= this.#rest.length + (to - from) > LINE_BYTES_MAX;
    if (this.#tooLong) this.#rest = "";
    else this.#rest += latin1(bytes, from, to);
  }

  #close(): void {
    const line = this.#rest;
    const problem = this.#tooLong ? `longer than ${LINE_BYTES_MAX} bytes` : this.#read(line);
    if (problem !== undefined) {
      this.badCount++;
      if (this.bad.length < BAD_MAX) this.bad.push({ line: this.#line, reason: problem });
    }
    this.#line++;
    this.#rest = "";
    this.#tooLong = false;
  }

  /** What is wrong with the line. Labels that others may add are no fault (RFC 9850 §2). */
  #read(text: string): string | undefined {
    const line = text.trim();
    if (line === "" || line.startsWith("#")) return undefined;
    const [label = "", random, secret, more] = line.split(" ");
    if (!LABEL.test(label)) return "begins with no label, expected LABEL RANDOM SECRET";
    const kept = KEPT.get(label);
    if (kept === undefined) return undefined;
    if (more !== undefined) return `${label} with more than two values`;
    const clientRandom = bytesOf(random);
    if (clientRandom?.length !== RANDOM_BYTES)
      return `${label} without a random of 32 bytes in hex`;
    const bytes = bytesOf(secret);
    if (bytes === undefined || !kept.bytes.includes(bytes.length)) {
      return `${label} without a secret of ${kept.bytes.join(" or ")} bytes in hex`;
    }
    this.#log.keep(kept.label, clientRandom, bytes);
    return undefined;
  }
}

function bytesOf(hex: string | undefined): Uint8Array | undefined {
  if (hex === undefined || hex.length % 2 !== 0 || !HEX.test(hex)) return undefined;
  return Buffer.from(hex, "hex");
}

export const CLIENT_HANDSHAKE = "CLIENT_HANDSHAKE_TRAFFIC_SECRET";
export const SERVER_HANDSHAKE = "SERVER_HANDSHAKE_TRAFFIC_SECRET";
/** The master secret of TLS up to 1.2. */
export const MASTER = "CLIENT_RANDOM";

/** A traffic secret is as long as the suite's hash (RFC 8446 §7.1); a master secret 48 bytes. */
const TRAFFIC = [32, 48];
/** What is kept, and under which label. QUIC had labels of its own before RFC 9001. */
const KEPT = new Map([
  [CLIENT_HANDSHAKE, { label: CLIENT_HANDSHAKE, bytes: TRAFFIC }],
  [SERVER_HANDSHAKE, { label: SERVER_HANDSHAKE, bytes: TRAFFIC }],
  [`QUIC_${CLIENT_HANDSHAKE}`, { label: CLIENT_HANDSHAKE, bytes: TRAFFIC }],
  [`QUIC_${SERVER_HANDSHAKE}`, { label: SERVER_HANDSHAKE, bytes: TRAFFIC }],
  [MASTER, { label: MASTER, bytes: [48] }],
]);
const LABEL = /^[A-Z][A-Z0-9_]*$/;
const HEX = /^[0-9a-fA-F]+$/;
const LINE_FEED = 10;
const RANDOM_BYTES = 32;
/** The longest line of RFC 9850 is an ECH configuration, which may be of any size; we read none. */
const LINE_BYTES_MAX = 4096;
const BAD_MAX = 16;
/** About 500 bytes each with two secrets: 100 MB, some hours of a busy proxy. */
const CLIENT_RANDOMS_MAX = 200_000;
