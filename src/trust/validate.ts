/**
 * Is this chain good for this purpose, for this name, at this time? The answer is every finding, and
 * the table in finding.ts says what each is worth. Pure: the time is the packet's.
 */
import type { Anchor, Anchors, Profile } from "./anchors.ts";
import { Budget, type Spent } from "./budget.ts";
import type { Certificate } from "./certificate.ts";
import { checkCertificate, checkDates, checkLeaf, checkPath, type Demand } from "./check.ts";
import { clears, FINDINGS, type TrustFinding } from "./finding.ts";
import type { OcspResponse } from "./ocsp.ts";
import { checkStaples, turnsOfStaples } from "./ocsp-check.ts";
import { findPaths, isSignedBy, type Search } from "./path.ts";
import { checkRevocation, type RevocationList, turnsOfLists } from "./revocation.ts";

export interface ValidationInput extends Demand {
  /** As sent, leaf first. */
  readonly chain: readonly Certificate[];
  readonly anchors: Anchors;
  /** Those whose issuer is on the path are looked at. What no list covers is not said to be good. */
  readonly revocationLists?: readonly RevocationList[];
  /** OCSP responses that the server stapled. */
  readonly staples?: readonly OcspResponse[];
  /** Absent: each anchor's own. */
  readonly profile?: Profile;
}

export interface TrustPath {
  /** Leaf first; the last one is the anchor's. A leaf that is an anchor stands alone. */
  readonly certificates: readonly Certificate[];
  readonly anchor: Anchor;
  readonly findings: readonly TrustFinding[];
  /** A stapled OCSP response says that the leaf is good, until this time; NaN: until a newer one. */
  readonly stapledUntilUs?: number;
  /** Nothing of step `path` invalidates it. */
  readonly trusted: boolean;
  /** Nothing at all invalidates it. */
  readonly valid: boolean;
}

export interface Validation {
  /** Some path is trusted: INTERFACE's step 3. */
  readonly trusted: boolean;
  /** Some path is valid: step 4 as well. */
  readonly valid: boolean;
  /** All trusted paths that were found (at most 8), best first. */
  readonly paths: readonly TrustPath[];
  /** The best path; when none is trusted, the best of those that were refused, if any. */
  readonly path?: TrustPath;
  /** Of `path`; without one, why there is none and what is wrong with the leaf itself. */
  readonly findings: readonly TrustFinding[];
  readonly spent: Spent;
  /** The answer is the same for every `atUs` in this closed interval. */
  readonly sameBetweenUs: readonly [number, number];
}

/** Never throws, whatever the certificates hold. */
export function validate(input: ValidationInput): Validation {
  const { chain, anchors } = input;
  const leaf = chain[0];
  const budget = new Budget();
  if (leaf === undefined) {
    const findings: TrustFinding[] = [{ name: "no-certificate", detail: "the chain is empty" }];
    return {
      trusted: false,
      valid: false,
      paths: [],
      findings,
      spent: budget,
      sameBetweenUs: ALWAYS,
    };
  }
  const search = findPaths(chain, anchors, budget);
  const all = search.paths.map((candidate): TrustPath => {
    const profile = input.profile ?? candidate.anchor.profile;
    const findings = checkPath(candidate, input, profile, budget);
    if (input.revocationLists !== undefined) {
      findings.push(
        ...checkRevocation(candidate.certificates, input.revocationLists, input, budget),
      );
    }
    const stapled =
      input.staples && checkStaples(candidate.certificates, input.staples, input.atUs);
    if (stapled !== undefined) findings.push(...stapled.findings);
    const until = stapled?.goodUntilUs;
    const trusted = clears(findings, "path");
    return {
      ...candidate,
      findings,
      ...(until === undefined ? {} : { stapledUntilUs: until }),
      trusted,
      valid: trusted && clears(findings, "hygiene"),
    };
  });
  all.sort((a, b) => demerits(a) - demerits(b));

  const paths = all.filter(({ trusted }) => trusted);
  const path = all[0];
  return {
    trusted: paths.length > 0,
    valid: path?.valid ?? false,
    paths,
    ...(path === undefined ? {} : { path }),
    findings: path?.findings ?? pathless(leaf, search, input),
    spent: budget,
    sameBetweenUs: between(turnsOf(search, input), input.atUs),
  };
}

/** Why no anchor was reached: A16 if the leaf's own key verifies it, else A15, never both. */
function pathless(leaf: Certificate, search: Search, demand: Demand): TrustFinding[] {
  const findings = [...search.findings];
  if (isSignedBy(leaf, leaf)) {
    const detail = "its own key signed it, and no policy names it";
    findings.unshift({ name: "self-signed-leaf", certificate: leaf, detail });
  } else {
    const detail = `no anchor signed it or its issuers: ${leaf.issuer || "no issuer is named"}`;
    findings.unshift({ name: "unknown-issuer", certificate: leaf, detail });
  }
  findings.push(...checkLeaf(leaf, demand), ...checkCertificate(leaf, false));
  return [...findings, ...checkDates(leaf, demand.atUs)];
}

/** Trusted before not, then the fewest faults that count, then the shortest. */
function demerits({ certificates, findings, trusted, valid }: TrustPath): number {
  const counted = findings.filter(({ name }) => FINDINGS[name].invalidates).length;
  return (trusted ? 0 : 1e6) + (valid ? 0 : 1e5) + counted * 100 + certificates.length;
}

/** Dates are all that time changes: of certificates, and of what says that they were revoked. */
function turnsOf({ visited }: Search, { staples, revocationLists }: ValidationInput): number[] {
  const turns: number[] = [];
  for (const { validFromUs, validToUs } of visited) turns.push(validFromUs, validToUs + 1);
  if (staples !== undefined) turns.push(...turnsOfStaples(staples));
  if (revocationLists !== undefined) turns.push(...turnsOfLists(revocationLists));
  return turns;
}

/** The answer holds up to the nearest turn on either side. */
function between(turns: readonly number[], atUs: number): readonly [number, number] {
  let [from, to] = ALWAYS;
  for (const turn of turns) {
    if (turn <= atUs) from = Math.max(from, turn);
    else if (turn > atUs) to = Math.min(to, turn - 1);
  }
  return [from, to];
}

const ALWAYS: readonly [number, number] = [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY];
