/**
 * What a path may end in: a root's certificate, or a key or a certificate that a policy names by its
 * hash and that a peer must still present. Nothing here comes from the environment: a variable that
 * a workload can set must not add a root.
 */
import { getCACertificates } from "node:tls";
import { type Certificate, parseCertificate } from "./certificate.ts";
import { distrustAfterUs, imposedDomains } from "./distrust.ts";

/** Which rules hold on a path: the CA/Browser Forum's as well, or RFC 5280's alone. */
export type Profile = "webpki" | "rfc5280";

export interface Anchor {
  readonly source: "mozilla" | "file" | "policy";
  readonly profile: Profile;
  /** Absent when the policy gave a hash: then whichever presented certificate has it is the end. */
  readonly certificate?: Certificate;
  /** Lower-case hex. */
  readonly spkiSha256?: string;
  readonly sha256?: string;
  /** `Certificate.subjectKey` of what has that hash; absent: it may have any name. */
  readonly subjectKey?: string;
  /** The policy's line. */
  readonly line?: number;
  /** Leaves issued later have no path to this root. */
  readonly distrustAfterUs?: number;
  /** DNS names of the leaf must be these or below them. */
  readonly domains?: readonly string[];
}

/** Immutable. Make one for each effective policy and keep it: answers are remembered by identity. */
export class Anchors {
  readonly #bySubject = new Map<string, Anchor[]>();
  readonly #bySha256 = new Map<string, Anchor[]>();
  readonly #bySpki = new Map<string, Anchor[]>();

  constructor(anchors: Iterable<Anchor>) {
    const roots = new Set<string>();
    for (const anchor of anchors) {
      const { certificate, spkiSha256 } = anchor;
      const hash = anchor.sha256 ?? certificate?.sha256;
      if (hash !== undefined) add(this.#bySha256, hash, anchor);
      if (spkiSha256 !== undefined) add(this.#bySpki, spkiSha256, anchor);
      if (certificate === undefined || roots.has(certificate.sha256)) continue;
      roots.add(certificate.sha256);
      add(this.#bySubject, certificate.subjectKey, anchor);
    }
  }

  static of(anchors: Iterable<Anchor>): Anchors {
    return new Anchors(anchors);
  }

  /** Roots that may have issued what names this issuer (`Certificate.issuerKey`). */
  issuers(issuerKey: string): readonly Anchor[] {
    return this.#bySubject.get(issuerKey) ?? [];
  }

  /** The anchor that this certificate is, or whose key it has; a presented root is its own anchor. */
  naming(certificate: Certificate): Anchor | undefined {
    const exact =
      this.#bySha256.size === 0
        ? undefined
        : firstMeant(this.#bySha256.get(certificate.sha256), certificate);
    if (exact !== undefined || this.#bySpki.size === 0) return exact;
    // No key, no name: the hash of an unreadable one is "", whatever a policy holds.
    if (certificate.spkiSha256 === "") return undefined;
    return firstMeant(this.#bySpki.get(certificate.spkiSha256), certificate);
  }
}

function add(index: Map<string, Anchor[]>, key: string, anchor: Anchor): void {
  const known = index.get(key);
  if (known === undefined) index.set(key, [anchor]);
  else known.push(anchor);
}

/**
 * All that an anchor says is about one certificate. The first of equal anchors counts, so that an answer
 * names the same one every time.
 */
function firstMeant(
  anchors: readonly Anchor[] | undefined,
  certificate: Certificate,
): Anchor | undefined {
  return anchors?.find(
    ({ sha256, spkiSha256, subjectKey }) =>
      (sha256 === undefined || sha256 === certificate.sha256) &&
      (spkiSha256 === undefined || spkiSha256 === certificate.spkiSha256) &&
      (subjectKey === undefined || subjectKey === certificate.subjectKey),
  );
}

/** Mozilla's roots as Node carries them, read once and when first asked for. */
export function mozillaAnchors(): readonly Anchor[] {
  mozilla ??= getCACertificates("bundled").map((pem) => {
    const certificate = parseCertificate(pemBytes(pem));
    const after = distrustAfterUs(certificate.sha256);
    const domains = imposedDomains(certificate.sha256);
    return {
      source: "mozilla",
      profile: "webpki",
      certificate,
      ...(after === undefined ? {} : { distrustAfterUs: after }),
      ...(domains === undefined ? {} : { domains }),
    };
  });
  return mozilla;
}

/**
 * Roots from the text of a PEM file. What cannot be a certificate is a fault, in words, with its
 * number in the file; the others count.
 */
export function pemAnchors(pem: string): {
  readonly anchors: readonly Anchor[];
  readonly faults: readonly string[];
} {
  const anchors: Anchor[] = [];
  const faults: string[] = [];
  for (const [i, [block]] of [...pem.matchAll(PEM_BLOCK)].entries()) {
    const certificate = parseCertificate(pemBytes(block));
    const broken = certificate.faults.find(({ name }) => name === "unreadable");
    if (broken !== undefined) faults.push(`certificate ${i + 1}: ${broken.detail}`);
    else if (certificate.publicKey === undefined)
      faults.push(`certificate ${i + 1}: no usable key`);
    else anchors.push({ source: "file", profile: "rfc5280", certificate });
  }
  return { anchors, faults };
}

/** The DER of every certificate in the text of a PEM file, in its order. */
export function pemCertificates(pem: string): Uint8Array[] {
  return [...pem.matchAll(PEM_BLOCK)].map(([block]) => pemBytes(block));
}

/** Any presented certificate with this key ends a path. */
export function keyAnchor(spkiSha256: string, line?: number): Anchor {
  return {
    source: "policy",
    profile: "rfc5280",
    spkiSha256,
    ...(line === undefined ? {} : { line }),
  };
}

/** This certificate, when presented, ends a path. */
export function certificateAnchor(sha256: string, line?: number): Anchor {
  return { source: "policy", profile: "rfc5280", sha256, ...(line === undefined ? {} : { line }) };
}

function pemBytes(pem: string): Uint8Array {
  // A copy of its own: small Buffers share a pool, and offsets are counted from `byteOffset`.
  return Uint8Array.from(Buffer.from(pem.replace(/-----[^-]+-----/g, ""), "base64"));
}

let mozilla: readonly Anchor[] | undefined;

const PEM_BLOCK = /-----BEGIN (?:X509 )?CERTIFICATE-----[^-]*-----END (?:X509 )?CERTIFICATE-----/g;
