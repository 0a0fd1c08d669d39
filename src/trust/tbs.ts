/**
 * The two ends of a tbsCertificate (RFC 5280 §4.1): the version, and what follows the key.
 */
import { type DerReader, TAG } from "./der.ts";
import type { Extension } from "./extension.ts";

/** [0] EXPLICIT, absent for version 1; encoded one less than people say. */
export function readVersion(tbs: DerReader): number {
  if (tbs.broken) return 0;
  const wrapper = tbs.optional(0xa0, "version");
  if (wrapper === undefined) return 1;
  const encoded = wrapper.small("version");
  wrapper.finish("version");
  if (encoded === undefined) return 0;
  if (encoded === 0) tbs.faults.add("malformed-der", wrapper.start, "version: 1 is not written");
  return encoded + 1;
}

/** What follows the key: two unique identifiers that nobody uses, and the extensions. */
export function readTail(tbs: DerReader, version: number): Extension[] {
  const unique = [tbs.optional(0x81, "issuerUniqueID"), tbs.optional(0x82, "subjectUniqueID")];
  if (version < 2 && unique.some((id) => id !== undefined)) {
    tbs.faults.add("bad-version", tbs.start, `version ${version} with a unique identifier`);
  }
  const wrapper = tbs.optional(0xa3, "extensions");
  tbs.finish("tbsCertificate");
  if (wrapper === undefined) return [];
  if (version !== 3) {
    tbs.faults.add("bad-version", wrapper.start, `version ${version} with extensions`);
  }
  const list = wrapper.read(TAG.SEQUENCE, "extensions");
  wrapper.finish("extensions");
  if (!list.more && !list.broken) list.fail("extensions: empty");
  const extensions: Extension[] = [];
  const seen = new Set<string>();
  while (list.more && extensions.length < EXTENSIONS_MAX) {
    const extension = readExtension(list);
    if (extension === undefined) break;
    if (seen.has(extension.oid)) {
      tbs.faults.add("duplicate-extension", list.start, `extension ${extension.oid} twice`);
    }
    seen.add(extension.oid);
    extensions.push(extension);
  }
  if (list.more) list.fail(`extensions: more than ${EXTENSIONS_MAX}, or one that breaks off`);
  return extensions;
}

function readExtension(list: DerReader): Extension | undefined {
  const sequence = list.read(TAG.SEQUENCE, "extension");
  const oid = sequence.oid("extension");
  const explicit = sequence.peek() === TAG.BOOLEAN;
  const critical = explicit && sequence.boolean("critical");
  if (explicit && !critical) {
    const detail = "extension: critical FALSE is the default, not written";
    sequence.faults.add("malformed-der", sequence.start, detail);
  }
  const value = sequence.read(TAG.OCTET_STRING, "extension");
  sequence.finish("extension");
  return sequence.broken || value.broken ? undefined : { oid, critical, value: value.content() };
}

/** Real certificates have about ten. */
const EXTENSIONS_MAX = 64;
