/**
 * What a server adds to its certificates in clear: OCSP responses (CertificateStatus, RFC 6066 §8, and
 * for a whole chain RFC 6961 §2.2), and lists of signed certificate timestamps (RFC 6962 §3.3.1).
 *
 *     type 1 = 1 | length 3 | OCSPResponse
 *     type 1 = 2 | length 3 | length 3 | OCSPResponse | length 3 | ...
 *
 * Both are kept as bytes, interned: a server sends the same ones for days.
 */
import { u24 } from "./bytes.ts";
import { Interned } from "./interned.ts";

/**
 * Reads the message body in [from, to): DER of the responses, in the order of the chain, empty where
 * there is none. The same bytes give the same object. Text says why it cannot be right.
 */
export function readCertificateStatus(
  bytes: Uint8Array,
  from: number,
  to: number,
): readonly Uint8Array[] | string {
  const length = to - from;
  if (length < 5 || length > STATUS_BYTES_MAX) {
    return `CertificateStatus of ${length} bytes, expected 5 to ${STATUS_BYTES_MAX}`;
  }
  return RESPONSES.get(bytes, from, to);
}

/** A connection that got these responses is over. */
export function releaseCertificateStatus(responses: readonly Uint8Array[] | undefined): void {
  RESPONSES.release(responses);
}

/** The extension's content in [from, to), kept; `undefined` when it is too long or there is no room. */
export function keepTimestamps(
  bytes: Uint8Array,
  from: number,
  to: number,
): Uint8Array | undefined {
  if (to - from > TIMESTAMPS_BYTES_MAX) return undefined;
  const kept = TIMESTAMPS.get(bytes, from, to);
  return typeof kept === "string" ? undefined : kept;
}

/** A connection that got these timestamps is over. */
export function releaseTimestamps(timestamps: Uint8Array | undefined): void {
  TIMESTAMPS.release(timestamps);
}

function split(message: Uint8Array): readonly Uint8Array[] | string {
  const type = message[0]!;
  const length = u24(message, 1);
  if (type !== OCSP && type !== OCSP_MULTI) return `certificate status of type ${type}`;
  if (length !== message.length - 4) {
    return `certificate status of ${length} bytes in ${message.length - 4}`;
  }
  if (type === OCSP) return Object.freeze([message.subarray(4)]);
  const responses: Uint8Array[] = [];
  for (let at = 4; at < message.length; ) {
    const bytes = at + 3 <= message.length ? u24(message, at) : -1;
    if (bytes < 0 || at + 3 + bytes > message.length) {
      return `OCSP response ${responses.length + 1} of ${bytes} bytes in ${message.length - at - 3}`;
    }
    if (responses.length === RESPONSES_MAX) return `more than ${RESPONSES_MAX} OCSP responses`;
    responses.push(message.subarray(at + 3, at + 3 + bytes));
    at += 3 + bytes;
  }
  return Object.freeze(responses);
}

const OCSP = 1;
const OCSP_MULTI = 2;
/** A response with its responder's certificate has about 2 KB, and a chain a handful of them. */
const STATUS_BYTES_MAX = 65_536;
/** As many as certificates in a chain. */
const RESPONSES_MAX = 100;
/** A timestamp has about 120 bytes, and a certificate two to five. */
const TIMESTAMPS_BYTES_MAX = 4096;
const RESPONSES = new Interned<readonly Uint8Array[]>(
  { name: "CertificateStatus", entriesMax: 4096, bytesMax: 8_388_608 },
  split,
);
const TIMESTAMPS = new Interned<Uint8Array>(
  { name: "timestamps", entriesMax: 4096, bytesMax: 4_194_304 },
  (message) => message,
);
