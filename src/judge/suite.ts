/**
 * What the name of a cipher suite says (IANA, TLS Cipher Suites registry): how it encrypts, what it
 * leaves out, and whether a policy's words mean it.
 */

export interface Suite {
  /** Words a policy may use for it. */
  readonly word: CipherWord | undefined;
  /** Encrypts nothing (RFC 4785, RFC 2246 §A.5). */
  readonly isNull: boolean;
  /** Why nobody should use it; absent where nothing speaks against it. */
  readonly weak?: Weakness;
  /** Authenticated encryption: GCM, CCM, ChaCha20-Poly1305. */
  readonly aead: boolean;
  /** A stolen key does not open what was recorded. */
  readonly forwardSecret: boolean;
}

/** In the order of how bad it is, the worst first. */
export const WEAKNESSES = ["null", "anonymous", "export", "rc4", "des", "static-rsa"] as const;
export type Weakness = (typeof WEAKNESSES)[number];

/** Words for families of suites, as `encryption: {ciphers: aes-gcm}`. */
export const CIPHER_WORDS = ["aes-gcm", "chacha20", "aes-cbc"] as const;
export type CipherWord = (typeof CIPHER_WORDS)[number];

/** `undefined` for a suite without a name (`0x1234`). */
export function suiteOf(name: string): Suite | undefined {
  const known = KNOWN.get(name);
  if (known !== undefined) return known;
  if (!name.startsWith("TLS_")) return undefined;
  const suite = readSuite(name);
  if (KNOWN.size >= KNOWN_MAX) KNOWN.clear();
  KNOWN.set(name, suite);
  return suite;
}

/** Whether the name or the word of a policy means this suite. */
export function meansSuite(written: string, name: string): boolean {
  return written === name || suiteOf(name)?.word === written;
}

function readSuite(name: string): Suite {
  const isNull = /_WITH_NULL(?:_|$)|^TLS_SHA(?:256|384)_SHA/.test(name);
  const weak = WEAKNESSES.find((one) => (one === "null" ? isNull : SIGNS[one].test(name)));
  return {
    word: wordOf(name),
    isNull,
    ...(weak !== undefined && { weak }),
    aead: /_GCM_|_CCM|_CHACHA20_POLY1305/.test(name),
    forwardSecret: !name.includes("_WITH_") || /^TLS_(?:EC)?DHE_/.test(name),
  };
}

function wordOf(name: string): CipherWord | undefined {
  if (/AES_\d+_GCM/.test(name)) return "aes-gcm";
  if (name.includes("CHACHA20")) return "chacha20";
  return /AES_\d+_CBC/.test(name) ? "aes-cbc" : undefined;
}

const SIGNS: Record<Exclude<Weakness, "null">, RegExp> = {
  anonymous: /_anon_/,
  export: /_EXPORT/,
  rc4: /_RC4_/,
  // Single and triple: blocks of 64 bits, which repeat (SWEET32); RC2 and IDEA have them as well.
  des: /_(?:3?DES|RC2|IDEA)_/,
  "static-rsa": /^TLS_RSA_WITH_/,
};

const KNOWN = new Map<string, Suite>();
/** More than IANA has assigned. */
const KNOWN_MAX = 1024;
