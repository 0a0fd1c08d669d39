/**
 * Whether what a handshake agreed on is strong enough: against an expectation of the policy, and for what
 * that leaves open against a floor that holds everywhere.
 *
 *     version    TLS 1.2, DTLS 1.2 (RFC 8996 takes everything older out of use)
 *     suite      none that is anonymous, for export, RC4 (RFC 7465), of 64-bit blocks, or with static RSA
 *     key        RSA of 2048 bits
 *
 * What an expectation names is its own floor, higher or lower: a partner with old equipment gets a line.
 * A suite without encryption is not weak but B06, whatever is expected.
 */
import type { TlsObservation } from "../inspect/observation.ts";
import type { KeyKind } from "../trust/key.ts";
import type { Expectation } from "./expectation.ts";
import { meansSuite, suiteOf } from "./suite.ts";

/** Something that is below its floor. */
export interface Shortfall {
  readonly what: "version" | "cipher" | "group" | "key";
  readonly found: string;
  readonly expected: string;
  /** Hides next to nothing: everybody can read or impersonate it. */
  readonly isBroken?: boolean;
}

export interface Agreed
  extends Pick<
    TlsObservation,
    "version" | "cipher" | "group" | "resumed" | "alerts" | "established" | "suiteOrder"
  > {
  /** Of the server's leaf; absent where no certificate was seen. */
  readonly key?: KeyKind | undefined;
}

/** Both sides agreed, and nobody broke off: what was agreed on is what protects. */
export function isAgreed({ cipher, version, alerts }: Agreed): boolean {
  return (
    cipher !== undefined && version !== undefined && !alerts.some(({ level }) => level === "fatal")
  );
}

/** The worst comes first. */
export function shortfalls(agreed: Agreed, expectation?: Expectation): Shortfall[] {
  const found = [
    ...cipherShortfall(agreed, expectation),
    ...versionShortfall(agreed, expectation),
    ...groupShortfall(agreed, expectation),
    ...keyShortfall(agreed, expectation),
  ];
  return found.sort((a, b) => Number(b.isBroken ?? false) - Number(a.isBroken ?? false));
}

/** TLS and DTLS on one scale; `undefined` for a version that has no name. */
export function versionRank(version: string): number | undefined {
  return VERSION_RANKS[version.replace(/-draft\d+$/, "")];
}

function versionShortfall({ version }: Agreed, expectation?: Expectation): Shortfall[] {
  if (version === undefined) return [];
  const expected = expectation?.minVersion ?? VERSION_MIN;
  const rank = versionRank(version);
  if (rank === undefined || rank >= versionRank(expected)!) return [];
  return [{ what: "version", found: version, expected: `${expected} or newer` }];
}

function cipherShortfall({ cipher, suiteOrder }: Agreed, expectation?: Expectation): Shortfall[] {
  if (cipher === undefined) return [];
  const suite = suiteOf(cipher);
  if (suite?.isNull === true) return [];
  const written = expectation?.ciphers;
  if (written !== undefined) {
    if (written.some((one) => meansSuite(one, cipher))) return [];
    return [{ what: "cipher", found: cipher, expected: written.join(", ") }];
  }
  if (suite?.weak !== undefined) {
    const isBroken = suite.weak === "anonymous" || suite.weak === "export";
    const expected = `no suite that is ${suite.weak}`;
    return [{ what: "cipher", found: cipher, expected, ...(isBroken && { isBroken }) }];
  }
  // A client that could do better has a server to blame; one that cannot has lost something.
  if (suite?.aead === false && suiteOrder?.aead === false) {
    const expected = "a client that also offers AES-GCM or ChaCha20";
    return [{ what: "cipher", found: cipher, expected }];
  }
  return [];
}

function groupShortfall({ group, resumed }: Agreed, expectation?: Expectation): Shortfall[] {
  const written = expectation?.groups;
  if (written === undefined) return [];
  // To TLS 1.2 a resumed session has the group of its first handshake, and does not say it.
  if (group === undefined && resumed !== false) return [];
  if (group !== undefined && written.includes(group)) return [];
  return [{ what: "group", found: group ?? "none", expected: written.join(", ") }];
}

function keyShortfall({ key }: Agreed, expectation?: Expectation): Shortfall[] {
  if (key === undefined) return [];
  const written = expectation?.keyTypes;
  if (written !== undefined) {
    if (written.some((one) => meansKey(one, key))) return [];
    return [{ what: "key", found: keyName(key), expected: written.join(", ") }];
  }
  if (!key.type.startsWith("RSA") || (key.bits ?? RSA_BITS_MIN) >= RSA_BITS_MIN) return [];
  return [{ what: "key", found: keyName(key), expected: `rsa-${RSA_BITS_MIN} or more` }];
}

/** `rsa`, `rsa-3072` (so many bits or more), `ec`, a curve's IANA name, `ed25519`. Case does not count. */
export function meansKey(written: string, key: KeyKind): boolean {
  const [family = "", bits] = written.toLowerCase().split(/-(?=\d+$)/);
  const own = key.type.toLowerCase();
  if (own === written.toLowerCase() || key.curve?.toLowerCase() === written.toLowerCase()) {
    return true;
  }
  if (family === "rsa" && own.startsWith("rsa")) return (key.bits ?? 0) >= Number(bits ?? 0);
  return family === "ec" && own === "ec" && bits === undefined;
}

/** `rsa-2048`, `secp256r1`, `ed25519`: as a policy may write it. */
export function keyName({ type, bits, curve }: KeyKind): string {
  if (type.startsWith("RSA")) return `rsa-${bits ?? 0}`;
  return curve ?? type.toLowerCase();
}

const VERSION_RANKS: Readonly<Record<string, number>> = {
  SSL2: 0,
  SSL3: 1,
  "TLS1.0": 2,
  "TLS1.1": 3,
  // Numbered after the TLS that it was made from (RFC 4347 §1, RFC 6347 §1).
  "DTLS1.0": 3,
  "TLS1.2": 4,
  "DTLS1.2": 4,
  "TLS1.3": 5,
  "DTLS1.3": 5,
};
const VERSION_MIN = "TLS1.2";
/** NIST SP 800-131A: 112 bits of strength. */
const RSA_BITS_MIN = 2048;
