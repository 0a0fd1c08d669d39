/**
 * ServerHello (RFC 8446 §4.1.3, RFC 5246 §7.4.1.3; TLS 1.3 drafts to 21 lack two fields) and
 * HelloRetryRequest, which is a ServerHello with a fixed random.
 */
import { latin1, textOf, u16 } from "./bytes.ts";
import { answerShapeOf } from "./fingerprint.ts";

export interface ServerHello {
  /** Negotiated: supported_versions if it is there. */
  readonly version: number;
  readonly cipher: number;
  /** Of key_share: the group alone, with HelloRetryRequest the one asked for. */
  readonly group: number | undefined;
  readonly alpn: string | undefined;
  /** A character a byte. */
  readonly sessionId: string;
  /** pre_shared_key was selected. */
  readonly psk: boolean;
  readonly retry: boolean;
  /** encrypted_client_hello is there: in a HelloRetryRequest, that it may have been accepted. */
  readonly ech: boolean;
  /** encrypt_then_mac was agreed on (RFC 7366). */
  readonly macLast: boolean;
  /** What is wrong with it, though it could be read. */
  readonly oddity: string | undefined;
  readonly ja3s: string;
  /** Where signed_certificate_timestamp's content stood in `bytes`; both 0 without one. */
  readonly timestampsFrom: number;
  readonly timestampsTo: number;
}

/** Reads the message body in [from, to). Text says why it cannot be right. */
export function readServerHello(bytes: Uint8Array, from: number, to: number): ServerHello | string {
  if (to - from < 36) return `ServerHello of ${to - from} bytes, expected at least 38`;
  const legacy = u16(bytes, from);
  // RFC 8446 has 0x0303 here; 0x0304 is from drafts before there was supported_versions.
  const oldDraft = legacy === 0x0304 || (legacy >> 8 === 0x7f && (legacy & 0xff) < 22);
  let at = from + 34;
  let sessionId = "";
  if (!oldDraft) {
    const length = bytes[at]!;
    if (length > 32 || at + 1 + length + 3 > to) return `session id of ${length} bytes`;
    sessionId = latin1(bytes, at + 1, at + 1 + length);
    at += 1 + length;
  }
  const cipher = u16(bytes, at);
  at += oldDraft ? 2 : 3;
  const found: Found = {
    version: legacy,
    group: undefined,
    alpn: undefined,
    psk: false,
    ech: false,
    macLast: false,
    timestampsFrom: 0,
    timestampsTo: 0,
    types: [],
  };
  const problem = at < to ? readExtensions(bytes, at, to, found) : undefined;
  if (problem !== undefined) return problem;
  const { version, group, alpn, psk, ech, macLast, timestampsFrom, timestampsTo, types } = found;
  const { ja3s, oddity } = answerShapeOf(legacy, cipher, types);
  const retry = isRetry(bytes, from + 2);
  return {
    version,
    cipher,
    group,
    alpn,
    sessionId,
    psk,
    retry,
    ech,
    macLast,
    oddity,
    ja3s,
    timestampsFrom,
    timestampsTo,
  };
}

interface Found {
  version: number;
  group: number | undefined;
  alpn: string | undefined;
  psk: boolean;
  ech: boolean;
  macLast: boolean;
  timestampsFrom: number;
  timestampsTo: number;
  readonly types: number[];
}

function readExtensions(
  bytes: Uint8Array,
  start: number,
  to: number,
  found: Found,
): string | undefined {
  if (start + 2 > to) return "extensions without a length";
  const end = start + 2 + u16(bytes, start);
  if (end !== to) return `extensions of ${u16(bytes, start)} bytes in ${to - start - 2}`;
  for (let at = start + 2; at < end; ) {
    if (at + 4 > end) return `extension header in ${end - at} bytes, expected 4`;
    const type = u16(bytes, at);
    const length = u16(bytes, at + 2);
    const body = at + 4;
    if (body + length > end) return `extension ${type} of ${length} bytes in ${end - body}`;
    found.types.push(type);
    if (type === SUPPORTED_VERSIONS && length === 2) found.version = u16(bytes, body);
    else if ((type === KEY_SHARE || type === KEY_SHARE_OLD) && length >= 2) {
      found.group = u16(bytes, body);
    } else if (type === PRE_SHARED_KEY) found.psk = true;
    else if (type === ENCRYPTED_CLIENT_HELLO) found.ech = true;
    else if (type === ENCRYPT_THEN_MAC) found.macLast = true;
    else if (type === SIGNED_CERTIFICATE_TIMESTAMP) {
      found.timestampsFrom = body;
      found.timestampsTo = body + length;
    } else if (type === ALPN && length >= 3 && bytes[body + 2]! + 3 <= length) {
      found.alpn = textOf(bytes, body + 3, body + 3 + bytes[body + 2]!);
    }
    at = body + length;
  }
  return undefined;
}

function isRetry(bytes: Uint8Array, at: number): boolean {
  for (let byte = 0; byte < 32; byte++) if (bytes[at + byte] !== RETRY_RANDOM[byte]) return false;
  return true;
}

const ALPN = 16;
const SIGNED_CERTIFICATE_TIMESTAMP = 18;
const ENCRYPT_THEN_MAC = 22;
/** 40 in drafts to 22 (RFC 8446 §B.3.1 leaves the number unused for that). */
const KEY_SHARE_OLD = 40;
const PRE_SHARED_KEY = 41;
const SUPPORTED_VERSIONS = 43;
const KEY_SHARE = 51;
const ENCRYPTED_CLIENT_HELLO = 0xfe0d;
/** SHA-256 of "HelloRetryRequest" (RFC 8446 §4.1.3). */
const RETRY_RANDOM = Buffer.from(
  "cf21ad74e59a6111be1d8c021e65b891c2a211167abb8c5e079e09e2c8a8339c",
  "hex",
);
