/**
 * What is wrong with one certificate on its own, whoever sent it and when (RFC 5280 §4.1, §4.2).
 * Asking for every field makes their readers say what they could not read.
 */
import type { Certificate } from "./certificate.ts";
import type { Faults } from "./fault.ts";
import { lintAltName } from "./host-name.ts";
import { EXTENSION } from "./oid.ts";

export function lint(certificate: Certificate, faults: Faults): void {
  if (certificate.version < 1 || certificate.version > 3) {
    faults.add("bad-version", 0, `version ${certificate.version}, expected 1 to 3`);
    if (certificate.version === 0) return;
  }
  lintFields(certificate, faults);
  lintExtensions(certificate, faults);
  for (const name of certificate.subjectAltNames) {
    const why = lintAltName(name);
    if (why !== undefined) {
      const offset = name.bytes.byteOffset - certificate.der.byteOffset;
      faults.add("bad-subject-alt-name", offset, `${name.kind} "${name.value}": ${why}`);
    }
  }
}

function lintFields(certificate: Certificate, faults: Faults): void {
  const { serialDer, subjectName, issuerName, key } = certificate;
  void certificate.signatureAlgorithm; // has faults of its own
  if (serialDer.length > SERIAL_OCTETS_MAX) {
    faults.add("bad-serial", 0, `serial number of ${serialDer.length} octets, expected at most 20`);
  }
  if (serialDer.length > 0 && serialDer[0]! >= 0x80) {
    faults.add("bad-serial", 0, "serial number is negative");
  }
  if (serialDer.length > 0 && serialDer.every((octet) => octet === 0)) {
    faults.add("zero-serial", 0, "serial number is zero");
  }
  if (certificate.algorithmsDiffer) {
    faults.add("signature-mismatch", 0, "signature algorithm differs inside and outside");
  }
  if (issuerName.length === 0) faults.add("empty-issuer", 0, "issuer is empty");
  if (subjectName.length === 0) {
    const critical = certificate.extension(EXTENSION.subjectAltName)?.critical ?? false;
    if (certificate.ca) faults.add("empty-subject", 0, "the subject of a CA is empty");
    else if (!critical) faults.add("empty-subject", 0, "no subject, no critical subjectAltName");
  }
  if (key.refused !== undefined)
    faults.add("unreadable", 0, `key of type ${key.type}: ${key.refused}`);
}

/** RFC 5280 §4.2.1 and §4.2.2: which extensions are critical, never critical, and where. */
function lintExtensions(certificate: Certificate, faults: Faults): void {
  const { basicConstraints, keyUsage, ca } = certificate;
  void certificate.extendedKeyUsage;
  void certificate.subjectKeyIdentifier;
  void certificate.authorityKeyIdentifier;
  const bad = (detail: string) => faults.add("bad-extension", 0, detail);
  for (const { oid, critical } of certificate.extensions) {
    if (critical && NEVER_CRITICAL.has(oid)) bad(`extension ${oid} is critical`);
    if (!critical && ALWAYS_CRITICAL.has(oid)) bad(`extension ${oid} is not critical`);
  }
  if (basicConstraints?.pathLength !== undefined && !ca) bad("pathLenConstraint without cA");
  if (ca && certificate.extension(EXTENSION.basicConstraints)?.critical === false) {
    bad("basicConstraints of a CA is not critical");
  }
  if (certificate.nameConstraints !== undefined && !ca) bad("nameConstraints without cA");
  if (keyUsage !== undefined && (keyUsage & KEY_CERT_SIGN) !== 0 && !ca) {
    bad("keyCertSign without cA");
  }
}

const NEVER_CRITICAL: ReadonlySet<string> = new Set([
  EXTENSION.subjectKeyIdentifier,
  EXTENSION.authorityKeyIdentifier,
  EXTENSION.authorityInfoAccess,
  EXTENSION.subjectInfoAccess,
]);
const ALWAYS_CRITICAL: ReadonlySet<string> = new Set([
  EXTENSION.policyConstraints,
  EXTENSION.inhibitAnyPolicy,
]);
const KEY_CERT_SIGN = 1 << 5;
/** RFC 5280 §4.1.2.2. */
const SERIAL_OCTETS_MAX = 20;
