/**
 * An OCSP response (RFC 6960 §4.2.1), as a server staples it to its handshake: nothing here asks a
 * responder.
 *
 *     OCSPResponse ─┬─ responseStatus
 *                   └─ BasicOCSPResponse ─┬─ tbsResponseData ─┬─ responderID, producedAt
 *                                         │                   └─ responses: certID, status, times
 *                                         ├─ signatureAlgorithm, signature
 *                                         └─ certs
 *
 * Reading never throws, and a response that cannot be read says nothing but why: what it would mean
 * for a certificate is ocsp-check.ts's question.
 */
import { type Certificate, parseCertificate } from "./certificate.ts";
import { DerReader, TAG } from "./der.ts";
import { Faults } from "./fault.ts";
import { nameKey, readName } from "./name.ts";
import { EXTENSION, HASH } from "./oid.ts";
import { readSignatureAlgorithm, type SignatureAlgorithm } from "./signature.ts";
import { readTime } from "./time.ts";

export interface OcspResponse {
  /** Who says that it made this: by name (as `Certificate.subjectKey`) or by SHA-1 of its key. */
  readonly responder: { readonly nameKey: string } | { readonly keySha1: Uint8Array };
  readonly answers: readonly OcspAnswer[];
  readonly algorithm: SignatureAlgorithm;
  readonly signed: Uint8Array;
  readonly signature: Uint8Array;
  /** That the responder sent along, to show who authorised it. */
  readonly certificates: readonly Certificate[];
  /** Why it must not be used; absent when it may. */
  readonly refused?: string;
}

/** What is said about one certificate. */
export interface OcspAnswer {
  /** Of both hashes below, as `node:crypto` calls it; `undefined` for one that we do not know. */
  readonly hash: string | undefined;
  readonly issuerNameHash: Uint8Array;
  readonly issuerKeyHash: Uint8Array;
  /** Content octets of the INTEGER. */
  readonly serial: Uint8Array;
  readonly status: "good" | "revoked" | "unknown";
  /** Microseconds since 1970, all three; NaN when absent. */
  readonly revokedAtUs: number;
  readonly thisUpdateUs: number;
  readonly nextUpdateUs: number;
  /** SignedCertificateTimestampList (RFC 6962 §3.3), when there is one. */
  readonly scts?: Uint8Array;
}

/** The responses of one handshake, read once: `list` and its bytes are kept, and must not change. */
export function ocspResponsesOf(list: readonly Uint8Array[]): readonly OcspResponse[] {
  const known = READ.get(list);
  if (known !== undefined) return known;
  const made = list.filter(({ length }) => length > 0).map(parseOcspResponse);
  READ.set(list, made);
  return made;
}

/** Never throws. Keeps `der`. */
export function parseOcspResponse(der: Uint8Array): OcspResponse {
  const faults = new Faults();
  const file = new DerReader(der, faults);
  const outer = file.read(TAG.SEQUENCE, "ocspResponse");
  file.finish("ocspResponse");
  const state = outer.read(ENUMERATED, "responseStatus").content();
  // RFC 6960 §4.2.1: an error has no answer, and nobody signs it.
  if (state.length === 1 && state[0] !== 0) return refusal(`its responder failed (${state[0]})`);
  const bytes = outer.read(0xa0, "responseBytes").read(TAG.SEQUENCE, "responseBytes");
  outer.finish("ocspResponse");
  const type = bytes.oid("responseType");
  if (type !== BASIC && type !== "") return refusal(`of type ${type}, expected a basic one`);
  const basic = within(bytes.read(TAG.OCTET_STRING, "response")).read(TAG.SEQUENCE, "basic");
  bytes.finish("responseBytes");

  const tbs = basic.read(TAG.SEQUENCE, "tbsResponseData");
  const algorithm = readSignatureAlgorithm(basic.read(TAG.SEQUENCE, "signatureAlgorithm"));
  const signature = basic.octetsOfBits("signature").content();
  const certificates = readCertificates(basic.optional(0xa0, "certs"));
  basic.finish("basic");

  const version = tbs.optional(0xa0, "version")?.small("version") ?? 0;
  const responder = readResponder(tbs);
  readMoment(tbs, "producedAt");
  const answers = readAnswers(tbs.read(TAG.SEQUENCE, "responses"));
  const critical = criticalOf(tbs.optional(0xa1, "responseExtensions"));
  tbs.finish("tbsResponseData");

  const why =
    faultOf(faults) ??
    (version === 0 ? critical && `critical extension ${critical}` : `version ${version + 1}`);
  return {
    responder,
    answers,
    algorithm,
    signed: tbs.whole(),
    signature,
    certificates,
    ...(why === undefined ? {} : { refused: why }),
  };
}

function readResponder(tbs: DerReader): OcspResponse["responder"] {
  const wrapper = tbs.any("responderID");
  if (wrapper.tag === 0xa1) {
    const name = readName(wrapper.read(TAG.SEQUENCE, "responderID"), "responderID");
    wrapper.finish("responderID");
    return { nameKey: nameKey(name) };
  }
  if (wrapper.tag !== 0xa2) wrapper.fail("responderID: neither a name nor a key");
  return { keySha1: wrapper.read(TAG.OCTET_STRING, "responderID").content() };
}

function readAnswers(list: DerReader): OcspAnswer[] {
  const answers: OcspAnswer[] = [];
  while (list.more && answers.length < ANSWERS_MAX) answers.push(readAnswer(list));
  if (list.more) list.fail(`more than ${ANSWERS_MAX} answers`);
  return answers;
}

function readAnswer(list: DerReader): OcspAnswer {
  const single = list.read(TAG.SEQUENCE, "singleResponse");
  const id = single.read(TAG.SEQUENCE, "certID");
  const hash = HASH[id.read(TAG.SEQUENCE, "hashAlgorithm").oid("hashAlgorithm")];
  const issuerNameHash = id.read(TAG.OCTET_STRING, "issuerNameHash").content();
  const issuerKeyHash = id.read(TAG.OCTET_STRING, "issuerKeyHash").content();
  const serial = id.integer("serialNumber").content();
  id.finish("certID");
  const status = single.any("certStatus");
  const word = STATUS[status.tag];
  if (word === undefined) status.fail("certStatus: neither good, revoked nor unknown");
  const revokedAtUs = word === "revoked" ? readMoment(status, "revocationTime") : Number.NaN;
  const thisUpdateUs = readMoment(single, "thisUpdate");
  const next = single.optional(0xa0, "nextUpdate");
  const nextUpdateUs = next === undefined ? Number.NaN : readMoment(next, "nextUpdate");
  const extensions = single.optional(0xa1, "singleExtensions");
  const { scts, critical } = readExtensions(extensions);
  if (critical !== undefined) single.fail(`critical extension ${critical}`);
  single.finish("singleResponse");
  return {
    hash,
    issuerNameHash,
    issuerKeyHash,
    serial,
    status: word ?? "unknown",
    revokedAtUs,
    thisUpdateUs,
    nextUpdateUs,
    ...(scts === undefined ? {} : { scts }),
  };
}

function criticalOf(wrapper: DerReader | undefined): string | undefined {
  return readExtensions(wrapper).critical;
}

/** None of OCSP's own extensions is critical, so a critical one changes the meaning. */
function readExtensions(wrapper: DerReader | undefined): { scts?: Uint8Array; critical?: string } {
  const list = wrapper?.read(TAG.SEQUENCE, "extensions");
  const found: { scts?: Uint8Array; critical?: string } = {};
  while (list?.more) {
    const extension = list.read(TAG.SEQUENCE, "extension");
    const oid = extension.oid("extension");
    const critical = extension.peek() === TAG.BOOLEAN && extension.boolean("critical");
    const value = extension.read(TAG.OCTET_STRING, "extension");
    if (extension.broken || value.broken) break;
    if (critical) found.critical ??= oid;
    if (oid === EXTENSION.ocspScts) found.scts = value.content();
  }
  return found;
}

function readCertificates(wrapper: DerReader | undefined): Certificate[] {
  const list = wrapper?.read(TAG.SEQUENCE, "certs");
  const certificates: Certificate[] = [];
  while (list?.more && certificates.length < CERTIFICATES_MAX) {
    const element = list.read(TAG.SEQUENCE, "certificate");
    // A copy: offsets of faults are counted from a certificate's own start.
    if (!element.broken) certificates.push(parseCertificate(element.whole().slice()));
  }
  return certificates;
}

/** Always a GeneralizedTime here (RFC 6960 §4.2.2.1), with seconds and without fractions. */
function readMoment(parent: DerReader, what: string): number {
  if (parent.more && parent.peek() !== TAG.GENERALIZED_TIME) {
    parent.fail(`${what}: not a GeneralizedTime`, parent.at);
    return Number.NaN;
  }
  return readTime(parent, what);
}

/** The content of an element as DER of its own. */
function within(element: DerReader): DerReader {
  const { bytes, faults, from, to } = element;
  const inner = new DerReader(bytes, faults, -1, from, from, to);
  inner.broken = element.broken;
  return inner;
}

/** GeneralizedTime before 2050 is a fault in a certificate and the rule here. */
function faultOf({ list }: Faults): string | undefined {
  return list.find(({ name }) => name !== "time-encoding")?.detail;
}

function refusal(why: string): OcspResponse {
  return { ...NOTHING, refused: why };
}

const READ = new WeakMap<readonly Uint8Array[], readonly OcspResponse[]>();
const EMPTY = new Uint8Array(0);
const NOTHING: OcspResponse = {
  responder: { keySha1: EMPTY },
  answers: [],
  algorithm: { name: "none" },
  signed: EMPTY,
  signature: EMPTY,
  certificates: [],
};
const ENUMERATED = 0x0a;
/** id-pkix-ocsp-basic. */
const BASIC = "1.3.6.1.5.5.7.48.1.1";
const STATUS: Readonly<Record<number, OcspAnswer["status"]>> = {
  128: "good",
  161: "revoked",
  130: "unknown",
};
/** Responders answer for one certificate; RFC 6960 lets a client ask for several. */
const ANSWERS_MAX = 64;
/** One is enough: the responder's own, made by the CA itself. */
const CERTIFICATES_MAX = 8;
