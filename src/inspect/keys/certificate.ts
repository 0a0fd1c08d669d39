/**
 * Certificate (RFC 8446 §4.4.2) and CompressedCertificate (RFC 8879 §4) of TLS 1.3, and of both the
 * chain, interned as readChain does it: the same certificates are the same object, in clear or not.
 */
import { u16, u24 } from "../tls/bytes.ts";
import { readChain } from "../tls/certificate-message.ts";

export interface SentCertificate {
  /** DER, whole: to be released. Empty when none was sent. */
  readonly chain: readonly Uint8Array[];
  /** SubjectPublicKeyInfo instead of a chain (RFC 7250). */
  readonly rawKey?: Uint8Array;
}

/** Reads a Certificate body in [from, to). Text says why it cannot be right. */
export function readCertificate(
  bytes: Uint8Array,
  from: number,
  to: number,
  raw: boolean,
): SentCertificate | string {
  if (to - from < 4) return `Certificate message of ${to - from} bytes, expected at least 4`;
  const listAt = from + 1 + bytes[from]!;
  if (listAt + 3 > to || listAt + 3 + u24(bytes, listAt) !== to) {
    return `certificate list does not fill the ${to - from} bytes of its message`;
  }
  const entries = entriesOf(bytes, listAt + 3, to);
  if (typeof entries === "string") return entries;
  if (raw && entries.length > 0) {
    if (entries.length > 1) return `${entries.length} raw public keys, expected 1`;
    return { chain: [], rawKey: entries[0]!.slice() };
  }
  const message = inClear(entries);
  const chain = readChain(message, 0, message.length);
  return typeof chain === "string" ? chain : { chain };
}

/** The Certificate body inside a CompressedCertificate's. Text says why there is none. */
export function decompress(bytes: Uint8Array, from: number, to: number): Uint8Array | string {
  if (to - from < 8) return `CompressedCertificate of ${to - from} bytes, expected at least 9`;
  const algorithm = ALGORITHMS.get(u16(bytes, from));
  const declared = u24(bytes, from + 2);
  if (u24(bytes, from + 5) !== to - from - 8) {
    return `${u24(bytes, from + 5)} compressed bytes in ${to - from - 8}`;
  }
  if (algorithm === undefined) return `certificate compression ${u16(bytes, from)} is unknown`;
  if (declared > CERTIFICATE_BYTES_MAX) {
    return `compressed certificates of ${declared} bytes, expected at most ${CERTIFICATE_BYTES_MAX}`;
  }
  try {
    const text = algorithm(bytes.subarray(from + 8, to), Math.max(1, declared));
    if (text.length === declared) return text;
    return `compressed certificates of ${text.length} bytes, ${declared} declared`;
  } catch {
    return `compressed certificates that do not unpack to ${declared} bytes`;
  }
}

function entriesOf(bytes: Uint8Array, from: number, to: number): Uint8Array[] | string {
  const entries: Uint8Array[] = [];
  for (let at = from; at < to; ) {
    const what = `certificate ${entries.length + 1}`;
    if (entries.length === ENTRIES_MAX) return `more than ${ENTRIES_MAX} certificates in a chain`;
    const extensionsAt = at + 3 + (at + 3 <= to ? u24(bytes, at) : 0);
    if (extensionsAt + 2 > to) return `${what} runs over the end of its list`;
    const next = extensionsAt + 2 + u16(bytes, extensionsAt);
    if (next > to) return `${what}: extensions run over the end of its list`;
    entries.push(bytes.subarray(at + 3, extensionsAt));
    at = next;
  }
  return entries;
}

/** The same certificates as TLS 1.2 sends them. */
function inClear(entries: readonly Uint8Array[]): Uint8Array {
  const listBytes = entries.reduce((sum, entry) => sum + 3 + entry.length, 0);
  const message = new Uint8Array(3 + listBytes);
  putU24(message, 0, listBytes);
  let at = 3;
  for (const entry of entries) {
    putU24(message, at, entry.length);
    message.set(entry, at + 3);
    at += 3 + entry.length;
  }
  return message;
}

function putU24(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >> 16;
  bytes[at + 1] = value >> 8;
  bytes[at + 2] = value;
}

function unpackZstd(bytes: Uint8Array, maxOutputLength: number): Uint8Array {
  const { constants, zstdDecompressSync } = zlib();
  const params = { [constants.ZSTD_d_windowLogMax]: ZSTD_WINDOW_LOG_MAX };
  return zstdDecompressSync(bytes, { params, maxOutputLength });
}

type Unpack = (bytes: Uint8Array, maxOutputLength: number) => Uint8Array;

/** Loaded when a certificate is compressed, and not at every start. */
const zlib = () => process.getBuiltinModule("node:zlib");
/** 2^23 bytes of window are what RFC 8878 §3.1.1.1.2 asks of every reader. */
const ZSTD_WINDOW_LOG_MAX = 23;
/** TLS Certificate Compression Algorithm IDs. */
const ALGORITHMS = new Map<number, Unpack>([
  [1, (bytes, maxOutputLength) => zlib().inflateSync(bytes, { maxOutputLength })],
  [2, (bytes, maxOutputLength) => zlib().brotliDecompressSync(bytes, { maxOutputLength })],
  [3, unpackZstd],
]);
/** Far above any real chain, and what a small bomb may cost us. */
const CERTIFICATE_BYTES_MAX = 65_536;
const ENTRIES_MAX = 100;
