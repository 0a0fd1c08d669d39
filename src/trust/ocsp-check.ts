/**
 * What stapled OCSP responses say about a path (RFC 6960 §3.2, §4.2.2.2).
 *
 * A staple can only take trust away. That a certificate was revoked counts however old the answer is,
 * because revocation is for good; anything else that is wrong with one is worth a note, since clients
 * go on without a staple as well. So whoever drops or spoils a staple gains nothing here.
 */
import { hash } from "node:crypto";
import { Budget } from "./budget.ts";
import type { Certificate } from "./certificate.ts";
import { KEY_USAGE } from "./extension.ts";
import type { TrustFinding } from "./finding.ts";
import type { OcspAnswer, OcspResponse } from "./ocsp.ts";
import { PURPOSE } from "./oid.ts";
import { isSignedBy } from "./path.ts";
import { signatureCost } from "./signature.ts";
import { formatTime } from "./time.ts";

export interface StapleCheck {
  readonly findings: readonly TrustFinding[];
  /** A sound and current answer says that the leaf was not revoked, until this time (may be NaN). */
  readonly goodUntilUs?: number;
}

/** `certificates` from the leaf to the anchor, which nobody can revoke. */
export function checkStaples(
  certificates: readonly Certificate[],
  responses: readonly OcspResponse[],
  atUs: number,
): StapleCheck {
  // Of its own: what a peer staples must not use up what its chain is checked with.
  const budget = new Budget();
  const findings: TrustFinding[] = [];
  let goodUntilUs: number | undefined;
  const leaf = certificates[0]!;
  const unusable = (certificate: Certificate, detail: string) =>
    findings.push({ name: "unusable-staple", certificate, detail });
  for (const response of responses) {
    if (response.refused !== undefined) {
      unusable(leaf, `cannot be used: ${response.refused}`);
      continue;
    }
    const about = subjectsOf(response, certificates);
    if (about.length === 0) unusable(leaf, "is about other certificates");
    for (const { certificate, issuer, answer } of about) {
      const why = whyForged(response, issuer, atUs, budget);
      if (why !== undefined) unusable(certificate, why);
      else if (answer.status === "revoked") {
        const since = formatTime(answer.revokedAtUs);
        const detail = `by ${issuer.subject} on ${since}, says the stapled OCSP response`;
        findings.push({ name: "revoked", certificate, detail });
      } else if (answer.status === "unknown") {
        unusable(certificate, "says that its responder does not know the certificate");
      } else if (atUs < answer.thisUpdateUs) {
        unusable(certificate, `is for later, from ${formatTime(answer.thisUpdateUs)}`);
      } else if (atUs > answer.nextUpdateUs) {
        unusable(certificate, `is out of date since ${formatTime(answer.nextUpdateUs)}`);
      } else if (certificate === leaf) {
        goodUntilUs = answer.nextUpdateUs;
      }
    }
  }
  return { findings, ...(goodUntilUs === undefined ? {} : { goodUntilUs }) };
}

/** Times at which what they say changes; dates of their certificates included. */
export function turnsOfStaples(responses: readonly OcspResponse[]): number[] {
  return responses.flatMap(({ answers, certificates }) => [
    ...answers.flatMap(({ thisUpdateUs, nextUpdateUs }) => [thisUpdateUs, nextUpdateUs + 1]),
    ...certificates.flatMap(({ validFromUs, validToUs }) => [validFromUs, validToUs + 1]),
  ]);
}

interface Subject {
  readonly certificate: Certificate;
  readonly issuer: Certificate;
  readonly answer: OcspAnswer;
}

/** Which certificates of the path it is about. */
function subjectsOf({ answers }: OcspResponse, path: readonly Certificate[]): Subject[] {
  const subjects: Subject[] = [];
  for (const [i, certificate] of path.slice(0, -1).entries()) {
    const issuer = path[i + 1]!;
    const answer = answers.find((one) => isAbout(one, certificate, issuer));
    if (answer !== undefined) subjects.push({ certificate, issuer, answer });
  }
  return subjects;
}

function isAbout(answer: OcspAnswer, certificate: Certificate, issuer: Certificate): boolean {
  if (answer.hash === undefined || !equal(answer.serial, certificate.serialDer)) return false;
  return (
    equal(hash(answer.hash, certificate.issuerDer, "buffer"), answer.issuerNameHash) &&
    equal(hash(answer.hash, issuer.keyBits, "buffer"), answer.issuerKeyHash)
  );
}

/** Why nobody who may speak for the issuer made it; `undefined` when somebody did. */
function whyForged(
  response: OcspResponse,
  issuer: Certificate,
  atUs: number,
  budget: Budget,
): string | undefined {
  if (response.algorithm.hash?.startsWith("md")) return "its signature can be forged";
  const signers = [issuer, ...response.certificates].filter((one) => isResponder(response, one));
  if (signers.length === 0) return "its responder is neither the issuer nor anyone it shows";
  let why = "its responder's key did not sign it";
  for (const signer of signers) {
    const refused = whyNotDelegated(signer, issuer, atUs, budget);
    if (refused !== undefined) why = refused;
    else if (!budget.signature(signatureCost(signer.key))) return "was not verified: too much work";
    else if (isMadeBy(response, signer)) return undefined;
  }
  return why;
}

function isResponder({ responder }: OcspResponse, { subjectKey, keyBits }: Certificate): boolean {
  if ("nameKey" in responder) return responder.nameKey === subjectKey;
  return equal(hash("sha1", keyBits, "buffer"), responder.keySha1);
}

/** RFC 6960 §4.2.2.2: the issuer itself, or whom it made a certificate for this very purpose. */
function whyNotDelegated(
  signer: Certificate,
  issuer: Certificate,
  atUs: number,
  budget: Budget,
): string | undefined {
  if (signer === issuer) return undefined;
  const { extendedKeyUsage, keyUsage, validFromUs, validToUs } = signer;
  if (equal(signer.der, issuer.der)) return undefined;
  if (!extendedKeyUsage?.includes(PURPOSE.ocspSigning)) {
    return "its responder's certificate is not for OCSP";
  }
  if (keyUsage !== undefined && (keyUsage & KEY_USAGE.digitalSignature) === 0) {
    return "its responder's key is not for signatures";
  }
  if (!(atUs >= validFromUs && atUs <= validToUs)) return "its responder's certificate expired";
  if (signer.issuerKey !== issuer.subjectKey) return "another CA made its responder's certificate";
  if (!budget.signature(signatureCost(issuer.key))) return "was not verified: too much work";
  return isSignedBy(signer, issuer)
    ? undefined
    : "the issuer did not make its responder's certificate";
}

/** Remembered for as long as both are. */
function isMadeBy(response: OcspResponse, signer: Certificate): boolean {
  const answers = MADE.get(response) ?? new WeakMap<Certificate, boolean>();
  MADE.set(response, answers);
  const known = answers.get(signer);
  if (known !== undefined) return known;
  const made = signer.made(response.signature, response.algorithm, response.signed);
  answers.set(signer, made);
  return made;
}

function equal(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0;
}

const MADE = new WeakMap<OcspResponse, WeakMap<Certificate, boolean>>();
