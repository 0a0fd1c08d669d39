/**
 * What the CA/Browser Forum's Baseline Requirements ask beyond RFC 5280, as far as browsers refuse
 * what breaks it. For paths to public roots only: private CAs never agreed to any of it.
 */
import type { Certificate } from "./certificate.ts";
import type { FindingName, TrustFinding } from "./finding.ts";
import { canonical } from "./host-name.ts";
import { EXTENSION, PURPOSE } from "./oid.ts";

/** `certificates` from the leaf to the root. */
export function webPkiFindings(
  certificates: readonly Certificate[],
  purpose: "server" | "client",
): TrustFinding[] {
  const findings: TrustFinding[] = [];
  for (const [i, certificate] of certificates.entries()) {
    const add = (name: FindingName, detail: string) => findings.push({ name, certificate, detail });
    const { type, bits = 0, curve } = certificate.key;
    if (type === "RSA" && bits % 8 !== 0) add("weak-key", `RSA key of ${bits} bits`);
    if (type !== "RSA" && type !== "EC") add("bad-profile", `${type} key`);
    if (type === "EC" && !CURVES.has(curve ?? "")) add("weak-key", `curve ${curve ?? "unknown"}`);
    const { issuer, serial } = certificate.authorityKeyIdentifier ?? {};
    if (issuer !== undefined || serial !== undefined) {
      add("bad-profile", "authorityKeyIdentifier has more than a key identifier");
    }
    if (i > 0 && certificate.extendedKeyUsage !== undefined && certificate.selfIssued) {
      add("bad-profile", "a root with extendedKeyUsage");
    }
  }
  return [...findings, ...leafFindings(certificates[0]!, purpose)];
}

function leafFindings(certificate: Certificate, purpose: "server" | "client"): TrustFinding[] {
  const findings: TrustFinding[] = [];
  const add = (name: FindingName, detail: string) => findings.push({ name, certificate, detail });
  const { extendedKeyUsage, subjectAltNames, commonName, names } = certificate;
  if (certificate.ca) add("bad-profile", "a CA's certificate as leaf");
  if (extendedKeyUsage === undefined) add("bad-profile", `no extendedKeyUsage for ${purpose}Auth`);
  if (extendedKeyUsage?.includes(PURPOSE.any)) add("bad-profile", "anyExtendedKeyUsage");
  if (certificate.extension(EXTENSION.extendedKeyUsage)?.critical) {
    add("bad-profile", "extendedKeyUsage is critical");
  }
  if (subjectAltNames.length === 0) add("bad-profile", "no subjectAltName");
  // `*.example.com` with the common name `example.com` breaks the rule as well, and harms nobody.
  const stated = [commonName, `*.${commonName}`].some((name) => names.includes(name ?? ""));
  if (commonName !== undefined && subjectAltNames.length > 0 && !stated) {
    add("bad-profile", "the common name is none of the subjectAltNames");
  }
  for (const { kind, value } of subjectAltNames) {
    if (kind === "dns" && value.startsWith("*.") && isRegistry(value.slice(2))) {
      add("bad-subject-alt-name", `${value} is a whole registry`);
    }
  }
  const days = Math.ceil((certificate.validToUs - certificate.validFromUs + 1e6) / DAY_US);
  const most = daysAllowed(certificate.validFromUs);
  if (days > most) add("validity-too-long", `${days} days, expected at most ${most}`);
  return findings;
}

/** Single labels, and the commonest pairs; the whole Public Suffix List is not carried. */
function isRegistry(domain: string): boolean {
  const name = canonical({ kind: "dns", value: domain }) ?? domain;
  return !name.includes(".") || /^(?:ac|co|com|edu|gov|net|or|org)\.[a-z]{2}$/.test(name);
}

function daysAllowed(issuedUs: number): number {
  return DAYS_ALLOWED.find(({ from }) => issuedUs >= Date.parse(from) * 1000)?.days ?? Infinity;
}

/** Baseline Requirements §6.3.2, latest first. */
const DAYS_ALLOWED = [
  { from: "2029-03-15", days: 47 },
  { from: "2027-03-15", days: 100 },
  { from: "2026-03-15", days: 200 },
  { from: "2020-09-01", days: 398 },
  { from: "2018-03-01", days: 825 },
] as const;
const DAY_US = 86_400_000_000;
const CURVES: ReadonlySet<string> = new Set(["secp256r1", "secp384r1", "secp521r1"]);
