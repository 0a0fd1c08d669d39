/**
 * A chain that nobody showed: what the steps would see of one with this issuer and this key.
 *
 * Where only names and hashes are given there are no bytes to validate. So the trust engine's answer is
 * supposed, and everything behind it is the judge's own: the steps cannot tell the difference.
 */
import { type Anchor, keyAnchor, mozillaAnchors, pemAnchors } from "../../trust/anchors.ts";
import { Certificate } from "../../trust/certificate.ts";
import type { GeneralName } from "../../trust/general-name.ts";
import type { TrustPath, Validation } from "../../trust/validate.ts";
import type { Presented } from "../case.ts";
import type { AllowLine, FileRoots, Policy, Roots } from "../policy/policy.ts";

export interface Supposition {
  /** Of the CA that issued the leaf, RFC 4514 and as `Certificate.subjectKey` has it. */
  readonly issuer?: string | undefined;
  readonly issuerKey?: string | undefined;
  /** Hex, of the certificate that `named` says. */
  readonly spki?: string | undefined;
  readonly certificate?: string | undefined;
  readonly named: "issuer" | "leaf";
  /** Where the signatures lead; absent: to no root. */
  readonly roots?: Roots | undefined;
  /** The leaf's only name, as lower-case A-labels. */
  readonly name?: string | undefined;
}

export function supposedServer(suppose: Supposition, policy: Policy): Presented {
  const anchor = suppose.roots && anchorIn(suppose.roots, suppose);
  const ca = issuerOf(suppose, anchor);
  const { name, named, spki, certificate } = suppose;
  const leaf = new Supposed({
    issuer: ca.subject,
    issuerKey: ca.subjectKey,
    ...(named === "leaf" ? { spki, sha256: certificate } : {}),
    name,
  });
  const rootPath = anchor && pathTo(anchor, [leaf, ca]);
  const ownPath = pathToLine(policy.issuers.allow ?? [], [leaf, ca]);
  return {
    side: "server",
    certificates: [leaf, ca],
    leaf,
    validation: validationOf([rootPath, ownPath]),
    withRootsAlone: () => validationOf([rootPath]),
  };
}

/** The root that is the issuer itself, else any of them. */
export function anchorIn(roots: Roots, { issuerKey }: Pick<Supposition, "issuerKey">): Anchor {
  const anchors = roots.kind === "mozilla" ? mozillaAnchors() : anchorsOfFile(roots);
  const own = anchors.find(({ certificate }) => certificate?.subjectKey === issuerKey);
  if (own !== undefined) return own;
  // Which one of Mozilla's does not matter to any line but a `deny` that nobody asked about.
  if (roots.kind === "mozilla")
    return { ...MOZILLA, certificate: new Supposed({ subject: "some CA" }) };
  return anchors[0]!;
}

/** Read once: a policy has many lines to suppose, and a bundle many roots. */
function anchorsOfFile(roots: FileRoots): readonly Anchor[] {
  let anchors = READ.get(roots);
  if (anchors === undefined) {
    ({ anchors } = pemAnchors(roots.pem));
    READ.set(roots, anchors);
  }
  return anchors;
}

function issuerOf(
  { issuer, issuerKey, spki, certificate, named }: Supposition,
  anchor: Anchor | undefined,
): Certificate {
  const root = anchor?.certificate;
  const own = named === "issuer" ? { spki, sha256: certificate } : {};
  const isRoot =
    root !== undefined &&
    root.subjectKey === issuerKey &&
    (own.spki ?? root.spkiSha256) === root.spkiSha256 &&
    (own.sha256 ?? root.sha256) === root.sha256;
  if (isRoot) return root;
  return new Supposed({ subject: issuer ?? "some CA", subjectKey: issuerKey, ...own });
}

/** Signatures end where an `allow` line names a key or certificate. */
function pathToLine(
  allow: readonly AllowLine[],
  [leaf, ca]: readonly [Certificate, Certificate],
): TrustPath | undefined {
  for (const end of [ca, leaf]) {
    const line = allow.find(
      ({ certificate, spki, issuerKey }) =>
        (certificate ?? spki) !== undefined &&
        (certificate === undefined || certificate === end.sha256) &&
        (spki === undefined || spki === end.spkiSha256) &&
        (issuerKey === undefined || issuerKey === end.subjectKey),
    );
    if (line === undefined) continue;
    const anchor = keyAnchor(end.spkiSha256, line.line);
    return pathTo(anchor, end === leaf ? [leaf] : [leaf, ca]);
  }
  return undefined;
}

function pathTo(anchor: Anchor, certificates: readonly Certificate[]): TrustPath {
  const { certificate } = anchor;
  const isThere = certificate === undefined || certificates.includes(certificate);
  return {
    certificates: isThere ? certificates : [...certificates, certificate],
    anchor,
    findings: [],
    trusted: true,
    valid: true,
  };
}

function validationOf(found: readonly (TrustPath | undefined)[]): Validation {
  const paths = found.filter((path) => path !== undefined);
  const [path] = paths;
  const trusted = path !== undefined;
  return {
    trusted,
    valid: trusted,
    paths,
    ...(trusted ? { path } : {}),
    findings: trusted ? [] : [{ name: "unknown-issuer", detail: "as supposed" }],
    spent: { signatures: 0, nodes: 0, comparisons: 0, exhausted: false },
    sameBetweenUs: [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY],
  };
}

interface SupposedFields {
  readonly subject?: string | undefined;
  readonly subjectKey?: string | undefined;
  readonly issuer?: string | undefined;
  readonly issuerKey?: string | undefined;
  readonly spki?: string | undefined;
  readonly sha256?: string | undefined;
  readonly name?: string | undefined;
}

/** What is not given is empty, and no line of a policy can mean what is empty. */
class Supposed extends Certificate {
  readonly #fields: SupposedFields;

  constructor(fields: SupposedFields) {
    super(new Uint8Array());
    this.#fields = fields;
  }

  override get subject(): string {
    return this.#fields.subject ?? "";
  }

  override get subjectKey(): string {
    return this.#fields.subjectKey ?? "";
  }

  override get issuer(): string {
    return this.#fields.issuer ?? "";
  }

  override get issuerKey(): string {
    return this.#fields.issuerKey ?? "";
  }

  override get spkiSha256(): string {
    return this.#fields.spki ?? "";
  }

  override get sha256(): string {
    return this.#fields.sha256 ?? "";
  }

  override get selfSigned(): boolean {
    return false;
  }

  override get faults(): [] {
    return [];
  }

  override get names(): readonly string[] {
    return this.subjectAltNames.map(({ value }) => value);
  }

  override get subjectAltNames(): readonly GeneralName[] {
    const { name } = this.#fields;
    return name === undefined ? [] : [{ kind: "dns", value: name, bytes: Buffer.from(name) }];
  }
}

const MOZILLA: Anchor = { source: "mozilla", profile: "webpki" };
const READ = new WeakMap<FileRoots, readonly Anchor[]>();
