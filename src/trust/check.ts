/**
 * Everything that can be wrong with one path, from the leaf to the anchor, whose signatures were
 * already verified (RFC 5280 §6.1). Nothing stops at the first fault: the answer is the list.
 */
import type { Anchor, Profile } from "./anchors.ts";
import type { Budget } from "./budget.ts";
import type { Certificate } from "./certificate.ts";
import { KEY_USAGE } from "./extension.ts";
import type { FindingName, TrustFinding } from "./finding.ts";
import { canonical, matchesName, type PeerName } from "./host-name.ts";
import { isBelow, violation } from "./name-constraint.ts";
import { EXTENSION, PURPOSE } from "./oid.ts";
import { webPkiFindings } from "./web-pki.ts";

/** What the path is wanted for. */
export interface Demand {
  /** Absent when no name is expected, as of a client. */
  readonly name?: PeerName;
  readonly purpose: "server" | "client";
  readonly atUs: number;
}

export interface CandidatePath {
  /** Leaf first; the last one is the anchor's. */
  readonly certificates: readonly Certificate[];
  readonly anchor: Anchor;
}

export function checkPath(
  { certificates, anchor }: CandidatePath,
  demand: Demand,
  profile: Profile,
  budget: Budget,
): TrustFinding[] {
  const leaf = certificates[0]!;
  const findings = checkLeaf(leaf, demand);
  for (const [i, certificate] of certificates.entries()) {
    findings.push(...checkCertificate(certificate, i === certificates.length - 1));
    findings.push(...checkDates(certificate, demand.atUs));
    if (i > 0) findings.push(...checkIssuer(certificates, i, demand, budget));
  }
  findings.push(...checkAnchor(leaf, anchor));
  findings.push(...notes(certificates, profile));
  if (profile === "webpki") findings.push(...webPkiFindings(certificates, demand.purpose));
  return findings;
}

/** The faults of its bytes and the strength of its key; nothing rests on an anchor's signature. */
export function checkCertificate(certificate: Certificate, isAnchor: boolean): TrustFinding[] {
  const findings: TrustFinding[] = certificate.faults.map(({ name, detail }) => ({
    name: isAnchor && ANCHOR_MAY.has(name) ? "anchor-fault" : name,
    certificate,
    detail,
  }));
  const add = (name: FindingName, detail: string) => findings.push({ name, certificate, detail });

  const { type, bits = Number.POSITIVE_INFINITY, curve } = certificate.key;
  const least = type === "EC" ? EC_BITS_MIN : RSA_BITS_MIN;
  if (bits < least || type === "DSA") add("weak-key", `${type} key of ${bits} bits`);
  if (type === "EC" && curve !== undefined && bits >= least && !TLS_CURVES.has(curve)) {
    add("weak-key", `curve ${curve} is none of TLS 1.3`);
  }
  if (!isAnchor) {
    const { version } = certificate;
    if (version === 1 || version === 2) add("old-version", `version ${version}, expected 3`);
    const { hash, name } = certificate.signatureAlgorithm;
    if (hash?.startsWith("md")) add("forgeable-signature", name);
    if (hash === "sha1") add("weak-signature", name);
  }
  for (const { oid, critical } of certificate.extensions) {
    if (critical && !PROCESSED.has(oid)) add("unknown-critical-extension", oid);
  }
  return findings;
}

/** RFC 5280 §4.1.2.5: both ends belong to the validity. */
export function checkDates(certificate: Certificate, atUs: number): TrustFinding[] {
  if (atUs > certificate.validToUs) {
    return [{ name: "expired", certificate, detail: `on ${certificate.validTo}` }];
  }
  if (atUs < certificate.validFromUs) {
    return [{ name: "not-yet-valid", certificate, detail: `until ${certificate.validFrom}` }];
  }
  return [];
}

/** What the leaf may be used for, and whether it is whom we meant. */
export function checkLeaf(certificate: Certificate, { name, purpose }: Demand): TrustFinding[] {
  const findings: TrustFinding[] = [];
  const { extendedKeyUsage, key, keyUsage } = certificate;
  // An issuer's key shows what it is when it verifies a signature; a leaf's is asked here.
  if (key.refused === undefined && certificate.publicKey === undefined) {
    const detail = `key of type ${key.type}: OpenSSL cannot use it`;
    findings.push({ name: "unreadable", certificate, detail });
  }
  // RFC 5280 §4.2.1.12 lets us refuse anyExtendedKeyUsage alone, as OpenSSL does.
  if (extendedKeyUsage !== undefined && !extendedKeyUsage.includes(PURPOSE[purpose])) {
    const detail = `${extendedKeyUsage.join(", ") || "nothing"}, expected ${purpose}Auth`;
    findings.push({ name: "extended-key-usage", certificate, detail });
  }
  if (keyUsage !== undefined && (keyUsage & TLS_USAGE[purpose]) === 0) {
    findings.push({ name: "key-usage", certificate, detail: `no usage for a TLS ${purpose}` });
  }
  if (name !== undefined && !matchesName(certificate, name)) {
    const offered = certificate.names.slice(0, NAMES_SHOWN).join(", ") || "no name";
    const detail = `${offered}, expected ${canonical(name) ?? name.value}`;
    findings.push({ name: "wrong-name", certificate, detail });
  }
  return findings;
}

/** Whether the certificate at `at` may have issued the one below it, and what is below it. */
function checkIssuer(
  certificates: readonly Certificate[],
  at: number,
  { purpose }: Demand,
  budget: Budget,
): TrustFinding[] {
  const certificate = certificates[at]!;
  const child = certificates[at - 1]!;
  const findings: TrustFinding[] = [];
  const add = (name: FindingName, detail: string) => findings.push({ name, certificate, detail });
  const { basicConstraints, keyUsage, extendedKeyUsage, nameConstraints, key } = certificate;

  if (!basicConstraints?.ca) add("not-a-ca", "basicConstraints do not say cA");
  if (keyUsage !== undefined && (keyUsage & KEY_USAGE.keyCertSign) === 0) {
    add("key-usage", "keyUsage does not allow keyCertSign");
  }
  if (extendedKeyUsage !== undefined && !mayIssueFor(extendedKeyUsage, purpose)) {
    add("extended-key-usage", `does not allow ${purpose}Auth`);
  }
  const below = certificates.slice(1, at).filter(({ selfIssued }) => !selfIssued).length;
  const most = basicConstraints?.pathLength;
  if (most !== undefined && below > most) {
    add("path-length", `${below} CAs below it, expected at most ${most}`);
  }
  if ((key.type === "RSA" || key.type === "DSA") && key.bits! < FORGEABLE_BITS) {
    add("forgeable-signature", `made by a key of ${key.bits} bits`);
  }
  const mismatch = keyIdentifierMismatch(child, certificate);
  if (mismatch !== undefined) {
    findings.push({ name: "key-identifier-mismatch", certificate: child, detail: mismatch });
  }
  if (nameConstraints === undefined) return findings;
  for (let i = 0; i < at; i++) {
    // RFC 5280 §6.1.3 (b): only a leaf is held to them when it is self-issued.
    if (i > 0 && certificates[i]!.selfIssued) continue;
    const why = violation(
      nameConstraints,
      { certificate: certificates[i]!, isLeaf: i === 0 },
      budget,
    );
    if (why === undefined) continue;
    findings.push({ name: "name-constraints", certificate: certificates[i]!, detail: why });
    break;
  }
  return findings;
}

function mayIssueFor(usages: readonly string[], purpose: Demand["purpose"]): boolean {
  return usages.includes(PURPOSE[purpose]) || usages.includes(PURPOSE.any);
}

/** RFC 5280 §4.2.1.1: identifiers only help to find the issuer, but they must not contradict it. */
function keyIdentifierMismatch(child: Certificate, issuer: Certificate): string | undefined {
  const { key, serial, issuer: names } = child.authorityKeyIdentifier ?? {};
  const own = issuer.subjectKeyIdentifier;
  if (key !== undefined && own !== undefined && Buffer.compare(key, own) !== 0) {
    return "authorityKeyIdentifier is not the issuer's subjectKeyIdentifier";
  }
  if (serial !== undefined && Buffer.compare(serial, issuer.serialDer) !== 0) {
    return "authorityCertSerialNumber is not the issuer's serial number";
  }
  const directory = names?.find(({ kind }) => kind === "dn");
  if (directory !== undefined && directory.value !== issuer.issuer) {
    return "authorityCertIssuer is not the issuer's issuer";
  }
  return undefined;
}

/** Style: what RFC 5280 §4.2.1 asks of CAs and nobody is harmed by. */
function notes(certificates: readonly Certificate[], profile: Profile): TrustFinding[] {
  const findings: TrustFinding[] = [];
  for (const [i, certificate] of certificates.entries()) {
    const { authorityKeyIdentifier: authority, subjectKeyIdentifier: subject } = certificate;
    const add = (detail: string) =>
      findings.push({ name: "missing-key-identifier", certificate, detail });
    if (i > 0 && subject === undefined) add("no subjectKeyIdentifier in a CA");
    if (i < certificates.length - 1 && authority?.key === undefined) {
      add("no authorityKeyIdentifier");
    }
  }
  const leaf = certificates[0]!;
  const days = Math.floor((leaf.validToUs - leaf.validFromUs) / DAY_US);
  if (profile === "rfc5280" && days > DAYS_NOTED) {
    findings.push({ name: "long-validity", certificate: leaf, detail: `${days} days` });
  }
  return findings;
}

/** What a root programme says about a root beyond its certificate. */
function checkAnchor(leaf: Certificate, anchor: Anchor): TrustFinding[] {
  const findings: TrustFinding[] = [];
  const { distrustAfterUs, domains, certificate } = anchor;
  if (certificate === undefined) return findings;
  if (distrustAfterUs !== undefined && !(leaf.validFromUs <= distrustAfterUs)) {
    const detail = `the leaf was issued after ${new Date(distrustAfterUs / 1000).toISOString()}`;
    findings.push({ name: "distrusted", certificate, detail });
  }
  if (domains === undefined) return findings;
  for (const { kind, value } of leaf.subjectAltNames) {
    if (kind !== "dns" || domains.some((domain) => isBelow(value, domain))) continue;
    const detail = `${value} is outside what this root may issue for`;
    findings.push({ name: "name-constraints", certificate: leaf, detail });
  }
  return findings;
}

/** Faults that roots of Mozilla's list have. */
const ANCHOR_MAY: ReadonlySet<string> = new Set(["zero-serial", "time-encoding"]);
/** With all-policies allowed and none demanded, policies change nothing (RFC 5280 §6.1.1). */
const PROCESSED: ReadonlySet<string> = new Set([
  EXTENSION.basicConstraints,
  EXTENSION.keyUsage,
  EXTENSION.extendedKeyUsage,
  EXTENSION.subjectAltName,
  EXTENSION.nameConstraints,
  EXTENSION.certificatePolicies,
  EXTENSION.policyMappings,
  EXTENSION.inhibitAnyPolicy,
]);
/** What a handshake needs, as OpenSSL has it: a signature, or (TLS 1.2) a key exchange. */
const TLS_USAGE = {
  server: KEY_USAGE.digitalSignature | KEY_USAGE.keyEncipherment | KEY_USAGE.keyAgreement,
  client: KEY_USAGE.digitalSignature | KEY_USAGE.keyAgreement,
};
const RSA_BITS_MIN = 2048;
const EC_BITS_MIN = 256;
/** RFC 8446 §4.2.3. */
const TLS_CURVES: ReadonlySet<string> = new Set([
  "secp256r1",
  "secp384r1",
  "secp521r1",
  "brainpoolP256r1",
  "brainpoolP384r1",
  "brainpoolP512r1",
]);
/** RSA of 829 bits was factored in 2020 by academics; 1024 is within reach of states. */
const FORGEABLE_BITS = 1024;
const NAMES_SHOWN = 3;
const DAY_US = 86_400_000_000;
/** What the web allowed at most, until 2020 (Baseline Requirements §6.3.2). */
const DAYS_NOTED = 825;
