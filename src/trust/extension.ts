/**
 * What the extensions say that path validation needs (RFC 5280 §4.2.1). Each reader is given the
 * content of the extension's OCTET STRING and says what is wrong to the certificate's faults.
 */
import { type DerReader, TAG } from "./der.ts";
import { type GeneralName, readGeneralName } from "./general-name.ts";

export interface Extension {
  readonly oid: string;
  readonly critical: boolean;
  readonly value: Uint8Array;
}

export interface BasicConstraints {
  readonly ca: boolean;
  /** How many certificates that are not self-issued may stand below, the leaf not counted. */
  readonly pathLength?: number;
}

export function readBasicConstraints(value: DerReader): BasicConstraints {
  const what = "basicConstraints";
  const sequence = value.read(TAG.SEQUENCE, what);
  const start = sequence.at;
  const ca = sequence.peek() === TAG.BOOLEAN && sequence.boolean(what);
  if (!ca && sequence.at > start) {
    sequence.faults.add("malformed-der", start, `${what}: cA FALSE is the default, not written`);
  }
  const pathLength = sequence.peek() === TAG.INTEGER ? sequence.small(what) : undefined;
  sequence.finish(what);
  value.finish(what);
  return { ca, ...(pathLength === undefined ? {} : { pathLength }) };
}

/** Bits of keyUsage by their number in RFC 5280 §4.2.1.3. */
export const KEY_USAGE = {
  digitalSignature: 1 << 0,
  keyEncipherment: 1 << 2,
  keyAgreement: 1 << 4,
  keyCertSign: 1 << 5,
  cRLSign: 1 << 6,
} as const;

export function readKeyUsage(value: DerReader): number {
  const flags = value.flags("keyUsage");
  value.finish("keyUsage");
  if (flags === 0) value.faults.add("bad-extension", value.start, "keyUsage: no bit is set");
  return flags;
}

/** OIDs of purposes. Empty is no extendedKeyUsage (SIZE 1..MAX), and allows nothing. */
export function readExtendedKeyUsage(value: DerReader): readonly string[] {
  const what = "extendedKeyUsage";
  const sequence = value.read(TAG.SEQUENCE, what);
  const purposes: string[] = [];
  while (sequence.more && purposes.length < ITEMS_MAX) {
    const purpose = sequence.oid(what);
    if (purpose === "") break;
    purposes.push(purpose);
  }
  sequence.finish(what);
  value.finish(what);
  if (purposes.length === 0) value.faults.add("bad-extension", value.start, `${what}: empty`);
  return purposes;
}

export function readSubjectAltName(value: DerReader): readonly GeneralName[] {
  const what = "subjectAltName";
  const sequence = value.read(TAG.SEQUENCE, what);
  const names = readGeneralNames(sequence, what);
  value.finish(what);
  if (names.length === 0) value.faults.add("bad-extension", value.start, `${what}: empty`);
  return names;
}

export interface KeyIdentifiers {
  readonly key?: Uint8Array;
  /** authorityCertIssuer: names of whoever issued the issuer's certificate. */
  readonly issuer?: readonly GeneralName[];
  /** authorityCertSerialNumber: content octets of the issuer's serial number. */
  readonly serial?: Uint8Array;
}

export function readAuthorityKeyIdentifier(value: DerReader): KeyIdentifiers {
  const what = "authorityKeyIdentifier";
  const sequence = value.read(TAG.SEQUENCE, what);
  const key = sequence.optional(CONTEXT_0, what)?.content();
  const names = sequence.optional(CONTEXT_1 | CONSTRUCTED, what);
  const issuer = names === undefined ? undefined : readGeneralNames(names, what);
  const serial = sequence.optional(CONTEXT_2, what)?.content();
  sequence.finish(what);
  value.finish(what);
  return {
    ...(key === undefined ? {} : { key }),
    ...(issuer === undefined ? {} : { issuer }),
    ...(serial === undefined ? {} : { serial }),
  };
}

export function readSubjectKeyIdentifier(value: DerReader): Uint8Array {
  const identifier = value.read(TAG.OCTET_STRING, "subjectKeyIdentifier");
  value.finish("subjectKeyIdentifier");
  return identifier.content();
}

export interface NameConstraints {
  readonly permitted: readonly GeneralName[];
  readonly excluded: readonly GeneralName[];
}

export function readNameConstraints(value: DerReader): NameConstraints {
  const what = "nameConstraints";
  const sequence = value.read(TAG.SEQUENCE, what);
  const permitted = readSubtrees(sequence, CONTEXT_0 | CONSTRUCTED);
  const excluded = readSubtrees(sequence, CONTEXT_1 | CONSTRUCTED);
  sequence.finish(what);
  value.finish(what);
  if (permitted.length + excluded.length === 0) {
    value.faults.add("bad-extension", value.start, `${what}: constrains nothing`);
  }
  return { permitted, excluded };
}

function readSubtrees(sequence: DerReader, tag: number): GeneralName[] {
  const what = "nameConstraints";
  const list = sequence.optional(tag, what);
  const names: GeneralName[] = [];
  while (list?.more && names.length < ITEMS_MAX) {
    const subtree = list.read(TAG.SEQUENCE, what);
    const name = readGeneralName(subtree, what);
    if (name === undefined) break;
    // RFC 5280 §4.2.1.10: minimum is 0, so not written, and maximum is absent.
    if (subtree.more) subtree.fail(`${what}: minimum or maximum is given`);
    names.push(name);
  }
  if (list?.more) list.fail(`${what}: more than ${ITEMS_MAX} subtrees, or one that breaks off`);
  return names;
}

function readGeneralNames(sequence: DerReader, what: string): GeneralName[] {
  const names: GeneralName[] = [];
  while (sequence.more && names.length < ITEMS_MAX) {
    const name = readGeneralName(sequence, what);
    if (name === undefined) break;
    names.push(name);
  }
  if (sequence.more) sequence.fail(`${what}: more than ${ITEMS_MAX} names, or one that breaks off`);
  return names;
}

const CONTEXT_0 = 0x80;
const CONTEXT_1 = 0x81;
const CONTEXT_2 = 0x82;
const CONSTRUCTED = 0x20;
/** A 64 KiB certificate can hold more; the largest real ones have some hundred names. */
const ITEMS_MAX = 4096;
