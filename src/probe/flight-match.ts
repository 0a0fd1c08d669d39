/**
 * Whether the flight that a probe got is as long as the workload's own (VISIBILITY, "Flight size"): a tripwire.
 * Lengths that differ are strong evidence of another chain; equal ones are weak evidence of the same.
 *
 * OpenSSL, Node, Go and GnuTLS send a record a message, so each is compared; BoringSSL and rustls put
 * several messages into one, and only their sum tells. Signatures by ECDSA vary by a few bytes.
 */
export interface FlightMatch {
  readonly match: boolean;
  /** `records`: one by one; `total`: their sum alone. */
  readonly by: "records" | "total";
  /** The greatest difference that was found, in bytes. */
  readonly bytes: number;
}

/**
 * @param workload bytes of the sealed records of the server's flight to the workload
 * @param probe of its flight to the probe, up to its Finished
 * @returns absent when there is nothing to compare
 */
export function matchFlights(
  workload: readonly number[] | undefined,
  probe: readonly number[] | undefined,
): FlightMatch | undefined {
  if (!workload?.length || !probe?.length) return undefined;
  // A server may speak on behind its Finished, before its client has answered: to the probe it did not.
  if (probe.length >= RECORDS_APART_MIN && workload.length >= probe.length) {
    const apart = probe.map((size, at) => Math.abs(size - workload[at]!));
    const signature = probe.length - 2;
    const match = apart.every((bytes, at) => bytes <= (at === signature ? BYTES_APART_MAX : 0));
    return { match, by: "records", bytes: Math.max(...apart) };
  }
  const bytes = Math.abs(sum(workload) - sum(probe));
  return { match: bytes <= BYTES_APART_MAX, by: "total", bytes };
}

function sum(sizes: readonly number[]): number {
  return sizes.reduce((total, size) => total + size, 0);
}

/** EncryptedExtensions, Certificate, CertificateVerify, Finished. */
const RECORDS_APART_MIN = 4;
/** DER integers of an ECDSA signature are a byte longer or shorter each (P-256: 95 to 97 of a record). */
const BYTES_APART_MAX = 3;
