/** What a ServerHello or HelloRetryRequest of TLS 1.3 has for the key exchange (RFC 8446 §4.2.8, §4.2.2). */
import { u16 } from "../inspect/tls/bytes.ts";

export interface ServerShare {
  /** Of the share, or in a HelloRetryRequest the one that is asked for. */
  readonly group?: number;
  /** Absent in a HelloRetryRequest. */
  readonly share?: Uint8Array;
  /** To be said again, whole. */
  readonly cookie?: Uint8Array;
}

/** Of a body in [from, to) that `readServerHello` could read. Copies. */
export function serverShare(bytes: Uint8Array, from: number, to: number): ServerShare {
  const found: { group?: number; share?: Uint8Array; cookie?: Uint8Array } = {};
  const extensionsAt = from + 35 + bytes[from + 34]! + 3;
  for (let at = extensionsAt + 2; at + 4 <= to; ) {
    const body = at + 4;
    const end = body + u16(bytes, at + 2);
    if (end > to) break;
    const type = u16(bytes, at);
    if (type === KEY_SHARE && end - body >= 2) {
      found.group = u16(bytes, body);
      const fits = end - body > 4 && body + 4 + u16(bytes, body + 2) === end;
      if (fits) found.share = bytes.slice(body + 4, end);
    } else if (type === COOKIE && end - body <= COOKIE_BYTES_MAX) {
      found.cookie = bytes.slice(body, end);
    }
    at = end;
  }
  return found;
}

const COOKIE = 44;
const KEY_SHARE = 51;
/** OpenSSL's are below 300 bytes; what is longer is sent back by nobody. */
const COOKIE_BYTES_MAX = 2048;
