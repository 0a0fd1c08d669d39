/** Numbers of TLS by the names that IANA gives them; unknown ones as `0x1234`. */

/** INTERFACE's `version`: `TLS1.2`, `SSL3`, otherwise hex. */
export function versionName(version: number): string {
  return VERSIONS.get(version) ?? hex(version);
}

export function groupName(group: number): string {
  return GROUPS.get(group) ?? hex(group);
}

/** All that IANA has. */
export function groupNames(): readonly string[] {
  return [...GROUPS.values()];
}

export function alertName(description: number): string {
  return ALERTS.get(description) ?? `0x${description.toString(16).padStart(2, "0")}`;
}

export function hex(value: number): string {
  return `0x${value.toString(16).padStart(4, "0")}`;
}

const VERSIONS = new Map([
  [0x0002, "SSL2"],
  [0x0300, "SSL3"],
  [0x0301, "TLS1.0"],
  [0x0302, "TLS1.1"],
  [0x0303, "TLS1.2"],
  [0x0304, "TLS1.3"],
  [0x7f1c, "TLS1.3-draft28"],
  [0xfeff, "DTLS1.0"],
  [0xfefd, "DTLS1.2"],
  [0xfefc, "DTLS1.3"],
]);

/** TLS Supported Groups registry. */
const GROUPS = new Map([
  [1, "sect163k1"],
  [2, "sect163r1"],
  [3, "sect163r2"],
  [4, "sect193r1"],
  [5, "sect193r2"],
  [6, "sect233k1"],
  [7, "sect233r1"],
  [8, "sect239k1"],
  [9, "sect283k1"],
  [10, "sect283r1"],
  [11, "sect409k1"],
  [12, "sect409r1"],
  [13, "sect571k1"],
  [14, "sect571r1"],
  [15, "secp160k1"],
  [16, "secp160r1"],
  [17, "secp160r2"],
  [18, "secp192k1"],
  [19, "secp192r1"],
  [20, "secp224k1"],
  [21, "secp224r1"],
  [22, "secp256k1"],
  [23, "secp256r1"],
  [24, "secp384r1"],
  [25, "secp521r1"],
  [26, "brainpoolP256r1"],
  [27, "brainpoolP384r1"],
  [28, "brainpoolP512r1"],
  [29, "x25519"],
  [30, "x448"],
  [31, "brainpoolP256r1tls13"],
  [32, "brainpoolP384r1tls13"],
  [33, "brainpoolP512r1tls13"],
  [34, "GC256A"],
  [35, "GC256B"],
  [36, "GC256C"],
  [37, "GC256D"],
  [38, "GC512A"],
  [39, "GC512B"],
  [40, "GC512C"],
  [41, "curveSM2"],
  [256, "ffdhe2048"],
  [257, "ffdhe3072"],
  [258, "ffdhe4096"],
  [259, "ffdhe6144"],
  [260, "ffdhe8192"],
  [512, "MLKEM512"],
  [513, "MLKEM768"],
  [514, "MLKEM1024"],
  [4587, "SecP256r1MLKEM768"],
  [4588, "X25519MLKEM768"],
  [4589, "SecP384r1MLKEM1024"],
  [4590, "curveSM2MLKEM768"],
  [25497, "X25519Kyber768Draft00"],
  [25498, "SecP256r1Kyber768Draft00"],
  [65281, "arbitrary_explicit_prime_curves"],
  [65282, "arbitrary_explicit_char2_curves"],
]);

/** TLS Alerts registry. */
const ALERTS = new Map([
  [0, "close_notify"],
  [10, "unexpected_message"],
  [20, "bad_record_mac"],
  [21, "decryption_failed_RESERVED"],
  [22, "record_overflow"],
  [30, "decompression_failure_RESERVED"],
  [40, "handshake_failure"],
  [41, "no_certificate_RESERVED"],
  [42, "bad_certificate"],
  [43, "unsupported_certificate"],
  [44, "certificate_revoked"],
  [45, "certificate_expired"],
  [46, "certificate_unknown"],
  [47, "illegal_parameter"],
  [48, "unknown_ca"],
  [49, "access_denied"],
  [50, "decode_error"],
  [51, "decrypt_error"],
  [60, "export_restriction_RESERVED"],
  [70, "protocol_version"],
  [71, "insufficient_security"],
  [80, "internal_error"],
  [86, "inappropriate_fallback"],
  [90, "user_canceled"],
  [100, "no_renegotiation_RESERVED"],
  [109, "missing_extension"],
  [110, "unsupported_extension"],
  [111, "certificate_unobtainable_RESERVED"],
  [112, "unrecognized_name"],
  [113, "bad_certificate_status_response"],
  [114, "bad_certificate_hash_value_RESERVED"],
  [115, "unknown_psk_identity"],
  [116, "certificate_required"],
  [120, "no_application_protocol"],
  [121, "ech_required"],
]);
