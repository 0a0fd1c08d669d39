/**
 * Path building: which ways lead from the leaf to an anchor, by names and then by signatures.
 *
 * The peer sends certificates in any order, with extras, twice, or without the root, and a hostile
 * one sends a maze. So this is a search from the leaf up that never visits one key of one subject
 * twice on a way, verifies each pair of certificates once, and stops where the budget does.
 */
import type { Anchor, Anchors } from "./anchors.ts";
import type { Budget } from "./budget.ts";
import type { Certificate } from "./certificate.ts";
import type { CandidatePath } from "./check.ts";
import type { TrustFinding } from "./finding.ts";
import { fits, signatureCost } from "./signature.ts";

export interface Search {
  readonly paths: readonly CandidatePath[];
  /** Why there are no more: issuers whose key did not fit, the self-signed end, the budget. */
  readonly findings: readonly TrustFinding[];
  /** Every certificate that was visited: their dates bound how long the answer holds. */
  readonly visited: ReadonlySet<Certificate>;
}

export function findPaths(chain: readonly Certificate[], anchors: Anchors, budget: Budget): Search {
  return new PathSearch(chain, anchors, budget).run();
}

class PathSearch implements Search {
  readonly paths: CandidatePath[] = [];
  readonly findings: TrustFinding[] = [];
  readonly visited = new Set<Certificate>();
  readonly #chain: readonly Certificate[];
  readonly #anchors: Anchors;
  readonly #budget: Budget;
  readonly #links = new Map<Certificate, Map<Certificate, boolean>>();
  #bySubject: Map<string, Certificate[]> | undefined;

  constructor(chain: readonly Certificate[], anchors: Anchors, budget: Budget) {
    this.#chain = chain;
    this.#anchors = anchors;
    this.#budget = budget;
  }

  run(): this {
    this.#walk([this.#chain[0]!]);
    if (this.#budget.exhausted) {
      const detail = "too many certificates or signatures to look at them all";
      this.findings.unshift({ name: "budget", detail });
    }
    return this;
  }

  #walk(path: readonly Certificate[]): void {
    const top = path.at(-1)!;
    this.visited.add(top);
    if (this.paths.length >= PATHS_MAX || this.#budget.exhausted || !this.#budget.node()) return;
    const named = this.#anchors.naming(top);
    if (named !== undefined) this.paths.push({ certificates: path, anchor: named });
    if (path.length >= CERTIFICATES_MAX) {
      if (!this.#budget.exhausted) this.#tooLong(top);
      return;
    }
    if (named?.certificate !== undefined) return;

    const roots = this.#anchors.issuers(top.issuerKey);
    for (const anchor of roots) {
      const root = anchor.certificate!;
      if (!this.#repeats(path, root) && this.#linked(top, root)) this.#end(path, anchor, root);
    }
    for (const issuer of this.#issuers(top)) {
      const isRoot = roots.some(({ certificate }) => isSame(certificate!, issuer));
      if (isRoot || this.#repeats(path, issuer)) continue;
      if (this.#linked(top, issuer)) this.#walk([...path, issuer]);
    }
    // A key that signed itself needs no issuer; that it is no anchor is worth saying.
    if (path.length > 1 && named === undefined && top.selfIssued && this.#linked(top, top)) {
      const detail = `ends in ${top.subject || "a nameless certificate"}, which is no anchor`;
      this.#say({ name: "self-signed-chain", certificate: top, detail });
    }
  }

  #end(path: readonly Certificate[], anchor: Anchor, root: Certificate): void {
    if (this.paths.length >= PATHS_MAX) return;
    this.visited.add(root);
    this.paths.push({ certificates: [...path, root], anchor });
  }

  #tooLong(certificate: Certificate): void {
    const detail = `path of more than ${CERTIFICATES_MAX} certificates`;
    this.#say({ name: "budget", certificate, detail });
    this.#budget.exhausted = true;
  }

  #say(finding: TrustFinding): void {
    if (this.findings.length < FINDINGS_MAX) this.findings.push(finding);
  }

  /** Presented certificates with the issuer's name; those with the identifier that fits first. */
  #issuers(child: Certificate): readonly Certificate[] {
    this.#bySubject ??= bySubject(this.#chain);
    const named = this.#bySubject.get(child.issuerKey) ?? [];
    const wanted = child.authorityKeyIdentifier?.key;
    if (wanted === undefined || named.length < 2) return named;
    const rank = (issuer: Certificate) => {
      const own = issuer.subjectKeyIdentifier;
      return own !== undefined && Buffer.compare(own, wanted) === 0 ? 0 : 1;
    };
    return named.toSorted((a, b) => rank(a) - rank(b));
  }

  /** One subject with one key need not appear twice: whatever is above it can be had at once. */
  #repeats(path: readonly Certificate[], next: Certificate): boolean {
    return path.some(
      (seen) =>
        seen === next ||
        (seen.subjectKey === next.subjectKey && seen.spkiSha256 === next.spkiSha256),
    );
  }

  #linked(child: Certificate, issuer: Certificate): boolean {
    const links = this.#links.get(child) ?? new Map<Certificate, boolean>();
    this.#links.set(child, links);
    const known = links.get(issuer);
    if (known !== undefined) return known;
    const linked = this.#verify(child, issuer);
    links.set(issuer, linked);
    return linked;
  }

  #verify(child: Certificate, issuer: Certificate): boolean {
    const { signatureAlgorithm: algorithm } = child;
    const say = (name: "bad-signature" | "unsupported-signature", detail: string) =>
      this.#say({ name, certificate: child, detail });
    if (algorithm.key === undefined) {
      say("unsupported-signature", `algorithm ${algorithm.name}`);
      return false;
    }
    const who = issuer.subject || "a nameless certificate";
    if (!fits(algorithm, issuer.key)) {
      say("bad-signature", `${algorithm.name}, but the key of ${who} is ${issuer.key.type}`);
      return false;
    }
    if (!this.#budget.signature(signatureCost(issuer.key))) return false;
    if (isSignedBy(child, issuer)) return true;
    say("bad-signature", `the key of ${who} did not make it`);
    return false;
  }
}

/** Whether `issuer` signed `child`, remembered for as long as both are. */
export function isSignedBy(child: Certificate, issuer: Certificate): boolean {
  const answers = SIGNED.get(child) ?? new WeakMap<Certificate, boolean>();
  SIGNED.set(child, answers);
  const known = answers.get(issuer);
  if (known !== undefined) return known;
  const signed = child === issuer ? child.selfSigned : child.signedBy(issuer);
  answers.set(issuer, signed);
  return signed;
}

function isSame(a: Certificate, b: Certificate): boolean {
  return Buffer.compare(a.der, b.der) === 0;
}

function bySubject(chain: readonly Certificate[]): Map<string, Certificate[]> {
  const map = new Map<string, Certificate[]>();
  for (const certificate of new Set(chain.slice(0, CHAIN_MAX))) {
    const same = map.get(certificate.subjectKey);
    if (same === undefined) map.set(certificate.subjectKey, [certificate]);
    else same.push(certificate);
  }
  return map;
}

const SIGNED = new WeakMap<Certificate, WeakMap<Certificate, boolean>>();
/** OpenSSL allows 100, browsers about 8; the longest real one has 6. */
const CERTIFICATES_MAX = 16;
/** Certificates of one message that are looked at. Bundles of 100 exist, as tests. */
const CHAIN_MAX = 256;
/** A maze has thousands of dead ends, and the first ones tell as much. */
const FINDINGS_MAX = 16;
/** Enough to choose the best of; cross-signed roots give two or three. */
const PATHS_MAX = 8;
