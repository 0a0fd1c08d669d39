/**
 * Certificate revocation lists (RFC 5280 §5), as somebody gives them: nothing here fetches one.
 *
 *     CertificateList ─┬─ tbsCertList ─┬─ version, signature, issuer, thisUpdate, nextUpdate
 *                      │               ├─ revokedCertificates: serial, date, extensions
 *                      │               └─ [0] crlExtensions
 *                      ├─ signatureAlgorithm
 *                      └─ signature
 *
 * A list that is out of date still counts: what was revoked stays so. Lists for some certificates
 * only, or in another issuer's name, say so in a critical extension, and those are not used.
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
import { readTime } from "./time.ts";

export interface RevocationList {
  readonly issuerKey: string;
  /** Microseconds since 1970; NaN when unreadable, or when there is no next one. */
  readonly thisUpdateUs: number;
  readonly nextUpdateUs: number;
  /** Serial numbers in hex, as encoded. */
  readonly serials: ReadonlySet<string>;
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
  const serials = readSerials(tbs.optional(TAG.SEQUENCE, "revokedCertificates"));
  const refused = extensionsRefused(tbs.optional(0xa0, "crlExtensions"), version);
  tbs.finish("tbsCertList");

  const why = faults.list[0]?.detail ?? refused;
  return {
    issuerKey: nameKey(issuer),
    thisUpdateUs,
    nextUpdateUs,
    serials,
    algorithm,
    signed: tbs.whole(),
    signature,
    ...(why === undefined ? {} : { refused: why }),
  };
}

/** What the lists say about a path, from the leaf to the anchor, which nobody can revoke. */
export function checkRevocation(
  certificates: readonly Certificate[],
  lists: readonly RevocationList[],
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
      if (!issuer.made(list.signature, list.algorithm, list.signed)) continue;
      if (list.refused !== undefined) {
        findings.push({ name: "bad-revocation-list", certificate: issuer, detail: list.refused });
      } else if (list.serials.has(Buffer.from(certificate.serialDer).toString("hex"))) {
        findings.push({ name: "revoked", certificate, detail: `by ${issuer.subject}` });
      }
    }
  }
  return findings;
}

function mayList({ keyUsage }: Certificate): boolean {
  return keyUsage === undefined || (keyUsage & KEY_USAGE.cRLSign) !== 0;
}

function readSerials(revoked: DerReader | undefined): ReadonlySet<string> {
  const serials = new Set<string>();
  while (revoked?.more && serials.size < SERIALS_MAX) {
    const entry = revoked.read(TAG.SEQUENCE, "revokedCertificate");
    const serial = entry.integer("revokedCertificate");
    readTime(entry, "revocationDate");
    if (serial.broken) break;
    serials.add(Buffer.from(serial.content()).toString("hex"));
    hasCritical(entry.optional(TAG.SEQUENCE, "crlEntryExtensions"), revoked);
  }
  if (revoked?.more) revoked.fail(`more than ${SERIALS_MAX} entries, or one that breaks off`);
  return serials;
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
    if (critical) return `critical extension ${oid}`;
    numbered ||= oid === EXTENSION.crlNumber;
  }
  return numbered ? undefined : "no cRLNumber";
}

/** The largest public lists have some hundred thousand. */
const SERIALS_MAX = 1_000_000;
