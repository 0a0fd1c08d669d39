/**
 * Signed certificate timestamps (RFC 6962 §3.2, §3.3): the promise of a log to publish a certificate.
 * Listed and not verified: that would take the logs' keys, which change every few months.
 *
 *     list length 2 | sct length 2 | version 1 = 0 | log id 32 | milliseconds 8 | extensions | signature
 */
import { DerReader, TAG } from "./der.ts";
import { Faults } from "./fault.ts";
import { formatTime } from "./time.ts";

export interface CertificateTimestamp {
  /** SHA-256 of the log's key, lower-case hex. */
  readonly log: string;
  /** RFC 3339 in UTC, to the second; "" when it is no date. */
  readonly at: string;
}

/** Of a SignedCertificateTimestampList. What cannot be read ends the list; unknown versions are skipped. */
export function readTimestamps(list: Uint8Array): CertificateTimestamp[] {
  const found: CertificateTimestamp[] = [];
  const view = new DataView(list.buffer, list.byteOffset, list.byteLength);
  for (let at = 2; at + 2 <= list.length && found.length < TIMESTAMPS_MAX; ) {
    const length = view.getUint16(at);
    const from = at + 2;
    at = from + length;
    if (at > list.length) break;
    if (length < V1_BYTES_MIN || list[from] !== 0) continue;
    const ms = Number(view.getBigUint64(from + 33));
    found.push({
      log: Buffer.from(list.subarray(from + 1, from + 33)).toString("hex"),
      at: ms < MS_MAX ? formatTime(Math.floor(ms / 1000) * 1e6) : "",
    });
  }
  return found;
}

/** Of an extension's value, in a certificate or an OCSP answer, which holds the list in an OCTET STRING of its own. */
export function timestampsIn(value: Uint8Array): CertificateTimestamp[] {
  return readTimestamps(
    new DerReader(value, new Faults()).read(TAG.OCTET_STRING, "scts").content(),
  );
}

/** Version, log id, time, and the lengths of nothing and of a signature. */
const V1_BYTES_MIN = 1 + 32 + 8 + 2 + 4;
/** The end of the year 9999: what RFC 3339 can say. */
const MS_MAX = 253_402_300_800_000;
const TIMESTAMPS_MAX = 32;
