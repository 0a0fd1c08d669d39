/**
 * Each certificate's first sight, which is when it is told. Connections end in another order than they
 * begin, so where the input has an end, lines wait for it, as long as memory allows.
 */
import type { Place } from "./report/build.ts";
import type { Certificate } from "./trust/certificate.ts";
import type { Chain } from "./trust/store.ts";

export class CertificateSights {
  /** Distinct certificates seen. */
  count = 0;
  readonly #tell: (certificate: Certificate, atUs: number, place: Place) => void;
  readonly #waiting = new Map<string, Sight>();
  readonly #told = new Set<string>();

  constructor(tell: (certificate: Certificate, atUs: number, place: Place) => void) {
    this.#tell = tell;
  }

  see(chain: Chain | undefined, atUs: number, place: Place): void {
    if (chain === undefined) return;
    for (const certificate of chain.certificates) {
      const known = this.#waiting.get(certificate.sha256);
      if (known === undefined) {
        if (this.#told.has(certificate.sha256)) continue;
        this.count++;
        this.#waiting.set(certificate.sha256, { certificate, atUs, place });
        if (this.#waiting.size > WAITING_MAX) this.#tellOldest();
      } else if (earlier(atUs, place, known)) {
        known.atUs = atUs;
        known.place = place;
      }
    }
  }

  /** Tells what waits. */
  end(): void {
    for (const { certificate, atUs, place } of this.#waiting.values()) {
      this.#tell(certificate, atUs, place);
    }
    this.#waiting.clear();
  }

  #tellOldest(): void {
    for (const [sha256, { certificate, atUs, place }] of this.#waiting) {
      this.#tell(certificate, atUs, place);
      this.#waiting.delete(sha256);
      if (this.#told.size < TOLD_MAX) this.#told.add(sha256);
      return;
    }
  }
}

interface Sight {
  readonly certificate: Certificate;
  atUs: number;
  place: Place;
}

function earlier(atUs: number, place: Place, than: Sight): boolean {
  if (atUs !== than.atUs) return atUs < than.atUs;
  return Number(place.flow) < Number(than.place.flow);
}

/** Distinct certificates whose line waits for the end, and whose line has been written early. */
const WAITING_MAX = 20_000;
const TOLD_MAX = 1_000_000;
