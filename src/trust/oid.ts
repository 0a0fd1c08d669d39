/** Object identifiers that certificates use, by the names their documents give them. */

/**
 * Attribute types of a Name. The first nine are RFC 4514's own; the others are descriptors of the
 * IANA LDAP registry or, for the last ones, the names that CA/Browser Forum documents use.
 */
export const ATTRIBUTE: Readonly<Record<string, string>> = {
  "2.5.4.3": "CN",
  "2.5.4.7": "L",
  "2.5.4.8": "ST",
  "2.5.4.10": "O",
  "2.5.4.11": "OU",
  "2.5.4.6": "C",
  "2.5.4.9": "STREET",
  "0.9.2342.19200300.100.1.25": "DC",
  "0.9.2342.19200300.100.1.1": "UID",
  "1.2.840.113549.1.9.1": "emailAddress",
  "2.5.4.4": "SN",
  "2.5.4.5": "serialNumber",
  "2.5.4.12": "title",
  "2.5.4.13": "description",
  "2.5.4.15": "businessCategory",
  "2.5.4.17": "postalCode",
  "2.5.4.42": "GN",
  "2.5.4.43": "initials",
  "2.5.4.44": "generationQualifier",
  "2.5.4.45": "x500UniqueIdentifier",
  "2.5.4.46": "dnQualifier",
  "2.5.4.65": "pseudonym",
  "2.5.4.97": "organizationIdentifier",
  "1.3.6.1.4.1.311.60.2.1.1": "jurisdictionL",
  "1.3.6.1.4.1.311.60.2.1.2": "jurisdictionST",
  "1.3.6.1.4.1.311.60.2.1.3": "jurisdictionC",
};

export const EXTENSION = {
  subjectKeyIdentifier: "2.5.29.14",
  keyUsage: "2.5.29.15",
  subjectAltName: "2.5.29.17",
  issuerAltName: "2.5.29.18",
  basicConstraints: "2.5.29.19",
  nameConstraints: "2.5.29.30",
  certificatePolicies: "2.5.29.32",
  policyMappings: "2.5.29.33",
  authorityKeyIdentifier: "2.5.29.35",
  policyConstraints: "2.5.29.36",
  extendedKeyUsage: "2.5.29.37",
  inhibitAnyPolicy: "2.5.29.54",
  authorityInfoAccess: "1.3.6.1.5.5.7.1.1",
  subjectInfoAccess: "1.3.6.1.5.5.7.1.11",
  precertificatePoison: "1.3.6.1.4.1.11129.2.4.3",
  crlNumber: "2.5.29.20",
  issuingDistributionPoint: "2.5.29.28",
  /** Lists of signed certificate timestamps, in a certificate and in an OCSP answer (RFC 6962 §3.3). */
  scts: "1.3.6.1.4.1.11129.2.4.2",
  ocspScts: "1.3.6.1.4.1.11129.2.4.5",
} as const;

export const PURPOSE = {
  server: "1.3.6.1.5.5.7.3.1",
  client: "1.3.6.1.5.5.7.3.2",
  ocspSigning: "1.3.6.1.5.5.7.3.9",
  any: "2.5.29.37.0",
} as const;

/** Named curves: the name TLS gives the group (IANA), and the size of the field in bits. */
export const CURVE: Readonly<Record<string, { readonly name: string; readonly bits: number }>> = {
  "1.2.840.10045.3.1.1": { name: "secp192r1", bits: 192 },
  "1.3.132.0.33": { name: "secp224r1", bits: 224 },
  "1.2.840.10045.3.1.7": { name: "secp256r1", bits: 256 },
  "1.3.132.0.34": { name: "secp384r1", bits: 384 },
  "1.3.132.0.35": { name: "secp521r1", bits: 521 },
  "1.3.132.0.10": { name: "secp256k1", bits: 256 },
  "1.3.36.3.3.2.8.1.1.7": { name: "brainpoolP256r1", bits: 256 },
  "1.3.36.3.3.2.8.1.1.11": { name: "brainpoolP384r1", bits: 384 },
  "1.3.36.3.3.2.8.1.1.13": { name: "brainpoolP512r1", bits: 512 },
};

/** Key types that need no parameters. Their signature algorithm, if any, has the same identifier. */
export const PLAIN_KEY: Readonly<Record<string, string>> = {
  "1.3.101.110": "X25519",
  "1.3.101.111": "X448",
  "1.3.101.112": "Ed25519",
  "1.3.101.113": "Ed448",
  "2.16.840.1.101.3.4.3.17": "ML-DSA-44",
  "2.16.840.1.101.3.4.3.18": "ML-DSA-65",
  "2.16.840.1.101.3.4.3.19": "ML-DSA-87",
};

export const KEY = {
  rsa: "1.2.840.113549.1.1.1",
  rsaPss: "1.2.840.113549.1.1.10",
  ec: "1.2.840.10045.2.1",
  dsa: "1.2.840.10040.4.1",
} as const;

/** Hash functions, as `node:crypto` and signature names call them. */
export const HASH: Readonly<Record<string, string>> = {
  "1.2.840.113549.2.5": "md5",
  "1.3.14.3.2.26": "sha1",
  "2.16.840.1.101.3.4.2.1": "sha256",
  "2.16.840.1.101.3.4.2.2": "sha384",
  "2.16.840.1.101.3.4.2.3": "sha512",
  "2.16.840.1.101.3.4.2.4": "sha224",
};

export interface SignatureScheme {
  readonly name: string;
  /** Which type of key makes it, as `Certificate.key` names types. */
  readonly key: "RSA" | "EC" | "DSA" | "plain";
  readonly hash?: string;
}

/** Signature algorithms but RSASSA-PSS, which says its hash in its parameters. */
export const SIGNATURE: Readonly<Record<string, SignatureScheme>> = {
  "1.2.840.113549.1.1.2": { name: "md2WithRSAEncryption", key: "RSA", hash: "md2" },
  "1.2.840.113549.1.1.3": { name: "md4WithRSAEncryption", key: "RSA", hash: "md4" },
  "1.2.840.113549.1.1.4": { name: "md5WithRSAEncryption", key: "RSA", hash: "md5" },
  "1.2.840.113549.1.1.5": { name: "sha1WithRSAEncryption", key: "RSA", hash: "sha1" },
  "1.3.14.3.2.29": { name: "sha1WithRSASignature", key: "RSA", hash: "sha1" },
  "1.2.840.113549.1.1.14": { name: "sha224WithRSAEncryption", key: "RSA", hash: "sha224" },
  "1.2.840.113549.1.1.11": { name: "sha256WithRSAEncryption", key: "RSA", hash: "sha256" },
  "1.2.840.113549.1.1.12": { name: "sha384WithRSAEncryption", key: "RSA", hash: "sha384" },
  "1.2.840.113549.1.1.13": { name: "sha512WithRSAEncryption", key: "RSA", hash: "sha512" },
  "1.2.840.10045.4.1": { name: "ecdsa-with-SHA1", key: "EC", hash: "sha1" },
  "1.2.840.10045.4.3.1": { name: "ecdsa-with-SHA224", key: "EC", hash: "sha224" },
  "1.2.840.10045.4.3.2": { name: "ecdsa-with-SHA256", key: "EC", hash: "sha256" },
  "1.2.840.10045.4.3.3": { name: "ecdsa-with-SHA384", key: "EC", hash: "sha384" },
  "1.2.840.10045.4.3.4": { name: "ecdsa-with-SHA512", key: "EC", hash: "sha512" },
  "1.2.840.10040.4.3": { name: "dsa-with-sha1", key: "DSA", hash: "sha1" },
  "2.16.840.1.101.3.4.3.2": { name: "dsa-with-sha256", key: "DSA", hash: "sha256" },
  "1.3.101.112": { name: "Ed25519", key: "plain" },
  "1.3.101.113": { name: "Ed448", key: "plain" },
  "2.16.840.1.101.3.4.3.17": { name: "ML-DSA-44", key: "plain" },
  "2.16.840.1.101.3.4.3.18": { name: "ML-DSA-65", key: "plain" },
  "2.16.840.1.101.3.4.3.19": { name: "ML-DSA-87", key: "plain" },
};
