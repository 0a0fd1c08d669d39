/**
 * Certificates as they are first seen. Live they are told at once, and so is a key that unrelated names
 * turn out to share; of those that have not been seen for long the hashes are forgotten, and they may be
 * told again.
 */
import { LRUCache } from "lru-cache";
import { KeyReuse } from "../judge/key-reuse.ts";
import type { LineWriter } from "../line-writer.ts";
import type { Place } from "../report/build.ts";
import type { Chain } from "../trust/store.ts";

export class LiveSights {
  /** Distinct certificates told. */
  count = 0;
  readonly #lines: LineWriter;
  readonly #told = new LRUCache<string, true>({ max: TOLD_MAX });
  readonly #keyReuse = new KeyReuse(HELD_MAX);
  /** Names that were told to share a key, by key. */
  readonly #shared = new LRUCache<string, string>({ max: HELD_MAX });

  constructor(lines: LineWriter) {
    this.#lines = lines;
  }

  see(chain: Chain | undefined, atUs: number, place: Place): void {
    if (chain === undefined) return;
    for (const certificate of chain.certificates) {
      if (this.#told.get(certificate.sha256) === true) continue;
      this.#told.set(certificate.sha256, true);
      this.count++;
      this.#lines.certificate(certificate, atUs, place);
      this.#keyReuse.see(certificate, atUs);
      for (const { finding } of this.#keyReuse.findingsOf(certificate.spkiSha256)) {
        if (this.#shared.get(certificate.spkiSha256) === finding.summary) continue;
        this.#shared.set(certificate.spkiSha256, finding.summary);
        this.#lines.finding(finding, atUs);
      }
    }
  }
}

/** Hashes: some 150 bytes each. */
const TOLD_MAX = 8192;
/** Parsed certificates, some 2 KB each: a workload has fewer peers than this. */
const HELD_MAX = 2048;
