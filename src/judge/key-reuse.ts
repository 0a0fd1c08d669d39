/**
 * One key for servers that have nothing to do with each other: whoever holds it can be any of them. It is
 * how a key looks that comes with an appliance, or from one box that answers for everybody.
 *
 * Certificates are kept by key and told at the end, in the order of their hashes: which came first does
 * not change what is said. Names are related when they have a domain in common; a renewed certificate
 * and one with more names are related to the one before.
 */
import type { Certificate } from "../trust/certificate.ts";
import { clip, type Finding, findingOf } from "./finding.ts";
import { weakOrMalformed } from "./rules/weak-or-malformed.ts";

export interface Reuse {
  readonly finding: Finding;
  /** Of the earliest sight of any of the certificates. */
  readonly atUs: number;
}

export class KeyReuse {
  readonly #keys = new Map<string, Map<string, Use>>();
  readonly #heldMax: number;
  #held = 0;
  /** Certificates that found no room, and when the first of them was seen. */
  uncounted = 0;
  lostAtUs = Number.NaN;

  /** @param heldMax certificates that are remembered */
  constructor(heldMax = HELD_MAX) {
    this.#heldMax = heldMax;
  }

  /** At its earliest sight; again does not matter. CAs count: one with two names is no cross-sign. */
  see(leaf: Certificate, atUs: number): void {
    if (leaf.spkiSha256 === "") return;
    const uses = this.#keys.get(leaf.spkiSha256);
    const known = uses?.get(leaf.sha256);
    if (known !== undefined) {
      if (atUs < known.atUs) known.atUs = atUs;
    } else if (this.#held >= this.#heldMax || (uses?.size ?? 0) >= CERTIFICATES_MAX) {
      if (this.uncounted++ === 0) this.lostAtUs = atUs;
    } else {
      this.#held++;
      if (uses !== undefined) uses.set(leaf.sha256, { leaf, atUs });
      else this.#keys.set(leaf.spkiSha256, new Map([[leaf.sha256, { leaf, atUs }]]));
    }
  }

  /** A note where unrelated names share this key, as far as they were seen. */
  findingsOf(spkiSha256: string): Reuse[] {
    const uses = this.#keys.get(spkiSha256);
    return uses === undefined || uses.size < 2 ? [] : told(spkiSha256, uses);
  }

  /** A note for each key that unrelated names share, in the order of the keys' hashes. */
  findings(): Reuse[] {
    const shared = [...this.#keys].filter(([, uses]) => uses.size > 1);
    return shared.sort(([a], [b]) => (a < b ? -1 : 1)).flatMap(([spki, uses]) => told(spki, uses));
  }
}

function told(spkiSha256: string, uses: ReadonlyMap<string, Use>): Reuse[] {
  const sorted = [...uses.values()].sort((a, b) => (a.leaf.sha256 < b.leaf.sha256 ? -1 : 1));
  const groups = unrelated(sorted.map(({ leaf }) => leaf));
  if (groups.length < 2) return [];
  const names = groups.map((group) => nameOf(group[0]!)).sort();
  const shown = names.slice(0, NAMES_SHOWN).map((name) => clip(name, NAME_MAX));
  const more = names.length > NAMES_SHOWN ? ` and ${names.length - NAMES_SHOWN} more` : "";
  const finding = findingOf(weakOrMalformed, "pass", {
    summary: `One key is in the certificates of ${shown.join(", ")}${more}: whoever holds it can be any of them.`,
    certificates: sorted.map(({ leaf }) => leaf.sha256),
    evidence: { faults: ["shared-key"], spkiSha256, names },
    severity: "note",
  });
  return [{ finding, atUs: Math.min(...sorted.map(({ atUs }) => atUs)) }];
}

/** Groups of certificates that have a domain in common, directly or through others. */
function unrelated(leaves: readonly Certificate[]): Certificate[][] {
  let groups: { domains: Set<string>; leaves: Certificate[] }[] = [];
  for (const leaf of leaves) {
    const domains = domainsOf(leaf);
    const merged = { domains: new Set(domains), leaves: [leaf] };
    const apart = groups.filter((group) => domains.every((domain) => !group.domains.has(domain)));
    for (const group of groups) {
      if (apart.includes(group)) continue;
      for (const domain of group.domains) merged.domains.add(domain);
      merged.leaves.unshift(...group.leaves);
    }
    groups = [...apart, merged];
  }
  return groups.map((group) => group.leaves);
}

/** What its names belong to: the domain of a DNS name, else the name as it stands; else its subject. */
function domainsOf(leaf: Certificate): string[] {
  const names = leaf.names.length > 0 ? leaf.names : [leaf.commonName ?? leaf.subject];
  return [...new Set(names.slice(0, NAMES_MAX).map((name) => domainOf(name.toLowerCase())))];
}

/**
 * The last two labels, or three where the last two look like a registry's (`co.uk`). The whole Public
 * Suffix List is not carried: where this is wrong, customers of one host are taken for one owner, and
 * nothing is said.
 */
function domainOf(name: string): string {
  if (!/^[a-z0-9*._-]+\.[a-z][a-z0-9-]*$/.test(name)) return name;
  const labels = name.split(".");
  return labels.slice(REGISTRY.test(name) ? -3 : -2).join(".");
}

function nameOf(leaf: Certificate): string {
  return leaf.names[0] ?? leaf.commonName ?? leaf.subject;
}

interface Use {
  readonly leaf: Certificate;
  atUs: number;
}

const REGISTRY = /(?:^|\.)(?:ac|co|com|edu|gov|net|or|org)\.[a-z]{2}$/;
/** About 2 KB each; no more than the lines of certificates that wait for the end. */
const HELD_MAX = 20_000;
/** Of one key: enough to name whom it belongs to. */
const CERTIFICATES_MAX = 16;
/** Names of one certificate that are compared; the largest real ones have some hundred. */
const NAMES_MAX = 256;
const NAMES_SHOWN = 3;
const NAME_MAX = 36;
