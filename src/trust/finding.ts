/**
 * Every kind of thing that can be wrong with a certificate or a path, and what each is worth: the one
 * table that says it.
 *
 * `path` findings decide whether a path exists (INTERFACE, step 3): a signature that anyone can forge,
 * or a leaf that plays CA, vouches for nothing, whatever the policy tolerates. `hygiene` findings
 * (step 4) are faults of a path that exists. Dates are hygiene: an expired issuer is still known.
 */
import type { Certificate } from "./certificate.ts";

export interface TrustFinding {
  readonly name: FindingName;
  /** The certificate it is about; absent when it is about the path as a whole. */
  readonly certificate?: Certificate;
  /** What was found and what was expected. May hold hostile text: escape before printing. */
  readonly detail: string;
}

export interface FindingKind {
  readonly step: "path" | "hygiene";
  /** Whether a path with this finding is invalid; otherwise it is a note. */
  readonly invalidates: boolean;
  /** The word that `tolerate:` takes, and how DETECTIONS groups them; absent for `path` and notes. */
  readonly hygiene?: "expired" | "not-yet-valid" | "name" | "weak" | "malformed";
}

const PATH: FindingKind = { step: "path", invalidates: true };
const NOTE: FindingKind = { step: "hygiene", invalidates: false };
const MALFORMED: FindingKind = { step: "hygiene", invalidates: true, hygiene: "malformed" };
const WEAK: FindingKind = { step: "hygiene", invalidates: true, hygiene: "weak" };
const NAME: FindingKind = { step: "hygiene", invalidates: true, hygiene: "name" };

/** Faults of one certificate's bytes, whoever uses it and when. */
const FAULTS = {
  /** The structure ends, or an element is of the wrong type: what it says cannot be known. */
  unreadable: PATH,
  /** Two extensions of one type: readers disagree on which one counts (RFC 5280 §4.2). */
  "duplicate-extension": PATH,
  /** A DER rule is broken where there is one meaning all the same. */
  "malformed-der": MALFORMED,
  /** Inner and outer signature algorithm differ (RFC 5280 §4.1.1.2). */
  "signature-mismatch": MALFORMED,
  "bad-version": MALFORMED,
  /** Negative or longer than 20 octets (RFC 5280 §4.1.2.2). */
  "bad-serial": MALFORMED,
  "zero-serial": MALFORMED,
  "bad-time": MALFORMED,
  /** GeneralizedTime before 2050 (RFC 5280 §4.1.2.5). */
  "time-encoding": MALFORMED,
  "empty-issuer": MALFORMED,
  /** An empty subject where one must be: a CA, or a leaf without a critical subjectAltName. */
  "empty-subject": MALFORMED,
  /** Text that its string type cannot hold. */
  "bad-string": MALFORMED,
  /** A subjectAltName that is no DNS name, address, URI or mailbox (RFC 5280 §4.2.1.6). */
  "bad-subject-alt-name": MALFORMED,
  /** An extension that is critical and must not be, the reverse, or out of place. */
  "bad-extension": MALFORMED,
} as const satisfies Record<string, FindingKind>;

/** Findings of a path, or of the search for one. */
const VERDICTS = {
  "no-certificate": PATH,
  "unknown-issuer": PATH,
  /** The leaf's own key verifies it, and nobody named it. */
  "self-signed-leaf": PATH,
  /** The chain ends in a self-signed certificate that is no anchor. */
  "self-signed-chain": PATH,
  /** An issuer has the right name and its key does not verify the signature. */
  "bad-signature": PATH,
  "unsupported-signature": PATH,
  /** MD2, MD4, MD5, or a signing key of less than 1024 bits: anyone can forge it. */
  "forgeable-signature": PATH,
  "not-a-ca": PATH,
  "path-length": PATH,
  "key-usage": PATH,
  "extended-key-usage": PATH,
  "name-constraints": PATH,
  "unknown-critical-extension": PATH,
  /** The root programme distrusts what it issued from a date on. */
  distrusted: PATH,
  /** A revocation list of its issuer names it, or an OCSP response that the server stapled. */
  revoked: PATH,
  /** A revocation list of an issuer cannot be used: nobody knows what it revokes. */
  "bad-revocation-list": MALFORMED,
  /** A named limit was reached before a path was found or checked. */
  budget: PATH,
  expired: { step: "hygiene", invalidates: true, hygiene: "expired" },
  "not-yet-valid": { step: "hygiene", invalidates: true, hygiene: "not-yet-valid" },
  "wrong-name": NAME,
  /** SHA-1. */
  "weak-signature": WEAK,
  "weak-key": WEAK,
  /** Version 1 or 2: without the extensions that say what a certificate is for. */
  "old-version": WEAK,
  /** Longer than CA/Browser Forum rules allowed on the day it was issued. */
  "validity-too-long": MALFORMED,
  /** The authorityKeyIdentifier names another key or certificate than the one that signed. */
  "key-identifier-mismatch": MALFORMED,
  /** Web PKI rules (CA/Browser Forum Baseline Requirements §7.1) that RFC 5280 does not have. */
  "bad-profile": MALFORMED,
  /** Notes: style, and the two faults that roots in Mozilla's list have. */
  "anchor-fault": NOTE,
  "long-validity": NOTE,
  "missing-key-identifier": NOTE,
  /** An OCSP response that says nothing, because it is late, forged or about something else. */
  "unusable-staple": NOTE,
  /** A newer revocation list than the one that was given may name more certificates. */
  "stale-revocation-list": NOTE,
} as const satisfies Record<string, FindingKind>;

export type FaultName = keyof typeof FAULTS;
export type FindingName = FaultName | keyof typeof VERDICTS;

export const FINDINGS: Readonly<Record<FindingName, FindingKind>> = { ...FAULTS, ...VERDICTS };

/** Whether nothing here, of this step, invalidates a path. */
export function clears(findings: readonly TrustFinding[], step: FindingKind["step"]): boolean {
  return findings.every(({ name }) => FINDINGS[name].step !== step || !FINDINGS[name].invalidates);
}
