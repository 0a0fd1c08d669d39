/**
 * GeneralName (RFC 5280 §4.2.1.6): what a subjectAltName holds, and, as a pattern, a name constraint.
 */
import { type DerReader, TAG } from "./der.ts";
import { formatName, type Name, readName } from "./name.ts";
import { latin1 } from "./oid-text.ts";

export interface GeneralName {
  readonly kind: "other" | "email" | "dns" | "x400" | "dn" | "edi" | "uri" | "ip" | "rid";
  /** As printed: text, an address (RFC 5952), an RFC 4514 name, hexadecimal for the rest. */
  readonly value: string;
  /** Content of the element. An address has 4 or 16 bytes, in a constraint 8 or 32. */
  readonly bytes: Uint8Array;
  /** Only with `dn`. */
  readonly name?: Name;
}

/** Reads the next GeneralName; `undefined`, and a fault, when there is none. */
export function readGeneralName(parent: DerReader, what: string): GeneralName | undefined {
  const element = parent.any(what);
  if (element.broken) return undefined;
  const kind = KINDS[element.tag & 0x1f];
  const constructed = (element.tag & 0x20) !== 0;
  const needsConstructed = kind === "other" || kind === "x400" || kind === "dn" || kind === "edi";
  if ((element.tag & 0xc0) !== 0x80 || kind === undefined || constructed !== needsConstructed) {
    element.fail(`${what}: tag 0x${element.tag.toString(16)} is no GeneralName`);
    return undefined;
  }
  const bytes = element.content();
  if (kind === "dn") {
    const name = readName(element.read(TAG.SEQUENCE, what), what);
    element.finish(what);
    return { kind, value: formatName(name), bytes, name };
  }
  return { kind, value: formatValue(kind, element, bytes), bytes };
}

/** The address text of 4 or 16 bytes, `undefined` for any other length. */
export function formatAddress(bytes: Uint8Array): string | undefined {
  if (bytes.length === 4) return bytes.join(".");
  if (bytes.length !== 16) return undefined;
  const groups = Array.from({ length: 8 }, (_, i) => bytes[2 * i]! * 256 + bytes[2 * i + 1]!);
  // RFC 5952 §4.2.3: the longest run of at least two zero groups is left out, the first of equals.
  let [at, count] = [-1, 1];
  for (let i = 0; i < 8; i++) {
    let run = 0;
    while (groups[i + run] === 0) run++;
    if (run > count) [at, count] = [i, run];
  }
  const hex = groups.map((group) => group.toString(16));
  if (at < 0) return hex.join(":");
  return `${hex.slice(0, at).join(":")}::${hex.slice(at + count).join(":")}`;
}

function formatValue(kind: GeneralName["kind"], element: DerReader, bytes: Uint8Array): string {
  switch (kind) {
    case "email":
    case "dns":
    case "uri":
      return latin1(element.bytes, element.from, element.to);
    case "ip":
      return formatAddress(bytes) ?? Buffer.from(bytes).toString("hex");
    case "rid":
      return element.oidContent("registeredID");
    default:
      return Buffer.from(bytes).toString("hex");
  }
}

/** By the tag's number. */
const KINDS = ["other", "email", "dns", "x400", "dn", "edi", "uri", "ip", "rid"] as const;
