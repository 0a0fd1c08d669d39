/**
 * Certificate revocation lists (RFC 5280 §5), as somebody gives them: nothing here fetches one.
 *
 *     CertificateList ─┬─ tbsCertList ─┬─ version, signature, issuer, thisUpdate, nextUpdate
 *                      │               ├─ revokedCertificates: serial, date, extensions
 *                      │               └─ [0] crlExtensions
 *                      ├─ signatureAlgorithm
 *                      └─ signature
 *
 * A list that is out of date still counts: what was revoked stays so. Nobody concludes from a list
 * that a certificate is good, so a list for some of an issuer's certificates or reasons is as useful as
 * a whole one. Lists in other issuers' names, and changes to a list, say so in critical extensions,
 * and those are not used.
 */
import type { Budget } from "./budget.ts";
import type { Certificate } from "./certificate.ts";
import { DerReader, TAG } from "./der.ts";
import { KEY_USAGE } from "./extension.ts";
import { Faults } from "./fault.ts";
import type { TrustFinding } from "./finding.ts";
import { nameKey, readName } from "./name.ts";
import { EXTENSION } from "./oid.ts";
import { readSignatureAlgorithm, type SignatureAlgorithm, signatureCost } from "./signature.ts";
import { formatTime, readTime } from "./time.ts";

export interface RevocationList {
  readonly issuerKey: string;
  /** Microseconds since 1970; NaN when unreadable, or when there is no next one. */
  readonly thisUpdateUs: number;
  readonly nextUpdateUs: number;
  /** Serial numbers in hex, as encoded, and when each was revoked (microseconds since 1970, or NaN). */
  readonly revoked: ReadonlyMap<string, number>;
  readonly algorithm: SignatureAlgorithm;
  readonly signed: Uint8Array;
  readonly signature: Uint8Array;
  /** Why it must not be used; absent when it may. */
  readonly refused?: string;
}

/** Never throws. Keeps `der`. */
export function parseRevocationList(der: Uint8Array): RevocationList {
  const faults = new Faults();
  const file = new DerReader(der, faults);
  const outer = file.read(TAG.SEQUENCE, "certificateList");
  file.finish("certificateList");
  const tbs = outer.read(TAG.SEQUENCE, "tbsCertList");
  const algorithm = readSignatureAlgorithm(outer.read(TAG.SEQUENCE, "signatureAlgorithm"));
  const signature = outer.octetsOfBits("signature").content();
  outer.finish("certificateList");

  const version = tbs.peek() === TAG.INTEGER ? tbs.small("version") : undefined;
  tbs.read(TAG.SEQUENCE, "signature");
  const issuer = readName(tbs.read(TAG.SEQUENCE, "issuer"), "issuer");
  const thisUpdateUs = readTime(tbs, "thisUpdate");
  const hasNext = tbs.peek() === TAG.UTC_TIME || tbs.peek() === TAG.GENERALIZED_TIME;
  const nextUpdateUs = hasNext ? readTime(tbs, "nextUpdate") : Number.NaN;
  const revoked = readRevoked(tbs.optional(TAG.SEQUENCE, "revokedCertificates"));
  const refused = extensionsRefused(tbs.optional(0xa0, "crlExtensions"), version);
  tbs.finish("tbsCertList");

  const why = faults.list[0]?.detail ?? refused;
  return {
    issuerKey: nameKey(issuer),
    thisUpdateUs,
    nextUpdateUs,
    revoked,
    algorithm,
    signed: tbs.whole(),
    signature,
    ...(why === undefined ? {} : { refused: why }),
  };
}

/** The DER of every list in the text of a PEM file, in its order. */
export function pemRevocationLists(pem: string): Uint8Array[] {
  // A copy of its own: small Buffers share a pool.
  return [...pem.matchAll(PEM_BLOCK)].map(([, body]) =>
    Uint8Array.from(Buffer.from(body ?? "", "base64")),
  );
}

/** What the lists say about a path, from the leaf to the anchor, which nobody can revoke. */
export function checkRevocation(
  certificates: readonly Certificate[],
  lists: readonly RevocationList[],
  { atUs }: { readonly atUs: number },
  budget: Budget,
): TrustFinding[] {
  const findings: TrustFinding[] = [];
  for (const [i, certificate] of certificates.slice(0, -1).entries()) {
    const issuer = certificates[i + 1]!;
    for (const list of lists) {
      if (list.issuerKey !== certificate.issuerKey || !mayList(issuer)) continue;
      if (!budget.signature(signatureCost(issuer.key))) {
        findings.push({
          name: "budget",
          certificate,
          detail: "a revocation list was not verified",
        });
        break;
      }
      // A list by the same name and another key is somebody else's, or a forgery: it says nothing.
      if (!isMadeBy(list, issuer)) continue;
      const since = list.revoked.get(Buffer.from(certificate.serialDer).toString("hex"));
      if (list.refused !== undefined) {
        findings.push({ name: "bad-revocation-list", certificate: issuer, detail: list.refused });
      } else if (since !== undefined) {
        const detail = `by ${issuer.subject} on ${formatTime(since)}, says its revocation list`;
        findings.push({ name: "revoked", certificate, detail });
      } else if (atUs > list.nextUpdateUs) {
        const detail = `was to be renewed by ${formatTime(list.nextUpdateUs)}`;
        findings.push({ name: "stale-revocation-list", certificate: issuer, detail });
      }
    }
  }
  return findings;
}

/** Times at which what they say changes. */
export function turnsOfLists(lists: readonly RevocationList[]): number[] {
  return lists.map(({ nextUpdateUs }) => nextUpdateUs + 1);
}

/** Remembered for as long as both are: hashing a list of megabytes takes milliseconds. */
function isMadeBy(list: RevocationList, issuer: Certificate): boolean {
  const answers = MADE.get(list) ?? new WeakMap<Certificate, boolean>();
  MADE.set(list, answers);
  const known = answers.get(issuer);
  if (known !== undefined) return known;
  const made = issuer.made(list.signature, list.algorithm, list.signed);
  answers.set(issuer, made);
  return made;
}

function mayList({ keyUsage }: Certificate): boolean {
  return keyUsage === undefined || (keyUsage & KEY_USAGE.cRLSign) !== 0;
}

function readRevoked(list: DerReader | undefined): ReadonlyMap<string, number> {
  const revoked = new Map<string, number>();
  while (list?.more && revoked.size < ENTRIES_MAX) {
    const entry = list.read(TAG.SEQUENCE, "revokedCertificate");
    const serial = entry.integer("revokedCertificate");
    const atUs = readTime(entry, "revocationDate");
    if (serial.broken) break;
    revoked.set(Buffer.from(serial.content()).toString("hex"), atUs);
    hasCritical(entry.optional(TAG.SEQUENCE, "crlEntryExtensions"), list);
  }
  if (list?.more) list.fail(`more than ${ENTRIES_MAX} entries, or one that breaks off`);
  return revoked;
}

/** An entry with a critical extension may be about another issuer's certificate (§5.3.3). */
function hasCritical(list: DerReader | undefined, revoked: DerReader): void {
  while (list?.more) {
    const extension = list.read(TAG.SEQUENCE, "crlEntryExtension");
    const oid = extension.oid("crlEntryExtension");
    if (extension.broken) return;
    const critical = extension.peek() === TAG.BOOLEAN && extension.boolean("critical");
    if (critical) revoked.fail(`entry with critical extension ${oid}`);
  }
}

/** RFC 5280 §5.2: version 2, with a number, and with nothing critical that we do not know. */
function extensionsRefused(wrapper: DerReader | undefined, version?: number): string | undefined {
  if (version !== 1) return `version ${(version ?? 0) + 1}, expected 2`;
  const list = wrapper?.read(TAG.SEQUENCE, "crlExtensions");
  let numbered = false;
  while (list?.more) {
    const extension = list.read(TAG.SEQUENCE, "crlExtension");
    const oid = extension.oid("crlExtension");
    if (extension.broken) break;
    const critical = extension.peek() === TAG.BOOLEAN && extension.boolean("critical");
    const value = extension.read(TAG.OCTET_STRING, "crlExtension");
    if (oid === EXTENSION.issuingDistributionPoint) {
      if (isIndirect(value)) return "a list in other issuers' names";
    } else if (critical) return `critical extension ${oid}`;
    numbered ||= oid === EXTENSION.crlNumber;
  }
  return numbered ? undefined : "no cRLNumber";
}

/** RFC 5280 §5.2.5: [4] indirectCRL, false by default. What cannot be read is no plain list either. */
function isIndirect({ bytes, faults, from, to }: DerReader): boolean {
  const value = new DerReader(bytes, faults, -1, from, from, to);
  const point = value.read(TAG.SEQUENCE, "issuingDistributionPoint");
  while (point.more) {
    const field = point.any("issuingDistributionPoint");
    if (field.tag === INDIRECT) return field.content().some((octet) => octet !== 0);
  }
  return point.broken;
}

const MADE = new WeakMap<RevocationList, WeakMap<Certificate, boolean>>();
const PEM_BLOCK = /-----BEGIN X509 CRL-----([^-]*)-----END X509 CRL-----/g;
const INDIRECT = 0x84;
/** The largest public lists have some hundred thousand. */
const ENTRIES_MAX = 1_000_000;
