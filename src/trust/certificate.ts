/**
 * A certificate (RFC 5280 §4.1), read from bytes that an adversary may have written.
 *
 *     Certificate ─┬─ tbsCertificate ─┬─ [0] version, serialNumber, signature
 *                  │                  ├─ issuer, validity, subject
 *                  │                  ├─ subjectPublicKeyInfo
 *                  │                  └─ [3] extensions
 *                  ├─ signatureAlgorithm
 *                  └─ signature
 *
 * Two facts shape it:
 *
 *   1. Certificates are read far more often than all of one is wanted. Making one walks the outer
 *      structure; every field is read when somebody asks, once.
 *   2. Reading cannot fail, because "malformed" is something to report about whoever sent it. What
 *      could not be read is empty or NaN, and `faults` says why.
 */
import { hash, type KeyObject } from "node:crypto";
import { DerReader, TAG } from "./der.ts";
import {
  type BasicConstraints,
  type Extension,
  type KeyIdentifiers,
  type NameConstraints,
  readAuthorityKeyIdentifier,
  readBasicConstraints,
  readExtendedKeyUsage,
  readKeyUsage,
  readNameConstraints,
  readSubjectAltName,
  readSubjectKeyIdentifier,
} from "./extension.ts";
import { type Fault, Faults } from "./fault.ts";
import type { GeneralName } from "./general-name.ts";
import { type KeyKind, openKey, readKeyKind } from "./key.ts";
import { lint } from "./lint.ts";
import { formatName, type Name, nameKey, readName } from "./name.ts";
import { EXTENSION } from "./oid.ts";
import { type CertificateTimestamp, timestampsIn } from "./sct.ts";
import { fits, readSignatureAlgorithm, type SignatureAlgorithm, verifies } from "./signature.ts";
import { readTail, readVersion } from "./tbs.ts";
import { formatTime, readTime } from "./time.ts";

/** Never throws. Keeps `der`, so it must be bytes that nobody overwrites. */
export function parseCertificate(der: Uint8Array): Certificate {
  return new Certificate(der);
}

/** Made by `parseCertificate` only. Every field may hold hostile text: escape before printing. */
export class Certificate {
  readonly der: Uint8Array;
  /** 1, 2 or 3; 0 when it is unreadable. */
  readonly version: number;
  readonly extensions: readonly Extension[];
  readonly #faults = new Faults();
  readonly #tbs: DerReader;
  readonly #serial: DerReader;
  readonly #issuer: DerReader;
  readonly #subject: DerReader;
  readonly #spki: DerReader;
  readonly #innerAlgorithm: DerReader;
  readonly #outerAlgorithm: DerReader;
  readonly #signature: DerReader;
  /** Microseconds since 1970, both inclusive; NaN when unreadable. */
  readonly validFromUs: number;
  readonly validToUs: number;

  constructor(der: Uint8Array) {
    this.der = der;
    const file = new DerReader(der, this.#faults);
    const outer = file.read(TAG.SEQUENCE, "certificate");
    file.finish("certificate");
    const tbs = outer.read(TAG.SEQUENCE, "tbsCertificate");
    this.#outerAlgorithm = outer.read(TAG.SEQUENCE, "signatureAlgorithm");
    this.#signature = outer.octetsOfBits("signature");
    outer.finish("certificate");

    this.#tbs = tbs;
    this.version = readVersion(tbs);
    this.#serial = tbs.integer("serialNumber");
    this.#innerAlgorithm = tbs.read(TAG.SEQUENCE, "signature");
    this.#issuer = tbs.read(TAG.SEQUENCE, "issuer");
    const validity = tbs.read(TAG.SEQUENCE, "validity");
    this.validFromUs = readTime(validity, "notBefore");
    this.validToUs = readTime(validity, "notAfter");
    validity.finish("validity");
    this.#subject = tbs.read(TAG.SEQUENCE, "subject");
    this.#spki = tbs.read(TAG.SEQUENCE, "subjectPublicKeyInfo");
    this.extensions = readTail(tbs, this.version);
  }

  /** SHA-256 of the whole certificate, lower-case hex. */
  get sha256(): string {
    this.#sha256 ??= hash("sha256", this.der);
    return this.#sha256;
  }
  #sha256: string | undefined;

  /** SHA-256 of the SubjectPublicKeyInfo, lower-case hex; "" when there is none. */
  get spkiSha256(): string {
    this.#spkiSha256 ??= this.#spki.broken ? "" : hash("sha256", this.#spki.whole());
    return this.#spkiSha256;
  }
  #spkiSha256: string | undefined;

  /** Content of the subjectPublicKey BIT STRING, which OCSP identifies keys by; empty when unreadable. */
  get keyBits(): Uint8Array {
    const spki = new DerReader(
      this.#spki.bytes,
      new Faults(),
      -1,
      0,
      this.#spki.from,
      this.#spki.to,
    );
    spki.broken = this.#spki.broken;
    spki.read(TAG.SEQUENCE, "algorithm");
    return spki.octetsOfBits("subjectPublicKey").content();
  }

  /** RFC 4514. */
  get subject(): string {
    this.#subjectText ??= formatName(this.subjectName);
    return this.#subjectText;
  }
  #subjectText: string | undefined;

  get issuer(): string {
    this.#issuerText ??= formatName(this.issuerName);
    return this.#issuerText;
  }
  #issuerText: string | undefined;

  get subjectName(): Name {
    this.#subjectName ??= readName(this.#subject, "subject");
    return this.#subjectName;
  }
  #subjectName: Name | undefined;

  get issuerName(): Name {
    this.#issuerName ??= readName(this.#issuer, "issuer");
    return this.#issuerName;
  }
  #issuerName: Name | undefined;

  /** Equal keys, equal names (RFC 5280 §7.1). */
  get subjectKey(): string {
    this.#subjectKey ??= nameKey(this.subjectName);
    return this.#subjectKey;
  }
  #subjectKey: string | undefined;

  get issuerKey(): string {
    this.#issuerKey ??= nameKey(this.issuerName);
    return this.#issuerKey;
  }
  #issuerKey: string | undefined;

  /** The encoded Name; empty when unreadable. */
  get subjectDer(): Uint8Array {
    return this.#subject.whole();
  }

  get issuerDer(): Uint8Array {
    return this.#issuer.whole();
  }

  /** Content octets of the serial number, as encoded. */
  get serialDer(): Uint8Array {
    return this.#serial.content();
  }

  /** Lower-case hex without a leading zero octet; a negative one as encoded, with "-" before it. */
  get serial(): string {
    const octets = this.serialDer;
    const text = Buffer.from(octets).toString("hex");
    if (octets[0]! >= 0x80) return `-${text}`;
    return octets.length > 1 && octets[0] === 0 ? text.slice(2) : text;
  }

  /** RFC 3339 in UTC; "" when unreadable. */
  get validFrom(): string {
    return formatTime(this.validFromUs);
  }

  get validTo(): string {
    return formatTime(this.validToUs);
  }

  get key(): KeyKind {
    this.#key ??= readKeyKind(this.#spki);
    return this.#key;
  }
  #key: KeyKind | undefined;

  /** The key for `node:crypto`; `undefined` when it must not or cannot be used. */
  get publicKey(): KeyObject | undefined {
    this.#publicKey ??= openKey(this.key, this.#spki.whole()) ?? null;
    return this.#publicKey ?? undefined;
  }
  #publicKey: KeyObject | null | undefined;

  /** The signature algorithm's name, or its OID. */
  get signature(): string {
    return this.signatureAlgorithm.name;
  }

  get signatureAlgorithm(): SignatureAlgorithm {
    this.#algorithm ??= readSignatureAlgorithm(this.#outerAlgorithm);
    return this.#algorithm;
  }
  #algorithm: SignatureAlgorithm | undefined;

  /** RFC 5280 §4.1.1.2: the algorithm stands inside the signature as well, and is the same. */
  get algorithmsDiffer(): boolean {
    const [inner, outer] = [this.#innerAlgorithm.whole(), this.#outerAlgorithm.whole()];
    return Buffer.compare(inner, outer) !== 0;
  }

  get basicConstraints(): BasicConstraints | undefined {
    return this.#read(EXTENSION.basicConstraints, readBasicConstraints);
  }

  get ca(): boolean {
    return this.basicConstraints?.ca ?? false;
  }

  /** KEY_USAGE bits; `undefined` when every usage is allowed. */
  get keyUsage(): number | undefined {
    return this.#read(EXTENSION.keyUsage, readKeyUsage);
  }

  get extendedKeyUsage(): readonly string[] | undefined {
    return this.#read(EXTENSION.extendedKeyUsage, readExtendedKeyUsage);
  }

  get nameConstraints(): NameConstraints | undefined {
    return this.#read(EXTENSION.nameConstraints, readNameConstraints);
  }

  get authorityKeyIdentifier(): KeyIdentifiers | undefined {
    return this.#read(EXTENSION.authorityKeyIdentifier, readAuthorityKeyIdentifier);
  }

  get subjectKeyIdentifier(): Uint8Array | undefined {
    return this.#read(EXTENSION.subjectKeyIdentifier, readSubjectKeyIdentifier);
  }

  get subjectAltNames(): readonly GeneralName[] {
    return this.#read(EXTENSION.subjectAltName, readSubjectAltName) ?? [];
  }

  /** The subjectAltNames as printed: names, addresses, URIs, mailboxes, in their order. */
  get names(): readonly string[] {
    this.#names ??= this.subjectAltNames.map(({ value }) => value);
    return this.#names;
  }
  #names: readonly string[] | undefined;

  /** The last one of the subject, which is the most specific. */
  get commonName(): string | undefined {
    return this.subjectName.flat().findLast(({ oid }) => oid === "2.5.4.3")?.text;
  }

  /** Signed certificate timestamps that the CA put into it; `undefined` when there are none. */
  get scts(): readonly CertificateTimestamp[] | undefined {
    const value = this.extension(EXTENSION.scts)?.value;
    return value === undefined ? undefined : timestampsIn(value);
  }

  get selfIssued(): boolean {
    return this.subjectKey === this.issuerKey;
  }

  /** Whether its own key made its signature, whatever the names say. */
  get selfSigned(): boolean {
    this.#selfSigned ??= this.signedBy(this);
    return this.#selfSigned;
  }
  #selfSigned: boolean | undefined;

  /** Whether that certificate's key made this one's signature. Not remembered: path.ts does that. */
  signedBy(issuer: Certificate): boolean {
    if (this.#signature.broken) return false;
    const signature = this.#signature.content();
    const made = issuer.made(signature, this.signatureAlgorithm, this.#tbs.whole());
    // What another key made, its own did not: that spares a verification when `selfSigned` is asked.
    if (made && issuer.spkiSha256 !== this.spkiSha256) this.#selfSigned ??= false;
    return made;
  }

  /** Whether its key made this signature over `signed`. Never throws. */
  made(signature: Uint8Array, algorithm: SignatureAlgorithm, signed: Uint8Array): boolean {
    if (!fits(algorithm, this.key)) return false;
    const key = this.publicKey;
    return key !== undefined && verifies(algorithm, key, signed, signature);
  }

  /** Everything that is wrong with it on its own. Reads all of it, at the first call. */
  get faults(): readonly Fault[] {
    if (!this.#linted) {
      this.#linted = true;
      lint(this, this.#faults);
    }
    return this.#faults.list;
  }
  #linted = false;

  extension(oid: string): Extension | undefined {
    return this.extensions.find((extension) => extension.oid === oid);
  }

  #read<T>(oid: string, read: (value: DerReader) => T): T | undefined {
    if (this.#values.has(oid)) return this.#values.get(oid) as T | undefined;
    const bytes = this.extension(oid)?.value;
    let value: T | undefined;
    if (bytes !== undefined) {
      const from = bytes.byteOffset - this.der.byteOffset;
      value = read(new DerReader(this.der, this.#faults, -1, from, from, from + bytes.length));
    }
    this.#values.set(oid, value);
    return value;
  }
  readonly #values = new Map<string, unknown>();
}
