/**
 * Versions of QUIC whose first packets can be read: their keys depend on nothing that is secret, but
 * on a salt and on labels that each version has of its own (RFC 9001 §5.2, RFC 9369 §3.3).
 *
 * Of the drafts and of those that big senders ran before RFC 9000, only what TLS 1.3 speaks is here;
 * Google's own handshake (Q0..) is not. What is not here is not read, and said so.
 */

export type LongType = "initial" | "0-rtt" | "handshake" | "retry";

export interface QuicVersion {
  readonly number: number;
  /** Of the Initial secret. */
  readonly salt: Uint8Array;
  /** What stands between `tls13 ` and ` key` in its labels. */
  readonly label: "quic" | "quicv2";
  /** Type of the CRYPTO frame; Google's own numbers were others. */
  readonly crypto: 6 | 8;
  /** By the two type bits of a long header. */
  readonly types: readonly LongType[];
  /** AEAD_AES_128_GCM of a Retry packet's tag (RFC 9001 §5.8); absent where it is not known. */
  readonly retry?: { readonly key: Uint8Array; readonly nonce: Uint8Array };
}

/** Absent for versions that are not read. */
export function quicVersion(number: number): QuicVersion | undefined {
  return VERSIONS.get(number);
}

/**
 * Whether a version that is not read is one of QUIC: a draft (RFC 9000 §15), one that only makes the
 * server negotiate (?a?a?a?a), or one that Google or Facebook ran.
 */
export function isUnreadVersion(number: number): boolean {
  const high = number >>> 16;
  return (
    !VERSIONS.has(number) &&
    (number >>> 8 === 0xff0000 ||
      (number & 0x0f0f0f0f) === 0x0a0a0a0a ||
      high === 0x5130 || // Q0
      high === 0x5430 || // T0
      high === 0xface)
  );
}

const V1_TYPES: readonly LongType[] = ["initial", "0-rtt", "handshake", "retry"];
/** RFC 9369 §3.2. */
const V2_TYPES: readonly LongType[] = ["retry", "initial", "0-rtt", "handshake"];

const hex = (text: string): Uint8Array => Buffer.from(text, "hex");
const version = (number: number, salt: string, key?: string, nonce?: string): QuicVersion => ({
  number,
  salt: hex(salt),
  label: "quic",
  crypto: 6,
  types: V1_TYPES,
  ...(key !== undefined && nonce !== undefined && { retry: { key: hex(key), nonce: hex(nonce) } }),
});

const SALT_23 = "c3eef712c72ebb5a11a7d2432bb46365bef9f502";
const SALT_29 = "afbfec289993d24c9e9786f19c6111e04390a899";
const SALT_33 = "38762cf7f55934b34d179ae6a4c80cadccbb7f0a";
const RETRY_25 = ["4d32ecdb2a2133c841e4043df27d4430", "4d1611d05513a552c587d575"] as const;
const RETRY_29 = ["ccce187ed09a09d05728155a6cb96be1", "e54930f97f2136f0530a8c1c"] as const;
const RETRY_33 = ["be0c690b9f66575a1d766b54e368c84e", "461599d35d632bf2239825bb"] as const;

const VERSIONS = new Map(
  [
    version(0x00000001, SALT_33, ...RETRY_33),
    {
      number: 0x6b3343cf,
      salt: hex("0dede3def700a6db819381be6e269dcbf9bd2ed9"),
      label: "quicv2" as const,
      crypto: 6 as const,
      types: V2_TYPES,
      retry: {
        key: hex("8fb4b01b56ac48e260fbcbcead7ccc92"),
        nonce: hex("d86969bc2d7c6d9990efb04a"),
      },
    },
    ...[23, 24].map((draft) => version(0xff000000 + draft, SALT_23)),
    ...[25, 26, 27, 28].map((draft) => version(0xff000000 + draft, SALT_23, ...RETRY_25)),
    ...[29, 30, 31, 32].map((draft) => version(0xff000000 + draft, SALT_29, ...RETRY_29)),
    ...[33, 34].map((draft) => version(0xff000000 + draft, SALT_33, ...RETRY_33)),
    // Facebook's names for draft 27 and for version 1.
    ...[0xfaceb002, 0xfaceb00e].map((number) => version(number, SALT_23)),
    ...[0xfaceb003, 0xfaceb004].map((number) => version(number, SALT_33)),
    // Google's T050 and T051, of which no more than what comes first is read.
    { ...version(0x54303530, "7ff579e5acd072915580304c43a2367c60488310"), crypto: 8 as const },
    { ...version(0x54303531, "7a4edef4e7ccee5fa4506c19124fc8ccda6e033d"), crypto: 8 as const },
  ].map((one) => [one.number, one]),
);
