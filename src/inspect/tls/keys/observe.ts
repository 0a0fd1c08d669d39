/** What keys opened, put into the observation of what was in clear. */
import type { Flight, SealedHandshake } from "../../keys/sealed-handshake.ts";
import type { SeenCertificates, TlsObservation } from "../../observation.ts";

export function withOpened(seen: TlsObservation, opened: SealedHandshake): TlsObservation {
  const { server, alpn, echRefused } = opened;
  const certificates = ofServer(seen, server);
  const clientCertificates = ofClient(opened) ?? seen.clientCertificates;
  const clientProof = opened.client.proof;
  const unproved = server.malformed ? ("malformed" as const) : ("cut-short" as const);
  const proved = server.proof === undefined ? { unproved } : { proof: server.proof };
  return {
    ...seen,
    ...(alpn !== undefined && { alpn }),
    ...(seen.ech === "offered" && echRefused && { ech: "rejected" as const }),
    certificates,
    ...(clientCertificates !== undefined && { clientCertificates }),
    ...(certificates.seen === "decrypted" && proved),
    ...(clientProof !== undefined && { clientProof }),
    ...(server.finished !== undefined && { finished: server.finished }),
  };
}

function ofServer(seen: TlsObservation, { chain, rawKey, finished }: Flight): SeenCertificates {
  if (rawKey !== undefined) return RAW_KEY;
  if (chain !== undefined && chain.length > 0) return { seen: "decrypted", chain };
  const all = finished !== undefined && seen.resumed === false;
  return all ? NONE_SENT : seen.certificates;
}

function ofClient({ client, certificateRequested }: SealedHandshake): SeenCertificates | undefined {
  const { chain, rawKey, finished } = client;
  if (rawKey !== undefined) return RAW_KEY;
  if (chain !== undefined && chain.length > 0) return { seen: "decrypted", chain };
  if (!certificateRequested) return undefined;
  return chain !== undefined || finished !== undefined ? NONE_SENT : ENCRYPTED;
}

const RAW_KEY: SeenCertificates = { seen: "no", why: "raw-public-key", chain: [] };
const NONE_SENT: SeenCertificates = { seen: "no", why: "none-sent", chain: [] };
const ENCRYPTED: SeenCertificates = { seen: "no", why: "encrypted", chain: [] };
