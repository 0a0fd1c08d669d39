/** Signed certificate timestamps that a server shows beside its certificate, for the `tls` line. */
import type { TlsObservation } from "../inspect/observation.ts";
import { ocspResponsesOf } from "../trust/ocsp.ts";
import { type CertificateTimestamp, readTimestamps, timestampsIn } from "../trust/sct.ts";
import type { TlsLine } from "./lines.ts";

/** Of the hello, then of stapled OCSP responses; `undefined` when there are none, as nearly always. */
export function timestampsBeside({ timestamps, stapled }: TlsObservation): TlsLine["scts"] {
  if (timestamps === undefined && stapled === undefined) return undefined;
  const inHello = timestamps === undefined ? [] : readTimestamps(timestamps);
  const inOcsp = ocspResponsesOf(stapled ?? [])
    .flatMap(({ answers }) => answers)
    .flatMap(({ scts }) => (scts === undefined ? [] : timestampsIn(scts)));
  const from = (place: "tls" | "ocsp") => (found: CertificateTimestamp) => ({
    ...found,
    from: place,
  });
  const all = [...inHello.map(from("tls")), ...inOcsp.map(from("ocsp"))];
  return all.length === 0 ? undefined : all;
}
