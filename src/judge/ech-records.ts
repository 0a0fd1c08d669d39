/**
 * Which encrypted hellos are known to hide a server (RFC 9849).
 *
 * What a client sends without a configuration looks the same, and most clients do. An HTTPS or SVCB record
 * with `ech=` tells them apart: a hello that names its public name and its id was encrypted with it, as
 * far as anybody can see, and then the name in clear is not the server that is meant. Any answer serves,
 * whoever gave it, since all that follows is that less is known.
 */
import type { DnsAnswer } from "../inspect/dns/answer.ts";
import type { TlsObservation } from "../inspect/observation.ts";

export class EchRecords {
  /** When each was first seen; the one that was seen longest ago is first. */
  readonly #seen = new Map<string, number>();

  add({ ech, atUs }: DnsAnswer): void {
    for (const { id, publicName } of ech) {
      const key = `${id} ${publicName.toLowerCase()}`;
      if (this.#seen.has(key)) continue;
      this.#seen.set(key, atUs);
      const [oldest] = this.#seen.keys();
      if (this.#seen.size > RECORDS_MAX && oldest !== undefined) this.#seen.delete(oldest);
    }
  }

  /**
   * The same handshake, whose certificate is unseen for ECH instead of for TLS 1.3 alone, where a record
   * for its hello was seen before it, or where it names no server at all in clear.
   */
  hidden(seen: TlsObservation): TlsObservation {
    const { ech, echConfigId, serverName, certificates, atUs } = seen;
    if (ech !== "offered" || certificates.why !== "encrypted") return seen;
    const record = this.#seen.get(`${echConfigId} ${serverName?.toLowerCase()}`);
    const isHidden = serverName === undefined || (record !== undefined && record <= atUs);
    return isHidden ? { ...seen, certificates: { ...certificates, why: "ech" } } : seen;
  }
}

/** Some 100 bytes each; large networks use one public name for all of their sites. */
const RECORDS_MAX = 8192;
