/**
 * Names of peers: whether what a certificate says is a name at all (RFC 5280 §4.2.1.6), and whether
 * it is the one that was asked for (RFC 9525 §6).
 */
import { isIP } from "node:net";
import type { Certificate } from "./certificate.ts";
import { formatAddress, type GeneralName } from "./general-name.ts";

/** Whom the client meant. `uri` is for SPIFFE and its kind. */
export interface PeerName {
  readonly kind: "dns" | "ip" | "uri";
  readonly value: string;
}

/** Why a subjectAltName is not what its kind says; `undefined` when it is. */
export function lintAltName({ kind, value, bytes }: GeneralName): string | undefined {
  switch (kind) {
    case "dns":
      return isDnsPattern(value) ? undefined : "not a DNS name";
    case "ip":
      if (bytes.length === 4 || bytes.length === 16) return undefined;
      return `${bytes.length} bytes, expected 4 or 16`;
    case "uri":
      return URI.test(value) ? undefined : "not an absolute URI";
    case "email":
      return isMailbox(value) ? undefined : "not a mailbox";
    default:
      return undefined;
  }
}

/**
 * Whether a subjectAltName of the certificate is this name. The common name is not looked at, in
 * either profile (RFC 9525 §2).
 */
export function matchesName(certificate: Certificate, name: PeerName): boolean {
  const wanted = canonical(name);
  if (wanted === undefined) return false;
  return certificate.subjectAltNames.some(
    (offered) => offered.kind === name.kind && matches(offered, wanted),
  );
}

/** Lower case, punycode, no trailing dot; an address as RFC 5952 has it. `undefined` if it is none. */
export function canonical({ kind, value }: PeerName): string | undefined {
  if (kind === "ip") return canonicalAddress(value);
  if (kind === "uri") return URI.test(value) ? value : undefined;
  const ascii = toAscii(value.endsWith(".") ? value.slice(0, -1) : value);
  return ascii !== undefined && isDnsName(ascii) ? ascii : undefined;
}

/** A name of at most 253 characters in letters, digits and hyphens, one leading `*` label at most. */
export function isDnsPattern(value: string): boolean {
  return isDnsName(value.startsWith("*.") ? value.slice(2) : value);
}

export function isDnsName(value: string): boolean {
  if (value.length === 0 || value.length > 253) return false;
  const labels = value.split(".");
  // The last label is never all digits: that would be an address (RFC 1123 §2.1).
  return labels.every((label) => LABEL.test(label)) && !/^\d+$/.test(labels.at(-1)!);
}

export function isMailbox(value: string): boolean {
  const at = value.lastIndexOf("@");
  return at > 0 && LOCAL_PART.test(value.slice(0, at)) && isDnsName(value.slice(at + 1));
}

function matches({ kind, value, bytes }: GeneralName, wanted: string): boolean {
  if (kind === "ip") return formatAddress(bytes) === wanted;
  if (kind === "uri") return sameUri(value, wanted);
  if (!isDnsPattern(value)) return false;
  const offered = value.toLowerCase();
  if (!offered.startsWith("*.")) return offered === wanted;
  // RFC 9525 §6.3: the star is one whole label, the leftmost; "*.com" would be a whole registry.
  const dot = wanted.indexOf(".");
  return dot > 0 && offered.slice(2).includes(".") && wanted.slice(dot + 1) === offered.slice(2);
}

/** RFC 3986 §6.2.2.1: scheme and host in any case, the rest byte by byte. */
function sameUri(a: string, b: string): boolean {
  const [left, right] = [URI.exec(a), URI.exec(b)];
  if (left === null || right === null) return false;
  const head = (parts: RegExpExecArray) => parts[1]!.toLowerCase();
  return head(left) === head(right) && left[2] === right[2];
}

function canonicalAddress(value: string): string | undefined {
  const version = isIP(value);
  if (version === 4) return value;
  if (version === 0 || value.includes("%")) return undefined;
  return new URL(`http://[${value}]/`).hostname.slice(1, -1);
}

function toAscii(value: string): string | undefined {
  if (/^[\0-\x7f]*$/.test(value)) return value.toLowerCase();
  if (value.length > 253 || /[/?#@:\\%\s[\]]/.test(value)) return undefined;
  const url = URL.parse(`http://${value}/`);
  return url === null ? undefined : url.hostname;
}

const LABEL = /^(?!-)[A-Za-z0-9-]{1,63}(?<!-)$/;
const LOCAL_PART = /^[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}$/;
/** Scheme and authority, then the rest; or a scheme and something without authority. */
const URI = /^([A-Za-z][A-Za-z0-9+.-]*:(?:\/\/[^/?#]*)?)([\x21-\x7e]*)$/;
